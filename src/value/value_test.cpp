#include "value/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "value/json.h"

namespace gantry {
namespace {

Value json_value(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? *value : Value();
}

Label label_from(const char* source, Secrecy secrecy = Secrecy::public_) {
  return Label::of({Integrity::untrusted, secrecy, {source}, {}});
}

TEST(Value, MakesOneValueOfEqualNumbers) {
  EXPECT_TRUE(Value(1.0).is_integer());
  EXPECT_TRUE(Value(9007199254740992.0).is_integer());
  EXPECT_FALSE(Value(9007199254740994.0).is_integer());
  EXPECT_FALSE(Value(1.5).is_integer());
  EXPECT_FALSE(Value(-0.0).is_integer());
  EXPECT_EQ(Value(-0.0), Value(0));
  EXPECT_EQ(Value(std::numeric_limits<std::size_t>::max()).kind(), Value::Kind::number);
  EXPECT_EQ(Value(std::size_t{7}).as_integer(), 7);
}

TEST(Value, ChangesInPlaceOnlyWhatNobodyShares) {
  Value original = json_value(R"({"a":[1,2,3],"b":{"c":1}})");
  Value changed = Value(original).with_member("a", Value(0));
  EXPECT_EQ(print_json(original), R"({"a":[1,2,3],"b":{"c":1}})");
  EXPECT_EQ(print_json(changed), R"({"a":0,"b":{"c":1}})");
  EXPECT_TRUE(changed.find("b")->same_as(*original.find("b")));

  const void* members = &changed.members();
  changed = std::move(changed).with_member("d", Value(true)).without_member("a");
  EXPECT_EQ(&changed.members(), members) << "a node with one owner is not copied";
  EXPECT_EQ(print_json(changed), R"({"b":{"c":1},"d":true})");

  Value list = json_value("[1]");
  Value longer = Value(list).with_item(3, Value("x")).appended(Value(9)).without_item(0);
  EXPECT_EQ(print_json(longer), R"([null,null,"x",9])");
  EXPECT_EQ(print_json(list), "[1]");
  EXPECT_EQ(print_json(std::move(longer).without_item(99)), R"([null,null,"x",9])");
}

TEST(Value, CanBeReplacedByItsOwnChild) {
  Value value = json_value(R"({"a":{"b":["deep"]}})");
  value = *value.find("a");
  value = *value.find("b");
  value = value.items()[0];
  EXPECT_EQ(value.as_string(), "deep");
  const Value& same = value;
  value = same;
  EXPECT_EQ(value.as_string(), "deep");
}

TEST(Value, HandsOutItsElements) {
  Value list = json_value(R"(["a","b"])");
  Value shared = list;
  EXPECT_EQ(std::move(list).take_items().size(), 2u);
  EXPECT_EQ(print_json(shared), R"(["a","b"])");
  Value object = json_value(R"({"a":1,"b":2})");
  auto members = std::move(object).take_members();
  EXPECT_EQ(members[1].key.view(), "b");
}

TEST(Value, FindsMembersInLargeObjects) {
  std::vector<Member> members;
  for (int i = 0; i < 5'000; ++i) members.push_back({Text("key" + std::to_string(i)), Value(i)});
  Value object = Value::object(std::move(members));
  for (int i = 0; i < 5'000; i += 7) EXPECT_EQ(object.member("key" + std::to_string(i)).as_integer(), i);
  EXPECT_EQ(object.find("key5000"), nullptr);
  Value copy = object;
  for (int i = 5'000; i < 6'000; ++i) copy = std::move(copy).with_member("key" + std::to_string(i), Value(i));
  for (int i = 0; i < 6'000; i += 11) EXPECT_EQ(copy.member("key" + std::to_string(i)).as_integer(), i);
  copy = std::move(copy).without_member("key0").without_member("key5999");
  EXPECT_EQ(copy.find("key0"), nullptr);
  EXPECT_EQ(copy.find("key5999"), nullptr);
  EXPECT_EQ(copy.size(), 5'998u);
  EXPECT_EQ(copy.member("key5998").as_integer(), 5'998);
  EXPECT_EQ(object.size(), 5'000u);
}

TEST(Value, KeepsTheFirstPlaceAndTheLastValueOfDuplicateKeys) {
  EXPECT_EQ(print_json(Value::object({{"a", 1}, {"b", 2}, {"a", 3}})), R"({"a":3,"b":2})");
  std::vector<Member> members;
  for (int i = 0; i < 40; ++i) members.push_back({Text("k" + std::to_string(i % 20)), Value(i)});
  Value object = Value::object(std::move(members));
  EXPECT_EQ(object.size(), 20u);
  EXPECT_EQ(object.members()[3].key.view(), "k3");
  EXPECT_EQ(object.members()[3].value.as_integer(), 23);
}

TEST(Value, ComparesRegardlessOfMemberOrderAndLabels) {
  EXPECT_EQ(json_value(R"({"a":1,"b":[1,{"x":null}]})"), json_value(R"({"b":[1.0,{"x":null}],"a":1})"));
  EXPECT_FALSE(json_value(R"({"a":1})") == json_value(R"({"a":1,"b":2})"));
  EXPECT_FALSE(json_value(R"({"a":1})") == json_value(R"({"b":1})"));
  EXPECT_FALSE(json_value("[1,2]") == json_value("[1]"));
  EXPECT_EQ(Value(1).labelled(label_from("mail")), Value(1));
  Value nan(std::nan(""));
  EXPECT_FALSE(nan == nan);
  EXPECT_FALSE(Value::array({nan}) == Value::array({Value(std::nan(""))}));
}

TEST(Value, OrdersAsJqDoes) {
  std::vector<Value> ordered;
  ordered.push_back(Value());
  ordered.push_back(Value(false));
  ordered.push_back(Value(true));
  ordered.push_back(Value(std::nan("")));
  ordered.push_back(Value(-HUGE_VAL));
  for (std::string_view text : {"-9223372036854775808",
                                "-1.5",
                                "0",
                                "1",
                                "1.5",
                                "9007199254740992",
                                "9007199254740993",
                                "9223372036854775807",
                                "9223372036854775808",
                                "1e300",
                                R"("")",
                                R"("A")",
                                R"("a")",
                                R"("aa")",
                                "\"\xEF\xBF\xBD\"",
                                "\"\xF0\x9F\x98\x80\"",
                                "[]",
                                "[null]",
                                "[1]",
                                "[1,0]",
                                "[2]",
                                "{}",
                                R"({"a":1})",
                                R"({"a":2})",
                                R"({"a":1,"b":0})",
                                R"({"b":0})"})
    ordered.push_back(json_value(text));
  for (std::size_t i = 0; i < ordered.size(); ++i)
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      int expected = i < j ? -1 : i > j ? 1 : 0;
      EXPECT_EQ(compare(ordered[i], ordered[j]), expected)
          << print_json(ordered[i]) << " and " << print_json(ordered[j]);
    }
  EXPECT_EQ(compare(json_value(R"({"b":1,"a":2})"), json_value(R"({"a":2,"b":1})")), 0);
}

TEST(Value, JoinsTheLabelOfTheParentIntoTheChild) {
  Label mail = label_from("mail"), payroll = label_from("payroll", Secrecy::secret);
  Value object = Value::object({{"a", Value::array({Value(1)}).labelled(mail)}}).labelled(payroll);
  EXPECT_EQ(object.member("a").label(), join(mail, payroll));
  EXPECT_EQ(object.member("missing").label(), payroll) << "that a member is missing tells about the object";
  EXPECT_EQ(object.find("a")->label(), mail);
  EXPECT_EQ(object.member("a").item(0).label(), join(mail, payroll));
  EXPECT_EQ(object.member("a").item(5).label(), join(mail, payroll));
  EXPECT_EQ(object.deep_label(), join(mail, payroll));
  EXPECT_TRUE(json_value("[1,{}]").deep_label().is_default());
}

TEST(Value, RelabelsWithoutTouchingTheOriginal) {
  Value value = Value::array({Value("x").labelled(label_from("mail")), Value(1)});
  Value endorsed = value.relabelled({});
  EXPECT_TRUE(endorsed.deep_label().is_default());
  EXPECT_EQ(value.deep_label(), label_from("mail"));
  EXPECT_EQ(value.relabelled(label_from("web")).label(), label_from("web"));
  EXPECT_TRUE(value.relabelled(label_from("web")).find(std::size_t{0})->label().is_default());
}

TEST(Value, KeepsLabelsWhenCopiedMovedAndUpdated) {
  Label mail = label_from("mail");
  Value value = Value::object({}).labelled(mail);
  Value copy = value;
  Value moved = std::move(value);
  EXPECT_EQ(copy.label(), mail);
  EXPECT_EQ(moved.label(), mail);
  EXPECT_EQ(std::move(moved).with_member("a", Value(1)).label(), mail);
}

TEST(Value, DestroysAnyDepthWithoutRecursion) {
  Value value;
  for (int i = 0; i < 1'000'000; ++i) {
    if (i % 2 == 0)
      value = Value::array({std::move(value)});
    else
      value = Value::object({}).with_member("a", std::move(value));
  }
  Value inner = value.member("a");
  value = Value();
  EXPECT_EQ(inner.size(), 1u) << "what is still held stays";
}

TEST(Value, MayBeReadAndDroppedByManyThreads) {
  Value shared = json_value(R"({"list":[1,2,3],"text":"some text"})");
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([copy = shared] {
      for (int k = 0; k < 2'000; ++k) {
        Value own = copy;
        own = std::move(own).with_member("k", Value(k));
        EXPECT_EQ(own.member("list").size(), 3u);
      }
    });
  threads.clear();
  EXPECT_EQ(shared.size(), 2u);
}

TEST(Value, ReadsWithFallbacks) {
  Value value = json_value(R"({"s":"x","i":3,"b":true})");
  EXPECT_EQ(value.string_or("s", "y"), "x");
  EXPECT_EQ(value.string_or("i", "y"), "y");
  EXPECT_EQ(value.integer_or("i", 1), 3);
  EXPECT_EQ(value.integer_or("s", 1), 1);
  EXPECT_TRUE(value.boolean_or("b", false));
  EXPECT_EQ(Value(5).string_or("s", "y"), "y");
  EXPECT_TRUE(Value(0).is_truthy());
  EXPECT_FALSE(Value(false).is_truthy());
  EXPECT_FALSE(Value().is_truthy());
}

TEST(ValueDeathTest, StopsAtTheWrongKind) {
  // Matchers, not patterns: Oniguruma brings a regcomp of its own, and AddressSanitizer pairs it with the C library's
  // regexec.
  EXPECT_DEATH(Value(1).as_string(), ::testing::HasSubstr("not a string"));
  EXPECT_DEATH(Value("x").items(), ::testing::HasSubstr("not an array"));
}

}  // namespace
}  // namespace gantry
