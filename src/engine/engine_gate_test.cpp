// Budgets, escalation, the kill switch, and changes of policy: what the engine keeps for the gate, through restarts.
#include "engine/engine_fixture.h"
#include "engine/policy_change.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using ::testing::HasSubstr;

constexpr const char* pay_loop =
    "  - each:\n      for: {in: .amounts, each: a}\n      do:\n        - pay: {call: world.pay, with: {amount: '${ $a "
    "}'}}\n";

class EngineGate : public EngineTest {
 protected:
  void policy(const std::string& body) { files_["policies/port.yaml"] = "policy: port\nversion: 1.0.0\n" + body; }
  Value amounts(const char* list) { return Value::object({{"amounts", *parse_json(list)}}); }
  std::string spent(const std::string& budget, const std::string& key) {
    auto parts = kept_->budget_parts(budget, key);
    double sum = 0;
    for (const auto& part : *parts) sum += part.amount;
    return print_json(Value(sum));
  }
};

constexpr const char* run_budget = R"(rules:
  - {id: all, verdict: allow}
budgets:
  - {id: spend, scope: run, classes: [money], sum: .args.amount, max: 100}
)";

TEST_F(EngineGate, ABudgetOfARunStopsWhatGoesBeyondIt) {
  policy(run_budget);
  open_with(pay_loop);
  const std::string instance = start(amounts("[60, 40, 1]"));
  const InstanceOutcome end = wait(instance);
  EXPECT_EQ(end.status, "faulted");
  EXPECT_THAT(std::string(end.error.string_or("detail", "")), HasSubstr("100 of 100 is spent"));
  EXPECT_EQ(world_->calls("pay"), 2);
  EXPECT_EQ(spent("port/spend", instance), "100");
  EXPECT_EQ(wait(start(amounts("[100]"))).status, "completed") << "another run has its own";
}

TEST_F(EngineGate, WhatWasSpentSurvivesARestart) {
  policy(R"(rules:
  - {id: all, verdict: allow}
budgets:
  - {id: spend, scope: principal, per: PT24H, classes: [money], sum: .args.amount, max: 100}
)");
  open_with(pay_loop);
  EXPECT_EQ(wait(start(amounts("[60]"))).status, "completed");
  open();
  EXPECT_EQ(wait(start(amounts("[41]"))).status, "faulted");
  EXPECT_EQ(wait(start(amounts("[40]"))).status, "completed");
  clock_.advance(std::chrono::hours(25));
  EXPECT_EQ(wait(start(amounts("[100]"))).status, "completed") << "the window has passed";
}

TEST_F(EngineGate, WhatCertainlyDidNotTakePlaceIsGivenBack) {
  policy(run_budget);
  world_->script("pay", {Behaviour::fail});
  open_with(
      "  - first:\n      try: [{pay: {call: world.pay, with: {amount: 90}}}]\n      catch: {do: [{ok: {set: {x: "
      "1}}}]}\n"
      "  - second: {call: world.pay, with: {amount: 95}}\n");
  const std::string instance = start();
  EXPECT_EQ(wait(instance).status, "completed") << dump(instance);
  EXPECT_EQ(last(instance, EventType::effect_failed).member("refunds").size(), 1u);
  EXPECT_EQ(spent("port/spend", instance), "95");
}

TEST_F(EngineGate, ARunMayAskPeopleOnlySoOften) {
  policy(R"(rules:
  - {id: pay, classes: [money], verdict: approve, approvers: [{role: cashier}]}
budgets:
  - {id: asks, scope: run, asks: 1}
)");
  open_with(pay_loop);
  const std::string instance = start(amounts("[1, 2]"));
  wait(instance);
  ASSERT_TRUE(vote(only_task(instance), ben_).ok()) << "its own ask is not in its way";
  EXPECT_EQ(wait_ended(instance).status, "faulted");
  EXPECT_EQ(last(instance, EventType::effect_denied).member("verdict").string_or("rule", ""), "port/asks");
  EXPECT_EQ(world_->calls("pay"), 1);
}

constexpr const char* escalating = R"(rules:
  - id: pay
    classes: [money]
    verdict: approve
    approvers: [{role: cashier}]
    expires: PT8H
    escalate: [{after: PT1H, roles: [operator]}, {after: PT2H, roles: [manager]}]
)";

TEST_F(EngineGate, AnApprovalThatNobodyGivesEscalatesAlsoAfterARestart) {
  policy(escalating);
  open_with("  - a: {call: world.pay}\n");
  const std::string instance = start();
  wait(instance);
  const std::string task = only_task(instance);
  EXPECT_EQ(vote(task, otto_).error().code, Code::denied);
  open();
  clock_.advance(std::chrono::minutes(61));
  for (int i = 0; i < 2'000 && count(instance, EventType::task_escalated) == 0; ++i)
    (void)engine_->wait(instance, std::chrono::milliseconds(5));
  EXPECT_EQ(count(instance, EventType::task_escalated), 1);
  EXPECT_EQ(vote(task, cleo_).error().code, Code::denied) << "her turn has not come";
  ASSERT_TRUE(vote(task, otto_).ok());
  EXPECT_EQ(wait_ended(instance).status, "completed");
}

TEST_F(EngineGate, TheAuthorOfAWorkflowMayNotApproveWhatItAsks) {
  policy(R"(rules:
  - {id: pay, classes: [money], verdict: approve, approvers: [{role: cashier}]}
duties:
  - {approve: pay, not: [author_of_workflow]}
)");
  workflow("  - a: {call: world.pay}\n");
  open();
  ASSERT_TRUE(engine_->deploy(project(), {"anna", {"administrator"}}).ok());
  const std::string instance = start();
  wait(instance);
  const definition::Principal anna{"anna", {"cashier"}};
  EXPECT_EQ(vote(only_task(instance), anna).error().code, Code::denied);
  open();
  files_["gantry.yaml"] = "workers: 3\n";
  deploy();
  EXPECT_EQ(vote(only_task(instance), anna).error().code, Code::denied) << "who deployed it first is its author";
  ASSERT_TRUE(vote(only_task(instance), ben_).ok());
}

TEST_F(EngineGate, AStoppedGateLetsNothingNewOutAlsoAfterARestart) {
  open_with("  - a: {call: world.note}\n");
  ASSERT_TRUE(engine_->stop_gate({.tool = "world", .workflow = "", .principal = ""}, "it misbehaves", otto_).ok());
  const InstanceOutcome end = wait(start());
  EXPECT_EQ(end.status, "faulted");
  EXPECT_THAT(std::string(end.error.string_or("detail", "")), HasSubstr("stopped by otto"));
  open();
  EXPECT_EQ(wait(start()).status, "faulted");
  EXPECT_EQ(world_->calls("note"), 0);
  EXPECT_EQ(engine_->start_gate({}, otto_).error().code, Code::not_found);
  ASSERT_TRUE(engine_->start_gate({.tool = "world", .workflow = "", .principal = ""}, otto_).ok());
  EXPECT_EQ(wait(start()).status, "completed");
  EXPECT_EQ(count("", EventType::gate_stopped), 1);
  EXPECT_EQ(count("", EventType::gate_started), 1);
}

TEST_F(EngineGate, AStopIsAboutTheOperationTheWorkflowOrThePersonThatItNames) {
  open_with("  - a: {call: world.note}\n");
  ASSERT_TRUE(engine_->stop_gate({.tool = "http.request", .workflow = "", .principal = ""}, "", otto_).ok());
  ASSERT_TRUE(engine_->stop_gate({.tool = "world.pay", .workflow = "", .principal = ""}, "", otto_).ok());
  ASSERT_TRUE(engine_->stop_gate({.tool = "", .workflow = "gantry/policy-change", .principal = ""}, "", otto_).ok());
  ASSERT_TRUE(engine_->stop_gate({.tool = "", .workflow = "", .principal = "ben"}, "", otto_).ok());
  EXPECT_EQ(wait(start()).status, "completed");
  ASSERT_TRUE(engine_->stop_gate({.tool = "", .workflow = "", .principal = "ada"}, "", otto_).ok());
  EXPECT_EQ(wait(start()).status, "faulted");
  ASSERT_TRUE(engine_->start_gate({.tool = "", .workflow = "", .principal = "ada"}, otto_).ok());
  ASSERT_TRUE(engine_->stop_gate({.tool = "world.note", .workflow = "", .principal = ""}, "", otto_).ok());
  EXPECT_EQ(wait(start()).status, "faulted");
}

TEST_F(EngineGate, AStopThatWouldStopNothingIsRefused) {
  open_with("  - a: {call: world.note}\n");
  const auto tool = engine_->stop_gate({.tool = "wrld", .workflow = "", .principal = ""}, "", otto_);
  EXPECT_EQ(tool.error().code, Code::invalid_argument);
  EXPECT_THAT(tool.error().message, HasSubstr("did you mean world?"));
  EXPECT_EQ(engine_->stop_gate({.tool = "", .workflow = "no/such", .principal = ""}, "", otto_).error().code,
            Code::invalid_argument);
  EXPECT_EQ(wait(start()).status, "completed");
  EXPECT_EQ(count("", EventType::gate_stopped), 0);
}

TEST_F(EngineGate, WhatToolsSayOfThemselvesIsGovernedAsPoliciesAre) {
  const auto project_with = [](const char* effect_class, const char* settings) {
    auto loaded = definition::load_project(
        {{"tools/t.yaml",
          std::string("tool: t\nversion: 1.0.0\ndriver: echo\noperations:\n  go: {class: ") + effect_class + "}\n"},
         {"gantry.yaml", settings}});
    return std::get<definition::ProjectPointer>(loaded);
  };
  const auto now = project_with("money", "workers: 3\n");
  EXPECT_FALSE(changes_the_gate(*now, *project_with("money", "workers: 3\n")));
  EXPECT_TRUE(changes_the_gate(*now, *project_with("read", "workers: 3\n")));
  EXPECT_TRUE(changes_the_gate(*now, *project_with("money", "egress: {allow: [a.example]}\n")));
  for (const char* path : {"gantry.yml", "openapi/pets.yaml", "workflows/a.yaml"}) {
    definition::Project next = *now;
    next.files[path] = "another text";
    EXPECT_EQ(changes_the_gate(*now, next), !std::string_view(path).starts_with("workflows/")) << path;
  }
}

constexpr const char* runs_inner =
    "  - a: {run: {workflow: {namespace: t, name: inner, version: '1.0.0', input: '${ . }'}}}\n";

TEST_F(EngineGate, AStopOfAWorkflowIsAboutAllThatItRuns) {
  workflow("  - a: {call: world.note}\n", "inner");
  open_with(runs_inner);
  ASSERT_TRUE(engine_->stop_gate({.tool = "", .workflow = "t/w", .principal = ""}, "", otto_).ok());
  EXPECT_EQ(wait_ended(start()).status, "faulted");
  EXPECT_EQ(world_->calls("note"), 0);
  EXPECT_EQ(wait_ended(start(Value(), "inner")).status, "completed");
}

constexpr const char* duties = R"(rules:
  - {id: pay, classes: [money], verdict: approve, approvers: [{role: cashier}]}
duties:
  - {approve: pay, not: [author_of_workflow]}
)";

TEST_F(EngineGate, ApprovalsOfEffectsSideBySideDontDisturbEachOther) {
  policy(R"(rules:
  - {id: all, verdict: allow}
budgets:
  - {id: spend, scope: principal, tools: [world.pay], count: 1, over: approve, approvers: [{role: cashier}]}
)");
  const std::string pay = "{call: world.pay, with: {amount: '${ .amount }'}}";
  open_with("  - f: {fork: {branches: [{a: " + pay + "}, {b: " + pay + "}, {c: " + pay + "}]}}\n");
  const std::string instance = start(*parse_json(R"({"amount":4})"));
  wait(instance);
  std::vector<std::string> tasks;
  for (const Value& task : open_tasks(instance)) tasks.emplace_back(task.string_or("task", ""));
  ASSERT_EQ(tasks.size(), 2u);
  int done_before = 0;
  for (const std::string& task : tasks) {
    const auto counted = vote(task, ben_);
    EXPECT_TRUE(counted.ok()) << counted.error().message;
    ++done_before;
    for (int i = 0; i < 2'000 && count(instance, EventType::effect_done) <= done_before; ++i)
      (void)engine_->wait(instance, std::chrono::milliseconds(5));
  }
  EXPECT_EQ(wait_ended(instance).status, "completed");
  EXPECT_EQ(world_->calls("pay"), 3);
}

TEST_F(EngineGate, TheAuthorsOfAllWorkflowsOfARunMayNotApprove) {
  policy(duties);
  workflow("  - a: {call: world.pay}\n", "inner");
  open();
  deploy();
  workflow(runs_inner);
  ASSERT_TRUE(engine_->deploy(project(), {"anna", {"administrator"}}).ok());
  const std::string child = start() + "-c1";
  for (int i = 0; i < 2'000 && open_tasks(child).empty(); ++i)
    (void)engine_->wait(child, std::chrono::milliseconds(5), true);
  open();
  EXPECT_EQ(vote(only_task(child), {"anna", {"cashier"}}).error().code, Code::denied);
  EXPECT_EQ(vote(only_task(child), {"admin", {"cashier"}}).error().code, Code::denied);
  EXPECT_TRUE(vote(only_task(child), ben_).ok());
}

TEST_F(EngineGate, WhoRetriesARunMayNotApproveWhatItAsks) {
  policy("rules:\n  - {id: pay, classes: [money], verdict: approve, approvers: [{role: cashier}]}\n");
  open_with("  - a: {call: world.pay}\n");
  const std::string first = start();
  wait(first);
  ASSERT_TRUE(vote(only_task(first), ben_, false).ok());
  ASSERT_EQ(wait_ended(first).status, "faulted");
  const auto again = engine_->retry(first, "", {"otto", {"operator", "cashier"}});
  ASSERT_TRUE(again.ok()) << again.error().message;
  const std::string second(again->string_or("instance", ""));
  wait(second);
  open();
  EXPECT_EQ(vote(only_task(second), {"otto", {"operator", "cashier"}}).error().code, Code::denied);
  EXPECT_TRUE(vote(only_task(second), ben_, false).ok());
  ASSERT_EQ(wait_ended(second).status, "faulted");
  const auto once_more = engine_->retry(second, "", {"ines", {"operator", "cashier"}});
  ASSERT_TRUE(once_more.ok()) << once_more.error().message;
  const std::string third(once_more->string_or("instance", ""));
  wait(third);
  open();
  for (const char* person : {"otto", "ines"})
    EXPECT_EQ(vote(only_task(third), {person, {"operator", "cashier"}}).error().code, Code::denied) << person;
  EXPECT_TRUE(vote(only_task(third), ben_).ok());
}

TEST_F(EngineGate, WhatTheRequesterSaysDidNotTakePlaceIsNotGivenBack) {
  policy(run_budget);
  world_->script("pay", {Behaviour::lose_answer});
  open_with("  - a: {call: world.pay, with: {amount: 90}}\n");
  const std::string instance = start();
  wait(instance);
  ASSERT_TRUE(answer(only_task(instance), {ada_.person, {"operator"}}, R"({"outcome":"not_done"})").ok());
  EXPECT_EQ(wait_ended(instance).status, "faulted");
  EXPECT_EQ(spent("port/spend", instance), "90");
}

TEST_F(EngineGate, AnApprovalGivenWhileTheGateIsStoppedRunsNothing) {
  open_with("  - a: {call: world.pay}\n");
  const std::string instance = start();
  wait(instance);
  const std::string task = only_task(instance);
  ASSERT_TRUE(vote(task, ben_).ok());
  ASSERT_TRUE(engine_->stop_gate({}, "", otto_).ok());
  EXPECT_EQ(vote(task, cleo_).error().code, Code::conflict);
  EXPECT_EQ(wait_ended(instance).status, "faulted");
  EXPECT_EQ(world_->calls("pay"), 0);
}

constexpr const char* governed = R"(rules:
  - {id: all, classes: [read, write], verdict: allow}
  - id: change
    tools: [policy.change]
    deny: .principal.person == "mallory"
    allow: .principal.person == "otto"
    else: approve
    approvers: [{role: manager}]
)";

class EnginePolicyChange : public EngineGate {
 protected:
  void open_governed() {
    policy(governed);
    open_with("  - a: {call: world.note}\n");
    policy(std::string(governed) + "  - {id: more, classes: [money], verdict: allow}\n");
  }
  std::string in_force() { return engine_->current_project()->files.at("policies/port.yaml"); }
};

TEST_F(EnginePolicyChange, IsAnEffectThatPeopleApprove) {
  open_governed();
  const std::string before = in_force();
  auto deployed = engine_->deploy(project(), admin_);
  ASSERT_TRUE(deployed.ok()) << deployed.error().message;
  EXPECT_EQ(deployed->status, "waiting");
  EXPECT_EQ(in_force(), before);
  const std::string task = only_task(deployed->instance);
  EXPECT_EQ(vote(task, {"admin", {"manager"}}).error().code, Code::denied) << "who changes policy does not approve it";
  ASSERT_TRUE(vote(task, cleo_).ok());
  EXPECT_EQ(wait_ended(deployed->instance).status, "completed") << dump(deployed->instance);
  EXPECT_NE(in_force(), before);
  const Value event = last("", EventType::project_deployed);
  EXPECT_EQ(event.member("principal").string_or("person", ""), "admin");
  EXPECT_EQ(event.string_or("effect", ""), deployed->instance + "-e1");
  EXPECT_NE(event.member("policies").member("from"), event.member("policies").member("to"));
}

TEST_F(EnginePolicyChange, IsAllowedOrDeniedByTheRuleInForce) {
  open_governed();
  auto denied = engine_->deploy(project(), {"mallory", {"administrator"}});
  ASSERT_FALSE(denied.ok());
  EXPECT_EQ(denied.error().code, Code::denied);
  auto allowed = engine_->deploy(project(), otto_);
  ASSERT_TRUE(allowed.ok()) << allowed.error().message;
  EXPECT_EQ(allowed->status, "deployed");
  EXPECT_THAT(in_force(), HasSubstr("more"));
}

TEST_F(EnginePolicyChange, OfWorkflowsAloneNeedsNoApproval) {
  open_governed();
  policy(governed);
  workflow("  - a: {set: {x: 1}}\n", "another");
  auto deployed = engine_->deploy(project(), {"mallory", {"administrator"}});
  ASSERT_TRUE(deployed.ok()) << deployed.error().message;
  EXPECT_EQ(deployed->status, "deployed");
}

TEST_F(EnginePolicyChange, IsAlsoAChangeOfAToolOrOfSettings) {
  open_governed();
  policy(governed);
  const std::string tool = files_["tools/world.yaml"];
  files_["tools/world.yaml"].replace(tool.find("class: money"), 12, "class: read");
  auto deployed = engine_->deploy(project(), admin_);
  ASSERT_TRUE(deployed.ok()) << deployed.error().message;
  EXPECT_EQ(deployed->status, "waiting");
  EXPECT_THAT(dump(deployed->instance), HasSubstr("tools/world.yaml")) << "the approver is shown the file";
  files_["tools/world.yaml"] = tool;
  files_["gantry.yaml"] = "egress: {allow: ['https://evil.example']}\n";
  EXPECT_EQ(engine_->deploy(project(), {"mallory", {"administrator"}}).error().code, Code::denied);
}

TEST_F(EnginePolicyChange, ApprovedForOtherPoliciesThanThoseInForceDoesNothing) {
  open_governed();
  auto first = engine_->deploy(project(), admin_);
  ASSERT_TRUE(first.ok());
  policy(std::string(governed) + "  - {id: other, classes: [send], verdict: allow}\n");
  ASSERT_TRUE(engine_->deploy(project(), otto_).ok());
  const std::string now = in_force();
  EXPECT_EQ(wait(first->instance).status, "waiting") << "it is asked anew, under the policies of now";
  ASSERT_TRUE(vote(only_task(first->instance), cleo_).ok());
  EXPECT_EQ(wait_ended(first->instance).status, "faulted") << "it was to change other policies";
  EXPECT_EQ(in_force(), now);
}

TEST_F(EnginePolicyChange, WaitsThroughARestart) {
  open_governed();
  auto deployed = engine_->deploy(project(), admin_);
  ASSERT_TRUE(deployed.ok());
  open();
  ASSERT_TRUE(vote(only_task(deployed->instance), cleo_).ok());
  EXPECT_EQ(wait_ended(deployed->instance).status, "completed");
  EXPECT_THAT(in_force(), HasSubstr("more"));
}

}  // namespace
}  // namespace gantry::engine
