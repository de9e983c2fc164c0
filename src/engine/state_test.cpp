#include "engine/state.h"

#include "engine/interpreter_world.h"

namespace gantry::engine::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr const char* busy_workflow = R"(
timeout: {after: PT1H}
do:
  - loop:
      for: {each: n, in: '[1,2]'}
      do:
        - guarded:
            try:
              - both:
                  fork:
                    branches:
                      - waits: {wait: PT5S}
                      - asks: {call: http, with: {method: get, endpoint: "https://example.com"}}
            catch: {as: e, retry: {delay: PT1S, limit: {attempt: {count: 2, duration: PT9S}}}}
)";

std::string busy_state(const World& world) {
  return world.state().serialise();
}

TEST(State, ANewOneIsReadBackToo) {
  World world(busy_workflow);
  const InstanceState state;
  auto parsed = InstanceState::parse(state.serialise(), world.workflow());
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->status(), InstanceState::Status::created);
}

TEST(State, KeepsEachValueOnce) {
  World world(busy_workflow);
  const std::string marker = "a value that is long enough to be seen in the text";
  world.run_on(Value::object({{"text", marker}}));
  const std::string text = busy_state(world);
  const auto first = text.find(marker);
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find(marker, first + 1), std::string::npos) << text;
}

TEST(State, KeepsLabels) {
  const Label label =
      Label::of({.integrity = Integrity::trusted, .secrecy = Secrecy::secret, .sources = {}, .compartments = {}});
  World world("do:\n  - rest: {wait: PT5S}\n");
  world.run_on(Value("classified").labelled(label));
  auto parsed = InstanceState::parse(busy_state(world), world.workflow());
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->serialise(), busy_state(world));
  world.advance(seconds(5));
  EXPECT_EQ(world.output().label(), label);
}

TEST(State, EqualRunsGiveEqualBytes) {
  World one(busy_workflow), two(busy_workflow);
  one.run(R"({"a":1})");
  two.run(R"({"a":1})");
  EXPECT_EQ(busy_state(one), busy_state(two));
  one.advance(seconds(5));
  EXPECT_NE(busy_state(one), busy_state(two));
}

TEST(State, OfAnotherWorkflowIsRefused) {
  World world(busy_workflow), other("do:\n  - a: {set: {x: 1}}\n");
  world.run();
  auto parsed = InstanceState::parse(busy_state(world), other.workflow());
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, Code::invalid_argument);
  EXPECT_THAT(parsed.error().message, HasSubstr("the workflow has no task /do/0/loop"));
}

TEST(State, DamagedTextIsRefusedAndNeverACrash) {
  World world(busy_workflow);
  world.run();
  const std::string text = busy_state(world);
  EXPECT_FALSE(InstanceState::parse("", world.workflow()).ok());
  EXPECT_FALSE(InstanceState::parse("[]", world.workflow()).ok());
  EXPECT_FALSE(InstanceState::parse(text.substr(0, text.size() / 2), world.workflow()).ok());
  // Every number in the text is put out of its range, one after the other.
  std::size_t refused = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool is_number = text[at] >= '0' && text[at] <= '9' && (text[at - 1] == ':' || text[at - 1] == ',');
    if (!is_number) continue;
    std::string damaged = text;
    damaged.replace(at, 1, "-7");
    if (!InstanceState::parse(damaged, world.workflow()).ok()) ++refused;
  }
  EXPECT_GT(refused, 20u);
}

TEST(State, AScopeVariableThatIsMissingIsRefused) {
  World world(busy_workflow);
  world.run();
  std::string text = busy_state(world);
  const auto at = text.find("\"variables\":[");
  ASSERT_NE(at, std::string::npos);
  const auto end = text.find(']', at);
  text.replace(at, end - at + 1, "\"variables\":[]");
  auto parsed = InstanceState::parse(text, world.workflow());
  ASSERT_FALSE(parsed.ok());
  EXPECT_THAT(parsed.error().message, HasSubstr("scope variable"));
}

}  // namespace
}  // namespace gantry::engine::testing
