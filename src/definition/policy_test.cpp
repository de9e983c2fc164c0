// Policy files beyond their first keys (tool_test.cpp): ladders, lists, budgets, duties, windows, delegations.
#include "definition/policy.h"

#include <gmock/gmock.h>

#include "definition/condition_scan.h"
#include "definition/project_fixture.h"

namespace gantry::definition {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr const char* bank_tool = R"(
tool: bank
version: 1.0.0
driver: echo
operations:
  pay: {class: money, arguments: {type: object, properties: {amount: {type: number}, iban: {type: string}}}}
  history: {class: read}
)";

SourceFiles with_policy(const std::string& body) {
  return {{"tools/bank.yaml", bank_tool}, {"policies/p.yaml", "policy: p\nversion: 1.0.0\n" + body}};
}

std::shared_ptr<const Policy> policy_of(const std::string& body) {
  return loaded(with_policy(body))->policies.at("p");
}

Timestamp at(const char* text) {
  return *parse_timestamp(text);
}

TEST(PolicyLadder, KeepsItsRungsAndWhatIsElse) {
  auto policy = policy_of(R"(rules:
  - id: pay
    tools: [bank.pay]
    deny: .args.amount > 100000
    fourEyesIf: .args.amount > 5000
    allow: .args.amount <= 250
    else: approve
    approvers: [{role: finance}]
    escalate: [{after: PT4H, roles: [board]}, {after: PT1H, roles: [controller]}]
    grants: workflow
  - {id: never-more, deny: .args.amount > 1000000}
)");
  const PolicyRule& rule = policy->rules[0];
  EXPECT_EQ(rule.deny_if->text, ".args.amount > 100000");
  EXPECT_EQ(rule.four_eyes_if->text, ".args.amount > 5000");
  EXPECT_EQ(rule.allow_if->text, ".args.amount <= 250");
  EXPECT_FALSE(rule.approve_if);
  EXPECT_EQ(rule.verdict, VerdictKind::approve);
  EXPECT_TRUE(rule.grants_workflow);
  EXPECT_THAT(rule.escalations, ElementsAre(Escalation{std::chrono::hours(1), {"controller"}},
                                            Escalation{std::chrono::hours(4), {"board"}}))
      << "soonest first";
  EXPECT_FALSE(policy->rules[1].verdict) << "a ladder without an else says nothing when no rung holds";
}

TEST(PolicyLadder, MixesNotWithVerdictAndNeedsApprovers) {
  EXPECT_THAT(
      problems_of(with_policy(R"(rules:
  - {id: a, allow: 'true', verdict: deny}
  - {id: b, else: deny}
  - {id: c, tools: [bank.pay]}
  - {id: d, fourEyesIf: 'true'}
  - {id: e, verdict: deny, grants: workflow}
  - {id: f, allow: 'true', else: approve, approvers: [{role: x}], grants: plan}
)")),
      ElementsAre(HasSubstr("4:28: 'verdict' is for a rule without a ladder"),
                  HasSubstr("5:13: 'else' has a meaning only beside"),
                  HasSubstr("6:5: a rule needs 'verdict', or a ladder"),
                  HasSubstr("7:5: 'approvers' is missing in a rule that may ask"),
                  HasSubstr("8:28: 'grants' has a meaning only where"), HasSubstr("9:75: expected one of workflow")));
}

TEST(PolicyApprovers, OfARoleThatIsNamedTwiceAreAddedUp) {
  const auto policy =
      policy_of("rules:\n  - {id: a, verdict: approve, approvers: [{role: x}, {role: y}, {role: x, count: 2}]}\n");
  ASSERT_TRUE(policy);
  ASSERT_EQ(policy->rules[0].approvers.size(), 2u);
  EXPECT_EQ(policy->rules[0].approvers[0].count, 3u);
}

TEST(PolicyCondition, ThatNamesNoFactIsRefusedWhereItStands) {
  EXPECT_THAT(problems_of(with_policy("rules:\n  - {id: a, when: .arg.amount <= 250, verdict: allow}\n")),
              ElementsAre(HasSubstr("4:19: condition: there is no fact '.arg'; known: .args")));
}

std::vector<std::string> paths_in(std::string_view text) {
  std::vector<std::string> paths;
  for (const FactPath& path : scan_condition(text).paths)
    paths.push_back(std::string(path.text.view()) + (path.may_be_absent ? "?" : ""));
  return paths;
}

TEST(PolicyCondition, ItsPathsAreFound) {
  EXPECT_THAT(paths_in(".args.amount <= 250 and .principal.person == \"ann\""),
              ElementsAre(".args.amount", ".principal.person"));
  EXPECT_THAT(paths_in(".args.note? == null or (.args.memo // \"\") == \"\" or .args.ref != null"),
              UnorderedElementsAre(".args.note?", ".args.memo?", ".args.ref?"));
  EXPECT_THAT(paths_in(".budget[\"port/spend\"].left >= .args.amount"),
              UnorderedElementsAre(".budget[\"port/spend\"].left", ".args.amount"));
  EXPECT_THAT(paths_in(".args.items | all(.price < 5)"), ElementsAre(".args.items"));
  EXPECT_THAT(paths_in("\"the .args.x of \\(.args.y)\" == \"a\" # .args.z"), ElementsAre(".args.y"));
  EXPECT_THAT(paths_in(".args | has(\"note\")"), UnorderedElementsAre(".args", ".args.note?"));
  EXPECT_THAT(paths_in("$x.args.a == 1"), IsEmpty());
  for (const char* text : {".[\"args\"].note", ".\"args\".note", ".[ \"args\" ][\"note\"]", ".args | .note",
                           "(.args|.[\"note\"]|length) < 5", "(.args | .note) as $n | $n == 1"})
    EXPECT_THAT(paths_in(text), ElementsAre(".args.note")) << text;
  for (const char* text : {"(.args|.note) == null", "(.args | .note // \"\") == \"\"", "((.args.note)) // \"\""})
    EXPECT_THAT(paths_in(text), ElementsAre(".args.note?")) << text;
  EXPECT_THAT(paths_in(".args.a == .args | .b"), UnorderedElementsAre(".args.a", ".args"));
  EXPECT_TRUE(scan_condition(".arg | .note").unknown);
}

TEST(PolicyCondition, IsTakenApartAtItsOutermostAnd) {
  EXPECT_THAT(scan_condition(".args.a and (.args.b or .args.c) and .args.d == \"x and y\"").terms,
              ElementsAre(".args.a", "(.args.b or .args.c)", ".args.d == \"x and y\""));
  EXPECT_THAT(scan_condition(".args.a and .args.b or .args.c").terms, IsEmpty());
  EXPECT_THAT(scan_condition(".args.a and .args.b | not").terms, IsEmpty());
  EXPECT_THAT(scan_condition(".args.a").terms, IsEmpty());
}

TEST(PolicyList, ComesFromACsvFileOrIsWrittenOut) {
  auto files = with_policy(R"(lists:
  payees: {file: payees.csv, key: iban}
  hosts: {values: [a.example, b.example]}
  teams: {key: id, values: [{id: north, lead: ann}]}
rules: []
)");
  files["policies/payees.csv"] = "iban,name\nDE1,Ann\nDE2,Bob\n";
  auto project = loaded(files);
  EXPECT_EQ(print_json(project->policy_set->lists()),
            R"({"hosts":{"a.example":true,"b.example":true},"payees":{"DE1":{"iban":"DE1","name":"Ann"},)"
            R"("DE2":{"iban":"DE2","name":"Bob"}},"teams":{"north":{"id":"north","lead":"ann"}}})");
  const std::string before = project->policy_set->digest();
  files["policies/payees.csv"] = "iban,name\nDE1,Ann\nDE3,Bob\n";
  EXPECT_NE(loaded(files)->policy_set->digest(), before) << "another list is another policy";
}

TEST(PolicyList, ThatCannotBeReadIsReported) {
  auto files = with_policy(R"(lists:
  a: {file: missing.csv, key: x}
  b: {file: broken.csv, key: x}
  c: {file: twice.csv, key: x}
  d: {values: [x], file: twice.csv}
  e: {file: twice.csv}
  f: {values: [{x: 1}]}
  g: {file: ../gantry.csv, key: x}
rules: []
)");
  files["policies/broken.csv"] = "x,y\n1\n";
  files["policies/twice.csv"] = "x\n1\n1\n";
  EXPECT_THAT(problems_of(files),
              ElementsAre(HasSubstr("4:13: there is no file policies/missing.csv in the project"),
                          HasSubstr("5:13: policies/broken.csv:2:"), HasSubstr("6:13: entry 2: \"1\" is there already"),
                          HasSubstr("7:6: a list has either 'file' or 'values'"),
                          HasSubstr("8:6: a list from a file needs 'key'"),
                          HasSubstr("9:15: entry 1: expected text; a list of objects needs 'key'"),
                          HasSubstr("10:13: there is no file policies/../gantry.csv")));
}

TEST(PolicyBudget, IsReadWithItsMeasure) {
  auto policy = policy_of(R"(rules: []
budgets:
  - {id: spend, scope: run, classes: [money], sum: .args.amount, max: 1000}
  - {id: calls, scope: principal, per: PT1H, tools: [bank.*], count: 30, over: approve, approvers: [{role: boss}]}
  - {id: asks, scope: run, asks: 3}
  - {id: loop, scope: agent, count: 5}
)");
  ASSERT_EQ(policy->budgets.size(), 4U);
  EXPECT_EQ(policy->budgets[0].measure, Budget::Measure::sum);
  EXPECT_EQ(policy->budgets[0].max, 1000);
  EXPECT_EQ(policy->budgets[1].per, std::chrono::hours(1));
  EXPECT_EQ(policy->budgets[1].over, VerdictKind::approve);
  EXPECT_EQ(policy->budgets[1].max, 30);
  EXPECT_EQ(policy->budgets[2].measure, Budget::Measure::asks);
  EXPECT_EQ(policy->budgets[3].scope, Budget::Scope::task) << "an agent is a task";
  EXPECT_THAT(problems_of(with_policy(R"(rules: []
budgets:
  - {id: a, scope: run, sum: .args.amount}
  - {id: b, scope: run, count: 1, asks: 1}
  - {id: c, scope: nobody, count: -1}
  - {id: d, scope: run, asks: 1, over: approve, approvers: [{role: x}]}
  - {id: d, scope: run, count: 1, over: approve}
  - {id: e, scope: run, count: 1, max: 3}
)")),
              ElementsAre(HasSubstr("5:5: 'max' is missing in a budget"), HasSubstr("6:5: a budget has one of"),
                          HasSubstr("7:20: expected one of run"), HasSubstr("7:35: expected a whole number"),
                          HasSubstr("8:40: a budget of asks can't ask"), HasSubstr("9:5: 'approvers' is missing"),
                          HasSubstr("9:5: budget 'd' is there already"), HasSubstr("10:35: 'max' belongs to 'sum'")));
}

TEST(PolicyDuty, NamesRulesThatMayAsk) {
  auto policy = policy_of(R"(rules:
  - {id: pay, tools: [bank.pay], verdict: approve}
duties:
  - {approve: pay, by: {role: finance, count: 2}, not: [requester, author_of_workflow], fourEyes: true}
)");
  const Duty& duty = policy->duties[0];
  EXPECT_THAT(duty.rules, ElementsAre("pay"));
  EXPECT_THAT(duty.by, ElementsAre(ApproverRequirement{"finance", 2}));
  EXPECT_TRUE(duty.not_requester && duty.not_author && duty.four_eyes);
  EXPECT_THAT(problems_of(with_policy(R"(rules:
  - {id: pay, tools: [bank.pay], verdict: deny}
duties:
  - {approve: pay, by: {role: x}}
  - {approve: [pya], not: [everybody]}
)")),
              ElementsAre(HasSubstr("6:15: no rule 'pay' of this policy asks for an approval"),
                          HasSubstr("no rule 'pya' of this policy asks for an approval"),
                          HasSubstr("7:28: expected one of requester, author_of_workflow")));
}

TEST(PolicyDelegation, HasABeginningAndAnEnd) {
  auto policy = policy_of(R"(rules: []
delegations:
  - {from: anna, to: bert, role: finance, since: '2026-07-01T00:00:00Z', until: '2026-07-15T00:00:00Z', reason: leave}
)");
  EXPECT_EQ(policy->delegations[0].to, "bert");
  EXPECT_THAT(problems_of(with_policy(R"(rules: []
delegations:
  - {from: a, to: a, role: x, since: '2026-07-01T00:00:00Z', until: '2026-07-01T00:00:00Z'}
)")),
              ElementsAre(HasSubstr("'until' is not after 'since'"), HasSubstr("nobody delegates to themselves")));
}

TEST(PolicyWindow, FollowsTheZonesClocks) {
  auto policy = policy_of(R"(rules:
  - id: office
    verdict: allow
    during: {days: [monday, tuesday, wednesday, thursday, friday], from: '08:00', to: '18:00', timezone: Europe/Berlin}
  - id: night
    verdict: allow
    during: {days: [friday], from: '22:00', to: '06:00'}
  - {id: summer, verdict: allow, during: {since: '2026-06-01T00:00:00Z', until: '2026-09-01T00:00:00Z'}}
)");
  const TimeWindow& office = *policy->rules[0].during;
  EXPECT_TRUE(is_within(office, at("2026-07-01T06:00:00Z"))) << "eight o'clock in summer";
  EXPECT_FALSE(is_within(office, at("2026-01-07T06:00:00Z"))) << "seven o'clock in winter";
  EXPECT_TRUE(is_within(office, at("2026-01-07T16:59:59Z")));
  EXPECT_FALSE(is_within(office, at("2026-01-07T17:00:00Z")));
  EXPECT_FALSE(is_within(office, at("2026-07-04T10:00:00Z"))) << "a Saturday";
  const TimeWindow& night = *policy->rules[1].during;
  EXPECT_TRUE(is_within(night, at("2026-07-03T23:00:00Z"))) << "Friday evening";
  EXPECT_TRUE(is_within(night, at("2026-07-04T05:59:00Z"))) << "the Saturday morning after it";
  EXPECT_FALSE(is_within(night, at("2026-07-03T05:00:00Z"))) << "Friday morning belongs to Thursday";
  const TimeWindow& summer = *policy->rules[2].during;
  EXPECT_FALSE(is_within(summer, at("2026-05-31T23:59:59Z")));
  EXPECT_TRUE(is_within(summer, at("2026-06-01T00:00:00Z")));
  EXPECT_FALSE(is_within(summer, at("2026-09-01T00:00:00Z")));
  EXPECT_THAT(
      problems_of(with_policy(
          "rules:\n  - {id: a, verdict: allow, during: {timezone: Europe/Berln, from: '25:00', days: [mon]}}\n")),
      ElementsAre(HasSubstr("no time zone \"Europe/Berln\""), HasSubstr("expected a time from 00:00 to 23:59"),
                  HasSubstr("expected one of monday")));
}

TEST(PolicySet, FindsRulesByToolAndClassInTheOrderOfTheirNames) {
  auto project = loaded(with_policy(R"(rules:
  - {id: z, tools: [bank.pay], verdict: allow}
  - {id: b, classes: [money], verdict: allow}
  - {id: a, tools: [bank.*], verdict: allow}
  - {id: c, classes: [read], verdict: allow}
  - {id: d, tools: [bank.pay], classes: [read], verdict: allow}
  - {id: e, tools: [policy.change], verdict: allow}
)"));
  std::vector<std::string> names;
  for (const auto* rule : project->policy_set->rules_for("bank", "pay", EffectClass::money))
    names.push_back(rule->name);
  EXPECT_THAT(names, ElementsAre("p/a", "p/b", "p/z"));
  EXPECT_TRUE(project->policy_set->governs_change());
}

}  // namespace
}  // namespace gantry::definition
