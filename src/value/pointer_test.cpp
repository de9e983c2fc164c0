#include "value/pointer.h"

#include <gtest/gtest.h>

#include "value/json.h"

namespace gantry {
namespace {

const char* rfc_6901_document =
    R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8})";

std::string value_at_pointer(std::string_view pointer) {
  auto found = at_pointer(*parse_json(rfc_6901_document), pointer);
  return found.ok() ? print_json(*found) : found.error().message;
}

TEST(Pointer, FollowsTheExamplesOfRfc6901) {
  EXPECT_EQ(value_at_pointer(""), rfc_6901_document);
  EXPECT_EQ(value_at_pointer("/foo"), R"(["bar","baz"])");
  EXPECT_EQ(value_at_pointer("/foo/0"), R"("bar")");
  EXPECT_EQ(value_at_pointer("/"), "0");
  EXPECT_EQ(value_at_pointer("/a~1b"), "1");
  EXPECT_EQ(value_at_pointer("/c%d"), "2");
  EXPECT_EQ(value_at_pointer("/e^f"), "3");
  EXPECT_EQ(value_at_pointer("/g|h"), "4");
  EXPECT_EQ(value_at_pointer("/i\\j"), "5");
  EXPECT_EQ(value_at_pointer("/k\"l"), "6");
  EXPECT_EQ(value_at_pointer("/ "), "7");
  EXPECT_EQ(value_at_pointer("/m~0n"), "8");
}

TEST(Pointer, NamesTheFirstTokenThatIsMissing) {
  EXPECT_EQ(value_at_pointer("/foo/2/x"), "'/foo' has 2 items and no item '2'");
  EXPECT_EQ(value_at_pointer("/foo/-"), "'/foo' has 2 items and no item '-'");
  EXPECT_EQ(value_at_pointer("/foo/00"), "'/foo' has 2 items and no item '00'");
  EXPECT_EQ(value_at_pointer("/bar"), "the document has no member 'bar'");
  EXPECT_EQ(value_at_pointer("/a~1b/c"), "'/a~1b' is a number and has no member 'c'");
  EXPECT_EQ(at_pointer(Value(), "/x").error().code, Code::not_found);
}

TEST(Pointer, RefusesWhatIsNoPointer) {
  EXPECT_EQ(value_at_pointer("foo"), "a JSON pointer is empty or starts with '/', found 'foo'");
  EXPECT_NE(value_at_pointer("/m~n").find("must be written '~0'"), std::string::npos);
  EXPECT_NE(value_at_pointer("/m~").find("must be written '~0'"), std::string::npos);
}

TEST(Pointer, EscapesNamesSoThatTheyReadBack) {
  for (std::string_view name : {"plain", "a/b", "m~n", "~1", "", "~~//"}) {
    auto tokens = parse_pointer("/" + pointer_token(name));
    ASSERT_TRUE(tokens.ok());
    EXPECT_EQ(*tokens, std::vector<std::string>{std::string(name)});
  }
}

TEST(Pointer, JoinsTheLabelsOfAllParents) {
  Label low = Label::of({Integrity::untrusted, Secrecy::public_, {"mail"}, {}});
  Label secret = Label::of({Integrity::trusted, Secrecy::secret, {}, {"payroll"}});
  Value root = Value::object({{"a", Value::array({Value(1)}).labelled(low)}}).labelled(secret);
  EXPECT_EQ(at_pointer(root, "/a/0")->label(), join(low, secret));
  EXPECT_EQ(at_pointer(root, "")->label(), secret);
}

}  // namespace
}  // namespace gantry
