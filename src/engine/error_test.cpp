#include "engine/error.h"

#include <gtest/gtest.h>

#include "value/json.h"

namespace gantry::engine {
namespace {

Value error_json(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value.ok()) << text;
  return value ? *value : Value();
}

TEST(Error, OfAStandardKindHasItsTypeAndStatus) {
  EXPECT_EQ(
      print_json(make_error(ErrorKind::timeout, "Timed out", "too late", "/do/0/a")),
      R"({"type":"https://open-workflow-specification.org/spec/1.0.0/errors/timeout","status":408,"title":"Timed out","detail":"too late","instance":"/do/0/a"})");
}

TEST(Error, FromOutsideKeepsWhatItHasAndGetsTheRest) {
  const Value full = complete_error(error_json(R"({"type":"x","status":418,"title":"t","detail":"d","instance":"/y"})"),
                                    ErrorKind::communication, "Call failed", "/do/0/a");
  EXPECT_EQ(print_json(full), R"({"type":"x","status":418,"title":"t","detail":"d","instance":"/do/0/a"})");
  const Value odd =
      complete_error(error_json(R"({"type":1,"status":"no"})"), ErrorKind::communication, "Call failed", "/do/0/a");
  EXPECT_EQ(definition::error_kind(odd.string_or("type", "")), "communication");
  EXPECT_EQ(odd.integer_or("status", 0), 500);
  EXPECT_EQ(odd.string_or("title", ""), "Call failed");
  const Value text = complete_error(Value("broken pipe"), ErrorKind::communication, "Call failed", "/do/0/a");
  EXPECT_EQ(text.string_or("detail", ""), "broken pipe");
}

TEST(Error, AFilterMatchesWhatItNamesAndNothingElse) {
  const Value error = error_json(R"({"type":"x","status":418,"title":"t","instance":"/do/0/a"})");
  EXPECT_TRUE(matches({}, error));
  EXPECT_TRUE(matches({.type = "x", .title = "t", .detail = {}, .instance = "/do/0/a", .status = 418}, error));
  EXPECT_FALSE(matches({.type = "y", .title = {}, .detail = {}, .instance = {}, .status = {}}, error));
  EXPECT_FALSE(matches({.type = {}, .title = {}, .detail = {}, .instance = {}, .status = 417}, error));
  EXPECT_FALSE(matches({.type = {}, .title = {}, .detail = "d", .instance = {}, .status = {}}, error));
}

}  // namespace
}  // namespace gantry::engine
