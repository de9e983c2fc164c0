// What policies say, from their files to the verdict.
#include <algorithm>
#include <random>

#include "gate/policy_fixture.h"

namespace gantry::gate {
namespace {

using definition::ApproverRequirement;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* ladder = R"(rules:
  - id: pay
    tools: [bank.pay]
    deny: .args.amount > 100000
    fourEyesIf: .args.amount > 5000
    allow: .args.amount <= 250
    else: approve
    approvers: [{role: finance}]
)";

TEST_F(PolicyFilesTest, ALadderIsAskedFromTheStrictestRungOn) {
  policy(ladder);
  EXPECT_EQ(check_pay(250).kind, VerdictKind::allow);
  const Verdict asks = check_pay(251);
  EXPECT_EQ(asks.kind, VerdictKind::approve);
  EXPECT_THAT(asks.approvers, ElementsAre(ApproverRequirement{"finance", 1}));
  const Verdict four_eyes = check_pay(5001);
  EXPECT_EQ(four_eyes.kind, VerdictKind::approve);
  EXPECT_THAT(four_eyes.approvers, ElementsAre(ApproverRequirement{"finance", 2})) << "two different people";
  EXPECT_EQ(check_pay(100001).kind, VerdictKind::deny);
  EXPECT_EQ(check_pay(100001).rule, "p/pay");
}

TEST_F(PolicyFilesTest, AStricterRungCountsEvenWhereALaxerOneHolds) {
  policy(R"(rules:
  - {id: a, allow: 'true', fourEyesIf: .args.amount > 10, approve: .args.amount > 5, approvers: [{role: x}, {role: y}]}
)");
  EXPECT_EQ(check_pay(1).kind, VerdictKind::allow);
  EXPECT_EQ(check_pay(6).kind, VerdictKind::approve);
  EXPECT_THAT(check_pay(11).approvers, ElementsAre(ApproverRequirement{"x", 1}, ApproverRequirement{"y", 1}))
      << "these are two people already";
}

TEST_F(PolicyFilesTest, ALadderWithoutElseSaysNothingWhenNoRungHolds) {
  policy("rules:\n  - {id: a, allow: .args.amount < 5}\n");
  EXPECT_EQ(check_pay(4).kind, VerdictKind::allow);
  EXPECT_EQ(check_pay(5).rule, "default-deny");
}

TEST_F(PolicyFilesTest, AFactThatIsMissingDeniesUnlessTheConditionSaysWhatThen) {
  const auto without = [&] { return effect_of("pay", json(R"({"amount":1})")); };
  for (const std::string condition :
       {".args.iban != \"DE2\"", ".args.iban == \"DE1\" or true", ".workflow.author != \"eve\"", "(.args.note | not)",
        ".labels.arguments.iban.integrity != \"untrusted\"", ".context.integrity? == .args.iban"}) {
    policy("rules:\n  - id: a\n    verdict: allow\n    when: '" + condition + "'\n");
    const Verdict verdict = check(without());
    EXPECT_EQ(verdict.kind, VerdictKind::deny) << condition;
    EXPECT_THAT(verdict.reason, HasSubstr("is missing")) << condition;
  }
  for (const std::string condition : {".args.iban? == null", "(.args.iban // \"none\") == \"none\"",
                                      ".args.iban == null", "(.args | has(\"iban\") | not) or .args.iban == \"x\""}) {
    policy("rules:\n  - id: a\n    verdict: allow\n    when: '" + condition + "'\n");
    EXPECT_EQ(check(without()).kind, VerdictKind::allow) << condition << ": " << check(without()).reason;
  }
}

TEST_F(PolicyFilesTest, AConditionThatCannotBeAnsweredDeniesOnEveryRung) {
  for (const std::string rung : {"deny", "fourEyesIf", "approve", "allow"}) {
    policy("rules:\n  - {id: ok, verdict: allow}\n  - {id: a, " + rung +
           ": .args.amount, else: approve, approvers: [{role: x}]}\n");
    EXPECT_EQ(check_pay(1).kind, VerdictKind::deny) << rung;
  }
}

TEST_F(PolicyFilesTest, ListsAnswerWhoIsKnown) {
  policy(R"(lists: {payees: {file: list.csv, key: iban}}
rules:
  - {id: a, allow: '.args.iban as $iban | .lists.payees | has($iban)'}
)",
         "iban,name\nDE1,Ann\n");
  EXPECT_EQ(check_pay(1).kind, VerdictKind::allow);
  EXPECT_EQ(check(effect_of("pay", json(R"({"amount":1,"iban":"DE2"})"))).kind, VerdictKind::deny);
}

TEST_F(PolicyFilesTest, WhoIsAskedSeesWhereArgumentsComeFromThoughNoConditionAsked) {
  policy("rules:\n  - {id: a, allow: .args.amount < 5, else: approve, approvers: [{role: x}]}\n");
  const tool::Effect effect = effect_of("pay", json(R"({"amount": 9, "note": "acct \u202E321\u200B"})")
                                                   .labelled(Label::of({Integrity::untrusted, Secrecy::public_, {}, {}})));
  const Verdict asked = check(effect);
  ASSERT_EQ(asked.kind, VerdictKind::approve) << asked.reason;
  const Value provenance = asked.explanation.member("provenance");
  EXPECT_EQ(print_json(provenance.member("note").member("hiddenText")), R"(["U+200B","U+202E"])");
  EXPECT_EQ(provenance.member("amount").string_or("origin", ""), "derived");
  EXPECT_TRUE(check_pay(1).explanation.member("provenance").is_null());  // nobody is asked
}

TEST_F(PolicyFilesTest, OutsideItsTimeWindowARuleSaysNothing) {
  policy("rules:\n  - {id: a, verdict: allow, during: {from: '08:00', to: '18:00'}}\n");
  now = *parse_timestamp("2026-07-01T12:00:00Z");
  EXPECT_EQ(check_pay(1).kind, VerdictKind::allow);
  now = *parse_timestamp("2026-07-01T19:00:00Z");
  EXPECT_EQ(check_pay(1).rule, "default-deny");
  EXPECT_THAT(print_json(check_pay(1).explanation), HasSubstr("its time window"));
}

TEST_F(PolicyFilesTest, DutiesAddToWhatARuleAsks) {
  policy(R"(rules:
  - {id: pay, tools: [bank.pay], verdict: approve, requesterExcluded: false}
duties:
  - {approve: pay, by: {role: finance}, not: [requester, author_of_workflow], fourEyes: true}
)");
  EXPECT_EQ(check_pay(1).kind, VerdictKind::deny) << "nobody knows who wrote the workflow";
  around.author = "anna";
  const Verdict verdict = check_pay(1);
  EXPECT_EQ(verdict.kind, VerdictKind::approve);
  EXPECT_THAT(verdict.approvers, ElementsAre(ApproverRequirement{"finance", 2}));
  EXPECT_TRUE(verdict.requester_excluded);
  EXPECT_EQ(verdict.author, "anna");
}

TEST_F(PolicyFilesTest, ABudgetThatIsUsedUpDeniesOrAsks) {
  policy(R"(rules:
  - {id: all, verdict: allow}
budgets:
  - {id: spend, scope: run, classes: [money], sum: .args.amount, max: 100}
)");
  spent(pay(40), 60);
  EXPECT_EQ(check_pay(40).kind, VerdictKind::allow) << "exactly up to the maximum";
  EXPECT_EQ(check_pay(41).rule, "p/spend");
  EXPECT_THAT(check_pay(41).reason, HasSubstr("60 of 100 is spent, and this takes 41"));
  EXPECT_EQ(check_pay(-5).kind, VerdictKind::deny) << "nobody earns by paying less than nothing";
  around.budgets.clear();
  EXPECT_EQ(check_pay(1).kind, VerdictKind::deny) << "what is spent is not known";
  policy(R"(rules:
  - {id: all, verdict: allow}
budgets:
  - {id: often, scope: principal, per: PT1H, count: 2, over: approve, approvers: [{role: boss}]}
)");
  spent(pay(1), 1);
  EXPECT_EQ(check_pay(1).kind, VerdictKind::allow);
  spent(pay(1), 2);
  const Verdict verdict = check_pay(1);
  EXPECT_EQ(verdict.kind, VerdictKind::approve);
  EXPECT_THAT(verdict.approvers, ElementsAre(ApproverRequirement{"boss", 1}));
  EXPECT_EQ(verdict.charges.at(0).key, "rita");
}

TEST_F(PolicyFilesTest, AnAskBudgetLetsNobodyFarmApprovals) {
  policy(R"(rules:
  - {id: small, allow: .args.amount < 5, else: approve, approvers: [{role: x}]}
budgets:
  - {id: asks, scope: run, asks: 3}
)");
  spent(pay(9), 2);
  EXPECT_EQ(check_pay(9).kind, VerdictKind::approve);
  spent(pay(9), 3);
  EXPECT_EQ(check_pay(9).rule, "p/asks");
  EXPECT_EQ(check_pay(1).kind, VerdictKind::allow) << "what needs no asking is not asked";
}

TEST_F(PolicyFilesTest, ConditionsSeeWhatIsLeftOfABudget) {
  policy(R"(rules:
  - {id: a, allow: '.budget["p/spend"].left >= 50'}
budgets:
  - {id: spend, scope: run, sum: .args.amount, max: 100}
)");
  spent(pay(1), 50);
  EXPECT_EQ(check_pay(1).kind, VerdictKind::allow);
  spent(pay(1), 51);
  EXPECT_EQ(check_pay(1).kind, VerdictKind::deny);
}

TEST_F(PolicyFilesTest, AStoppedGateLetsNothingThrough) {
  policy("rules:\n  - {id: a, verdict: allow}\n");
  around.stopped = "The gate was stopped by otto.";
  EXPECT_EQ(check_pay(1).rule, "stopped");
  EXPECT_EQ(check_pay(1).reason, "The gate was stopped by otto.");
}

TEST_F(PolicyFilesTest, WhatOnlyTheAuthorWroteIsGrantedWhereTheRuleSaysSo) {
  policy("rules:\n  - {id: a, verdict: approve, approvers: [{role: x}], grants: workflow}\n");
  const Verdict lifted = check_pay(1);
  EXPECT_EQ(lifted.kind, VerdictKind::allow);
  EXPECT_THAT(lifted.reason, HasSubstr("only the workflow's author wrote"));
  const auto labelled = [&](Integrity integrity) {
    LabelContent content;
    content.integrity = integrity;
    content.sources = {"tool:mail.read"};
    return effect_of("pay", Value::object({{"amount", 1}, {"iban", Value("DE1").labelled(Label::of(content))}}));
  };
  EXPECT_EQ(check(labelled(Integrity::internal)).kind, VerdictKind::allow);
  EXPECT_EQ(check(labelled(Integrity::constrained)).kind, VerdictKind::approve);
  EXPECT_EQ(check(labelled(Integrity::untrusted)).kind, VerdictKind::approve);
  policy("rules:\n  - {id: a, fourEyesIf: 'true', approvers: [{role: x}], grants: workflow}\n");
  EXPECT_EQ(check_pay(1).kind, VerdictKind::approve) << "four eyes are not lifted";
  policy(
      "rules:\n  - {id: a, verdict: approve, approvers: [{role: x}], grants: workflow}\n  - {id: b, verdict: deny}\n");
  EXPECT_EQ(check_pay(1).kind, VerdictKind::deny) << "nor is a denial";
}

TEST_F(PolicyFilesTest, AVerdictSaysWhichConditionsFailedOverWhichFacts) {
  policy(R"(rules:
  - id: pay
    allow: .args.amount <= 250 and .principal.person == "rita" and .args.iban == "DE9"
    else: approve
    approvers: [{role: finance}]
)");
  const std::string text = print_json(check_pay(900).explanation);
  EXPECT_THAT(text, HasSubstr(R"("failed":[".args.amount <= 250",".args.iban == \"DE9\""])"));
  EXPECT_THAT(text, HasSubstr(R"(".args.amount":900)"));
  EXPECT_THAT(text, HasSubstr(R"("toPass":["p/pay would allow if .args.amount <= 250 and .args.iban == \"DE9\""])"));
}

TEST_F(PolicyFilesTest, AnExplanationKeepsSecrets) {
  policy("rules:\n  - {id: a, allow: .args.iban == \"DE9\"}\n");
  LabelContent content;
  content.secrecy = Secrecy::secret;
  const Verdict verdict = check(
      effect_of("pay", Value::object({{"amount", 1}, {"iban", Value("DE1-hidden").labelled(Label::of(content))}})));
  const std::string text = print_json(verdict.explanation);
  EXPECT_THAT(text, HasSubstr(R"(".args.iban":"[secret]")"));
  EXPECT_EQ(text.find("hidden"), std::string::npos);
}

TEST_F(PolicyFilesTest, AnAllowedEffectSaysByWhichRuleOverWhichFacts) {
  policy("rules:\n  - {id: a, allow: .args.amount < 5}\n  - {id: b, deny: .args.amount > 50}\n");
  const Value explanation = check_pay(1).explanation;
  EXPECT_EQ(explanation.member("rules").size(), 1U);
  EXPECT_EQ(print_json(explanation.member("facts")), R"({".args.amount":1})");
  EXPECT_EQ(explanation.member("toPass").size(), 0U);
}

// The same rules in any order and in any files give the same verdict.
TEST_F(PolicyFilesTest, OrderNeverMatters) {
  const std::vector<std::string> pool = {
      "{id: r0, classes: [money], verdict: allow, reason: zero}",
      "{id: r1, tools: [bank.pay], deny: .args.amount > 90}",
      "{id: r2, tools: [bank.*], allow: .args.amount < 20, else: approve, approvers: [{role: a}]}",
      "{id: r3, approve: .args.amount > 40, approvers: [{role: b, count: 2}], expires: PT1H}",
      "{id: r4, fourEyesIf: .args.amount > 60, approvers: [{role: c}], requesterExcluded: false}",
      "{id: r5, when: .args.amount == 77, verdict: deny}",
      "{id: r6, when: .args.missing == 1, verdict: allow}",
      "{id: r7, allow: 'error(\"broken\")'}",
  };
  std::mt19937 random(5);
  const auto describe = [](Verdict verdict) {
    verdict.policy.clear();  // of the files' text, which differs
    return print_json(to_value(verdict));
  };
  for (int round = 0; round < 40; ++round) {
    std::vector<std::string> rules = pool;
    std::shuffle(rules.begin(), rules.end(), random);
    rules.resize(1 + random() % rules.size());
    std::map<int, std::string> seen;
    for (int order = 0; order < 3; ++order) {
      std::shuffle(rules.begin(), rules.end(), random);
      // The names of the policies must stay with their rules, so the rules are split by rule, not by file.
      std::string even = "policy: even\nversion: 1.0.0\nrules:\n", odd = "policy: odd\nversion: 1.0.0\nrules:\n";
      for (const std::string& rule : rules) ((rule[6] - '0') % 2 == 0 ? even : odd) += "  - " + rule + "\n";
      if (even.ends_with("rules:\n")) even += "  []\n";
      if (odd.ends_with("rules:\n")) odd += "  []\n";
      const bool swapped = order % 2 == 1;
      project = project_of({{swapped ? "policies/b.yaml" : "policies/a.yaml", even},
                            {swapped ? "policies/a.yaml" : "policies/b.yaml", odd}});
      for (int amount : {10, 30, 50, 70, 77, 95}) {
        const std::string verdict = describe(check_pay(amount));
        const auto [first, is_new] = seen.emplace(amount, verdict);
        EXPECT_TRUE(is_new || first->second == verdict) << even << odd << amount << "\n" << verdict;
      }
    }
  }
}

}  // namespace
}  // namespace gantry::gate
