// Never a false "holds": whatever the policy language can say and is not followed may be so or not.
#include "prove/policy_view.h"
#include "prove/prove_fixture.h"

namespace gantry::prove::testing {
namespace {

constexpr const char* never = "  - {id: never, never: tos.release}\n";
const char* const releases = "do:\n  - a: {call: tos.release, with: {container: '${ .container }', amount: '${ .amount }', note: '${ .note }'}}\n";
constexpr const char* reads = "  - {id: reads, classes: [read], verdict: allow}\n";

std::string policy_of(const std::string& rule, const std::string& more = "") {
  return policy_with(never, std::string(reads) + rule) + more;
}

// Conditions over everything that a policy can see, each of which may hold in some run and not in another.
const char* const conditions[] = {
    ".lists.payees | has(\"x\")",
    "in_list(\"container\"; \"payees\")",
    ".lists.payees[.args.container].name == \"n\"",
    ".budget[\"port/some\"].left > 0",
    ".provenance.container.origin == \"request\"",
    "requested(\"container\")",
    "from_workflow(\"container\")",
    "from_record(\"container\"; \"customs.status/id\")",
    "at_least(\"container\"; \"internal\")",
    "no_foreign_links(\"container\")",
    "no_hidden_text(\"container\")",
    "has_shape(\"container\"; \"text\")",
    "host_like(\"container\")",
    "mail_like(\"container\")",
    "secrecy_at_most(\"container\"; \"public\")",
    "context_at_most(\"internal\")",
    "context_at_least(\"untrusted\")",
    "audience_cleared",
    "context_cleared",
    "has_argument(\"container\")",
    "origin(\"container\") == \"request\"",
    "argument(\"container\") == \"a\"",
    "$facts.args.container == \"a\"",
    ".labels.arguments.container.integrity == \"untrusted\"",
    ".labels.integrity == \"trusted\"",
    ".context.secrecy == \"public\"",
    ".principal.roles | index(\"desk\") != null",
    ".principal.person == \"rita\"",
    ".workflow.author == \"ann\"",
    ".run == \"01J\"",
    "now > 5",
    ".args.container | test(\"^[A-Z]\")",
    ".args.container | length <= 5",
    ".args.amount * 1.5 < 10",
    ".args.container | IN(\"a\", \"b\")",
    "[.args.container] | all(. == \"a\")",
    "(.args.note // \"\") == \"\"",
    ".args | has(\"container\")",
    ".args.container | ascii_upcase == \"A\"",
    ".effect.id | endswith(\"1\")",
};
constexpr const char* payees = "lists: {payees: {key: id, values: [{id: a, name: n}]}}\n";

// What the policies may say to a release of which nothing is known.
bool may_permit(const std::string& rule) {
  const auto project = project_of(releases, policy_of(rule, payees));
  if (project == nullptr) return false;
  Terms terms;
  Solver solver(2'000'000);
  Evaluator evaluator(terms, solver);
  std::vector<std::pair<std::string, TermPointer>> arguments;
  for (const char* name : {"container", "amount", "note"}) arguments.emplace_back(name, terms.symbol(name, Label::unknown()));
  const EffectView effect{.workflow = nullptr,
                          .task = "",
                          .tool = "tos",
                          .operation = "release",
                          .effect_class = definition::EffectClass::write,
                          .irreversible = false,
                          .arguments = terms.object(std::move(arguments))};
  return PolicyView(*project, terms, evaluator).may_permit(effect, {});
}

TEST(ProveLanguage, AnAllowanceUnderAConditionMayBeGiven) {
  for (std::size_t i = 0; i < std::size(conditions); i += samples_one_in)
    EXPECT_TRUE(may_permit("  - {id: r, tools: [tos.release], allow: '" + std::string(conditions[i]) + "', else: deny}\n")) << conditions[i];
}

TEST(ProveLanguage, ADenialUnderAConditionMayNotBeGiven) {
  for (std::size_t i = 0; i < std::size(conditions); i += samples_one_in)
    EXPECT_TRUE(may_permit("  - {id: r, tools: [tos.release], deny: '" + std::string(conditions[i]) + "', else: allow}\n")) << conditions[i];
}

TEST(ProveLanguage, AnInvariantUnderAConditionMaySpeak) {
  for (std::size_t i = 0; i < std::size(conditions); i += 5 * samples_one_in) {
    const std::string invariant = "  - {id: never, never: tos.release, when: '" + std::string(conditions[i]) + "'}\n";
    EXPECT_NE(verdict_of(releases, policy_with(invariant) + payees), "holds") << conditions[i];
  }
}

TEST(ProveLanguage, WhatDependsOnTheTimeMayBeInside) {
  EXPECT_NE(verdict_of(releases, policy_of("  - {id: r, tools: [tos.release], verdict: allow, during: {days: [monday], "
                                           "from: '08:00', to: '12:00'}}\n")),
            "holds");
  EXPECT_NE(verdict_of(releases, policy_of("  - {id: r, tools: [tos.release], verdict: allow}\n"
                                           "  - {id: d, tools: [tos.release], verdict: deny, during: {days: [monday], from: "
                                           "'08:00', to: '12:00'}}\n")),
            "holds");
}

TEST(ProveLanguage, ABudgetStopsOnlyWhatIsBeyondIt) {
  for (const char* budget : {"count: 1", "count: 1, per: PT1H", "sum: .args.amount, max: 10", "asks: 1"})
    EXPECT_NE(verdict_of(releases, policy_of("  - {id: r, tools: [tos.release], verdict: allow}\n",
                                             std::string("budgets:\n  - {id: some, scope: run, ") + budget + "}\n")),
              "holds")
        << budget;
}

TEST(ProveLanguage, PeopleMayApprove) {
  const std::string asks = "  - {id: r, tools: [tos.release], verdict: approve, approvers: [{role: a}]}\n";
  for (const char* more :
       {"", "duties:\n  - {approve: r, not: [requester, author_of_workflow]}\n", "duties:\n  - {approve: r, fourEyes: true}\n",
        "delegations:\n  - {from: anna, to: bert, role: a, since: '2026-07-01T00:00:00Z', until: '2026-07-15T00:00:00Z', reason: "
        "Leave.}\n"})
    EXPECT_NE(verdict_of(releases, policy_of(asks, more)), "holds") << more;
}

constexpr const char* two = "  - {id: two, never: {classes: [money]}, when: .args.amount > 1000, unless: {approvers: 2}}\n";
const char* const pays = "do:\n  - a: {call: bank.pay, with: {amount: '${ .amount }'}}\n";

std::string two_approvers(const std::string& rules, const std::string& more = "") {
  return verdict_of(pays, policy_with(two, rules) + more);
}

TEST(ProveLanguage, FourEyesOfALadderAreTwoApprovers) {
  const std::string ladder = ", else: approve, approvers: [{role: finance}]}\n";
  EXPECT_EQ(two_approvers("  - {id: pay, tools: [bank.pay], fourEyesIf: .args.amount > 1000" + ladder), "holds");
  EXPECT_EQ(two_approvers("  - {id: pay, tools: [bank.pay], fourEyesIf: .args.amount >= 500" + ladder), "holds");
  EXPECT_EQ(two_approvers("  - {id: pay, tools: [bank.pay], fourEyesIf: .args.amount > 1500" + ladder), "counter-example");
  EXPECT_EQ(two_approvers("  - {id: pay, tools: [bank.pay], allow: .args.amount <= 1000" + ladder), "counter-example");
}

TEST(ProveLanguage, DutiesAddApprovers) {
  const std::string rule = "  - {id: pay, tools: [bank.pay], verdict: approve, approvers: [{role: finance}]}\n";
  EXPECT_EQ(two_approvers(rule), "counter-example");
  EXPECT_EQ(two_approvers(rule, "duties:\n  - {approve: pay, by: {role: management}}\n"), "holds");
  EXPECT_EQ(two_approvers(rule, "duties:\n  - {approve: pay, fourEyes: true}\n"), "holds");
  EXPECT_EQ(two_approvers(rule, "duties:\n  - {approve: pay, by: {role: finance}}\n"), "counter-example")
      << "the same role, the same seat";
}

TEST(ProveLanguage, AGrantOfTheWorkflowsOwnArgumentsNeedsNobody) {
  EXPECT_NE(two_approvers("  - {id: pay, tools: [bank.pay], verdict: approve, grants: workflow, approvers: [{role: finance, "
                          "count: 2}]}\n"),
            "holds");
}

TEST(ProveLanguage, ABudgetThatAsksForPeopleBeyondItAsksNobodyBefore) {
  EXPECT_NE(two_approvers("  - {id: pay, tools: [bank.pay], verdict: allow}\n",
                          "budgets:\n  - {id: many, scope: run, classes: [money], count: 1, over: approve, approvers: [{role: finance, "
                          "count: 2}]}\n"),
            "holds");
}

}  // namespace
}  // namespace gantry::prove::testing
