// Counts, policies, decisions, approvals, workflows that run others, and what a finding tells.
#include "prove/prove_fixture.h"

namespace gantry::prove::testing {
namespace {

std::string child(const std::string& body) {
  return document("child") + body;
}
constexpr const char* run_child =
    "  - sub: {run: {workflow: {namespace: test, name: child, version: latest, input: {a: 1}}}}\n";

TEST(ProveRunWorkflow, WhatTheOtherWorkflowReleasesCounts) {
  EXPECT_EQ(verdict_of(std::string("do:\n") + run_child, policy_with(cleared_first),
                       {{"workflows/child.yaml", child("do: [{release: {call: tos.release}}]\n")}}),
            "counter-example");
}

TEST(ProveRunWorkflow, WhatTheOtherWorkflowHasAskedCounts) {
  EXPECT_EQ(verdict_of(std::string("do:\n") + run_child + "  - release: {if: .cleared == true, call: tos.release}\n",
                       policy_with(cleared_first),
                       {{"workflows/child.yaml", child("do: [{status: {call: customs.status}}]\n")}}),
            "holds");
}

TEST(ProveRunWorkflow, AWorkflowThatNobodyWaitsForHasClearedNothing) {
  EXPECT_EQ(
      verdict_of("do:\n  - sub: {run: {await: false, workflow: {namespace: test, name: child, version: latest}}}\n"
                 "  - release: {call: tos.release}\n",
                 policy_with(cleared_first),
                 {{"workflows/child.yaml", child("do: [{status: {call: customs.status}}]\n")}}),
      "counter-example");
}

constexpr const char* once = "  - {id: once, never: bank.pay, moreThan: 1}\n";

TEST(ProveCount, OnceIsFineTwiceIsNot) {
  EXPECT_EQ(verdict_of("do:\n  - a: {call: bank.pay}\n", policy_with(once)), "holds");
  EXPECT_EQ(verdict_of("do:\n  - a: {call: bank.pay}\n  - b: {call: bank.pay}\n", policy_with(once)),
            "counter-example");
}

TEST(ProveCount, ARetryPaysAgain) {
  const char* workflow = R"(do:
  - attempt:
      try: [{a: {call: bank.pay}}]
      catch: {retry: {limit: {attempt: {count: 1}}}}
)";
  EXPECT_EQ(verdict_of(workflow, policy_with(once)), "counter-example");
  EXPECT_EQ(verdict_of(workflow, policy_with("  - {id: twice, never: bank.pay, moreThan: 2}\n")), "holds");
}

TEST(ProveCount, TwoBranchesThatBothFailPayTwice) {
  EXPECT_EQ(verdict_of(R"(do:
  - both:
      fork:
        branches:
          - a: {do: [{pay: {call: bank.pay}}, {no: {raise: {error: {type: a, status: 400}}}}]}
          - b: {do: [{pay: {call: bank.pay}}, {no: {raise: {error: {type: b, status: 400}}}}]}
)",
                       policy_with(once)),
            "counter-example");
}

TEST(ProveCount, AWorkflowThatIsRunTwicePaysTwice) {
  EXPECT_EQ(verdict_of(std::string("do:\n") + run_child +
                           "  - sub2: {run: {workflow: {namespace: test, name: child, version: latest}}}\n",
                       policy_with(once), {{"workflows/child.yaml", child("do: [{pay: {call: bank.pay}}]\n")}}),
            "counter-example");
}

TEST(ProveCount, ALoopOverThreePaysThrice) {
  const char* workflow = "do:\n  - l: {for: {each: x, in: '[1,2,3]'}, do: [{pay: {call: bank.pay}}]}\n";
  EXPECT_EQ(verdict_of(workflow, policy_with("  - {id: two, never: bank.pay, moreThan: 2}\n")), "counter-example");
  EXPECT_EQ(verdict_of(workflow, policy_with("  - {id: three, never: bank.pay, moreThan: 3}\n")), "holds");
}

TEST(ProvePolicies, WhatTheGateAlwaysDeniesIsNotReached) {
  const char* workflow = "do:\n  - release: {call: tos.release}\n";
  const char* rules = "  - {id: reads, classes: [read], verdict: allow}\n";
  EXPECT_EQ(verdict_of(workflow, policy_with("  - {id: no, never: tos.release}\n", rules)), "holds");
  EXPECT_EQ(verdict_of(workflow, policy_with("  - {id: no, never: tos.release}\n")), "counter-example");
}

TEST(ProvePolicies, ARuleThatDeniesByArgumentsIsLookedAt) {
  const char* rules = R"(  - {id: small, tools: [bank.pay], verdict: allow}
  - {id: large, tools: [bank.pay], when: .effect.arguments.amount > 100, verdict: deny}
)";
  const char* never_large = "  - {id: large, never: bank.pay, when: .effect.arguments.amount > 200}\n";
  const char* pay = "do:\n  - pay: {call: bank.pay, with: {amount: '${ .amount }'}}\n";
  EXPECT_EQ(verdict_of(pay, policy_with(never_large, rules)), "holds");
  EXPECT_EQ(
      verdict_of(pay, policy_with("  - {id: large, never: bank.pay, when: .effect.arguments.amount > 50}\n", rules)),
      "counter-example");
}

TEST(ProveDecision, TheAnswerExcuses) {
  const char* asked = "  - {id: decided, never: tos.release, unless: {decided: customs, answer: '. == \"release\"'}}\n";
  const char* ask = "do:\n  - ask: {call: decide, with: {decision: customs, input: {}}}\n";
  EXPECT_EQ(
      verdict_of(std::string(ask) + "  - release: {if: '. == \"release\"', call: tos.release}\n", policy_with(asked)),
      "holds");
  EXPECT_EQ(
      verdict_of(std::string(ask) + "  - release: {if: '. != \"hold\"', call: tos.release}\n", policy_with(asked)),
      "holds");
  EXPECT_EQ(verdict_of(std::string(ask) + "  - release: {call: tos.release}\n", policy_with(asked)), "counter-example");
}

TEST(ProveApproval, OnlyAYesExcuses) {
  const char* signed_ = "  - {id: signed, never: tos.stop, unless: {approval: sign}}\n";
  const std::string ask = "do:\n  - sign: {call: approval, with: {question: Stop it, approvers: [{role: duty}]}}\n";
  EXPECT_EQ(verdict_of(ask + "  - stop: {if: .approved, call: tos.stop}\n", policy_with(signed_)), "holds");
  EXPECT_EQ(verdict_of(ask + "  - stop: {call: tos.stop}\n", policy_with(signed_)), "counter-example");
}

TEST(ProveReport, ACounterExampleHasThePathAndValuesThatLeadThere) {
  const Finding finding = finding_of(R"(do:
  - status: {call: customs.status}
  - release: {if: .weight > 10 and .cleared != true, call: tos.release}
)");
  ASSERT_EQ(finding.verdict, Verdict::counter_example) << text_of(finding);
  ASSERT_GE(finding.steps.size(), 3u);
  EXPECT_EQ(finding.steps.back().task, "release");
  EXPECT_EQ(finding.steps.back().place.line, 4);
  EXPECT_TRUE(finding.input.has_value());
  EXPECT_EQ(finding.values.size(), 2u) << text_of(finding);
}

TEST(ProveReport, AWorkflowThatNeverEndsIsStillProven) {
  EXPECT_EQ(verdict_of(R"(do:
  - count: {set: {n: '${ (.n // 0) + 1 }'}, then: count}
  - release: {call: tos.release}
)"),
            "holds");
}

TEST(ProveReport, AStateLimitMakesItUnknown) {
  const auto project = project_of(
      "do:\n  - l: {for: {each: x, in: .list}, do: [{a: {if: .a == 1, call: tos.note}}, {b: {if: .b == 1, call: "
      "customs.status}}, {c: {if: .c == 1 and .c == 2, call: tos.release}}]}\n",
      policy_with(cleared_first));
  Options options;
  options.states_max = 3;
  const std::vector<Finding> findings = prove(project, options);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].verdict, Verdict::unknown);
  EXPECT_NE(findings[0].reason.find("--states"), std::string::npos);
}

}  // namespace
}  // namespace gantry::prove::testing
