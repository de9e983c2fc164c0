#include "engine/interpreter_admission.h"

#include <cmath>
#include <limits>

#include "engine/interpreter_world.h"

namespace gantry::engine::testing {
namespace {

using ::testing::HasSubstr;

Value nested(std::size_t depth) {
  Value value(1);
  for (std::size_t level = 0; level < depth; ++level) value = Value::array({value});
  return value;
}

TEST(Admission, TheDepthIsLimited) {
  Admission admission({.depth_max = 10});
  EXPECT_TRUE(admission.admit(nested(10)).ok());
  const auto refused = admission.admit(nested(11));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::exhausted);
  EXPECT_THAT(refused.error().message, HasSubstr("more than 10 levels"));
}

TEST(Admission, SharedStructureCountsAsOftenAsItIsWritten) {
  Admission admission({.bytes_max = 100'000});
  Value value(std::string(1000, 'x'));
  int doublings = 0;
  while (doublings < 100) {
    auto admitted = admission.admit(Value::array({value, value}));
    if (!admitted) break;
    value = *admitted;
    ++doublings;
  }
  EXPECT_EQ(doublings, 6);  // 64 * 1016 bytes and 127 * 16 fit, twice that does not
}

TEST(Admission, WhatWasMeasuredBeforeCountsAtAnyDepth) {
  Admission admission({.depth_max = 10});
  Value wide = Value::array(std::vector<Value>(1000, Value(1)));
  for (int level = 0; level < 7; ++level) wide = Value::array({wide});
  ASSERT_TRUE(admission.admit(wide).ok());  // eight levels
  EXPECT_TRUE(admission.admit(Value::array({Value::array({wide})})).ok());
  EXPECT_FALSE(admission.admit(Value::array({Value::array({Value::array({wide})})})).ok());
}

TEST(Admission, NumbersThatJsonDoesNotHaveBecomeWhatTheyArePrintedAs) {
  Admission admission({});
  const double infinity = std::numeric_limits<double>::infinity();
  const Label label =
      Label::of({.integrity = Integrity::untrusted, .secrecy = Secrecy::public_, .sources = {}, .compartments = {}});
  const Value value =
      Value::object({{"a", Value::array({Value(std::nan("")).labelled(label), Value(-infinity), 1.5})}});
  const auto admitted = admission.admit(value);
  ASSERT_TRUE(admitted.ok());
  EXPECT_EQ(print_json(*admitted), R"({"a":[null,-1.7976931348623157e+308,1.5]})");
  EXPECT_EQ(admitted->deep_label(), label);
}

TEST(Admission, ALoopThatNestsOrDoublesItsDataFaults) {
  for (const char* program : {"{a: .}", "[., .]", "{a: ., b: ., c: {d: .}}"}) {
    World world("do:\n  - loop: {for: {in: '[range(5000)]'}, do: [{grow: {set: \"${ " + std::string(program) +
                " }\"}}]}\n  - rest: {wait: PT1S}\n");
    EXPECT_EQ(world.run(), "faulted expression 400 /do/0/loop/do/0/grow") << program;
  }
}

TEST(Admission, AForkThatDoublesItsDataFaults) {
  World world(R"(
do:
  - both: {fork: {branches: [{a: {wait: PT0S}}, {b: {wait: PT0S}}]}, then: both}
)");
  EXPECT_EQ(world.run(R"({"text":"some text that is doubled until it is too large"})"),
            "faulted runtime 500 /do/0/both");
  EXPECT_THAT(world.detail(), HasSubstr("larger than"));
}

TEST(Admission, AStateWithSuchNumbersIsReadBackTheSame) {
  World world(R"(
do:
  - a: {set: {x: "${ nan }", y: "${ [infinite] }"}}
  - rest: {wait: PT1S}
  - b: {set: {x: "${ .x | isnan? // \"no number\" }", y: "${ .y[0] | isinfinite }"}}
)");
  world.run();
  EXPECT_EQ(world.advance(std::chrono::seconds(1)), R"(completed {"x":"no number","y":false})");
}

}  // namespace
}  // namespace gantry::engine::testing
