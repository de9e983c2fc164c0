// Instances: starting, people's answers, timers, children, deployments.
#include <future>

#include "engine/engine_fixture.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using EngineInstance = EngineTest;

TEST_F(EngineInstance, ASecondStartWithTheKeyAnswersTheFirstInstance) {
  open_with("  - a: {call: world.look}\n");
  const StartRequest request{
      .namespace_ = "t", .name = "w", .version = "", .input = {}, .principal = ada_, .key = "order-1"};
  auto first = engine_->start(request);
  auto second = engine_->start(request);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_FALSE(first->existed);
  EXPECT_TRUE(second->existed);
  EXPECT_EQ(first->instance, second->instance);
  wait(first->instance);
  open();
  auto third = engine_->start(request);
  ASSERT_TRUE(third.ok());
  EXPECT_EQ(third->instance, first->instance);
  EXPECT_EQ(world_->calls("look"), 1);
}

TEST_F(EngineInstance, AKeyIsOnePersonsAndAnswersNobodyElse) {
  open_with("  - a: {call: world.look}\n");
  StartRequest request{.namespace_ = "t", .name = "w", .version = "", .input = {}, .principal = ada_, .key = "order-1"};
  const auto hers = engine_->start(request);
  request.principal = ben_;
  const auto his = engine_->start(request);
  ASSERT_TRUE(hers.ok() && his.ok());
  EXPECT_FALSE(his->existed);
  EXPECT_NE(his->instance, hers->instance);
  wait(his->instance);
  open();
  EXPECT_EQ(engine_->start(request)->instance, his->instance);
  // What a key is kept as is nobody's key.
  request.key = R"(["ada","order-1"])";
  EXPECT_FALSE(engine_->start(request)->existed);
  request.principal = {"schedule", {}};
  request.key = "order-1";
  EXPECT_FALSE(engine_->start(request)->existed);
}

TEST_F(EngineInstance, StartsOfUnknownWorkflowsAreRefused) {
  open();
  EXPECT_EQ(engine_->start({.namespace_ = "t", .name = "w", .version = "", .input = {}, .principal = ada_, .key = ""})
                .error()
                .code,
            Code::not_found)
      << "nothing is deployed";
  workflow("  - a: {set: {x: 1}}\n");
  deploy();
  EXPECT_EQ(
      engine_->start({.namespace_ = "t", .name = "w", .version = "2.0.0", .input = {}, .principal = ada_, .key = ""})
          .error()
          .code,
      Code::not_found);
  EXPECT_EQ(engine_->wait("nothing", Duration::zero()).error().code, Code::not_found);
}

TEST_F(EngineInstance, NoMoreThanTheLimitRunAtOnce) {
  options_.instances_max = 1;
  open_with("  - a: {call: world.pay}\n");
  const std::string instance = start();
  auto second =
      engine_->start({.namespace_ = "t", .name = "w", .version = "", .input = {}, .principal = ada_, .key = ""});
  EXPECT_EQ(second.error().code, Code::exhausted);
  ASSERT_TRUE(engine_->cancel(instance, admin_, "").ok());
  start();
}

TEST_F(EngineInstance, ADeployedVersionNeverChanges) {
  open_with("  - a: {set: {x: 1}}\n");
  deploy();
  workflow("  - a: {set: {x: 2}}\n");
  auto refused = engine_->deploy(project(), admin_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("t/w:1.0.0"));
  // Not even when it was absent for a while, nor after a restart.
  files_.erase("workflows/w.yaml");
  workflow("  - a: {set: {x: 3}}\n", "other");
  deploy();
  open();
  workflow("  - a: {set: {x: 2}}\n");
  EXPECT_EQ(engine_->deploy(project(), admin_).error().code, Code::conflict);
  EXPECT_EQ(wait(start(Value(), "other")).output, *parse_json(R"({"x":3})"));
  EXPECT_EQ(count("", EventType::project_deployed), 2);
}

TEST_F(EngineInstance, KeepsTheProjectItWasStartedUnder) {
  open_with("  - a: {call: world.pay}\n  - b: {set: {x: old}}\n");
  const std::string instance = start();
  wait(instance);
  files_["workflows/w.yaml"] = workflow_file("w", "  - b: {set: {x: new}}\n", "1.0.1");
  deploy();
  EXPECT_EQ(wait(start()).output, *parse_json(R"({"x":"new"})"));
  open();
  ASSERT_TRUE(vote(only_task(instance), ben_).ok());
  ASSERT_TRUE(vote(only_task(instance), cleo_).ok());
  EXPECT_EQ(wait(instance).output, *parse_json(R"({"x":"old"})"));
}

TEST_F(EngineInstance, WaitsForItsTimers) {
  open_with("  - a: {wait: PT1H}\n  - b: {set: {x: 1}}\n");
  const std::string instance = start();
  clock_.advance(std::chrono::minutes(59));
  EXPECT_EQ(engine_->wait(instance, std::chrono::milliseconds(20))->status, "waiting");
  clock_.advance(std::chrono::minutes(1));
  EXPECT_EQ(wait_advancing(instance, Duration::zero()).status, "completed");
  EXPECT_THAT(event_names(instance), ElementsAre("instance_started", "timer_set", "timer_fired", "instance_completed"));
}

TEST_F(EngineInstance, TimersGoOffAfterARestartToo) {
  open_with("  - a: {wait: PT1H}\n  - b: {set: {x: 1}}\n");
  const std::string instance = start();
  open();
  EXPECT_EQ(engine_->wait(instance, std::chrono::milliseconds(20))->status, "waiting");
  open();
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(wait_advancing(instance, Duration::zero()).status, "completed");
}

TEST_F(EngineInstance, ALongComputationIsCutIntoTurns) {
  options_.interpreter.steps_per_turn = 100;
  open_with("  - a: {for: {each: i, in: '[range(500)]'}, do: [{b: {set: {n: '${ $i }'}}}]}\n");
  const std::string instance = start();
  const InstanceOutcome end = wait(instance);
  EXPECT_EQ(end.status, "completed") << print_json(end.error);
  EXPECT_GE(count(instance, EventType::instance_continued), 4);
}

class EngineDecision : public EngineTest {
 protected:
  EngineDecision() {
    files_["decisions/pick.yaml"] = R"(
decision: pick
version: 1.0.0
question: Which berth?
answer: {type: object, required: [berth], properties: {berth: {type: integer, minimum: 1}}}
deciders: [rules, {person: {roles: [cashier]}}]
inputs: {length: .length}
rules:
  - {id: small, match: {length: "< 100"}, answer: {berth: 1}}
)";
  }
};

TEST_F(EngineDecision, APersonAnswersWhereNoRuleDoes) {
  open_with("  - a: {call: decide, with: {decision: pick, input: '${ . }'}}\n");
  EXPECT_EQ(wait(start(Value::object({{"length", 50}}))).output, *parse_json(R"({"berth":1})"));
  const std::string instance = start(Value::object({{"length", 300}}));
  EXPECT_EQ(wait(instance).status, "waiting");
  const std::string task = only_task(instance);
  EXPECT_EQ(answer(task, cleo_, R"({"berth":2})").error().code, Code::denied);
  auto wrong = answer(task, ben_, R"({"berth":0})");
  EXPECT_EQ(wrong.error().code, Code::invalid_argument);
  EXPECT_THAT(wrong.error().message, HasSubstr("/berth"));
  ASSERT_TRUE(answer(task, ben_, R"({"berth":2})").ok());
  EXPECT_EQ(answer(task, ben_, R"({"berth":3})").error().code, Code::conflict);
  EXPECT_EQ(wait(instance).output, *parse_json(R"({"berth":2})"));
  EXPECT_EQ(last(instance, EventType::decision_made).string_or("decider", ""), "person");
  EXPECT_EQ(last(instance, EventType::task_closed).string_or("outcome", ""), "answered");
}

TEST_F(EngineDecision, AnOpenQuestionSurvivesARestart) {
  open_with("  - a: {call: decide, with: {decision: pick, input: '${ . }'}}\n");
  const std::string instance = start(Value::object({{"length", 300}}));
  wait(instance);
  open();
  ASSERT_TRUE(answer(only_task(instance), ben_, R"({"berth":2})").ok());
  EXPECT_EQ(wait(instance).status, "completed");
}

class EngineChild : public EngineTest {
 protected:
  void open_family(const std::string& child_tasks, const std::string& more = "") {
    workflow(child_tasks, "child");
    open_with("  - a: {run: {workflow: {namespace: t, name: child, version: 1.0.0, input: {n: 1}}" + more + "}}\n" +
              "  - b: {set: {got: '${ .x }'}}\n");
  }
};

TEST_F(EngineChild, TheParentGoesOnWithItsOutput) {
  open_family("  - c: {call: world.look}\n  - d: {set: {x: 7}}\n");
  const std::string instance = start();
  const InstanceOutcome end = wait(instance);
  EXPECT_EQ(end.status, "completed") << print_json(end.error);
  EXPECT_EQ(end.output, *parse_json(R"({"got":7})"));
  const Value started = last(instance + "-c1", EventType::instance_started);
  EXPECT_EQ(started.member("parent").string_or("instance", ""), instance);
  EXPECT_EQ(started.member("principal").string_or("person", ""), "ada");
}

TEST_F(EngineChild, TheParentWaitsForAPersonWhenItDoes) {
  open_family("  - c: {call: world.look}\n  - d: {call: world.pay}\n");
  const std::string instance = start();
  auto outcome = engine_->wait(instance, std::chrono::hours(1), true);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->status, "waiting");
  EXPECT_EQ(open_tasks(instance + "-c1").size(), 1u);
}

TEST_F(EngineChild, OneThatNobodyWaitsForDoesNotMakeTheParentWaitForAPerson) {
  workflow("  - c: {call: world.pay}\n", "child");
  open_with("  - a: {run: {await: false, workflow: {namespace: t, name: child, version: 1.0.0}}}\n  - b: {wait: PT1H}\n");
  const std::string instance = start();
  for (int i = 0; i < 2'000 && open_tasks(instance + "-c1").empty(); ++i)
    (void)engine_->wait(instance + "-c1", std::chrono::milliseconds(5), true);
  settle(instance);
  auto outcome = std::async(std::launch::async, [&] { return engine_->wait(instance, std::chrono::hours(20), true); });
  clock_.advance(std::chrono::hours(2));
  EXPECT_EQ(outcome.get()->status, "completed");
}

TEST_F(EngineChild, ItsFaultIsTheParents) {
  open_family("  - c: {call: world.wipe}\n");
  EXPECT_EQ(wait(start()).status, "faulted");
}

TEST_F(EngineChild, TheParentNeedNotWait) {
  open_family("  - c: {call: world.pay}\n", ", await: false");
  const std::string instance = start();
  EXPECT_EQ(wait(instance).status, "completed");
  EXPECT_EQ(wait(instance + "-c1").status, "waiting");
}

TEST_F(EngineChild, IsCancelledWithTheParent) {
  open_family("  - c: {call: world.pay}\n");
  const std::string instance = start();
  EXPECT_EQ(wait(instance + "-c1").status, "waiting");
  ASSERT_TRUE(engine_->cancel(instance, admin_, "no").ok());
  EXPECT_EQ(engine_->wait(instance + "-c1", std::chrono::seconds(20))->status, "cancelled");
}

TEST_F(EngineChild, WorkflowsThatStartThemselvesAreStopped) {
  open_with("  - a: {run: {workflow: {namespace: t, name: w, version: 1.0.0}}}\n");
  const InstanceOutcome end = wait(start());
  EXPECT_EQ(end.status, "faulted");
  EXPECT_THAT(print_json(end.error), HasSubstr("workflows have run each other 32 levels deep"));
}

TEST_F(EngineChild, TheirDepthIsRecordedAndItsLimitIsASetting) {
  options_.children_depth_max = 2;
  open_with("  - a: {run: {workflow: {namespace: t, name: w, version: 1.0.0}}}\n");
  const std::string instance = start();
  EXPECT_EQ(wait(instance).status, "faulted");
  const std::string deepest = instance + "-c1-c1";
  EXPECT_EQ(events(deepest).front().data.member("parent").integer_or("depth", 0), 2);
  EXPECT_EQ(event_names(deepest).back(), "instance_faulted");
  EXPECT_THAT(events(deepest + "-c1"), ::testing::IsEmpty());
}

TEST_F(EngineInstance, AFullInboxIsSaidToBeFull) {
  options_.inbox_max = 0;
  open();
  EXPECT_EQ(engine_->cancel("x", admin_, "").error().code, Code::exhausted);
}

TEST_F(EngineInstance, TheInstallationIsReadFromItsSnapshot) {
  options_.snapshot_every_events = 4;
  open_with("  - a: {set: {x: 1}}\n");
  const auto event = [](int id) {
    return Value::object({{"specversion", "1.0"}, {"id", std::to_string(id)}, {"source", "s"}, {"type", "t"}});
  };
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(engine_->receive({event(i)}, ada_).ok());
  auto snapshot = kept_->latest_snapshot("");
  ASSERT_TRUE(snapshot.ok() && snapshot->has_value());
  EXPECT_GE((*snapshot)->sequence, 8u);
  open();
  ASSERT_TRUE(engine_->receive({event(10)}, ada_).ok());
  EXPECT_EQ(events("").size(), 12u) << "the sequence goes on without a gap";
  workflow("  - a: {set: {x: 2}}\n");
  EXPECT_EQ(engine_->deploy(project(), admin_).error().code, Code::conflict) << "what was deployed is still known";
}

TEST_F(EngineInstance, ManyAtOnceFromManyThreads) {
  open_with("  - a: {call: world.look}\n  - b: {call: world.note}\n");
  std::atomic<int> completed{0};
  {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 8; ++caller)
      callers.emplace_back([&] {
        for (int i = 0; i < 25; ++i) completed += wait(start()).status == "completed" ? 1 : 0;
      });
  }
  EXPECT_EQ(completed, 200);
  EXPECT_EQ(world_->taken().size(), 200u);
  (void)engine_->wait("nothing", Duration::zero());  // the turn before is over then
  const EngineStatistics statistics = engine_->statistics();
  EXPECT_EQ(statistics.effects_sent, 400u);
  EXPECT_EQ(statistics.running, 0u);
  EXPECT_EQ(statistics.in_flight, 0u);
}

}  // namespace
}  // namespace gantry::engine
