#include "engine/interpreter_world.h"

namespace gantry::engine::testing {
namespace {

using ::testing::HasSubstr;

TEST(For, EachAndAtNameTheItemAndItsIndex) {
  World world(R"yaml(
do:
  - loop:
      for: {each: color, at: number, in: .colors}
      do: [{add: {set: {seen: '${ .seen + ["\($number)\($color)"]
}'}}}]
)yaml");
  EXPECT_EQ(world.run(R"({"colors":["red","blue"]})"), R"(completed {"seen":["0red","1blue"]})");
}

TEST(For, WhileSeesTheOutputOfTheIterationBefore) {
  World world(R"(
do:
  - loop:
      for: {in: "[range(100)]"}
      while: .n < 3 and $index < 50
      do: [{add: {set: {n: "${ .n + 1 }"}}}]
)");
  EXPECT_EQ(world.run(R"({"n":0})"), R"(completed {"n":3})");
}

TEST(For, AnEmptyCollectionGivesTheInput) {
  World world("do:\n  - loop: {for: {in: .none}, do: [{never: {set: {x: 1}}}]}\n");
  EXPECT_EQ(world.run(R"({"none":[]})"), R"(completed {"none":[]})");
}

TEST(For, WhatIsNoListFaults) {
  World world("do:\n  - loop: {for: {in: .none}, do: [{never: {set: {x: 1}}}]}\n");
  EXPECT_EQ(world.run(), "faulted expression 400 /do/0/loop");
  EXPECT_THAT(world.detail(), HasSubstr("expected an array, found null"));
}

TEST(For, AnInnerLoopSeesTheVariablesOfTheOuterOne) {
  World world(R"yaml(
do:
  - outer:
      for: {each: a, at: i, in: '["x","y"]'}
      do:
        - inner:
            for: {each: b, at: j, in: '[1,2]'}
            do: [{add: {set: {all: '${ .all + ["\($a)\($b)\($i)\($j)"]
}'}}}]
        - after: {set: {all: '${ .all + [$a] }'}}
)yaml");
  EXPECT_EQ(world.run(), R"(completed {"all":["x100","x201","x","y110","y211","y"]})");
}

TEST(For, ExitEndsTheLoop) {
  World world(R"(
do:
  - loop:
      for: {in: '[1,2,3]'}
      do:
        - add: {set: {n: "${ $item }"}}
        - stop: {switch: [{two: {when: .n == 2, then: exit}}]}
  - last: {set: {was: "${ .n }"}}
)");
  EXPECT_EQ(world.run(), R"(completed {"was":2})");
}

TEST(For, AnErrorWithinHasTheReferenceOfTheInnerTask) {
  World world("do:\n  - loop: {for: {in: '[1,\"a\"]'}, do: [{add: {set: {n: \"${ $item + 1 }\"}}}]}\n");
  EXPECT_EQ(world.run(), "faulted expression 400 /do/0/loop/do/0/add");
}

TEST(For, TheLoopGoesOnAfterAnAnswerFromOutside) {
  World world(R"(
do:
  - loop:
      for: {each: n, in: '[1,2,3]'}
      do: [{call: {call: http, with: {method: get, endpoint: 'https://example.com/{id}'}, output: {as: '{id: ., n: $n}'}}}]
)");
  world.answer = [](const CallEffect& call) {
    return done_with(R"({"content":)" + print_json(call.arguments.member("endpoint")) + "}");
  };
  EXPECT_EQ(
      world.run(R"({"id":"x"})"),
      R"(completed {"id":"https://example.com/https%3A%2F%2Fexample.com%2Fhttps%253A%252F%252Fexample.com%252Fx","n":3})");
}

}  // namespace
}  // namespace gantry::engine::testing
