#include "definition/closed_answer.h"

#include <gtest/gtest.h>

#include "value/json.h"

namespace gantry::definition {
namespace {

std::string bits(std::string_view schema) {
  const auto millibits = answer_millibits(*parse_json(schema));
  return millibits ? std::to_string(*millibits) : millibits.error().message;
}

TEST(ClosedAnswer, TellsTheLogarithmOfHowManyThereAre) {
  EXPECT_EQ(bits(R"({"const": "x"})"), "0");
  EXPECT_EQ(bits(R"({"enum": ["a", "b", "c", "d"]})"), "2000");
  EXPECT_EQ(bits(R"({"type": "boolean"})"), "1000");
  EXPECT_EQ(bits(R"({"type": ["boolean", "null"]})"), "1585");
  EXPECT_EQ(bits(R"({"type": "integer", "minimum": 0, "maximum": 255})"), "8000");
  EXPECT_EQ(bits(R"({"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 0.5})"), "1585");
  EXPECT_EQ(bits(R"({"type": "object", "additionalProperties": false, "required": ["kind"],
                     "properties": {"kind": {"enum": [1, 2, 3, 4]}, "urgent": {"type": "boolean"}}})"),
            "3585");
  EXPECT_EQ(bits(R"({"type": "array", "maxItems": 2, "items": {"type": "boolean"}})"), "2808");
  EXPECT_EQ(bits(R"({"oneOf": [{"type": "boolean"}, {"enum": ["x", "y"]}]})"), "2000");
}

TEST(ClosedAnswer, SaysWhatKeepsItOpen) {
  EXPECT_EQ(bits(R"({"type": "object", "additionalProperties": false, "properties": {"why": {"type": "string"}}})"),
            "the answer is not closed at '/properties/why': text can say anything; list the answers in an enum");
  for (const char* open :
       {"true", "{}", R"({"type": "string", "maxLength": 3})", R"({"type": "integer"})", R"({"type": "integer", "minimum": 0})",
        R"({"type": "number", "minimum": 0, "maximum": 1})", R"({"type": "object"})", R"({"type": "array", "items": {"type": "boolean"}})",
        R"({"type": "object", "additionalProperties": false, "patternProperties": {".": {"type": "boolean"}}})",
        R"({"anyOf": [{"type": "boolean"}, {"type": "string"}]})", R"({"$ref": "#/$defs/x"})"})
    EXPECT_FALSE(answer_millibits(*parse_json(open)).ok()) << open;
}

}  // namespace
}  // namespace gantry::definition
