// Decisions: what their files become, and what is wrong with wrong ones. How rules answer: decision/rules_test.cpp.
#include "definition/decision.h"

#include <gmock/gmock.h>

#include "definition/project_fixture.h"

namespace gantry::definition {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The head of a decision in four lines; what follows starts in line 5.
std::string decision_text(const std::string& rest, const std::string& input = "true") {
  return "decision: d\nversion: 1.0.0\nquestion: What?\ninput: " + input + "\n" + rest;
}

std::vector<std::string> decision_problems(const std::string& text) {
  std::vector<std::string> lines;
  for (const std::string& line : problems_of({{"decisions/d.yaml", text}}))
    lines.push_back(line.substr(line.find(':') + 1));
  return lines;
}

// Whether the cell, as it is written in YAML, accepts the JSON value.
bool accepts(const std::string& cell, const std::string& json) {
  auto project =
      loaded({{"decisions/d.yaml", decision_text("answer: true\ninputs: {x: .x}\nrules: [{id: r, match: {x: " + cell +
                                                 "}, answer: 1}]\n")}});
  return !project->decisions.empty() && matches(project->decisions.at("d")->rules.at(0).cells.at(0), from_json(json));
}

TEST(Decision, IsReadWithAllItsParts) {
  auto project = loaded({{"decisions/d.yaml", decision_text(R"(answer: {type: object, required: [action]}
data: {limit: 30480}
deciders: [rules, {person: {roles: [vessel_planner, foreman]}}]
hitPolicy: priority
inputs: {kind: .kind, weight: .container.weightKg}
rules:
  - {id: heavy, description: Too heavy., match: {kind: weight, weight: "> 30480"}, when: .container.full, priority: 10, answer: {action: stop, reason: "${ $data.limit }"}}
  - {id: other, answer: {action: note}}
default: {action: "${ .fallback }"}
)")}});
  const Decision& decision = *project->decisions.at("d");
  EXPECT_EQ(decision.question, "What?");
  EXPECT_EQ(decision.hit_policy, HitPolicy::priority);
  EXPECT_EQ(decision.data.integer_or("limit", 0), 30480);
  ASSERT_EQ(decision.deciders.size(), 2U);
  EXPECT_EQ(decision.deciders[1].kind, Decider::Kind::person);
  EXPECT_THAT(decision.deciders[1].roles, ElementsAre("vessel_planner", "foreman"));
  ASSERT_EQ(decision.rules.size(), 2U);
  EXPECT_EQ(decision.rules[0].priority, 10);
  EXPECT_TRUE(decision.rules[0].when.has_value());
  EXPECT_TRUE(std::holds_alternative<AnyValue>(decision.rules[1].cells.at(1).test));
  EXPECT_TRUE(decision.fallback.has_value());
  EXPECT_EQ(decision.answer_schema.find("type")->as_string(), "object");
}

TEST(DecisionCells, CompareNumbers) {
  EXPECT_TRUE(accepts("'<=5'", "5"));
  EXPECT_FALSE(accepts("'<5'", "5"));
  EXPECT_TRUE(accepts("'> 30480'", "30480.5"));
  EXPECT_FALSE(accepts("'> 30480'", "30480"));
  EXPECT_TRUE(accepts("'>=-1e3'", "-1000"));
  EXPECT_FALSE(accepts("'>=1'", "\"2\""));
  EXPECT_FALSE(accepts("'>=1'", "null"));
}

TEST(DecisionCells, TakeRangesWithClosedAndOpenEnds) {
  EXPECT_TRUE(accepts("1..5", "1"));
  EXPECT_TRUE(accepts("1..5", "5"));
  EXPECT_FALSE(accepts("1..5", "5.01"));
  EXPECT_FALSE(accepts("'(1..5]'", "1"));
  EXPECT_TRUE(accepts("'(1..5]'", "5"));
  EXPECT_FALSE(accepts("'[1..5)'", "5"));
  EXPECT_TRUE(accepts("'-2.5 .. -1'", "-2"));
}

TEST(DecisionCells, TakeLiteralsListsAndAnything) {
  EXPECT_TRUE(accepts("reefer", "\"reefer\""));
  EXPECT_FALSE(accepts("reefer", "\"dry\""));
  EXPECT_TRUE(accepts("[reefer, dry, 5, true, null]", "null"));
  EXPECT_TRUE(accepts("[reefer, dry, 5, true, null]", "5.0"));
  EXPECT_FALSE(accepts("[reefer, dry]", "\"tank\""));
  EXPECT_TRUE(accepts("true", "true"));
  EXPECT_FALSE(accepts("true", "\"true\""));
  EXPECT_TRUE(accepts("null", "null"));
  EXPECT_TRUE(accepts("'-'", "{\"any\":1}"));
  EXPECT_TRUE(accepts("['-', '<5']", "\"<5\""));
  EXPECT_FALSE(accepts("['-', '<5']", "3"));
  EXPECT_TRUE(accepts("a..b", "\"a..b\""));
}

TEST(DecisionProblems, AreReportedInPlace) {
  EXPECT_THAT(
      decision_problems(R"(decision: d
version: 1.0.0
hitPolicy: frist
deciders: [rules, rules, {model: {}}, {person: {role: x}}, people]
inputs: {kind: .kind, weight: .x +}
answer: {type: object, required: [action], properties: {action: {enum: [stop, go]}}}
rules:
  - {id: a, match: {kid: x}, answer: {action: stopp}}
  - {id: a, match: {kind: "<x"}, answer: {}}
  - {match: {kind: "5..1"}, answer: {action: "${ .x }"}, priority: 1}
  - {id: b, match: {kind: {}}, when: .a |, answer: {action: "${ $dta }"}}
  - {id: c, match: {kind: "1..x"}}
  - {id: e, match: {kind: []}, answer: {action: go}}
default: {action: wait}
)"),
      ElementsAre(
          "1:1: 'question' is missing in a decision",
          "3:12: expected one of unique, first, collect, priority, found the text \"frist\"; did you mean 'first'?",
          "4:19: this decider is in the list already", "4:27: the decider 'model' is not supported yet",
          "4:49: unknown key 'role' in 'person'; did you mean 'roles'?",
          "4:60: expected rules or {person: {roles: [...]}}, found the text \"people\"", HasSubstr("5:"),
          "8:21: no column 'kid' under 'inputs'; did you mean 'kind'?", HasSubstr("8:47: /action: "),
          HasSubstr("9:5: rule 'a' is there already, in line 8"),
          "9:27: expected a comparison with a number such as \"<=5\", found the text \"<x\"; text that only looks like "
          "this is written in a list: [\"<x\"]",
          HasSubstr("9:42: "), HasSubstr("10:5: 'id' is missing in a rule"), "10:20: no number is in the text \"5..1\"",
          "10:58: 'priority' has a meaning only with 'hitPolicy: priority'",
          HasSubstr("11:27: expected a literal, a list of literals"), HasSubstr("11:"), HasSubstr("11:"),
          HasSubstr("12:5: 'answer' is missing in a rule"), HasSubstr("12:27: expected a range such as"),
          HasSubstr("13:27: expected a list of 1 to 1000 literals"), HasSubstr("14:19: /action: ")));
}

TEST(DecisionProblems, OfRulesWithoutTheirDecider) {
  EXPECT_THAT(decision_problems(decision_text("answer: true\n")),
              ElementsAre("1:1: rules decide, but 'rules' is missing"));
  EXPECT_THAT(decision_problems(
                  decision_text("answer: true\ndeciders: [{person: {roles: [x]}}]\nrules: [{id: a, answer: 1}]\n")),
              ElementsAre("7:1: the decision has rules, but 'rules' is not one of its deciders"));
  EXPECT_THAT(decision_problems(decision_text("answer: true\ndeciders: [{person: {roles: [x]}}]\n")), IsEmpty());
}

TEST(DecisionOverlaps, AreReportedForUniqueWithAnExample) {
  std::string rules = R"(answer: true
inputs: {kind: .kind, weight: .weight}
rules:
  - {id: heavy, match: {kind: [reefer, dry], weight: ">30000"}, answer: 1}
  - {id: light, match: {kind: dry, weight: "<=30000"}, answer: 2}
  - {id: dry, match: {kind: dry}, answer: 3}
  - {id: tank, match: {kind: tank}, when: .x, answer: 4}
  - {id: tank2, match: {kind: tank}, answer: 5}
)";
  EXPECT_THAT(decision_problems(decision_text(rules)),
              ElementsAre("10:5: rules 'heavy' and 'dry' both answer {\"kind\":\"dry\",\"weight\":30001}; with "
                          "hitPolicy unique one rule may",
                          "10:5: rules 'light' and 'dry' both answer {\"kind\":\"dry\",\"weight\":0}; with hitPolicy "
                          "unique one rule may"));
  EXPECT_THAT(decision_problems(decision_text(rules + "hitPolicy: first\n")), IsEmpty());
}

TEST(DecisionOverlaps, KnowWhichNumbersThereAre) {
  std::string rules = R"(answer: true
inputs: {n: .n}
rules:
  - {id: a, match: {n: "<3"}, answer: 1}
  - {id: b, match: {n: ">2"}, answer: 2}
default: 3
)";
  EXPECT_THAT(decision_problems(decision_text(rules)),
              ElementsAre(HasSubstr("rules 'a' and 'b' both answer {\"n\":2.5}")));
  EXPECT_THAT(decision_problems(decision_text(rules, "{type: object, properties: {n: {type: integer}}}")), IsEmpty());
}

TEST(DecisionGaps, AreReportedWhereTheInputIsKnown) {
  std::string schema =
      "{type: object, required: [kind, full], properties: {kind: {enum: [dry, tank]}, full: {type: boolean}}}";
  std::string head = "answer: true\ninputs: {kind: .kind, full: .full}\nrules:\n";
  std::string rules =
      "  - {id: a, match: {kind: dry}, answer: 1}\n  - {id: b, match: {kind: tank, full: true}, answer: 2}\n";
  std::string gap =
      "7:1: no rule answers {\"kind\":\"tank\",\"full\":false}; add a rule, a 'default', or a person to 'deciders'";
  EXPECT_THAT(decision_problems(decision_text(head + rules, schema)), ElementsAre(gap));
  EXPECT_THAT(decision_problems(
                  decision_text(head + rules + "  - {id: c, match: {kind: tank, full: false}, answer: 3}\n", schema)),
              IsEmpty());
  EXPECT_THAT(decision_problems(decision_text(head + rules + "default: 3\n", schema)), IsEmpty());
  EXPECT_THAT(decision_problems(decision_text(head + rules + "deciders: [rules, {person: {roles: [x]}}]\n", schema)),
              IsEmpty());
  EXPECT_THAT(decision_problems(decision_text(head + rules)), IsEmpty());  // any input: not decidable
}

TEST(DecisionGaps, CountAbsentMembersAsNull) {
  std::string rules =
      "answer: true\ninputs: {kind: .kind}\nrules:\n  - {id: a, match: {kind: [dry, tank]}, answer: 1}\n";
  std::string schema = "{type: object, properties: {kind: {enum: [dry, tank]}}}";
  EXPECT_THAT(decision_problems(decision_text(rules, schema)),
              ElementsAre(HasSubstr("no rule answers {\"kind\":null}")));
}

TEST(DecisionGaps, AreFoundBetweenIntervals) {
  auto gaps = [](const std::string& first, const std::string& second, const std::string& type) {
    return decision_problems(
        decision_text("answer: true\ninputs: {n: .n}\nrules:\n  - {id: a, match: {n: '" + first +
                          "'}, answer: 1}\n  - {id: b, match: {n: '" + second + "'}, answer: 2}\n",
                      "{type: object, required: [n], properties: {n: {type: " + type + ", minimum: 0, maximum: 10}}}"));
  };
  EXPECT_THAT(gaps("<5", ">5", "integer"), ElementsAre(HasSubstr("no rule answers {\"n\":5}")));
  EXPECT_THAT(gaps("<5", ">=5", "integer"), IsEmpty());
  EXPECT_THAT(gaps("<=4", ">=5", "integer"), IsEmpty());
  EXPECT_THAT(gaps("<=4", ">=5", "number"), ElementsAre(HasSubstr("no rule answers {\"n\":4.5}")));
  EXPECT_THAT(gaps("0..4", "5..9", "integer"), ElementsAre(HasSubstr("no rule answers {\"n\":10}")));
  EXPECT_THAT(gaps("<5", "5..99", "number"), IsEmpty());
}

}  // namespace
}  // namespace gantry::definition
