// The gate holds the invariants that policies state, whatever the rules say: through sub-workflows, counts, answers,
// approvals and restarts.
#include "engine/engine_fixture.h"
#include "engine/replay_check.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using ::testing::HasSubstr;

class EngineInvariants : public EngineTest {
 protected:
  // A policy that wrongly allows everything.
  void state(const std::string& invariant) {
    files_["policies/port.yaml"] = "policy: port\nversion: 1.0.0\ninvariants:\n  - " + invariant +
                                   "\nrules:\n  - {id: all, verdict: allow}\n";
  }
  // "port/ID" that denied the last effect that was denied, or "" when the run went through.
  std::string stopped_by(const std::string& instance) {
    const InstanceOutcome end = wait_ended(instance);
    if (end.status == "completed") return "";
    return std::string(last(instance, EventType::effect_denied).member("verdict").string_or("rule", end.status));
  }
  std::string stopped_by(const std::string& tasks, Value input) {
    begin_anew();
    open_with(tasks);
    return stopped_by(start(std::move(input)));
  }
};

constexpr const char* looked_first =
    "{id: looked, never: world.plain, unless: {done: world.look, result: .said.ok == true}}";
const char* const look = "  - a: {call: world.look, with: {ok: '${ .ok }'}}\n";
const char* const plain = "  - b: {call: world.plain, with: {}}\n";

TEST_F(EngineInvariants, WhatHasToComeFirstIsAskedOfTheRunItself) {
  state(looked_first);
  EXPECT_EQ(stopped_by(plain, {}), "port/looked");
  EXPECT_EQ(stopped_by(std::string(look) + plain, Value::object({{"ok", false}})), "port/looked");
  EXPECT_EQ(world_->calls("plain"), 0);
  EXPECT_EQ(stopped_by(std::string(look) + plain, Value::object({{"ok", true}})), "");
  EXPECT_EQ(world_->calls("plain"), 1);
}

TEST_F(EngineInvariants, TheDenialNamesTheInvariantAndWhatItSays) {
  state(looked_first);
  open_with(plain);
  const std::string instance = start();
  const InstanceOutcome end = wait_ended(instance);
  EXPECT_THAT(std::string(end.error.string_or("detail", "")),
              HasSubstr("The invariant port/looked says: never world.plain unless world.look is done with .said.ok == true."));
  const Value verdict = last(instance, EventType::effect_denied).member("verdict");
  EXPECT_EQ(verdict.member("explanation").member("invariant").string_or("name", ""), "port/looked");
}

TEST_F(EngineInvariants, WhatFailedExcusesNothing) {
  state("{id: looked, never: world.plain, unless: world.look}");
  world_->script("look", {Behaviour::fail});
  EXPECT_EQ(stopped_by("  - t:\n      try: [{a: {call: world.look}}]\n      catch: {do: [{go: {set: {x: 1}}}]}\n" +
                           std::string(plain), {}),
            "port/looked");
  EXPECT_EQ(stopped_by("  - a: {call: world.look}\n" + std::string(plain), {}), "");
}

TEST_F(EngineInvariants, WhatWasDoneIsKnownAfterARestart) {
  state(looked_first);
  open_with(std::string(look) + "  - w: {wait: {hours: 1}}\n" + plain);
  const std::string good = start(Value::object({{"ok", true}})), bad = start(Value::object({{"ok", false}}));
  settle(good);
  settle(bad);
  open();
  clock_.advance(std::chrono::hours(2));
  EXPECT_EQ(stopped_by(good), "");
  EXPECT_EQ(stopped_by(bad), "port/looked");
}

const char* const run_child = "  - sub: {run: {workflow: {namespace: t, name: child, version: latest, input: '${ . }'}}}\n";

TEST_F(EngineInvariants, WhatAWorkflowThatItRanHasDoneCounts) {
  state(looked_first);
  workflow(look, "child");
  EXPECT_EQ(stopped_by(std::string(run_child) + plain, Value::object({{"ok", true}})), "");
  EXPECT_EQ(stopped_by(std::string(run_child) + plain, Value::object({{"ok", false}})), "port/looked");
}

TEST_F(EngineInvariants, WhatWasDoneBeforeCountsInTheWorkflowsThatItRuns) {
  state(looked_first);
  workflow(plain, "child");
  const std::string looked = "  - a: {call: world.look, with: {ok: '${ .ok }'}, output: {as: $input}}\n";
  EXPECT_EQ(stopped_by(looked + run_child, Value::object({{"ok", true}})), "");
  begin_anew();
  open_with(looked + run_child);
  EXPECT_EQ(wait_ended(start(Value::object({{"ok", false}}))).status, "faulted");
  EXPECT_EQ(world_->calls("plain"), 1);
}

constexpr const char* once = "{id: once, never: world.pay, moreThan: 1}";

TEST_F(EngineInvariants, TheSecondPaymentOfARunIsStopped) {
  state(once);
  const std::string loop = "  - l: {for: {in: .n, each: a}, do: [{pay: {call: world.pay, with: {amount: 1}}}]}\n";
  EXPECT_EQ(stopped_by(loop, Value::object({{"n", Value::array({1})}})), "");
  EXPECT_EQ(stopped_by(loop, Value::object({{"n", Value::array({1, 2})}})), "port/once");
  EXPECT_EQ(world_->calls("pay"), 2);
}

TEST_F(EngineInvariants, APaymentThatFailedCountsAsPermitted) {
  state(once);
  world_->script("pay", {Behaviour::fail});
  EXPECT_EQ(stopped_by("  - t:\n      try: [{a: {call: world.pay}}]\n      catch: {retry: {limit: {attempt: {count: 3}}}}\n",
                       {}),
            "port/once");
  EXPECT_EQ(world_->calls("pay"), 1);
}

TEST_F(EngineInvariants, WhatSubWorkflowsPayIsCountedTogether) {
  state(once);
  workflow("  - a: {call: world.pay}\n", "child");
  open_with(std::string(run_child) + "  - again: {run: {workflow: {namespace: t, name: child, version: latest}}}\n");
  EXPECT_EQ(wait_ended(start(Value::object({{"a", 1}}))).status, "faulted");
  EXPECT_EQ(world_->calls("pay"), 1);
}

TEST_F(EngineInvariants, ARuleThatAllowsWhatTwoMustApproveIsOverruled) {
  state("{id: two, never: {classes: [money]}, when: .args.amount > 100, unless: {approvers: 2}}");
  EXPECT_EQ(stopped_by("  - a: {call: world.pay, with: {amount: 101}}\n", {}), "port/two");
  EXPECT_EQ(stopped_by("  - a: {call: world.pay, with: {amount: 100}}\n", {}), "");
}

TEST_F(EngineInvariants, AFactThatIsMissingIsNotTakenForOneThatIsHarmless) {
  state("{id: much, never: {classes: [money]}, when: .args.amount > 100}");
  EXPECT_EQ(stopped_by("  - a: {call: world.pay, with: {}}\n", {}), "port/much");
  EXPECT_EQ(stopped_by("  - a: {call: world.pay, with: {amount: 100}}\n", {}), "");
  state("{id: much, never: {classes: [money]}, when: '${ (.args.amount // 0) > 100 }'}");
  EXPECT_EQ(stopped_by("  - a: {call: world.pay, with: {}}\n", {}), "");
}

TEST_F(EngineInvariants, WhatTwoPeopleApproveGoesThrough) {
  files_["policies/port.yaml"] = std::string("policy: port\nversion: 1.0.0\ninvariants:\n") +
                                 "  - {id: two, never: {classes: [money]}, unless: {approvers: 2}}\nrules:\n"
                                 "  - {id: pay, classes: [money], verdict: approve, approvers: [{role: cashier}, {role: manager}]}\n";
  open_with("  - a: {call: world.pay}\n");
  const std::string instance = start();
  wait(instance);
  const std::string task = only_task(instance);
  ASSERT_TRUE(vote(task, ben_).ok());
  ASSERT_TRUE(vote(task, cleo_).ok());
  EXPECT_EQ(wait_ended(instance).status, "completed") << dump(instance);
}

TEST_F(EngineInvariants, TheAnswerOfADecisionExcuses) {
  state("{id: decided, never: world.plain, unless: {decided: may, answer: . == \"yes\"}}");
  files_["decisions/may.yaml"] = R"(
decision: may
version: 1.0.0
question: May it?
answer: {enum: ["yes", "no"]}
rules: [{id: yes, when: .ok == true, answer: "yes"}, {id: no, when: .ok != true, answer: "no"}]
)";
  const std::string tasks = "  - d: {call: decide, with: {decision: may, input: '${ . }'}}\n" + std::string(plain);
  EXPECT_EQ(stopped_by(tasks, Value::object({{"ok", true}})), "");
  EXPECT_EQ(stopped_by(tasks, Value::object({{"ok", false}})), "port/decided");
}

TEST_F(EngineInvariants, AYesOfPeopleExcusesAndANoDoesNot) {
  state("{id: asked, never: world.plain, unless: {approval: ask}}");
  open_with("  - ask: {call: approval, with: {question: 'Shall it?', approvers: [{role: cashier}]}}\n" + std::string(plain));
  const std::string yes = start(), no = start();
  wait(yes);
  wait(no);
  ASSERT_TRUE(vote(only_task(yes), ben_).ok());
  ASSERT_TRUE(vote(only_task(no), ben_, false).ok());
  EXPECT_EQ(stopped_by(yes), "");
  EXPECT_EQ(stopped_by(no), "port/asked");
}

TEST_F(EngineInvariants, AnInvariantOfOneWorkflowIsNotAboutOthers) {
  state("{id: only, never: world.plain, workflows: [t/other]}");
  workflow(plain, "other");
  EXPECT_EQ(stopped_by(plain, {}), "");
  EXPECT_EQ(stopped_by(start({}, "other")), "port/only");
}

TEST_F(EngineInvariants, TheVerdictIsReachedAgainFromWhatWasRecorded) {
  state(looked_first);
  open_with(std::string(look) + plain);
  for (const bool ok : {true, false}) {
    const std::string instance = start(Value::object({{"ok", ok}}));
    wait_ended(instance);
    const auto report = replay_instance(*kept_, instance, gate::Gate({}), {});
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_TRUE(report->differences.empty()) << report->differences.front().what;
    EXPECT_EQ(report->verdicts, 2u);
  }
}

TEST_F(EngineInvariants, AChangeOfPolicyIsMeantOnlyWhereItIsNamed) {
  const std::string rules = "rules:\n  - {id: all, tools: ['*', policy.change], verdict: allow}\n";
  files_["policies/port.yaml"] =
      "policy: port\nversion: 1.0.0\ninvariants:\n  - {id: grants, never: {classes: [grant]}}\n" + rules;
  open_with(plain);
  files_["policies/port.yaml"] =
      "policy: port\nversion: 1.0.0\ninvariants:\n  - {id: frozen, never: policy.change}\n" + rules;
  ASSERT_TRUE(engine_->deploy(project(), admin_).ok());
  files_["policies/port.yaml"] += "  - {id: more, verdict: allow}\n";
  const auto refused = engine_->deploy(project(), admin_);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("port/frozen"));
}

}  // namespace
}  // namespace gantry::engine
