#include "value/stored.h"

#include <gtest/gtest.h>

#include "value/json.h"

namespace gantry {
namespace {

Label mail_label() {
  return Label::of({Integrity::untrusted, Secrecy::internal, {"mail:inbox"}, {}});
}
Label payroll_label() {
  return Label::of({Integrity::internal, Secrecy::secret, {"db"}, {"payroll", "board"}});
}

bool same_labels(const Value& left, const Value& right) {
  if (!(left.label() == right.label()) || left.size() != right.size()) return false;
  if (left.is_array())
    for (std::size_t i = 0; i < left.size(); ++i)
      if (!same_labels(*left.find(i), *right.find(i))) return false;
  if (left.is_object())
    for (const Member& member : left.members())
      if (!same_labels(member.value, *right.find(member.key.view()))) return false;
  return true;
}

void expect_round_trip(const Value& value) {
  auto read = parse_stored(print_stored(value));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, value);
  EXPECT_TRUE(same_labels(*read, value)) << print_stored(*read) << " for " << print_stored(value);
}

TEST(Stored, IsPlainJsonWithoutLabels) {
  Value value = Value::object({{"a", 1}, {"b", Value::array({Value("x"), Value()})}});
  EXPECT_EQ(print_stored(value), R"({"a":1,"b":["x",null]})");
  expect_round_trip(value);
  expect_round_trip(Value());
}

TEST(Stored, KeepsLabelsAtEveryDepth) {
  Value value = Value::object(
      {{"a", Value::array({Value(1), Value("x").labelled(mail_label()), Value()}).labelled(payroll_label())},
       {"b/~", Value(true).labelled(mail_label())}});
  EXPECT_EQ(
      print_stored(value),
      R"({"$labelled":{"a":[1,"x",null],"b/~":true},"labels":{"/a":{"integrity":"internal","secrecy":"secret","sources":["db"],)"
      R"("compartments":["board","payroll"]},"/a/1":{"integrity":"untrusted","secrecy":"internal","sources":["mail:inbox"],)"
      R"("compartments":[]},"/b~1~0":{"integrity":"untrusted","secrecy":"internal","sources":["mail:inbox"],"compartments":[]}}})");
  expect_round_trip(value);
  expect_round_trip(value.labelled(Label::unknown()));
  expect_round_trip(Value(1).labelled(mail_label()));
}

TEST(Stored, WrapsValuesThatLookWrapped) {
  Value value = Value::object({{"$labelled", 1}, {"labels", Value::object({{"", 1}})}});
  EXPECT_EQ(print_stored(value), R"({"$labelled":{"$labelled":1,"labels":{"":1}},"labels":{}})");
  expect_round_trip(value);
  expect_round_trip(Value::object({{"$labelled", 1}}).labelled(mail_label()));
  expect_round_trip(Value::array({Value::object({{"$labelled", 1}})}));
}

TEST(Stored, RefusesDamagedText) {
  auto refusal = [](std::string_view text) {
    auto read = parse_stored(text);
    return read.ok() ? "accepted" : read.error().message;
  };
  EXPECT_EQ(refusal(R"({"$labelled":1})"), "stored value: expected exactly \"$labelled\" and the object \"labels\"");
  EXPECT_EQ(refusal(R"({"$labelled":1,"labels":[]})"),
            "stored value: expected exactly \"$labelled\" and the object \"labels\"");
  EXPECT_EQ(refusal(R"({"$labelled":1,"labels":{"":5}})"), "stored value: expected an object as label, found a number");
  EXPECT_NE(refusal(R"({"$labelled":1,"labels":{"":{}}})").find("integrity is trusted,"), std::string::npos);
  EXPECT_EQ(refusal(R"({"$labelled":[1],"labels":{"/1":{"integrity":"trusted","secrecy":"public"}}})"),
            "stored value: a label points to the item '1', which is not there");
  EXPECT_EQ(refusal(R"({"$labelled":{},"labels":{"/a":{"integrity":"trusted","secrecy":"public"}}})"),
            "stored value: a label points to the member 'a', which is not there");
  EXPECT_EQ(refusal(R"({"$labelled":1,"labels":{"":{"integrity":"trusted","secrecy":"public","sources":[1]}}})"),
            "stored value: expected names in 'sources', found a number");
  EXPECT_NE(refusal("{").find("1:2"), std::string::npos);
}

}  // namespace
}  // namespace gantry
