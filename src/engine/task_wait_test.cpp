// Waiting and timeouts.
#include "engine/interpreter_world.h"

namespace gantry::engine::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;

TEST(Wait, TakesItsTimeInAllThreeForms) {
  for (const char* form : {"PT90S", "{minutes: 1, seconds: 30}", "\"${ .pause }\""}) {
    World world("do:\n  - rest: {wait: " + std::string(form) + "}\n");
    EXPECT_EQ(world.run(R"({"pause":"PT90S"})"), "waiting") << form;
    EXPECT_EQ(world.advance(milliseconds(89'999)), "waiting") << form;
    EXPECT_EQ(world.advance(milliseconds(1)), R"(completed {"pause":"PT90S"})") << form;
  }
}

TEST(Wait, NoTimeIsNoWait) {
  World world("do:\n  - rest: {wait: PT0S}\n");
  EXPECT_EQ(world.run(), "completed {}");
  EXPECT_TRUE(world.asked() == std::vector<std::string>{"complete"});
}

TEST(Wait, WhatIsNoDurationFaults) {
  World world("do:\n  - rest: {wait: \"${ .pause }\"}\n");
  EXPECT_EQ(world.run(R"({"pause":"soon"})"), "faulted expression 400 /do/0/rest");
}

TEST(Timeout, OfATaskIsAnErrorThatCanBeCaught) {
  World world(R"(
do:
  - guarded:
      try: [{ask: {call: http, with: {method: get, endpoint: "https://example.com"}, timeout: {after: PT5S}}}]
      catch: {as: e, do: [{h: {set: {status: "${ $e.status }", at: "${ $e.instance }"}}}]}
)");
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.advance(seconds(5)), R"(completed {"status":408,"at":"/do/0/guarded/try/0/ask"})");
  EXPECT_THAT(world.asked(), Contains("abandon e1"));
}

TEST(Timeout, IsForgottenWhenTheTaskEndsInTime) {
  World world(
      "do:\n  - ask: {call: http, with: {method: get, endpoint: \"https://example.com\"}, timeout: {after: PT5S}}\n"
      "  - rest: {wait: PT1H}\n");
  world.run();
  world.reply("i-e1", done_with(R"({"content":1})"));
  EXPECT_THAT(world.asked(), Contains("stop w1"));
  EXPECT_EQ(world.advance(hours(1)), "completed 1");
}

TEST(Timeout, OfTheWorkflowEndsIt) {
  World world("timeout: {after: {minutes: 1}}\ndo:\n  - a: {do: [{rest: {wait: PT1H}}]}\n");
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.advance(seconds(60)), "faulted timeout 408 /timeout");
  EXPECT_EQ(world.timers(), 0u);
  EXPECT_EQ(world.names(TaskTrace::Status::cancelled), "rest a");
}

TEST(Timeout, OfTheWorkflowIsNotCaughtWithin) {
  World world(R"(
timeout: {after: PT5S}
do:
  - guarded:
      try: [{rest: {wait: PT1H}}]
      catch: {do: [{never: {set: {x: 1}}}]}
)");
  world.run();
  EXPECT_EQ(world.advance(seconds(5)), "faulted timeout 408 /timeout");
}

TEST(Timeout, ReusableByNameAndComputed) {
  World world(R"(
use: {timeouts: {short: {after: "${ .limit }"}}}
do:
  - rest: {wait: PT1H, timeout: short}
)");
  world.run(R"({"limit":"PT7S"})");
  EXPECT_EQ(world.advance(seconds(7)), "faulted timeout 408 /do/0/rest");
}

}  // namespace
}  // namespace gantry::engine::testing
