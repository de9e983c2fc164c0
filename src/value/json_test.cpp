#include "value/json.h"

#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <limits>

namespace gantry {
namespace {

Value parsed(std::string_view text, const JsonOptions& options = {}) {
  auto result = parse_json(text, options);
  EXPECT_TRUE(result.ok()) << text << ": " << (result.ok() ? "" : result.error().message);
  return result.ok() ? *result : Value("(not parsed)");
}

std::string json_refusal(std::string_view text, const JsonOptions& options = {}) {
  auto result = parse_json(text, options);
  return result.ok() ? "accepted as " + print_json(*result) : result.error().message;
}

std::string round_trip(std::string_view text) {
  return print_json(parsed(text));
}

TEST(JsonParse, KeepsOrderKindsAndNesting) {
  EXPECT_EQ(round_trip(R"( {"b": [1, -2.5, true, false, null, "x"], "a": {}, "": [[], {}]} )"),
            R"({"b":[1,-2.5,true,false,null,"x"],"a":{},"":[[],{}]})");
  EXPECT_EQ(round_trip("\xEF\xBB\xBF 7"), "7");
  for (std::string_view scalar : {"0", "-1", "true", "false", "null", "\"\"", "[]", "{}"})
    EXPECT_EQ(round_trip(scalar), scalar);
}

TEST(JsonParse, KeepsIntegersOfSixtyFourBitsExact) {
  EXPECT_EQ(parsed("9223372036854775807").as_integer(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parsed("-9223372036854775808").as_integer(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parsed("9007199254740993").as_integer(), 9007199254740993);
  EXPECT_EQ(parsed("1.0").kind(), Value::Kind::integer);
  EXPECT_EQ(parsed("1e2").as_integer(), 100);
}

TEST(JsonParse, MakesOtherNumbersTheNearestDouble) {
  EXPECT_EQ(parsed("9223372036854775808").as_number(), 9223372036854775808.0);
  EXPECT_EQ(parsed("0.1").as_number(), 0.1);
  EXPECT_EQ(parsed("5e-324").as_number(), 5e-324);
  EXPECT_EQ(parsed("2.2250738585072011e-308").as_number(), 2.2250738585072011e-308);
  EXPECT_EQ(parsed(std::string(400, '9')).as_number(), DBL_MAX);
  EXPECT_EQ(parsed("1e1000").as_number(), DBL_MAX);
  EXPECT_EQ(parsed("-1e1000").as_number(), -DBL_MAX);
  EXPECT_EQ(parsed("1e99999999999999999999").as_number(), DBL_MAX);
  EXPECT_EQ(parsed("1e-99999999999999999999").as_number(), 0);
  EXPECT_EQ(parsed("1e-400").as_number(), 0);
  EXPECT_EQ(parsed("0." + std::string(500, '0') + "1").as_number(), 0);
  EXPECT_EQ(parsed("0." + std::string(500, '0') + "1e600").as_number(), 1e99);
  EXPECT_EQ(parsed("0e99999").as_number(), 0);
  EXPECT_TRUE(std::signbit(parsed("-0").as_number()));
  EXPECT_EQ(round_trip("-0"), "-0");
  EXPECT_EQ(round_trip("-0.0"), "-0");
}

TEST(JsonParse, ReadsEveryEscape) {
  EXPECT_EQ(parsed(R"("\"\\\/\b\f\n\r\t")").as_string(), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(parsed(R"("\u00e9\u20AC\ud83d\ude0e\u0000")").as_string(), std::string_view("é€😎\0", 10));
  EXPECT_EQ(parsed(R"("a long text before \n and a long text after the escape")").as_string(),
            "a long text before \n and a long text after the escape");
}

TEST(JsonParse, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(json_refusal(""), "1:1: expected a value, found the end of the text");
  EXPECT_EQ(json_refusal("  \n "), "2:2: expected a value, found the end of the text");
  EXPECT_EQ(json_refusal("{\n  \"a\": 1,\n  \"b\" 2\n}"), "3:7: expected ':' after the key, found '2'");
  EXPECT_EQ(json_refusal("[1 2]"), "1:4: expected ',' or ']' after an item, found '2'");
  EXPECT_EQ(json_refusal("[1,]"), "1:4: expected a value, found ']'");
  EXPECT_EQ(json_refusal("{\"a\":1,}"), "1:8: expected a string as key, found '}'");
  EXPECT_EQ(json_refusal("{\"a\":1]"), "1:7: expected ',' or '}' after a member, found ']'");
  EXPECT_EQ(json_refusal("{a:1}"), "1:2: expected a string as key, found 'a'");
  EXPECT_EQ(json_refusal("1 2"), "1:3: expected the end of the text after the value, found '2'");
  EXPECT_EQ(json_refusal("[] []"), "1:4: expected the end of the text after the value, found '['");
  EXPECT_EQ(json_refusal("tru"), "1:1: expected a value (true, false and null are written out), found 't'");
  EXPECT_EQ(json_refusal("01"), "1:1: expected a number without leading zeros");
  EXPECT_EQ(json_refusal("-01"), "1:1: expected a number without leading zeros");
  EXPECT_EQ(json_refusal("-"), "1:2: expected a digit after '-', found the end of the text");
  EXPECT_EQ(json_refusal("1."), "1:3: expected a digit after the decimal point, found the end of the text");
  EXPECT_EQ(json_refusal("1e+"), "1:4: expected a digit in the exponent, found the end of the text");
  EXPECT_EQ(json_refusal("\"abc"), "1:5: expected '\"' at the end of the string, found the end of the text");
  EXPECT_EQ(json_refusal("\"a\nb\""),
            "1:3: expected control characters escaped (for example \\n) inside a string, found the byte 0x0a");
  EXPECT_EQ(json_refusal(R"("\x")"), "1:3: expected one of \"\\/bfnrtu after a backslash, found 'x'");
  EXPECT_EQ(json_refusal(R"("\u12g4")"), "1:6: expected four hexadecimal digits after \\u, found 'g'");
  EXPECT_EQ(json_refusal("NaN"), "1:1: expected a value, found 'N'");
  EXPECT_EQ(json_refusal(std::string_view("\0", 1)), "1:1: expected a value, found the byte 0x00");
  EXPECT_EQ(json_refusal(std::string_view("\"a\0b\"", 5)),
            "1:3: expected control characters escaped (for example \\n) inside a string, found the byte 0x00");
}

TEST(JsonParse, RefusesHalfSurrogatesAndBadUtf8) {
  EXPECT_NE(json_refusal(R"("\ud83d")").find("low surrogate"), std::string::npos);
  EXPECT_NE(json_refusal(R"("\ud83d\u0041")").find("low surrogate"), std::string::npos);
  EXPECT_NE(json_refusal(R"("\udc00")").find("high surrogate"), std::string::npos);
  EXPECT_EQ(json_refusal("[\"\xC3\xA9\", \"\xFF\"]"), "1:9: expected UTF-8, found the byte 0xff");
  EXPECT_EQ(json_refusal("\"\xC0\xAF\""), "1:2: expected UTF-8, found the byte 0xc0");
  EXPECT_EQ(json_refusal("\"\xED\xA0\x80\""), "1:2: expected UTF-8, found the byte 0xed");
  EXPECT_EQ(json_refusal("\"ab\xE2\x82"), "1:4: expected UTF-8, found the byte 0xe2");
}

TEST(JsonParse, TakesTheLastOfDuplicateKeysUnlessRefused) {
  EXPECT_EQ(round_trip(R"({"a":1,"b":2,"a":3})"), R"({"a":3,"b":2})");
  JsonOptions strict{.limits = {}, .refuse_duplicate_keys = true};
  EXPECT_EQ(json_refusal("{\"a\":1,\n \"b\":[{\"a\":1}],\n \"a\":3}", strict),
            "3:2: the key 'a' appears twice in this object");
  EXPECT_EQ(print_json(parsed(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]})", strict)),
            R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]})");
}

TEST(JsonParse, EnforcesEveryLimitWithItsNumber) {
  auto limited = [](std::string_view text, ParseLimits limits) {
    auto result = parse_json(text, {.limits = limits, .refuse_duplicate_keys = false});
    EXPECT_TRUE(!result.ok() && result.error().code == Code::exhausted) << text;
    return result.ok() ? "" : result.error().message;
  };
  EXPECT_EQ(limited("[1,2,3]", {.bytes_max = 6}), "the text has 7 bytes; the limit is 6 bytes");
  EXPECT_EQ(limited("[[[1]]]", {.depth_max = 2}), "1:3: nested deeper than 2 levels, which is the limit");
  EXPECT_EQ(limited("[1,2,3]", {.nodes_max = 3}), "1:6: more than 3 values, which is the limit");
  EXPECT_TRUE(
      parse_json("[[1]]", {.limits = {.bytes_max = 5, .depth_max = 2, .nodes_max = 3}, .refuse_duplicate_keys = false})
          .ok());
}

TEST(JsonParse, SurvivesNestingFarBeyondTheLimit) {
  for (std::size_t depth : {std::size_t{513}, std::size_t{10'000}, std::size_t{2'000'000}}) {
    EXPECT_NE(json_refusal(std::string(depth, '[')).find("nested deeper than 512 levels"), std::string::npos);
    std::string objects;
    for (std::size_t i = 0; i < depth; ++i) objects += "{\"a\":";
    EXPECT_NE(json_refusal(objects).find("nested deeper than 512 levels"), std::string::npos);
  }
  std::string deepest = std::string(512, '[') + std::string(512, ']');
  EXPECT_EQ(round_trip(deepest), deepest);
}

TEST(JsonPrint, WritesNumbersAsJavaScriptDoes) {
  auto text = [](double number) { return print_json(Value(number)); };
  EXPECT_EQ(text(1.5), "1.5");
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(1e100), "1e+100");
  EXPECT_EQ(text(1e21), "1e+21");
  EXPECT_EQ(text(1e20), "100000000000000000000");
  EXPECT_EQ(text(123456789012345680000.0), "123456789012345680000");
  EXPECT_EQ(text(1223372036854775800.0), "1223372036854775808") << "1223372036854775800 would be another integer";
  EXPECT_EQ(text(1e-6), "0.000001");
  EXPECT_EQ(text(1.5e-7), "1.5e-7");
  EXPECT_EQ(text(5e-324), "5e-324");
  EXPECT_EQ(text(DBL_MAX), "1.7976931348623157e+308");
  EXPECT_EQ(text(-123.456), "-123.456");
  EXPECT_EQ(text(std::nan("")), "null");
  EXPECT_EQ(text(HUGE_VAL), "1.7976931348623157e+308");
  EXPECT_EQ(text(-HUGE_VAL), "-1.7976931348623157e+308");
  EXPECT_EQ(print_number(Value(std::int64_t{-42})), "-42");
}

TEST(JsonPrint, EscapesOnlyWhatMustBe) {
  EXPECT_EQ(print_json(Value(std::string_view("\"\\/\b\f\n\r\t\x01\x1f\x7f\0é", 14))),
            "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000é\"");
}

TEST(JsonPrint, IndentsForPeople) {
  EXPECT_EQ(print_json_pretty(parsed(R"({"a":[1,{"b":[]}],"c":{}})")),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}");
}

TEST(JsonCanonical, FollowsTheExamplesOfRfc8785) {
  EXPECT_EQ(print_canonical(parsed(R"({"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
    "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]})")),
            R"({"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],)"
            R"("string":"€$\u000f\nA'B\"\\\\\"/"})");
  // Section 3.2.3: the order of UTF-16 code units, where U+1F600 comes before U+FB33.
  Value sorted = parsed(print_canonical(parsed(
      R"({"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew","1":"One","\ud83d\ude00":"Emoji","\u0080":"Control","\u00f6":"o"})")));
  std::string order;
  for (const Member& member : sorted.members()) order += std::string(member.value.as_string()) + ",";
  EXPECT_EQ(order, "Carriage Return,One,Control,o,Euro Sign,Emoji,Hebrew,");
}

TEST(JsonCanonical, GivesEqualValuesEqualBytes) {
  EXPECT_EQ(print_canonical(parsed(R"({"b":1.0,"a":-0.0})")), R"({"a":0,"b":1})");
  EXPECT_EQ(print_canonical(Value(1152921504606846976.0)), print_canonical(Value(std::int64_t{1152921504606846976})));
  EXPECT_EQ(print_canonical(Value(std::int64_t{9007199254740993})), "9007199254740993");
  EXPECT_EQ(print_canonical(Value(295147905179352830000.0)), "295147905179352830000");
}

TEST(JsonPrint, EscapesWhateverStandsWherever) {
  for (int byte = 1; byte < 0x80; ++byte)
    for (std::size_t place = 0; place < 40; ++place)
      for (const std::size_t size : {place + 1, std::size_t{40}}) {
        std::string text(size, 'x');
        text[place] = static_cast<char>(byte);
        const std::string printed = print_json(Value(text));
        const auto read = parse_json(printed);
        ASSERT_TRUE(read.ok()) << byte << " at " << place << " of " << size << ": " << printed;
        EXPECT_EQ(read->as_string(), text);
        const bool plain = byte >= 0x20 && byte != '"' && byte != '\\';
        EXPECT_EQ(printed.size(), plain ? size + 2 : printed.size()) << printed;
        EXPECT_EQ(printed.find('\\') == std::string::npos, plain) << printed;
      }
  const std::string umlauts = "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x9a\xa2";
  EXPECT_EQ(print_json(Value(umlauts)), '"' + umlauts + '"');
  EXPECT_EQ(print_json(Value::object({{"a literal \"key\"", 1}, {"", 2}, {"\x01", 3}, {"plain", 4}})),
            R"({"a literal \"key\"":1,"":2,"\u0001":3,"plain":4})")
      << "keys that code writes down";
}

}  // namespace
}  // namespace gantry
