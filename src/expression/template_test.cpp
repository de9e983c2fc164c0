#include "expression/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "value/json.h"

namespace gantry::expression {
namespace {

Value json_value(std::string_view text) {
  return *parse_json(text);
}

TEST(Template, FindsWholeStringExpressionsOnly) {
  EXPECT_EQ(embedded_expression("${ .a }")->text, " .a ");
  EXPECT_EQ(embedded_expression("${ .a }")->offset, 2u);
  EXPECT_EQ(embedded_expression("  ${.a}\n")->offset, 4u);
  EXPECT_FALSE(embedded_expression("Hello ${ .a }"));
  EXPECT_FALSE(embedded_expression("${ .a } there"));
  EXPECT_FALSE(embedded_expression("{ .a }"));
  EXPECT_FALSE(embedded_expression(""));
  EXPECT_FALSE(embedded_expression("${"));
}

TEST(Template, ReplacesExpressionsAndKeepsTheRest) {
  std::vector<std::string> names{"context"};
  auto compiled =
      Template::compile(json_value(R"({"a":"${ .x }","b":[1,"${ $context + 1 }","x ${ y }"],"c":{"d":null}})"), names);
  ASSERT_EQ(compiled.index(), 0u);
  std::vector<Value> arguments{Value(41)};
  Evaluation evaluation;
  evaluation.arguments = arguments;
  auto value = std::get<0>(compiled).evaluate(json_value(R"({"x":"${ .y }"})"), evaluation);
  ASSERT_TRUE(value);
  EXPECT_EQ(print_json(*value), R"({"a":"${ .y }","b":[1,42,"x ${ y }"],"c":{"d":null}})");
}

TEST(Template, KnowsWhenNothingIsToBeDone) {
  auto compiled = Template::compile(json_value(R"({"a":[1,"two"]})"));
  ASSERT_EQ(compiled.index(), 0u);
  EXPECT_TRUE(std::get<0>(compiled).is_literal());
  EXPECT_EQ(print_json(*std::get<0>(compiled).evaluate(Value(), {})), R"({"a":[1,"two"]})");
  EXPECT_TRUE(Template().is_literal());
}

TEST(Template, NamesThePlaceOfErrors) {
  auto compiled = Template::compile(json_value(R"({"a/b":[0,"${ .x | lenght }"]})"));
  ASSERT_EQ(compiled.index(), 1u);
  const auto& error = std::get<1>(compiled);
  EXPECT_EQ(error.pointer, "/a~1b/1");
  EXPECT_EQ(error.offset, 8u);
  EXPECT_THAT(error.message, ::testing::HasSubstr("length"));

  auto failing = std::get<0>(Template::compile(json_value(R"({"a":"${ 1 + \"x\" }"})"))).evaluate(Value(), {});
  ASSERT_FALSE(failing);
  EXPECT_EQ(failing.error().message, "at /a: number (1) and string (\"x\") cannot be added");
}

TEST(Template, KeepsLabelsPerMember) {
  Label secret = Label::of({Integrity::trusted, Secrecy::secret, {}, {}});
  Value input = Value::object({{"s", Value("k").labelled(secret)}});
  auto value = std::get<0>(Template::compile(json_value(R"({"a":"${ .s }","b":1})"))).evaluate(input, {});
  ASSERT_TRUE(value);
  EXPECT_EQ(value->label(), Label());
  EXPECT_EQ(value->member("a").label(), secret);
  EXPECT_EQ(value->member("b").label(), Label());
}

}  // namespace
}  // namespace gantry::expression
