// What is in an answer because it was in the question is no better than it was there.
#include "gate/echo_rule.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "gate/echo_form.h"
#include "value/json.h"

namespace gantry::gate {
namespace {

Value json(std::string_view text) {
  auto parsed = parse_json(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : Value();
}

Label labelled_as(Integrity integrity) {
  return Label::of({.integrity = integrity, .secrecy = Secrecy::public_, .sources = {}, .compartments = {}});
}

// Whether nothing in the result of a call with this untrusted argument is untrusted; results are internal.
bool vouches(const Value& argument, const Value& result) {
  const Label untrusted = labelled_as(Integrity::untrusted);
  const Label internal = labelled_as(Integrity::internal);
  const Value arguments = Value::object({{"v", argument.labelled(untrusted)}, {"mode", "some mode"}});
  const Value labelled = with_echoes_labelled(result.labelled(internal), arguments);
  EXPECT_EQ(print_json(labelled), print_json(result));
  return labelled.deep_label().content().integrity != Integrity::untrusted;
}

std::string percent_encoded(std::string_view text, bool all) {
  std::string out;
  for (const char c : text)
    out += !all && std::isalnum(static_cast<unsigned char>(c)) != 0
               ? std::string(1, c)
               : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out;
}

std::string grouped(std::string_view text, std::string_view between) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += 4)
    out += std::string(at == 0 ? "" : between) + std::string(text.substr(at, 4));
  return out;
}

TEST(EchoRule, AnArgumentInAnotherFormIsTheArgument) {
  for (const std::string text :
       {"GB29NWBK60161331926819", "eve@evil.com", "ward-17b", "Bob12", "eve", "A-17", "Dr. No"}) {
    std::string html, escaped, spread, upper = text;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    for (const char c : text) {
      html += fmt::format("&#{};", static_cast<int>(c));
      escaped += fmt::format("\\u{:04x}", static_cast<int>(c));
      spread += fmt::format("{}\u200b", c);
    }
    std::vector<Value> characters;
    for (const char c : text) characters.emplace_back(std::string(1, c));
    const std::vector<Value> results = {text,
                                        upper,
                                        percent_encoded(text, false),
                                        percent_encoded(text, true),
                                        "/users/" + percent_encoded(percent_encoded(text, true), false),
                                        html,
                                        "&lt;" + html + "&gt;",
                                        escaped,
                                        print_json(Value(print_json(Value(text)))),
                                        spread,
                                        grouped(text, "-"),
                                        grouped(text, " "),
                                        grouped(text, "."),
                                        "user " + text + " added",
                                        "user \"" + upper + "\", added.",
                                        "/users/" + text + "/orders",
                                        "sent to (" + text + ")",
                                        Value::array(characters),
                                        Value::object({{text, 1}}),
                                        Value::object({{"a", Value::array({Value::object({{"b", text}})})}})};
    for (const Value& result : results) {
      if (text.size() < 6 && result.is_string() && result.as_string().find("&lt;") != std::string_view::npos) continue;
      EXPECT_FALSE(vouches(text, result)) << text << " -> " << print_json(result);
    }
  }
}

TEST(EchoRule, UnicodeFormsOfAnArgumentAreTheArgument) {
  const std::string composed = "Zo\u00eb Stra\u00dfe";
  for (const char* form :
       {"Zoe\u0308 Stra\u00dfe", "ZO\u00cb STRASSE", "\\u005ao\\u00eb Stra\\u00dfe", "Zo%C3%AB%20Stra%C3%9Fe",
        "Zo&euml; Stra&szlig;e", "ward of Zoe\u0308-Stra\u00dfe!", "\uff3a\uff4f\u00eb Stra\u00dfe"})
    EXPECT_FALSE(vouches(composed, form)) << form;
  EXPECT_FALSE(vouches("\u738b\u5c0f\u660e", "\u5ba2\u6237\u201c\u738b\u5c0f\u660e\u201d"));
}

TEST(EchoRule, ANumberIsTheSameHoweverItIsWritten) {
  for (const auto& [argument, results] : std::vector<std::pair<Value, std::vector<Value>>>{
           {4711,
            {4711, "4711", "user 4711 added", "0004711", "/users/4711", "#4711", "no. 004711.", "4,711.00 EUR", 4711.0,
             json(R"({"4711": 1})"), json("[4,7,1,1]")}},
           {7, {7, "7", "ward 7", "007", "7.0", "ward-7", json(R"({"7": 1})")}},
           {"4711", {4711, "user 4711", "00004711"}},
           {"0004711", {4711, "user 4711"}},
           {1250.5, {"1250.50", "1,250.50 EUR", "1.250,50", "amount 1250.5 EUR", 1250.5}},
           {-5, {"-5", "at -5 degrees", -5}}})
    for (const Value& result : results)
      EXPECT_FALSE(vouches(argument, result)) << print_json(argument) << " -> " << print_json(result);
}

TEST(EchoRule, WhatOnlyHappensToHoldTheSameLettersVouches) {
  for (const auto& [argument, results] : std::vector<std::pair<Value, std::vector<Value>>>{
           {7, {17, "17", "ward 17", "70", "7a", "1.7", "10.0.0.7x", "2027", json(R"({"a17": 1})")}},
           {"eve", {"even", "Steve", "seven eves", json(R"({"event": "even"})")}},
           {"DE", {"made in DE", "DE1"}},
           {"Bob12", {"Bob 123", "Bob1", json(R"({"name": "Bob"})")}},
           {"sent by the clerk", {"sent", "clerk", "by"}},
           {125, {json(R"({"a": 12, "b": 5})")}},
           {"->", {"a -> b", "x"}}})
    for (const Value& result : results)
      EXPECT_TRUE(vouches(argument, result)) << print_json(argument) << " -> " << print_json(result);
}

TEST(EchoRule, PiecesOfAnArgumentThatMakeItUpAgainAreIt) {
  for (const char* result : {R"(["GB29NW","BK60161331926819"])", R"(["eve","@","evil",".com"])",
                             R"({"local":"eve","host":"evil.com"})", R"([["e","v","e"],["@evil.com"]])"})
    EXPECT_FALSE(vouches(
        std::string(result).find("GB") != std::string::npos ? "GB29NWBK60161331926819" : "eve@evil.com", json(result)))
        << result;
}

TEST(EchoRule, OnlyThePiecesThatMakeItUpAreLabelled) {
  const Value arguments = Value::object({{"v", Value("eve@evil.com").labelled(labelled_as(Integrity::untrusted))}});
  const Value labelled = with_echoes_labelled(
      json(R"({"id":"a","local":"eve","host":"evil.com","sum":5,"all":"to eve@evil.com"})"), arguments);
  for (const auto& [name, integrity] : std::vector<std::pair<const char*, Integrity>>{{"id", Integrity::trusted},
                                                                                      {"local", Integrity::untrusted},
                                                                                      {"host", Integrity::untrusted},
                                                                                      {"sum", Integrity::trusted},
                                                                                      {"all", Integrity::untrusted}})
    EXPECT_EQ(labelled.member(name).label().content().integrity, integrity) << name;
}

TEST(EchoRule, TrustedArgumentsLabelNothing) {
  const Value result = Value("user 4711 added").labelled(labelled_as(Integrity::internal));
  const Value labelled = with_echoes_labelled(result, json(R"({"v": 4711})"));
  EXPECT_EQ(labelled.label(), result.label());
  EXPECT_TRUE(labelled.same_as(result));
}

TEST(EchoRule, TooMuchToCompareLabelsAll) {
  std::vector<Value> many, words;
  for (int i = 0; i < 3'000; ++i) many.emplace_back("argument number " + std::to_string(i));
  for (int i = 0; i < 6'000; ++i) words.emplace_back("other text number x" + std::to_string(i));
  EXPECT_FALSE(vouches(Value::array(many), Value::array(words)));
}

TEST(EchoForm, IsTheSameForAFormOfAForm) {
  for (const char* text : {"a%2540b", "C:\\new\\u0041", "&amp;amp;#64;", "\\\\\\\\n", "100% sure & more",
                           "\\ud83d\\ude00", "\\ud83d", "%zz%4"}) {
    const EchoForm once = echo_form_of(text);
    EXPECT_EQ(echo_form_of(once.text).letters, once.letters) << text;
    EXPECT_EQ(once.begins.size(), once.letters.size());
  }
}

}  // namespace
}  // namespace gantry::gate
