// Whoever had a say in what is asked for does not approve it: not who asked for the run again, not who sent one of the events
// that it was started for, not who gave it other values by a migration.
#include "engine/migration_fixture.h"

namespace gantry::engine {
namespace {

using journal::EventType;

constexpr const char* cashiers_approve =
    "policy: port\nversion: 1.0.0\nrules:\n  - {id: pay, classes: [money], verdict: approve, approvers: [{role: cashier}]}\n";
const definition::Principal ines{"ines", {"operator", "cashier"}};

class EngineAskers : public EngineMigration {
 protected:
  EngineAskers() { files_["policies/port.yaml"] = cashiers_approve; }

  void expect_may_not_approve(const std::string& task, const definition::Principal& person) {
    EXPECT_EQ(vote(task, person).error().code, Code::denied) << person.person;
  }
  std::string retried(const std::string& instance, const definition::Principal& by) {
    const auto again = engine_->retry(instance, "", by);
    EXPECT_TRUE(again.ok()) << again.error().message;
    const std::string next = again.ok() ? std::string(again->string_or("instance", "")) : "";
    wait(next);
    open();
    return next;
  }
};

TEST_F(EngineAskers, OfARetryOfARetryAreAllWhoAskedForOne) {
  open_with("  - a: {call: world.pay}\n");
  const std::string first = start();
  wait(first);
  ASSERT_TRUE(vote(only_task(first), ben_, false).ok());
  ASSERT_EQ(wait_ended(first).status, "faulted");
  const std::string second = retried(first, {"otto", {"operator", "cashier"}});
  ASSERT_TRUE(vote(only_task(second), ben_, false).ok());
  ASSERT_EQ(wait_ended(second).status, "faulted");
  const std::string third = retried(second, ines);
  expect_may_not_approve(only_task(third), {"otto", {"cashier"}});
  expect_may_not_approve(only_task(third), ines);
  EXPECT_TRUE(vote(only_task(third), ben_).ok());
}

TEST_F(EngineAskers, AreAllWhoSentAnEventThatTheRunIsStartedFor) {
  files_["workflows/two.yaml"] =
      "document: {dsl: '1.0.3', namespace: t, name: two, version: '1.0.0'}\n"
      "schedule: {on: {all: [{with: {type: t.amount}}, {with: {type: t.hour}}, {with: {type: t.go}}]}}\n"
      "do:\n  - a: {call: world.pay}\n";
  options_.snapshot_every_events = 2;
  open();
  deploy();
  const auto send_as = [&](const char* type, const definition::Principal& from) {
    const std::string event = std::string(R"({"specversion":"1.0","source":"/t","id":")") + type + R"(","type":")" + type + "\"}";
    auto received = engine_->receive({*parse_json(event)}, from);
    ASSERT_TRUE(received.ok()) << received.error().message;
  };
  send_as("t.amount", ines);
  open();  // who sent it is known from the journal alone
  send_as("t.hour", {"otto", {"cashier"}});
  send_as("t.go", {"rita", {"cashier"}});
  ASSERT_TRUE(engine_->schedules().ok());
  auto rows = (*journal::Query::open(*kept_))->instances({}, {});
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->rows.size(), 1u);
  const std::string instance(rows->rows.front().string_or("id", ""));
  wait(instance);
  expect_may_not_approve(only_task(instance), ines);
  expect_may_not_approve(only_task(instance), {"otto", {"cashier"}});
  expect_may_not_approve(only_task(instance), {"rita", {"cashier"}});
  EXPECT_TRUE(vote(only_task(instance), ben_).ok());
}

TEST_F(EngineAskers, IsWhoMigratesWithAMappingUnlessThatIsUndone) {
  const std::string waits = "  - w: {wait: PT1H}\n  - a: {call: world.pay, with: {amount: '${ .amount }'}}\n";
  versions(waits, waits);
  const std::string one = start(*parse_json(R"({"amount":1})")), other = start(*parse_json(R"({"amount":1})"));
  for (const std::string& instance : {one, other}) settle(instance, EventType::timer_set);
  deploy_next();
  const std::string migration = apply(R"({"mapping":"m","context":"{amount: 9}"})");
  ASSERT_TRUE(undo(migration).ok());
  EXPECT_THAT(replayed(one)->serialise(), ::testing::HasSubstr(R"("askers":[])"));
  apply(R"({"mapping":"m","context":"{amount: 9}"})");
  clock_.advance(std::chrono::hours(2));
  wait(one);
  expect_may_not_approve(only_task(one), {"otto", {"cashier"}});
  EXPECT_TRUE(vote(only_task(one), ben_).ok());
  EXPECT_EQ(wait_ended(one).status, "completed");
  expect_replays(one);
}

TEST_F(EngineAskers, IsNotWhoMigratesWithoutAddingAnything) {
  const std::string waits = "  - w: {wait: PT1H}\n  - a: {call: world.pay}\n";
  versions(waits, waits);
  const std::string instance = start();
  settle(instance, EventType::timer_set);
  deploy_next();
  apply();
  clock_.advance(std::chrono::hours(2));
  wait(instance);
  EXPECT_TRUE(vote(only_task(instance), {"otto", {"cashier"}}).ok());
}

}  // namespace
}  // namespace gantry::engine
