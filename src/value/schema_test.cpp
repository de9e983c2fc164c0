#include "value/schema.h"

#include <gtest/gtest.h>

#include "value/json.h"

namespace gantry {
namespace {

Value schema_json(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? *value : Value();
}

std::string check_value(std::string_view schema, const Value& instance, const SchemaOptions& options = {}) {
  auto compiled = Schema::compile(schema_json(schema), options);
  if (!compiled.ok()) return "schema: " + compiled.error().message;
  return describe(compiled->validate(instance));
}
std::string check_text(std::string_view schema, std::string_view instance) {
  return check_value(schema, schema_json(instance));
}

TEST(Schema, SaysWhereWhatWasExpectedAndFound) {
  constexpr std::string_view schema =
      R"({"type":"object","required":["name","age"],"additionalProperties":false,"properties":{
    "name":{"type":"string","minLength":1,"maxLength":5,"pattern":"^[a-z]+$"},"age":{"type":["integer","null"],"minimum":0,"exclusiveMaximum":150},
    "tags":{"type":"array","maxItems":2,"uniqueItems":true,"items":{"enum":["a","b"]}},"at":{"format":"date-time"},"price":{"multipleOf":0.01},
    "a/b":{"const":{"x":1}}}})";
  EXPECT_EQ(check_text(
                schema,
                R"({"name":"ann","age":5,"tags":["a","b"],"at":"2026-11-23T00:00:00Z","price":19.99,"a/b":{"x":1.0}})"),
            "");
  EXPECT_EQ(check_text(schema, "[]"), "at the top: expected an object, found an array (/type)");
  EXPECT_EQ(check_text(schema, R"({"age":1})"), "at the top: expected the member 'name' (/required)");
  EXPECT_EQ(check_text(schema, R"({"name":"","age":null})"),
            "at /name: expected at least 1 character, found 0 (/properties/name/minLength); "
            "at /name: expected text that matches '^[a-z]+$', found \"\" (/properties/name/pattern)");
  EXPECT_EQ(check_text(schema, R"({"name":"äöüßx","age":1})"),
            "at /name: expected text that matches '^[a-z]+$', found \"äöüßx\" (/properties/name/pattern)");
  EXPECT_EQ(check_text(schema, R"({"name":"x","age":1.5})"),
            "at /age: expected null or an integer, found a number (/properties/age/type)");
  EXPECT_EQ(check_text(schema, R"({"name":"x","age":150})"),
            "at /age: expected a number less than 150, found 150 (/properties/age/exclusiveMaximum)");
  EXPECT_EQ(check_text(schema, R"({"name":"x","age":1,"tags":["a","c","a"]})"),
            "at /tags: expected at most 2 items, found 3 (/properties/tags/maxItems); "
            "at /tags: expected no two equal items, found items 0 and 2 equal (/properties/tags/uniqueItems); "
            "at /tags/1: expected one of \"a\" and \"b\", found \"c\" (/properties/tags/items/enum)");
  EXPECT_EQ(check_text(schema, R"({"name":"x","age":1,"at":"yesterday"})"),
            "at /at: expected text of the format 'date-time', found \"yesterday\" (/properties/at/format)");
  EXPECT_EQ(check_text(schema, R"({"name":"x","age":1,"price":0.001})"),
            "at /price: expected a multiple of 0.01, found 0.001 (/properties/price/multipleOf)");
  EXPECT_EQ(check_text(schema, R"({"name":"x","age":1,"a/b":2})"),
            "at /a~1b: expected {\"x\":1}, found 2 (/properties/a~1b/const)");
  EXPECT_EQ(check_text(schema, R"({"name":"x","age":1,"nam":2})"),
            "at /nam: this member is not allowed; known are 'a/b', 'age', 'at', 'name', 'price' and 'tags' "
            "(/additionalProperties)");
}

TEST(Schema, ExplainsAlternatives) {
  constexpr std::string_view schema =
      R"({"anyOf":[{"type":"string"},{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}]})";
  EXPECT_EQ(check_text(schema, R"({"a":"x"})"),
            "at the top: fits none of the 2 alternatives; nearest is number 2: at /a: expected an integer, found a "
            "string (/anyOf)");
  EXPECT_EQ(check_text(R"({"oneOf":[{"type":"integer"},{"minimum":2},{"type":"string"}]})", "3"),
            "at the top: expected to fit exactly one alternative, fits number 1 and 2 (/oneOf)");
  EXPECT_EQ(check_text(R"({"not":{"type":"null"}})", "null"),
            "at the top: expected not to fit the schema under 'not' (/not)");
  EXPECT_EQ(check_text(R"({"if":{"type":"integer"},"then":{"minimum":1},"else":{"type":"string"}})", "0"),
            "at the top: expected a number of at least 1, found 0 (/then/minimum)");
  EXPECT_EQ(check_text(R"({"contains":{"type":"string"},"minContains":2})", R"(["a",1])"),
            "at the top: expected at least 2 items that fit 'contains', found 1 (/contains)");
  EXPECT_EQ(check_text(R"({"dependentRequired":{"card":["address"]}})", R"({"card":1})"),
            "at the top: expected the member 'address', since 'card' is there (/dependentRequired/card)");
  EXPECT_EQ(check_text(R"({"propertyNames":{"maxLength":2}})", R"({"abc":1})"),
            "at /abc: expected at most 2 characters, found 3 (/propertyNames/maxLength)");
  EXPECT_EQ(check_text(R"({"properties":{"a":true},"unevaluatedProperties":false})", R"({"a":1,"b":2})"),
            "at /b: this member is not allowed (/unevaluatedProperties)");
  EXPECT_EQ(check_text("false", "1"), "at the top: nothing is allowed here (/)");
}

TEST(Schema, ShowsReferencesInThePathOfTheRule) {
  EXPECT_EQ(
      check_text(R"({"$defs":{"age":{"type":"integer"}},"properties":{"a":{"$ref":"#/$defs/age"}}})", R"({"a":"x"})"),
      "at /a: expected an integer, found a string (/properties/a/$ref/type)");
}

TEST(Schema, HidesValuesWhoseLabelsForbidIt) {
  Label secret = Label::of({Integrity::trusted, Secrecy::secret, {}, {}});
  Label compartment = Label::of({Integrity::trusted, Secrecy::public_, {}, {"payroll"}});
  constexpr std::string_view schema = R"({"properties":{"a":{"enum":["x","y"]}}})";
  EXPECT_EQ(check_value(schema, Value::object({{"a", Value("hunter2").labelled(secret)}})),
            "at /a: expected one of \"x\" and \"y\", found a string (/properties/a/enum)");
  EXPECT_EQ(check_value(schema, Value::object({{"a", "hunter2"}}).labelled(secret)),
            "at /a: expected one of \"x\" and \"y\", found a string (/properties/a/enum)");
  EXPECT_EQ(check_value(schema, Value::object({{"a", 7}}).labelled(compartment)),
            "at /a: expected one of \"x\" and \"y\", found an integer (/properties/a/enum)");
}

TEST(Schema, NamesTheFirstDefectOfASchema) {
  auto defect = [](std::string_view schema) { return check_value(schema, Value()); };
  EXPECT_EQ(defect("3"), "schema: /: a schema is an object, true or false, found an integer");
  EXPECT_EQ(defect(R"({"properties":{"a":{"type":"strin"}}})"),
            "schema: /properties/a/type: expected null, boolean, integer, number, string, array or object, or a list "
            "of these");
  EXPECT_EQ(defect(R"({"minLength":-1})"), "schema: /minLength: expected a whole number of at least 0");
  EXPECT_EQ(defect(R"({"items":[{"type":"string"}]})"),
            "schema: /items: expected a schema, found an array; JSON Schema 2020-12 calls the list 'prefixItems'");
  EXPECT_EQ(defect(R"({"properties":{"a/b":5}})"),
            "schema: /properties/a~1b: expected a schema (an object, true or false), found an integer");
  EXPECT_EQ(defect(R"({"pattern":"(a"})"),
            "schema: /pattern: not a regular expression of ECMA 262: a '(' is not closed (at byte 3 of the pattern)");
  EXPECT_EQ(defect(R"({"$ref":"#/$defs/none"})"), "schema: /$ref: '#/$defs/none' points to nothing in its schema");
  EXPECT_EQ(defect(R"({"$ref":"https://example.com/x"})"),
            "schema: /$ref: 'https://example.com/x' is not one of the schemas given to the program; references are "
            "never fetched");
  EXPECT_EQ(defect(R"({"$schema":"https://example.com/dialect"})"),
            "schema: /$schema: the dialect 'https://example.com/dialect' is not known; use "
            "'https://json-schema.org/draft/2020-12/schema'");
  EXPECT_EQ(defect(R"({"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}})"),
            "schema: /$defs/a/$anchor: the anchor 'x' is given twice");
  EXPECT_EQ(defect(R"({"$defs":{"a":{"$id":"u:x"},"b":{"$id":"u:x","type":"null"}}})"),
            "schema: /$defs/a/$id: the URI 'u:x' is already that of another schema");
  for (const char* schema : {R"({"multipleOf":0})", R"({"enum":1})", R"({"required":"a"})", R"({"allOf":[]})",
                             R"({"$id":"#a"})", R"({"$id":1})", R"({"minimum":"1"})", R"({"uniqueItems":1})",
                             R"({"type":[]})", R"({"$ref":1})", R"({"$anchor":"1"})", R"({"dependentRequired":[]})"})
    EXPECT_EQ(defect(schema).substr(0, 9), "schema: /") << schema;
}

TEST(Schema, ReadsOlderDraftsWithTheirListsOfItems) {
  constexpr std::string_view schema =
      R"({"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"n":{"type":"integer"}},
    "items":[{"$ref":"#/definitions/n"}],"additionalItems":{"type":"string"},"dependencies":{"a":["b"],"c":{"required":["d"]}}})";
  EXPECT_EQ(check_text(schema, R"([1,"a"])"), "");
  EXPECT_EQ(check_text(schema, R"(["a",1])"),
            "at /0: expected an integer, found a string (/items/0/$ref/type); at /1: expected a string, found an "
            "integer (/additionalItems/type)");
  EXPECT_EQ(check_text(schema, R"({"a":1})"),
            "at the top: expected the member 'b', since 'a' is there (/dependencies/a)");
  EXPECT_EQ(check_text(schema, R"({"c":1})"), "at the top: expected the member 'd' (/dependencies/c/required)");
}

TEST(Schema, ResolvesReferencesOnlyInItsRegistry) {
  SchemaRegistry registry;
  registry.emplace(
      "https://example.com/age",
      schema_json(
          R"({"$id":"https://example.com/age","type":"integer","$defs":{"x":{"$anchor":"name","type":"string"}}})"));
  SchemaOptions options{.registry = &registry};
  EXPECT_EQ(check_value(R"({"$ref":"https://example.com/age"})", Value("x"), options),
            "at the top: expected an integer, found a string (/$ref/type)");
  EXPECT_EQ(check_value(R"({"$id":"https://example.com/other","$ref":"age#name"})", Value("x"), options), "");
  EXPECT_EQ(check_value(R"({"$ref":"https://json-schema.org/draft/2020-12/schema"})",
                        schema_json(R"({"type":"nothing"})"), options)
                .substr(0, 14),
            "at /type: fits");
}

TEST(Schema, StopsEndlessAndExplodingSchemas) {
  EXPECT_EQ(check_value(R"({"$ref":"#"})", Value()).substr(0, 63),
            "at the top: schemas are applied within each other more than 600");
  EXPECT_NE(check_value(R"({"not":{"$ref":"#"}})", Value()), "")
      << "a schema that can't be decided must not count as fitting";
  std::string exploding = R"({"$defs":{"n0":true)";
  for (int i = 1; i < 60; ++i) {
    std::string previous = std::to_string(i - 1);
    exploding += ",\"n" + std::to_string(i) + "\":{\"allOf\":[{\"$ref\":\"#/$defs/n" + previous +
                 "\"},{\"$ref\":\"#/$defs/n" + previous + "\"}]}";
  }
  exploding += R"(},"$ref":"#/$defs/n59"})";
  EXPECT_NE(check_value(exploding, Value()).find("the validation takes more than"), std::string::npos);
  Value slow_text(std::string(40, 'a') + "!");
  EXPECT_EQ(check_value(R"({"pattern":"^(a|a)*$"})", slow_text),
            "at the top: the pattern needs too many steps for this text (/pattern)");
  EXPECT_EQ(check_value(R"({"not":{"pattern":"^(a|a)*$"}})", slow_text),
            "at the top: the pattern needs too many steps for this text (/not/pattern)");
}

TEST(Schema, CompilesLongChainsOfReferences) {
  std::string chain = R"({"$ref":"#/$defs/n0","$defs":{)";
  for (int i = 0; i < 20'000; ++i)
    chain += "\"n" + std::to_string(i) + "\":{\"$ref\":\"#/$defs/n" + std::to_string(i + 1) + "\"},";
  chain += R"("n20000":{"type":"integer"}}})";
  EXPECT_NE(check_value(chain, Value(1)).find("more than 600 times"), std::string::npos);
}

TEST(Schema, StopsAfterTheMostViolationsAsked) {
  auto schema = Schema::compile(schema_json(R"({"items":{"type":"integer"}})"), {.violations_max = 3});
  std::vector<Value> items(1000, Value("x"));
  EXPECT_EQ(schema->validate(Value::array(items)).size(), 3u);
}

TEST(Schema, OutlivesItsSourcesAndServesManyThreads) {
  auto schema = [] {
    SchemaRegistry registry;
    registry.emplace("x:y", schema_json(R"({"type":"integer"})"));
    return *Schema::compile(schema_json(R"({"items":{"$ref":"x:y"}})"), {.registry = &registry});
  }();
  EXPECT_TRUE(schema.validate(schema_json("[1,2]")).empty());
  EXPECT_EQ(schema.validate(schema_json("[1,null]")).size(), 1u);
}

TEST(Schema, TakesDecimalsAsTheyAreWritten) {
  EXPECT_EQ(check_text(R"({"multipleOf":0.1})", "0.3"), "");
  EXPECT_EQ(check_text(R"({"multipleOf":0.01})", "1234567.89"), "");
  EXPECT_EQ(check_text(R"({"multipleOf":1e-8})", "12391239123"), "");
  EXPECT_EQ(check_text(R"({"multipleOf":3})", "9223372036854775806"), "");
  EXPECT_NE(check_text(R"({"multipleOf":3})", "9223372036854775807"), "");
  EXPECT_NE(check_text(R"({"multipleOf":1e300})", "5"), "");
  EXPECT_EQ(check_text(R"({"multipleOf":7})", "0"), "");
  EXPECT_EQ(check_text(R"({"multipleOf":7e300})", "1.4e301"), "");
  EXPECT_EQ(check_text(R"({"maximum":9007199254740992})", "9007199254740993").substr(0, 11), "at the top:");
}

}  // namespace
}  // namespace gantry
