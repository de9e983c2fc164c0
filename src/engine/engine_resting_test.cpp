// Instances that only wait for time or for people: out of memory, and back in time.
#include "engine/engine_fixture.h"

namespace gantry::engine {
namespace {

using journal::EventType;

class EngineResting : public EngineTest {
 protected:
  EngineResting() { options_.resting_kept_max = 1; }

  // Starts them a minute apart.
  std::vector<std::string> start_some(int count) {
    std::vector<std::string> instances;
    for (int i = 0; i < count; ++i) {
      instances.push_back(start());
      clock_.advance(std::chrono::minutes(1));
    }
    return instances;
  }
};

TEST_F(EngineResting, WhatSleepsIsNotInMemoryAndWakesInTime) {
  open_with("  - rest: {wait: PT1H}\n  - note: {call: world.note}\n");
  const auto instances = start_some(5);
  EXPECT_EQ(engine_->statistics().running, 5u);
  EXPECT_LE(engine_->statistics().in_memory, 2u);
  clock_.advance(std::chrono::minutes(56));  // two of them are due
  EXPECT_EQ(wait(instances[0]).status, "completed");
  EXPECT_EQ(wait(instances[1]).status, "completed");
  EXPECT_EQ(engine_->wait(instances[2], Duration::zero())->status, "waiting");
  clock_.advance(std::chrono::hours(1));
  for (const std::string& instance : instances) {
    EXPECT_EQ(wait(instance).status, "completed");
    EXPECT_EQ(count(instance, EventType::timer_fired), 1);
  }
  EXPECT_EQ(world_->calls("note"), 5);
  EXPECT_EQ(engine_->statistics().running, 0u);
}

TEST_F(EngineResting, AStartReadsNoneOfThem) {
  open_with("  - rest: {wait: PT1H}\n  - note: {call: world.note}\n");
  const auto instances = start_some(5);
  open();
  EXPECT_EQ(engine_->statistics().running, 5u);
  EXPECT_EQ(engine_->statistics().in_memory, 0u);
  clock_.advance(std::chrono::hours(2));
  for (const std::string& instance : instances) EXPECT_EQ(wait(instance).status, "completed");
}

TEST_F(EngineResting, ALimitCountsThemToo) {
  options_.instances_max = 3;
  open_with("  - rest: {wait: PT1H}\n");
  start_some(3);
  EXPECT_EQ(engine_->start({.namespace_ = "t", .name = "w", .version = "", .input = {}, .principal = ada_, .key = ""})
                .error()
                .code,
            Code::exhausted);
}

TEST_F(EngineResting, PeopleWakeThem) {
  open_with("  - pay: {call: world.pay, with: {amount: 1}}\n");
  const auto instances = start_some(3);
  open();
  EXPECT_EQ(engine_->statistics().in_memory, 0u);
  for (const std::string& instance : instances) {
    const std::string task = only_task(instance);
    ASSERT_TRUE(vote(task, ben_).ok());
    ASSERT_TRUE(vote(task, cleo_).ok());
    EXPECT_EQ(wait(instance).status, "completed");
  }
  EXPECT_EQ(world_->calls("pay"), 3);
}

TEST_F(EngineResting, AnApprovalExpiresWhileTheyRest) {
  open_with("  - pay: {call: world.pay, with: {amount: 1}}\n");
  const auto instances = start_some(3);
  open();
  clock_.advance(std::chrono::hours(9));
  for (const std::string& instance : instances) EXPECT_EQ(wait(instance).status, "faulted");
  EXPECT_EQ(world_->calls("pay"), 0);
}

TEST_F(EngineResting, AChangeOfPolicyIsForTheirApprovalsToo) {
  open_with("  - pay: {call: world.pay, with: {amount: 1}}\n");
  const auto instances = start_some(3);
  open();
  EXPECT_EQ(engine_->statistics().in_memory, 0u);
  files_["policies/port.yaml"] =
      "policy: port\nversion: 1.0.1\nrules:\n  - {id: payments, classes: [money], verdict: allow}\n";
  deploy();
  for (const std::string& instance : instances) EXPECT_EQ(wait(instance).status, "completed") << dump(instance);
  EXPECT_EQ(world_->calls("pay"), 3);
}

TEST_F(EngineResting, TheyCanBeSuspendedAndResumed) {
  open_with("  - rest: {wait: PT1H}\n");
  const auto instances = start_some(3);
  open();
  ASSERT_TRUE(engine_->suspend(instances[0], admin_, "").ok());
  clock_.advance(std::chrono::hours(2));
  EXPECT_EQ(wait(instances[1]).status, "completed");
  EXPECT_EQ(engine_->wait(instances[0], Duration::zero())->status, "suspended");
  open();
  ASSERT_TRUE(engine_->resume(instances[0], admin_).ok());
  EXPECT_EQ(wait(instances[0]).status, "completed");
  EXPECT_EQ(count(instances[0], EventType::timer_fired), 1);
}

TEST_F(EngineResting, TheyCanBeCancelled) {
  open_with("  - rest: {wait: PT1H}\n");
  const auto instances = start_some(3);
  open();
  EXPECT_TRUE(engine_->cancel(instances[0], admin_, "").ok());
  EXPECT_EQ(engine_->cancel(instances[0], admin_, "").error().code, Code::conflict);
  EXPECT_EQ(engine_->wait(instances[0], Duration::zero())->status, "cancelled");
  clock_.advance(std::chrono::hours(2));
  EXPECT_EQ(wait(instances[1]).status, "completed");
  EXPECT_EQ(count(instances[0], EventType::timer_fired), 0);
}

TEST_F(EngineResting, ADamagedOneKeepsNoOtherFromWaking) {
  open_with("  - rest: {wait: PT1H}\n");
  const auto instances = start_some(3);
  damaged_ = {instances[1]};
  open();
  clock_.advance(std::chrono::hours(2));
  EXPECT_EQ(wait(instances[0]).status, "completed");
  EXPECT_EQ(wait(instances[2]).status, "completed");
  EXPECT_EQ(engine_->wait(instances[1], Duration::zero())->status, "stuck");
  damaged_ = {};
  open();
  EXPECT_EQ(wait(instances[1]).status, "completed");
}

TEST_F(EngineResting, AFullDiskDelaysTheirWakingOnly) {
  open_with("  - rest: {wait: PT1H}\n");
  const auto instances = start_some(3);
  open();
  store_->set_full(true);
  clock_.advance(std::chrono::hours(2));
  EXPECT_EQ(engine_->cancel(instances[0], admin_, "").error().code, Code::unavailable);
  store_->set_full(false);
  for (const std::string& instance : instances) {
    EXPECT_EQ(wait(instance).status, "completed");
    EXPECT_EQ(count(instance, EventType::timer_fired), 1);
  }
}

}  // namespace
}  // namespace gantry::engine
