#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trial/attack.h"
#include "trial/case_run.h"
#include "trial/condition_view.h"
#include "trial/difference.h"
#include "trial/lint.h"
#include "trial/mutation.h"
#include "value/json.h"

namespace gantry::trial {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr const char* bank = R"(
tool: bank
version: 1.0.0
driver: echo
operations:
  history: {class: read, label: {integrity: untrusted, secrecy: confidential}, labels: [{path: /*/to, integrity: internal, secrecy: internal}]}
  pay: {class: money, authority: [to], arguments: {type: object, required: [amount], properties: {amount: {type: number}, to: {type: string}, text: {type: string}}}}
)";

definition::ProjectPointer project_with(const std::string& policy) {
  auto loaded = definition::load_project(
      {{"tools/bank.yaml", bank}, {"policies/p.yaml", "policy: p\nversion: 1.0.0\n" + policy}});
  if (auto* problems = std::get_if<definition::Problems>(&loaded)) {
    for (const auto& problem : *problems) ADD_FAILURE() << definition::format(problem);
    return std::make_shared<const definition::Project>();
  }
  return std::get<definition::ProjectPointer>(loaded);
}

std::vector<Case> cases_of(const std::string& text, const definition::ProjectPointer& project) {
  auto cases = read_cases({{"policies/tests/c.yaml", "policyTest: c\ncases:\n" + text}}, *project);
  if (auto* problems = std::get_if<definition::Problems>(&cases)) {
    for (const auto& problem : *problems) ADD_FAILURE() << definition::format(problem);
    return {};
  }
  return std::get<std::vector<Case>>(std::move(cases));
}

// What the gate says to the one case, without its reason.
std::string verdict_of(const std::string& policy, const std::string& body) {
  const auto project = project_with(policy);
  const auto cases = cases_of("  - {name: a, effect: bank.pay, expect: deny, " + body + "}\n", project);
  return cases.empty() ? "" : text_of(judge_case(cases[0], project));
}

constexpr const char* ask_origin =
    "rules: [{id: a, tools: [bank.pay], allow: 'at_least(\"to\"; \"internal\")', else: deny}]\n";

TEST(Case, AnArgumentIsAsGoodAsThePlaceThatItComesFrom) {
  EXPECT_EQ(verdict_of(ask_origin, "arguments: {amount: 1, to: X9}, labels: untrusted"), "deny");
  EXPECT_EQ(verdict_of(ask_origin, "arguments: {amount: 1, to: X9}, from: {to: request}, labels: untrusted"), "allow");
  EXPECT_EQ(verdict_of(ask_origin, "arguments: {amount: 1, to: X9}, from: {to: bank.history/*/to}"), "allow");
  EXPECT_EQ(verdict_of(ask_origin, "arguments: {amount: 1, to: X9}, from: {to: bank.history/*/from}"), "deny");
  EXPECT_EQ(verdict_of(ask_origin, "arguments: {amount: 1, to: X9}, from: {to: 'event:a.b/data/x'}"), "deny");
  EXPECT_EQ(verdict_of(ask_origin, "arguments: {amount: 1, to: X9}, from: {to: 'answer:bob'}"), "allow");
  EXPECT_EQ(verdict_of(ask_origin, "arguments: {amount: 1, to: X9}, from: {to: pasted}"), "deny");
  EXPECT_EQ(verdict_of(ask_origin, "arguments: {amount: 1, to: X9}, labels: {'*': untrusted, to: internal}"), "allow");
}

TEST(Case, TheRunIsLabelledAsToolsAndPoliciesSay) {
  EXPECT_EQ(verdict_of(ask_origin,
                       "arguments: {amount: 1, to: X9}, labels: untrusted, run: {results: [{tool: bank.history, value: "
                       "[{to: X9}]}]}"),
            "allow");
  EXPECT_EQ(verdict_of(ask_origin,
                       "arguments: {amount: 1, to: X9}, labels: untrusted, run: {results: [{tool: bank.history, value: "
                       "[{from: X9}]}]}"),
            "deny");
  const std::string context =
      "rules: [{id: a, tools: [bank.pay], allow: 'context_at_most(\"internal\")', else: deny}]\n";
  EXPECT_EQ(verdict_of(context, "arguments: {amount: 1}"), "allow");
  EXPECT_EQ(verdict_of(context, "arguments: {amount: 1}, run: {context: {integrity: trusted, secrecy: secret}}"),
            "deny");
  EXPECT_EQ(verdict_of(context, "arguments: {amount: 1}, run: {results: [{tool: bank.history, value: [{from: X9}]}]}"),
            "deny");
}

TEST(Case, InvariantsAreHeldOverWhatTheRunHasDone) {
  const std::string policy =
      "invariants:\n  - {id: seen, never: bank.pay, unless: {done: bank.history, result: '.[0].to == \"X9\"'}}\n"
      "  - {id: once, never: bank.pay, moreThan: 1}\n"
      "rules: [{id: a, tools: [bank.pay], verdict: allow}]\n";
  EXPECT_EQ(verdict_of(policy, "arguments: {amount: 1}"), "deny");
  EXPECT_EQ(verdict_of(policy, "arguments: {amount: 1}, run: {results: [{tool: bank.history, value: [{to: X9}]}]}"),
            "allow");
  EXPECT_EQ(verdict_of(policy, "arguments: {amount: 1}, run: {results: [{tool: bank.history, value: [{to: X8}]}]}"),
            "deny");
  EXPECT_EQ(verdict_of(policy,
                       "arguments: {amount: 1}, spent: {p/once: 1}, "
                       "run: {results: [{tool: bank.history, value: [{to: X9}]}]}"),
            "deny");
}

TEST(Case, AListStandsInForThatOfThePolicy) {
  const std::string policy =
      "lists: {good: {key: id, values: [{id: X1}]}}\nrules: [{id: a, tools: [bank.pay], allow: 'in_list(\"to\"; "
      "\"good\")', else: deny}]\n";
  EXPECT_EQ(verdict_of(policy, "arguments: {amount: 1, to: X1}"), "allow");
  EXPECT_EQ(verdict_of(policy, "arguments: {amount: 1, to: X1}, lists: {good: []}"), "deny");
  EXPECT_EQ(verdict_of(policy, "arguments: {amount: 1, to: X2}, lists: {good: [X2, {id: X3}]}"), "allow");
}

TEST(Case, PartsOfAnExplanationAreFoundWhereverTheyStand) {
  const auto value = [](const char* text) { return *parse_json(text); };
  EXPECT_TRUE(contains(value(R"({"a": [{"b": 1, "c": 2}, 3]})"), value(R"({"a": [{"c": 2}]})")));
  EXPECT_FALSE(contains(value(R"({"a": [{"b": 1}]})"), value(R"({"a": [{"b": 2}]})")));
  EXPECT_FALSE(contains(value("[1]"), value(R"({"a": 1})")));
}

TEST(ConditionView, SeesWhatIsTiedToWhatAModelCanNotChoose) {
  const auto view = [](const char* text) {
    return view_of(std::get<definition::Condition>(definition::prepare_condition(text)));
  };
  EXPECT_THAT(view(".args.amount <= 5").bound, IsEmpty());
  EXPECT_THAT(view(R"(requested("to"))").bound, ElementsAre("to"));
  EXPECT_THAT(view(R"(.args.to == "X" and .args.from == .principal.person)").bound, ElementsAre("from", "to"));
  EXPECT_THAT(view(R"(.args.to | IN("X", "Y"))").bound, ElementsAre("to"));
  EXPECT_THAT(view(R"(.args.to | test("^X"))").bound, IsEmpty());
  EXPECT_THAT(view(R"(.args.to | test("\\AX\\z"))").bound, ElementsAre("to"));
  EXPECT_THAT(view(R"(.args.to | test("^X|Y$"))").bound, IsEmpty()) << "each anchor holds for its branch";
  EXPECT_THAT(view(R"(.args.to | test("^(X|[|)])$|^Y\\|$"))").bound, ElementsAre("to"));
  EXPECT_THAT(view(R"((.args.to == "X" and .lists.good[.args.from]) | not)").bound, IsEmpty());
  EXPECT_THAT(view(R"(.labels.arguments.to.integrity == "internal")").bound, ElementsAre("to"));
  EXPECT_THAT(view(R"(.labels.arguments.to.integrity == "untrusted")").bound, IsEmpty());
  EXPECT_THAT(view(R"(.args.to as $to | .lists.good | has($to))").bound, ElementsAre("to"));
  EXPECT_TRUE(view(R"(.labels.integrity == "trusted")").everything);
  EXPECT_TRUE(view("authority_requested").authority);
  EXPECT_THAT(view(R"(.args.note? // "x" | length < 9)").arguments, ElementsAre("note"));
}

TEST(Mutation, TheSameSeedGivesTheSameCallsAndEachChangesOneThing) {
  const auto project = project_with(
      "lists: {good: {values: [X1, X2]}}\nrules: [{id: a, tools: [bank.pay], allow: '.args.amount < 250 and "
      "in_list(\"to\"; \"good\")'}]\n");
  const definition::Operation& pay = *project->find_operation("bank", "pay");
  const AttackHints hints = hints_of(*project);
  EXPECT_THAT(hints.numbers, Contains(250));
  const Value call = *parse_json(R"({"amount": 5, "to": "X1", "text": "hello"})");
  const MutationSource source{pay, pay.effect_class, hints, nullptr, 3};
  const auto first = mutations_of(call, source), second = mutations_of(call, source);
  ASSERT_EQ(first.size(), second.size());
  std::set<std::string> kinds;
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].arguments, second[i].arguments);
    kinds.insert(first[i].kind);
    if (i > 0) {
      EXPECT_FALSE(first[i].arguments == call) << first[i].kind;
    }
  }
  for (const char* kind : {"same-call", "other-value", "look-alike", "hidden-text", "appended", "other-member",
                           "foreign-link", "huge-amount", "absent", "extra-argument"})
    EXPECT_THAT(kinds, Contains(kind));
}

TEST(Mutation, EveryOperationGetsArgumentsThatItsSchemaTakes) {
  const auto project = project_with("rules: []\n");
  const definition::Operation& pay = *project->find_operation("bank", "pay");
  const Value sample = sample_arguments(pay, {}, {{"to", Value("X1")}});
  EXPECT_THAT(pay.arguments->validate(sample), IsEmpty());
  EXPECT_EQ(sample.string_or("to", ""), "X1");
}

AttackReport attack(const std::string& policy) {
  Attacker attacker(project_with(policy), {});
  attacker.attack_operations();
  return attacker.take();
}

TEST(Attack, NothingRunsUnaskedWhereEverythingIsTiedAndReadsAreNoHoles) {
  const std::string budget = "budgets: [{id: b, scope: run, tools: [bank.pay], sum: .args.amount, max: 100}]\n";
  EXPECT_EQ(attack("rules: [{id: r, classes: [read], verdict: allow}]\n").holes, 0u);
  EXPECT_EQ(attack("rules: [{id: a, tools: [bank.pay], verdict: approve, approvers: [{role: x}]}]\n").holes, 0u);
  const auto good = attack(
      "rules: [{id: a, tools: [bank.pay], allow: 'authority_requested and .args.amount > 0 and .args.amount < 9 and "
      "((has_argument(\"text\") | not) or no_foreign_links(\"text\"))'}]\n" +
      budget);
  for (const AttackRow& row : good.rows)
    EXPECT_FALSE(row.is_hole) << row.kind << " " << row.argument << " " << print_json(row.arguments);
  EXPECT_GT(attack("rules: [{id: a, tools: [bank.pay], verdict: allow}]\n").holes, 5u);
}

TEST(Lint, FindsNothingInAnEmptyPolicyButOperationsWithoutARule) {
  std::vector<std::string> codes;
  for (const LintFinding& finding : lint(project_with("rules: []\n"), {})) codes.emplace_back(finding.kind->code);
  EXPECT_THAT(codes, ElementsAre("no-rule", "no-rule"));
}

TEST(Difference, CasesWhoseVerdictIsAnotherAreGroupedByHowItChanges) {
  const auto old = project_with("rules: [{id: a, tools: [bank.pay], allow: .args.amount < 9, else: deny}]\n");
  const auto next = project_with(
      "rules: [{id: a, tools: [bank.pay], allow: .args.amount < 5, else: approve, approvers: [{role: x}]}]\n");
  Difference difference(next);
  const auto cases = cases_of(
      "  - {name: a, effect: bank.pay, arguments: {amount: 1}, expect: allow}\n  - {name: b, effect: bank.pay, "
      "arguments: {amount: 6}, expect: approve}\n"
      "  - {name: c, effect: bank.pay, arguments: {amount: 7}, expect: approve}\n  - {name: d, effect: bank.pay, "
      "arguments: {amount: 10}, expect: approve}\n",
      next);
  for (const Case& one : cases) difference.add(one, old);
  const auto changes = difference.take();
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_EQ(changes[0].direction, Direction::looser);
  EXPECT_EQ(changes[1].direction, Direction::stricter);
  EXPECT_EQ(changes[1].count, 2u);
  EXPECT_THAT(changes[1].where, ElementsAre(HasSubstr("b ("), HasSubstr("c (")));
  EXPECT_EQ(difference.compared(), 4u);
}

TEST(Difference, MorePeopleAreLooserWhenTheRequesterMayBeOneOfThem) {
  const auto rule = [](const char* more) {
    return project_with("rules: [{id: a, tools: [bank.pay], verdict: approve, " + std::string(more) + "}]\n");
  };
  const auto excluded = rule("approvers: [{role: x}]"),
             included = rule("approvers: [{role: x, count: 2}], requesterExcluded: false");
  const auto cases = cases_of("  - {name: a, effect: bank.pay, arguments: {amount: 1}, expect: approve}\n", excluded);
  for (const auto& [from, to, direction] :
       {std::tuple(excluded, included, Direction::looser),
        std::tuple(rule("approvers: [{role: x, count: 2}]"), excluded, Direction::looser),
        std::tuple(rule("approvers: [{role: x}], requesterExcluded: false"), excluded, Direction::stricter)}) {
    Difference difference(to);
    difference.add(cases.at(0), from);
    const auto changes = difference.take();
    ASSERT_THAT(changes, SizeIs(1));
    EXPECT_EQ(changes[0].direction, direction);
  }
}

}  // namespace
}  // namespace gantry::trial
