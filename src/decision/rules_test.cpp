#include "decision/rules.h"

#include <gmock/gmock.h>

#include "definition/project.h"
#include "value/json.h"

namespace gantry::decision {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The project with the one decision `d`; kept by the caller while the decision is used.
definition::ProjectPointer project_with(const std::string& rest) {
  auto result =
      definition::load_project({{"decisions/d.yaml", "decision: d\nversion: 1.0.0\nquestion: What?\n" + rest}});
  if (auto* problems = std::get_if<definition::Problems>(&result)) {
    for (const auto& problem : *problems) ADD_FAILURE() << format(problem);
    return nullptr;
  }
  return std::get<definition::ProjectPointer>(result);
}

Result<Answer> decide(const std::string& rest, const Value& input) {
  auto project = project_with(rest);
  if (!project) return Error{Code::internal, "not loaded"};
  return decide_by_rules(*project->decisions.at("d"), input, Timestamp());
}

Result<Answer> decide(const std::string& rest, const char* json) {
  return decide(rest, *parse_json(json));
}

constexpr const char* weights = R"(
answer: {type: object, required: [action]}
data: {limit: 30480}
inputs: {weight: .weight}
rules:
  - {id: heavy, match: {weight: ">30480"}, priority: 1, answer: {action: stop, over: "${ .weight - $data.limit }"}}
  - {id: odd, when: .odd, priority: 2, answer: {action: look}}
  - {id: late, when: .late == true, priority: 2, answer: {action: hurry}}
)";

std::string weights_with(const std::string& hit_policy, const std::string& more = "") {
  std::string text = std::string(weights) + "hitPolicy: " + hit_policy + "\n" + more;
  // `priority` stands only where it has a meaning.
  if (hit_policy != "priority")
    for (std::size_t at; (at = text.find(", priority: ")) != std::string::npos;) text.erase(at, 13);
  return text;
}

TEST(Rules, AnswerWithTheOneThatMatches) {
  auto answer = decide(weights_with("unique"), R"({"weight":30500,"odd":false})");
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_TRUE(answer->matched);
  EXPECT_EQ(answer->answer, *parse_json(R"({"action":"stop","over":20})"));
  EXPECT_THAT(answer->rules, ElementsAre("heavy"));
}

TEST(Rules, NameBothWhenTwoMatchWithUnique) {
  auto answer = decide(weights_with("unique"), R"({"weight":30500,"odd":true})");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message,
            "decision 'd': rules 'heavy' and 'odd' both match; with hitPolicy unique one rule may");
}

TEST(Rules, AnswerWithTheFirst) {
  auto answer = decide(weights_with("first"), R"({"weight":1,"odd":true,"late":true})");
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_THAT(answer->rules, ElementsAre("odd"));
  // A condition behind the first match is not looked at.
  EXPECT_TRUE(decide(weights_with("first"), R"({"weight":30500,"odd":"not a boolean"})").ok());
}

TEST(Rules, AnswerWithTheHighestPriorityAndTheFirstOfEquals) {
  EXPECT_THAT(decide(weights_with("priority"), R"({"weight":30500,"odd":true,"late":true})")->rules,
              ElementsAre("odd"));
  EXPECT_THAT(decide(weights_with("priority"), R"({"weight":30500,"odd":false,"late":true})")->rules,
              ElementsAre("late"));
  EXPECT_THAT(decide(weights_with("priority"), R"({"weight":30500,"odd":false})")->rules, ElementsAre("heavy"));
}

TEST(Rules, CollectAllAnswersInTheirOrder) {
  std::string text = R"(
answer: {type: array, items: {type: string}}
hitPolicy: collect
inputs: {n: .n}
rules:
  - {id: small, match: {n: "<10"}, answer: small}
  - {id: even, when: .n % 2 == 0, answer: even}
)";
  auto both = decide(text, R"({"n":4})");
  ASSERT_TRUE(both.ok()) << both.error().message;
  EXPECT_EQ(both->answer, *parse_json(R"(["small","even"])"));
  EXPECT_THAT(both->rules, ElementsAre("small", "even"));
  auto none = decide(text, R"({"n":11})");
  EXPECT_TRUE(none->matched);
  EXPECT_EQ(none->answer, *parse_json("[]"));
  EXPECT_THAT(none->rules, IsEmpty());
}

TEST(Rules, FallBackToTheDefaultOrToTheNextDecider) {
  auto answer =
      decide(weights_with("unique", "default: {action: note, seen: '${ .weight }'}\n"), R"({"weight":1,"odd":false})");
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->answer, *parse_json(R"({"action":"note","seen":1})"));
  EXPECT_THAT(answer->rules, ElementsAre("default"));
  auto nothing = decide(weights_with("unique"), R"({"weight":1,"odd":false})");
  ASSERT_TRUE(nothing.ok());
  EXPECT_FALSE(nothing->matched);
  EXPECT_THAT(nothing->rules, IsEmpty());
}

TEST(Rules, RefuseInputsAndAnswersThatDoNotFit) {
  std::string text = R"(
input: {type: object, required: [n]}
answer: {type: object, required: [size], properties: {size: {enum: [small, large]}}}
rules: [{id: r, answer: {size: "${ .n }"}}]
)";
  EXPECT_TRUE(decide(text, R"({"n":"small"})").ok());
  auto input = decide(text, "{}");
  ASSERT_FALSE(input.ok());
  EXPECT_THAT(input.error().message, HasSubstr("decision 'd': the input does not fit its schema: "));
  auto answer = decide(text, R"({"n":"huge"})");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::invalid_argument);
  EXPECT_THAT(answer.error().message, HasSubstr("decision 'd', rule 'r': the answer does not fit its schema: "));
}

TEST(Rules, NameWhatFails) {
  std::string text = R"(
answer: true
inputs: {n: .n | tonumber}
rules: [{id: r, match: {n: "<5"}, when: .a, answer: "${ .b | error }"}]
)";
  EXPECT_THAT(decide(text, R"({"n":"x"})").error().message, HasSubstr("decision 'd', column 'n': "));
  EXPECT_EQ(decide(text, R"({"n":1,"a":5})").error().message,
            "decision 'd', rule 'r', when: expected true or false, found number");
  EXPECT_THAT(decide(text, R"({"n":1,"a":true,"b":"no"})").error().message,
              HasSubstr("decision 'd', rule 'r', answer: "));
}

TEST(Rules, LabelTheAnswerWithWhatSelectedIt) {
  Label untrusted = Label::of({Integrity::untrusted, Secrecy::public_, {"tool:mail.read"}, {}});
  Value input = Value::object({{"weight", Value(31000).labelled(untrusted)}, {"odd", Value(false)}});
  std::string literal = R"(
answer: true
hitPolicy: first
inputs: {weight: .weight, odd: .odd}
rules:
  - {id: odd, match: {odd: true}, answer: look}
  - {id: heavy, match: {weight: ">30480"}, answer: stop}
  - {id: rest, answer: go}
)";
  EXPECT_EQ(decide(literal, input)->answer.label(), untrusted);
  // That it is the rest is known from the weight, too.
  Value light = Value::object({{"weight", Value(1).labelled(untrusted)}, {"odd", Value(false)}});
  EXPECT_EQ(decide(literal, light)->answer.label(), untrusted);
  // The first rule did not look at the weight.
  Value odd = Value::object({{"weight", Value(1).labelled(untrusted)}, {"odd", Value(true)}});
  EXPECT_TRUE(decide(literal, odd)->answer.label().is_default());
}

TEST(Rules, AnswerThousandsOfInputsQuickly) {
  // No clock: the work is bounded by the steps each input may take.
  std::string text = "answer: true\nhitPolicy: first\ninputs: {kind: .kind, weight: .weight}\nrules:\n";
  for (int i = 0; i < 10; ++i)
    text += "  - {id: r" + std::to_string(i) + ", match: {kind: k" + std::to_string(i) + ", weight: '>" +
            std::to_string(i) + "'}, answer: " + std::to_string(i) + "}\n";
  auto project = project_with(text);
  ASSERT_TRUE(project);
  expression::Limits limits;
  limits.steps_max = 50;
  for (int i = 0; i < 4'000; ++i) {
    Value input = Value::object({{"kind", Value("k" + std::to_string(i % 10))}, {"weight", Value(100)}});
    auto answer = decide_by_rules(*project->decisions.at("d"), input, Timestamp(), limits);
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    ASSERT_EQ(answer->answer, Value(i % 10));
  }
}

}  // namespace
}  // namespace gantry::decision
