// How effects go through the gate and out, and what people do with them.
#include "engine/engine_fixture.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

using EngineEffect = EngineTest;

constexpr const char* pay_tasks = "  - pay: {call: world.pay, with: {amount: 5}}\n";

TEST_F(EngineEffect, AnAllowedOneIsRecordedBeforeAndAfterItTakesPlace) {
  open_with("  - a: {call: world.plain, with: {x: '${ .x }'}}\n");
  const std::string instance = start(Value::object({{"x", 1}}));
  const InstanceOutcome end = wait(instance);
  EXPECT_EQ(end.status, "completed") << print_json(end.error);
  EXPECT_EQ(end.output, *parse_json(R"({"said":{"x":1},"attempt":1})"));
  EXPECT_THAT(event_names(instance),
              ElementsAre("instance_started", "effect_permitted", "effect_done", "instance_completed"));
  EXPECT_THAT(world_->taken(), ElementsAre(Pair(instance + "-e1", 1)));
}

TEST_F(EngineEffect, ADeniedOneIsAnAuthorizationErrorOfTheWorkflowAndNeverSent) {
  open_with("  - a: {call: world.wipe}\n");
  const std::string instance = start();
  const InstanceOutcome end = wait(instance);
  EXPECT_EQ(end.status, "faulted");
  EXPECT_EQ(definition::error_kind(end.error.string_or("type", "")), "authorization");
  EXPECT_EQ(world_->calls("wipe"), 0);
  EXPECT_THAT(event_names(instance), ElementsAre("instance_started", "effect_denied", "instance_faulted"));
}

TEST_F(EngineEffect, AnEndlessLoopOfDeniedOnesIsStopped) {
  open_with(R"(  - a:
      for: {each: i, in: '[range(5000)]'}
      do:
        - b:
            try: [{c: {call: world.wipe}}]
            catch: {as: e, do: [{d: {set: {x: 1}}}]}
)");
  const InstanceOutcome end = wait(start());
  EXPECT_EQ(end.status, "faulted");
  EXPECT_THAT(std::string(end.error.string_or("detail", "")), HasSubstr("denied"));
}

TEST_F(EngineEffect, AFailedOneReachesTheWorkflow) {
  open_with("  - a: {call: world.plain}\n");
  world_->script("plain", {Behaviour::fail});
  const InstanceOutcome end = wait(start());
  EXPECT_EQ(end.status, "faulted");
  EXPECT_EQ(definition::error_kind(end.error.string_or("type", "")), "communication");
}

TEST_F(EngineEffect, WaitsForAllWhoMustApproveAndRunsThenOnce) {
  open_with(pay_tasks);
  const std::string instance = start();
  EXPECT_EQ(wait(instance).status, "waiting");
  EXPECT_EQ(world_->calls("pay"), 0);
  const std::string task = only_task(instance);
  const Value created = last(instance, EventType::task_created);
  EXPECT_EQ(created.string_or("kind", ""), "approval");
  EXPECT_EQ(created.member("context").member("arguments"), *parse_json(R"({"amount":5})"));
  auto first = vote(task, ben_);
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(*first,
            *parse_json(R"({"task":")" + task + R"(","state":"pending","missing":[{"role":"manager","count":1}]})"));
  EXPECT_EQ(world_->calls("pay"), 0);
  auto second = vote(task, cleo_, true, "fine", std::string(created.string_or("digest", "")));
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(second->string_or("state", ""), "approved");
  EXPECT_EQ(wait(instance).status, "completed");
  EXPECT_EQ(world_->calls("pay"), 1);
  EXPECT_EQ(last(instance, EventType::effect_permitted).member("approvals").size(), 1u);
}

TEST_F(EngineEffect, RefusesVotesThatDoNotCount) {
  open_with(pay_tasks);
  const std::string instance = start();
  wait(instance);
  const std::string task = only_task(instance);
  EXPECT_EQ(vote(task, ada_).error().code, Code::denied) << "she asked for it";
  EXPECT_EQ(vote(task, otto_).error().code, Code::denied) << "he has no role for it";
  EXPECT_EQ(vote(task, ben_, true, "", std::string(64, '0')).error().code, Code::conflict) << "he saw something else";
  ASSERT_TRUE(vote(task, ben_).ok());
  EXPECT_EQ(vote(task, ben_).error().code, Code::denied) << "he voted already";
  EXPECT_EQ(vote(instance + "-t99", cleo_).error().code, Code::not_found);
  EXPECT_EQ(vote("nonsense", cleo_).error().code, Code::not_found);
  EXPECT_EQ(answer(task, cleo_, "true").error().code, Code::invalid_argument) << "an approval is voted on";
  EXPECT_EQ(world_->calls("pay"), 0);
  EXPECT_EQ(count(instance, EventType::task_voted), 1);
  ASSERT_TRUE(vote(task, cleo_).ok());
  EXPECT_EQ(wait(instance).status, "completed");
  EXPECT_EQ(vote(task, cleo_).error().code, Code::conflict) << "it is over";
  EXPECT_EQ(world_->calls("pay"), 1);
}

TEST_F(EngineEffect, OneRejectionIsEnough) {
  open_with(pay_tasks);
  const std::string instance = start();
  wait(instance);
  auto reply = vote(only_task(instance), cleo_, false, "too much");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->string_or("state", ""), "rejected");
  const InstanceOutcome end = wait(instance);
  EXPECT_EQ(end.status, "faulted");
  EXPECT_THAT(std::string(end.error.string_or("detail", "")), HasSubstr("cleo: too much"));
  EXPECT_EQ(world_->calls("pay"), 0);
}

TEST_F(EngineEffect, AnApprovalExpires) {
  open_with(pay_tasks);
  const std::string instance = start();
  wait(instance);
  const std::string task = only_task(instance);
  clock_.advance(std::chrono::hours(8));
  const InstanceOutcome end = wait_advancing(instance, std::chrono::seconds(1));
  EXPECT_EQ(end.status, "faulted");
  EXPECT_EQ(last(instance, EventType::task_closed).string_or("outcome", ""), "expired");
  EXPECT_EQ(vote(task, cleo_).error().code, Code::conflict);
  EXPECT_EQ(world_->calls("pay"), 0);
}

TEST_F(EngineEffect, AChangeOfPolicyVoidsAnApprovalAndAsksAgain) {
  open_with(pay_tasks);
  const std::string instance = start();
  wait(instance);
  const std::string task = only_task(instance);
  ASSERT_TRUE(vote(task, ben_).ok());
  files_["policies/more.yaml"] = "policy: more\nversion: 1.0.0\nrules: [{id: x, classes: [send], verdict: allow}]\n";
  deploy();
  EXPECT_EQ(vote(task, cleo_).error().code, Code::conflict) << "it was withdrawn";
  EXPECT_EQ(world_->calls("pay"), 0);
  const std::string again = only_task(instance);
  EXPECT_NE(again, task);
  ASSERT_TRUE(vote(again, ben_).ok());
  ASSERT_TRUE(vote(again, cleo_).ok());
  EXPECT_EQ(wait(instance).status, "completed");
  EXPECT_EQ(world_->calls("pay"), 1);
}

TEST_F(EngineEffect, APolicyThatDeniesNowOverridesSignatures) {
  open_with(pay_tasks);
  const std::string instance = start();
  wait(instance);
  ASSERT_TRUE(vote(only_task(instance), ben_).ok());
  files_["policies/more.yaml"] = "policy: more\nversion: 1.0.0\nrules: [{id: x, classes: [money], verdict: deny}]\n";
  deploy();
  EXPECT_EQ(wait_ended(instance).status, "faulted");
  EXPECT_EQ(world_->calls("pay"), 0);
}

TEST_F(EngineEffect, ALostAnswerIsFoundOutWithTheKey) {
  open_with("  - a: {call: world.note}\n");
  world_->script("note", {Behaviour::lose_answer, Behaviour::lose_answer});
  const std::string instance = start();
  EXPECT_EQ(wait_advancing(instance, std::chrono::seconds(1)).status, "completed");
  EXPECT_EQ(world_->calls("note"), 3);
  EXPECT_THAT(world_->taken(), ElementsAre(Pair(instance + "-e1", 1)));
  EXPECT_THAT(event_names(instance),
              ElementsAre("instance_started", "effect_permitted", "effect_ambiguous", "effect_sent_again",
                          "effect_ambiguous", "effect_sent_again", "effect_done", "instance_completed"));
  EXPECT_EQ(last(instance, EventType::effect_done).string_or("resolvedBy", ""), "key");
}

TEST_F(EngineEffect, AFailedSecondAttemptDoesNotMeanThatTheFirstDidNotTakePlace) {
  open_with("  - a: {call: world.note}\n");
  world_->script("note", {Behaviour::lose_answer, Behaviour::fail});
  const std::string instance = start();
  EXPECT_EQ(wait_advancing(instance, std::chrono::seconds(1)).status, "completed");
  EXPECT_EQ(world_->calls("note"), 3);
}

TEST_F(EngineEffect, AfterTooManyAttemptsAPersonIsAsked) {
  options_.send_attempts_max = 3;
  open_with("  - a: {call: world.note}\n");
  world_->script("note", std::vector<Behaviour>(10, Behaviour::lose_request));
  const std::string instance = start();
  EXPECT_EQ(wait_advancing(instance, std::chrono::minutes(1)).status, "waiting");
  EXPECT_EQ(world_->calls("note"), 3);
  const std::string task = only_task(instance);
  EXPECT_EQ(vote(task, otto_).error().code, Code::invalid_argument);
  EXPECT_EQ(answer(task, ben_, R"({"outcome":"not_done"})").error().code, Code::denied);
  EXPECT_EQ(answer(task, otto_, R"({"outcome":"perhaps"})").error().code, Code::invalid_argument);
  ASSERT_TRUE(answer(task, otto_, R"({"outcome":"not_done"})").ok());
  const InstanceOutcome end = wait(instance);
  EXPECT_EQ(end.status, "faulted");
  EXPECT_EQ(last(instance, EventType::effect_failed).string_or("resolvedBy", ""), "person");
}

TEST_F(EngineEffect, APersonCanSayThatItTookPlaceAndWhatItGave) {
  open_with("  - a: {call: world.plain}\n");
  world_->script("plain", {Behaviour::lose_answer});
  const std::string instance = start();
  EXPECT_EQ(wait(instance).status, "waiting");
  ASSERT_TRUE(answer(only_task(instance), otto_, R"({"outcome":"done","result":{"n":4}})").ok());
  const InstanceOutcome end = wait(instance);
  EXPECT_EQ(end.status, "completed");
  EXPECT_EQ(end.output, *parse_json(R"({"n":4})"));
  EXPECT_EQ(world_->calls("plain"), 1);
}

TEST_F(EngineEffect, AReadBackFindsWhatTookPlace) {
  open_with("  - a: {call: world.asked}\n");
  world_->script("asked", {Behaviour::lose_answer});
  const std::string instance = start();
  const InstanceOutcome end = wait_advancing(instance, std::chrono::seconds(1));
  EXPECT_EQ(end.status, "completed") << dump(instance);
  EXPECT_EQ(world_->calls("asked"), 1);
  EXPECT_EQ(world_->calls("lookup"), 1);
  EXPECT_EQ(last(instance, EventType::effect_done).string_or("resolvedBy", ""), "readBack");
}

TEST_F(EngineEffect, AReadBackFindsWhatDidNotTakePlaceAndItIsSentAgain) {
  open_with("  - a: {call: world.asked}\n");
  world_->script("asked", {Behaviour::lose_request});
  world_->script("lookup", {Behaviour::fail, Behaviour::lose_request});
  const std::string instance = start();
  EXPECT_EQ(wait_advancing(instance, std::chrono::seconds(31)).status, "completed");
  EXPECT_EQ(world_->calls("asked"), 2);
  EXPECT_EQ(world_->calls("lookup"), 3);
  EXPECT_THAT(world_->taken(), ElementsAre(Pair(instance + "-e1", 1)));
}

TEST_F(EngineEffect, AReadBackThatPolicyForbidsLeavesAPersonToAsk) {
  files_["policies/no.yaml"] = "policy: no\nversion: 1.0.0\nrules: [{id: x, tools: [world.lookup], verdict: deny}]\n";
  open_with("  - a: {call: world.asked}\n");
  world_->script("asked", {Behaviour::lose_answer});
  const std::string instance = start();
  EXPECT_EQ(wait(instance).status, "waiting");
  EXPECT_EQ(open_tasks(instance)[0].string_or("kind", ""), "resolution");
  EXPECT_EQ(world_->calls("lookup"), 0);
}

TEST_F(EngineEffect, ALostReadIsReadAgain) {
  open_with("  - a: {call: world.look}\n");
  world_->script("look", {Behaviour::lose_answer});
  const std::string instance = start();
  EXPECT_EQ(wait_advancing(instance, std::chrono::seconds(1)).status, "completed");
  EXPECT_EQ(count(instance, EventType::effect_ambiguous), 0);
  EXPECT_EQ(count(instance, EventType::effect_sent_again), 1);
}

TEST_F(EngineEffect, AnAbandonedOneIsJournaledAllTheSame) {
  open_with(R"(  - race:
      fork:
        compete: true
        branches:
          - slow: {call: world.plain}
          - fast: {call: world.look}
  - after: {call: world.pay}
)");
  world_->hold("plain");
  const std::string instance = start();
  EXPECT_EQ(wait_advancing(instance, std::chrono::seconds(1)).status, "waiting");
  world_->let_go("plain");
  while (count(instance, EventType::effect_done) < 2) wait_advancing(instance, std::chrono::seconds(1));
  EXPECT_EQ(open_tasks(instance)[0].string_or("kind", ""), "approval");
}

TEST_F(EngineEffect, CancellingWithdrawsWhatIsOpen) {
  open_with(pay_tasks);
  const std::string instance = start();
  wait(instance);
  const std::string task = only_task(instance);
  ASSERT_TRUE(engine_->cancel(instance, admin_, "wrong ship").ok());
  EXPECT_EQ(wait(instance).status, "cancelled");
  EXPECT_THAT(open_tasks(instance), IsEmpty());
  EXPECT_EQ(vote(task, ben_).error().code, Code::conflict);
  EXPECT_EQ(engine_->cancel(instance, admin_, "").error().code, Code::conflict);
  EXPECT_EQ(engine_->cancel("nothing", admin_, "").error().code, Code::not_found);
  EXPECT_EQ(engine_->statistics().running, 0u);
}

TEST_F(EngineEffect, WhatWaitsForAWorkerIsNotSentWhenNobodyWaitsForIt) {
  options_.workers = 1;
  open_with("  - a: {call: world.plain}\n");
  world_->hold("plain");
  const std::string first = start();
  world_->wait_for_call("plain");
  const std::string second = start();
  ASSERT_TRUE(engine_->cancel(second, admin_, "").ok());
  world_->let_go("plain");
  EXPECT_EQ(wait(first).status, "completed");
  while (count(second, EventType::effect_failed) == 0) (void)engine_->wait(second, Duration::zero());
  EXPECT_EQ(world_->calls("plain"), 1);
}

}  // namespace
}  // namespace gantry::engine
