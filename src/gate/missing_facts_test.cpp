// A fact that is missing denies, whatever the condition computes with it.
#include "gate/policy_fixture.h"

namespace gantry::gate {
namespace {

class MissingFactsTest : public PolicyFilesTest {
 protected:
  void rules(const std::string& body) {
    project = project_of({{"policies/p.yaml", "policy: p\nversion: 1.0.0\n" + body},
                          {"tools/shop.yaml",
                           "tool: shop\nversion: 1.0.0\ndriver: count\noperations:\n"
                           "  order: {class: money, arguments: {type: object, additionalProperties: true}}\n"}});
  }
  void rule(const std::string& rung, const std::string& condition) {
    rules("rules:\n  - id: a\n    " + rung + ": >-\n      " + condition + "\n");
  }
  VerdictKind order(const char* arguments) {
    tool::Effect effect = effect_of("order", json(arguments));
    effect.tool = "shop";
    (void)tool::complete_effect(effect, *project);
    spent(effect, 0);
    return check(effect).kind;
  }

  static constexpr const char* whole = R"({"items":[{"price":5},{"price":6}],"amount":5,"fee":1,"note":"x"})";
  static constexpr const char* holes[4] = {R"({"items":[{"price":5},{}]})",
                                           R"({"items":[{"price":5},{"price":null}],"amount":5})",
                                           R"({"items":[{}],"fee":1,"note":null})", "{}"};
};

TEST_F(MissingFactsTest, WhateverIsComputedWithThem) {
  for (const std::string condition : {"(.args.items|map(.price)|add) <= 100",
                                      "([.args.items[].price]|add) <= 100",
                                      "add(.args.items[].price) <= 100",
                                      "([.args.items[].price]|max) <= 100",
                                      "([.args.items[].price]|min) <= 100",
                                      "(.args.items|max_by(.price)|.price) <= 100",
                                      "(.args.items|sort_by(.price)|first|.price) <= 100",
                                      "(reduce .args.items[] as $i (0; . + $i.price)) <= 100",
                                      "(.args.items|map(.price)|add // 0) <= 100",
                                      "((.args.items|map(.price)|add)? // 0) <= 100",
                                      "try ((.args.items|map(.price)|add) <= 100) catch true",
                                      "((.args.items|map(.price)|max) // 0) <= 100",
                                      "(.args|.amount + .fee) <= 100",
                                      "(.args|[.amount,.fee]|add) <= 100",
                                      "(.args|.note|length) <= 5",
                                      "(.[\"args\"].note|length) <= 5",
                                      "(.\"args\".note|length) <= 5",
                                      "(.args | .note as $n | $n|length) <= 5",
                                      "((.args|.note|IN(\"evil\"))|not)",
                                      "(.args|\"\\(.note)\") != \"evil\"",
                                      "(.args|.note) as $n | ([\"evil\"]|index($n)) == null",
                                      "((.args|{n: .note}) != {n: \"evil\"})",
                                      "(argument(\"items\")|map(.price)|add) <= 100",
                                      "($facts.args|.note|tostring) != \"evil\"",
                                      "(first(.args.items[]|select(.price > 100)) // null) == null"}) {
    rule("allow", condition);
    EXPECT_EQ(order(whole), VerdictKind::allow) << condition;
    bool one_denied = false;
    for (const char* arguments : holes) one_denied = one_denied || order(arguments) == VerdictKind::deny;
    EXPECT_TRUE(one_denied) << condition;
    EXPECT_EQ(order(holes[3]), VerdictKind::deny) << condition;
    if (condition.find("price") != std::string::npos) {
      for (const char* arguments : {holes[0], holes[1], holes[2]})
        EXPECT_EQ(order(arguments), VerdictKind::deny) << condition;
    }
    if (condition.find("note") != std::string::npos) {
      EXPECT_EQ(order(holes[2]), VerdictKind::deny) << condition;
    }
    rule("deny", "(" + condition + ") | not");
    EXPECT_EQ(order(holes[3]), VerdictKind::deny) << condition;
  }
}

TEST_F(MissingFactsTest, WhatTheConditionSaysOfAbsenceCounts) {
  for (const std::string condition :
       {"((.args.items // [])|map(.price // 0)|add // 0) <= 100", "(.args.note // \"\"|length) <= 5",
        "(.args.note?|length) <= 5", "(.args|.note) == null or (.args.note // \"\"|length) <= 5",
        "(.args|.note // \"\"|length) <= 5", "(.args|has(\"note\")|not) or true",
        "((.args.amount // 0) + (.args.fee // 0)) <= 100", "[.args.items // []|.[].price|values]|all(. <= 100)",
        "(.[\"args\"].note == null) or true", ".args.note == null or .args.note != \"evil\"",
        "has_argument(\"nothing\")|not"}) {
    rule("allow", condition);
    EXPECT_EQ(order(whole), VerdictKind::allow) << condition;
    for (const char* arguments : holes) EXPECT_EQ(order(arguments), VerdictKind::allow) << condition << arguments;
  }
}

TEST_F(MissingFactsTest, ABudgetIsNotChargedLessForThem) {
  rules(
      "rules:\n  - {id: all, verdict: allow}\nbudgets:\n"
      "  - {id: spend, scope: run, classes: [money], max: 100, sum: '[.args.items[].price] | add'}\n");
  EXPECT_EQ(order(whole), VerdictKind::allow);
  for (const char* arguments : holes) EXPECT_EQ(order(arguments), VerdictKind::deny) << arguments;
}

}  // namespace
}  // namespace gantry::gate
