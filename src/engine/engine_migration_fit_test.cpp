// What moves with a mapping, and what is stuck for which reason.
#include "engine/migration_fixture.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using ::testing::HasSubstr;

TEST_F(EngineMigration, ATaskThatMovedNeedsAnEntryAndTheNearestIsSuggested) {
  versions("  - a: {set: {x: 1}}\n  - w: {wait: PT1H}\n  - b: {set: {v: 1}}\n",
           "  - a: {set: {x: 1}}\n  - new: {set: {y: 1}}\n  - w: {wait: PT1H}\n  - other: {wait: PT2H}\n  - b: {set: {v: 2}}\n");
  const std::string instance = start_first();
  settle(instance, EventType::timer_set);
  deploy_next();
  const Value needs = plan();
  EXPECT_EQ(needs.string_or("class", ""), "convertible");
  EXPECT_FALSE(needs.boolean_or("movable", true));
  const Value need = needs.member("needs").item(0);
  EXPECT_EQ(need.string_or("task", ""), "/do/1/w");
  EXPECT_EQ(need.string_or("target", ""), "/do/2/w");
  EXPECT_THAT(std::string(need.string_or("reason", "")), HasSubstr("version 2.0.0 has no task /do/1/w"));
  EXPECT_EQ(migrate(true)->integer_or("moved", -1), 0) << "without the entry it stays";
  EXPECT_EQ(count(instance, EventType::instance_migrated), 0);
  constexpr const char* mapping = R"({"mapping":"to-2","tasks":{"/do/1/w":"/do/2/w"}})";
  EXPECT_TRUE(plan(mapping).boolean_or("movable", false));
  apply(mapping);
  EXPECT_EQ(last(instance, EventType::instance_migrated).member("mapping").string_or("mapping", ""), "to-2");
  open();
  EXPECT_EQ(print_json(wait_advancing(instance, std::chrono::minutes(30)).output), R"({"v":2})");
  expect_replays(instance);
}

TEST_F(EngineMigration, AnEntryOfATaskStandsForWhatIsInIt) {
  versions("  - outer: {do: [{t: {try: [{w: {wait: PT1H}}], catch: {}}}, {b: {set: {v: 1}}}]}\n",
           "  - first: {set: {x: 1}}\n  - outer: {do: [{t: {try: [{w: {wait: PT1H}}], catch: {}}}, {b: {set: {v: 2}}}]}\n");
  const std::string instance = start_first();
  settle(instance, EventType::timer_set);
  deploy_next();
  EXPECT_EQ(plan().member("needs").size(), 1u);
  apply(R"({"mapping":"m","tasks":{"/do/0/outer":"/do/1/outer"}})");
  EXPECT_EQ(print_json(wait_advancing(instance, std::chrono::minutes(30)).output), R"({"v":2})");
  expect_replays(instance);
}

TEST_F(EngineMigration, WhatWasDecidedUnderAnotherDefinitionStandsOnlyWhereTheMappingSaysSo) {
  versions("  - w: {wait: PT1H}\n  - b: {set: {v: 1}}\n", "  - w: {wait: PT9H}\n  - b: {set: {v: 2}}\n");
  const std::string instance = start_first();
  settle(instance, EventType::timer_set);
  deploy_next();
  const Value need = plan().member("needs").item(0);
  EXPECT_THAT(std::string(need.string_or("reason", "")), HasSubstr("its 'wait' has been evaluated already"));
  apply(R"({"mapping":"m","tasks":{"/do/0/w":"/do/0/w"}})");
  clock_.advance(std::chrono::minutes(61));
  EXPECT_EQ(print_json(wait_ended(instance).output), R"({"v":2})") << "the timer that was set counts";
  expect_replays(instance);
}

TEST_F(EngineMigration, AProgramMakesTheContextThatTheNewVersionExpects) {
  constexpr const char* with_schema = "  - a: {set: {n: 1}, export: {as: '${ {amount: .n, currency: \"EUR\"} }', schema: {format: json, document: {type: object, required: [currency]}}}}\n";
  versions("  - a: {set: {n: 1}, export: {as: '${ {amount: .n} }'}}\n  - w: {wait: PT1H}\n  - b: {set: '${ $context }'}\n",
           std::string(with_schema) + "  - w: {wait: PT1H}\n  - b: {set: '${ $context }'}\n");
  const std::string instance = start_first();
  settle(instance, EventType::timer_set);
  deploy_next();
  const Value need = plan().member("needs").item(0);
  EXPECT_EQ(need.string_or("task", ""), "context");
  EXPECT_THAT(std::string(need.string_or("reason", "")), HasSubstr("export.schema"));
  EXPECT_EQ(plan(R"({"mapping":"m","context":". + {other: 1}"})").string_or("class", ""), "stuck");
  EXPECT_THAT(std::string(plan(R"x({"mapping":"m","context":"error(\"no\")"})x").string_or("reason", "")), HasSubstr("program failed"));
  const std::string migration = apply(R"({"mapping":"m","context":". + {currency: \"USD\"}"})");
  expect_replays(instance);
  ASSERT_TRUE(undo(migration).ok());
  EXPECT_EQ(version_of(instance), "1.0.0");
  apply(R"({"mapping":"m","context":". + {currency: \"USD\"}"})");
  const Value output = wait_advancing(instance, std::chrono::minutes(30)).output;
  EXPECT_EQ(print_json(output), R"({"amount":1,"currency":"USD"})");
  EXPECT_THAT(output.deep_label().content().sources, ::testing::Contains("migration:otto")) << "whose words these are";
  expect_replays(instance);
}

TEST_F(EngineMigration, WhatCantMoveIsStuckWithTheTaskAndTheReason) {
  files_["decisions/fits.yaml"] = fits_decision;
  struct Case {
    const char *first, *second, *task, *reason;
  };
  constexpr const char* people = "  - p: {call: approval, with: {question: Well, approvers: [{role: %, count: 1}], expires: PT1H}}\n";
  std::string cashier = people, manager = people;
  cashier.replace(cashier.find('%'), 1, "cashier");
  manager.replace(manager.find('%'), 1, "manager");
  const std::vector<Case> cases = {
      {wait_1, "  - other: {set: {x: 1}}\n", "/do/0/w", "none of its kind (wait) in its place"},
      {"  - p: {call: world.pay, with: {amount: 1}}\n", "  - p: {call: world.plain, with: {amount: 1}}\n", "/do/0/p", "it has called world.pay, and calls world.plain"},
      {cashier.c_str(), manager.c_str(), "/do/0/p", "its 'with' has been evaluated already"},
      {"  - f: {fork: {branches: [{a: {wait: PT1H}}]}}\n", "  - f: {fork: {branches: [{a: {wait: PT1H}}, {b: {set: {x: 1}}}]}}\n", "/do/0/f", "it has begun 1 branches, and has 2"},
      {"  - f: {fork: {branches: [{a: {wait: PT1H}}]}}\n", "  - f: {fork: {compete: true, branches: [{a: {wait: PT1H}}]}}\n", "/do/0/f", "'fork.compete'"},
      {"  - o: {do: [{w: {wait: PT1H}}]}\n", "  - o: {do: [{s: {set: {x: 1}}}]}\n", "/do/0/o/do/0/w", "has no task /do/0/o/do/0/w"},
  };
  for (const Case& each : cases) {
    begin_anew();
    files_.erase("workflows/w2.0.0.yaml");
    versions(each.first, each.second);
    const std::string instance = start_first();
    for (int i = 0; i < 4'000 && count(instance, EventType::timer_set) + count(instance, EventType::task_created) == 0; ++i)
      ASSERT_TRUE(engine_->wait(instance, std::chrono::milliseconds(5)).ok());
    deploy_next();
    const Value found = plan();
    EXPECT_EQ(found.string_or("class", ""), "stuck") << print_json(found);
    EXPECT_EQ(found.string_or("task", ""), each.task);
    EXPECT_THAT(std::string(found.string_or("reason", "")), HasSubstr(each.reason));
    EXPECT_EQ(migrate(true)->integer_or("moved", -1), 0);
    EXPECT_EQ(version_of(instance), "1.0.0");
  }
}

TEST_F(EngineMigration, AQuestionOfADecisionThatIsAnotherOneIsStuck) {
  files_["decisions/fits.yaml"] = fits_decision;
  constexpr const char* asks = "  - d: {call: decide, with: {decision: fits, input: {}}}\n";
  versions(asks, asks);
  const std::string instance = start_first();
  ASSERT_EQ(wait(instance).status, "waiting");
  std::string other = fits_decision;
  files_["decisions/fits.yaml"] = other.replace(other.find("cashier"), 7, "manager");
  deploy_next();
  EXPECT_THAT(std::string(plan().string_or("reason", "")), HasSubstr("a person is asked about decision fits"));
  ASSERT_TRUE(answer(only_task(instance), ben_, R"({"fits":true})").ok()) << "it goes on where it is";
  EXPECT_EQ(wait_ended(instance).status, "completed");
}

TEST_F(EngineMigration, EventsThatWereTakenAndInputThatDoesNotFitAreStuck) {
  versions("  - l: {listen: {to: {all: [{with: {type: a}}, {with: {type: b}}]}}}\n",
           "  - l: {listen: {to: {all: [{with: {type: a}}, {with: {type: c}}]}}}\n");
  const std::string instance = start_first();
  deploy_next();
  EXPECT_EQ(plan().string_or("class", ""), "convertible") << "nothing was taken: what it listens to may change";
  ASSERT_TRUE(send("1", "a"));
  EXPECT_EQ(plan().string_or("class", ""), "stuck");
  files_["workflows/w3.0.0.yaml"] =
      "document: {dsl: '1.0.3', namespace: t, name: w, version: 3.0.0}\ninput: {schema: {format: json, document: {type: object, required: [ship]}}}\n"
      "do:\n  - l: {listen: {to: {all: [{with: {type: a}}, {with: {type: b}}]}}}\n";
  deploy();
  const Value found = row(migrate(false, nullptr, "1.0.0", "3.0.0"));
  EXPECT_EQ(found.string_or("task", ""), "/");
  EXPECT_THAT(std::string(found.string_or("reason", "")), HasSubstr("its input does not fit the schema that version 3.0.0"));
}

}  // namespace
}  // namespace gantry::engine
