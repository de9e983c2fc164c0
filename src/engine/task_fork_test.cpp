#include "engine/interpreter_world.h"

namespace gantry::engine::testing {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;

TEST(Fork, OutputsAreInTheOrderOfDeclarationWhateverTheSpeed) {
  World world(R"(
do:
  - both:
      fork:
        branches:
          - slow: {do: [{rest: {wait: PT9S}}, {a: {set: {n: 1}}}]}
          - quick: {set: {n: 2}}
          - middle: {do: [{rest: {wait: PT3S}}, {c: {set: {n: 3}}}]}
)");
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.advance(seconds(3)), "waiting");
  EXPECT_EQ(world.advance(seconds(6)), R"(completed [{"n":1},{"n":2},{"n":3}])");
}

TEST(Fork, OfCompetingBranchesTheFirstToCompleteWinsAndTheOthersAreCancelled) {
  World world(R"(
do:
  - race:
      fork:
        compete: true
        branches:
          - slow: {do: [{rest: {wait: PT9S}}, {a: {set: {n: 1}}}]}
          - asked: {call: http, with: {method: get, endpoint: "https://example.com"}}
          - quick: {do: [{rest2: {wait: PT3S}}, {c: {set: {n: 3}}}]}
  - last: {set: {won: "${ .n }"}}
)");
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.advance(seconds(3)), R"(completed {"won":3})");
  EXPECT_THAT(world.asked(), Contains("abandon e1"));
  EXPECT_THAT(world.asked(), Contains("stop w1"));
  EXPECT_EQ(world.timers(), 0u);
  EXPECT_EQ(world.names(TaskTrace::Status::cancelled), "rest slow asked");
}

TEST(Fork, TheFaultOfABranchCancelsItsSiblings) {
  World world(R"(
do:
  - guarded:
      try:
        - both:
            fork:
              branches:
                - waits: {wait: PT9S}
                - breaks: {raise: {error: {type: https://example.com/e, status: 418, title: Broken}}}
      catch: {as: e, do: [{report: {set: {title: "${ $e.title }", at: "${ $e.instance }"}}}]}
)");
  EXPECT_EQ(world.run(), R"(completed {"title":"Broken","at":"/do/0/guarded/try/0/both/fork/branches/1/breaks"})");
  EXPECT_EQ(world.timers(), 0u);
  EXPECT_EQ(world.names(TaskTrace::Status::cancelled), "waits");
  EXPECT_EQ(world.names(TaskTrace::Status::faulted), "breaks both");
}

TEST(Fork, TheContextOfABranchIsItsOwn) {
  World world(R"(
do:
  - first: {set: {x: 0}, export: {as: '{from: "first"}'}}
  - both:
      fork:
        branches:
          - a: {do: [{a1: {set: {x: 1}, export: {as: '$context + {a: 1}'}}}, {a2: {set: {sees: "${ $context }"}}}]}
          - b: {do: [{b1: {set: {sees: "${ $context }"}}}]}
  - last: {set: {branches: "${ . }", context: "${ $context }"}}
)");
  EXPECT_EQ(
      world.run(),
      R"(completed {"branches":[{"sees":{"from":"first","a":1}},{"sees":{"from":"first"}}],"context":{"from":"first"}})");
}

TEST(Fork, TheForksOwnExportSurvives) {
  World world(R"(
do:
  - both:
      fork: {branches: [{a: {set: {x: 1}}}, {b: {set: {x: 2}}}]}
      export: {as: map(.x)}
  - last: {set: {context: "${ $context }"}}
)");
  EXPECT_EQ(world.run(), R"(completed {"context":[1,2]})");
}

TEST(Fork, BranchesSeeTheVariablesAroundThem) {
  World world(R"(
do:
  - loop:
      for: {each: n, in: '[1,2]'}
      do: [{both: {fork: {branches: [{a: {set: {x: "${ $n }"}}}, {b: {set: {x: "${ $n * 10 }"}}}]}, output: {as: '{x: map(.x)}'}}}]
)");
  EXPECT_EQ(world.run(), R"(completed {"x":[2,20]})");
}

TEST(Fork, EndInABranchEndsTheWorkflow) {
  World world(R"(
do:
  - both:
      fork:
        branches:
          - waits: {wait: PT9S}
          - ends: {do: [{a: {set: {x: 1}, then: end}}]}
  - never: {set: {x: 2}}
)");
  EXPECT_EQ(world.run(), R"(completed {"x":1})");
  EXPECT_EQ(world.timers(), 0u);
}

TEST(Fork, ForksNestAndTheTimeoutOfTheOuterCancelsAll) {
  World world(R"(
do:
  - outer:
      timeout: {after: PT5S}
      fork:
        branches:
          - one: {fork: {branches: [{a: {wait: PT1H}}, {b: {set: {x: 1}}}]}}
          - two: {run: {workflow: {namespace: test, name: other, version: 1.0.0}}}
)",
              {{"workflows/other.yaml", World::document("other") + "do: [{a: {set: {x: 1}}}]\n"}});
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.advance(seconds(5)), "faulted timeout 408 /do/0/outer");
  EXPECT_THAT(world.asked(), ElementsAre("timer w1 timeout 5", "child c1", "timer w2 wait 3600", "stop w2",
                                         "cancel child c1", "fault"));
}

}  // namespace
}  // namespace gantry::engine::testing
