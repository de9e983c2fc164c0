// Suspending and resuming: what happens in between is kept, and nothing goes on.
#include <gtest/gtest.h>

#include "engine/engine_fixture.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class EngineSuspend : public EngineTest {
 protected:
  void suspend(const std::string& instance) {
    auto status = engine_->suspend(instance, otto_, "look first");
    ASSERT_TRUE(status.ok()) << status.error().message;
  }
  void resume(const std::string& instance) {
    auto status = engine_->resume(instance, otto_);
    ASSERT_TRUE(status.ok()) << status.error().message;
  }
  std::string status(const std::string& instance) {
    auto outcome = engine_->wait(instance, Duration::zero());
    EXPECT_TRUE(outcome.ok());
    return outcome.ok() ? outcome->status : "";
  }
  void receive(const char* id) {
    auto received = engine_->receive({*parse_json(std::string(R"({"specversion":"1.0","source":"/t","type":"a","id":")") +
                                                  id + R"(","data":")" + id + R"("})")},
                                     ben_);
    ASSERT_TRUE(received.ok()) << received.error().message;
  }
};

constexpr const char* rest_and_note = "  - rest: {wait: PT10M}\n  - note: {call: world.note, with: {}}\n";

TEST_F(EngineSuspend, ATimerThatGoesOffStrikesWhenItIsResumed) {
  open_with(rest_and_note);
  const std::string id = start();
  suspend(id);
  EXPECT_EQ(status(id), "suspended");
  clock_.advance(std::chrono::minutes(11));
  EXPECT_EQ(status(id), "suspended");
  EXPECT_EQ(count(id, EventType::timer_fired), 1);
  EXPECT_EQ(world_->calls("note"), 0);
  resume(id);
  EXPECT_EQ(wait(id).status, "completed");
  EXPECT_EQ(world_->calls("note"), 1);
  const Value by = last(id, EventType::instance_suspended);
  EXPECT_EQ(by.string_or("reason", ""), "look first");
  EXPECT_EQ(by.member("by").string_or("person", ""), "otto");
}

// With a snapshot after every event, and with none.
TEST_F(EngineSuspend, ItAndWhatItKeepsOutliveTheProcess) {
  for (const std::uint64_t snapshot : {1u, 500u}) {
    options_.snapshot_every_events = snapshot;
    open_with(rest_and_note);
    const std::string id = start();
    suspend(id);
    clock_.advance(std::chrono::minutes(11));
    EXPECT_EQ(status(id), "suspended");
    open();
    EXPECT_EQ(status(id), "suspended");
    EXPECT_THAT(event_names(id), Not(Contains("effect_permitted")));
    resume(id);
    EXPECT_EQ(wait(id).status, "completed") << dump(id);
  }
}

TEST_F(EngineSuspend, TheAnswerOfAnEffectInFlightIsKept) {
  world_->hold("note");
  open_with("  - note: {call: world.note, with: {}}\n  - more: {call: world.look, with: {}}\n");
  const std::string id = start();
  world_->wait_for_call("note");
  suspend(id);
  world_->let_go("note");
  while (count(id, EventType::effect_done) == 0) status(id);
  EXPECT_EQ(status(id), "suspended");
  EXPECT_EQ(world_->calls("look"), 0);
  open();
  resume(id);
  EXPECT_EQ(wait(id).status, "completed");
  EXPECT_EQ(world_->calls("note"), 1);
}

TEST_F(EngineSuspend, EventsAreKeptInTheirOrder) {
  open_with("  - hear: {listen: {to: {any: [{with: {type: a}}], until: 'length == 3'}}}\n");
  const std::string id = start();
  receive("1");
  suspend(id);
  receive("2");
  receive("3");
  receive("4");
  EXPECT_EQ(status(id), "suspended");
  open();
  resume(id);
  EXPECT_EQ(print_json(wait(id).output), R"(["1","2","3"])");
}

TEST_F(EngineSuspend, PeopleWaitUntilItIsResumed) {
  open_with("  - pay: {call: world.pay, with: {amount: 5}}\n");
  const std::string id = start();
  const std::string task = only_task(id);
  suspend(id);
  auto refused = vote(task, ben_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("is suspended; resume it first"));
  resume(id);
  EXPECT_TRUE(vote(task, ben_).ok());
  EXPECT_TRUE(vote(task, cleo_).ok());
  EXPECT_EQ(wait(id).status, "completed");
}

TEST_F(EngineSuspend, AnApprovalThatExpiresMeanwhileIsDeniedOnResuming) {
  open_with("  - pay: {call: world.pay, with: {amount: 5}}\n");
  const std::string id = start();
  suspend(id);
  clock_.advance(std::chrono::hours(9));
  EXPECT_EQ(status(id), "suspended");
  resume(id);
  EXPECT_EQ(wait(id).error.integer_or("status", 0), 403);
}

TEST_F(EngineSuspend, ASuspendedInstanceCanBeCancelled) {
  open_with(rest_and_note);
  const std::string id = start();
  suspend(id);
  ASSERT_TRUE(engine_->cancel(id, otto_, "enough").ok());
  EXPECT_EQ(wait(id).status, "cancelled");
  EXPECT_EQ(engine_->resume(id, otto_).error().code, Code::conflict);
}

TEST_F(EngineSuspend, ALongComputationStopsAtItsNextTurn) {
  options_.interpreter.steps_per_turn = 10;
  open_with("  - loop: {for: {each: i, in: '[range(1000)]'}, do: [{a: {set: '${ $i }'}}]}\n");
  const std::string id = start();
  if (engine_->suspend(id, otto_, "").ok()) {
    EXPECT_EQ(status(id), "suspended");
    resume(id);
  }
  EXPECT_EQ(wait(id).output, Value(999));
}

TEST_F(EngineSuspend, WhatMakesNoSenseIsAConflict) {
  open_with(rest_and_note);
  const std::string id = start();
  EXPECT_THAT(engine_->resume(id, otto_).error().message, HasSubstr("is not suspended"));
  suspend(id);
  EXPECT_EQ(engine_->suspend(id, otto_, "").error().code, Code::conflict);
  EXPECT_EQ(engine_->suspend("nothing", otto_, "").error().code, Code::not_found);
}

}  // namespace
}  // namespace gantry::engine
