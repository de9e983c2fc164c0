#include "gate/result_labels.h"

#include "gate/gate_fixture.h"
#include "gate/request_labels.h"

namespace gantry::gate {
namespace {

definition::LabelRule rule(std::vector<std::string> path, Integrity integrity, Secrecy secrecy, const char* when = "") {
  definition::LabelRule made;
  made.path = std::move(path);
  for (const std::string& token : made.path) made.any.push_back(token == "*");
  made.label = {.integrity = integrity, .secrecy = secrecy, .sources = {"tool:t.o"}, .compartments = {}};
  if (*when != '\0')
    made.when = definition::Expression{std::get<expression::ProgramPointer>(expression::compile(when)), when};
  return made;
}

Label undeclared() {
  return Label::of({Integrity::untrusted, Secrecy::confidential, {"tool:t.o"}, {}});
}

// "untrusted confidential", of the value and all in it, at a pointer's place.
std::string label_at(const Value& value, std::initializer_list<const char*> path) {
  Value at = value;
  for (const char* step : path) at = at.is_array() ? at.item(static_cast<std::size_t>(*step - '0')) : at.member(step);
  const LabelContent& content = at.label().content();
  return std::string(name_of(content.integrity)) + " " + name_of(content.secrecy);
}

TEST(ResultLabels, WithoutRulesLieOnTheWhole) {
  const Value labelled = with_declared_labels(json(R"([{"a":1}])"), {}, undeclared());
  EXPECT_EQ(labelled.label(), undeclared());
}

TEST(ResultLabels, AreThoseOfTheDeepestPathByField) {
  const std::vector rules{rule({"*", "amount"}, Integrity::internal, Secrecy::confidential),
                          rule({"*", "card"}, Integrity::internal, Secrecy::secret),
                          rule({"*", "card", "brand"}, Integrity::internal, Secrecy::internal)};
  const Value labelled = with_declared_labels(
      json(R"([{"amount": 5, "subject": "hi", "card": {"number": "1", "brand": "V"}}, {"amount": 6}])"), rules,
      undeclared());
  EXPECT_EQ(label_at(labelled, {"0", "amount"}), "internal confidential");
  EXPECT_EQ(label_at(labelled, {"0", "subject"}), "untrusted confidential");
  EXPECT_EQ(label_at(labelled, {"0", "card", "number"}), "internal secret");
  EXPECT_EQ(label_at(labelled, {"0", "card", "brand"}), "internal internal");
  EXPECT_EQ(label_at(labelled, {"1", "amount"}), "internal confidential");
  // How many there are is as good as what holds for all of them.
  EXPECT_EQ(label_at(labelled, {}), "internal internal");
  EXPECT_EQ(labelled.label().content().sources, std::vector<std::string>{"tool:t.o"});
}

TEST(ResultLabels, OfSeveralPoliciesAreJoinedWhateverTheirNames) {
  std::vector rules{rule({"a"}, Integrity::internal, Secrecy::public_),
                    rule({"a"}, Integrity::untrusted, Secrecy::public_),
                    rule({"a"}, Integrity::trusted, Secrecy::secret)};
  rules[0].group = 1;
  rules[1].group = 2;  // the last is the tool's own
  for (int order = 0; order < 2; ++order) {
    const Value labelled = with_declared_labels(json(R"({"a": 1})"), rules, undeclared());
    EXPECT_EQ(label_at(labelled, {"a"}), "untrusted public");
    std::swap(rules[0].label, rules[1].label);
  }
}

TEST(ResultLabels, OfAPolicyKeepWhatTheToolSaysWhereTheyLeaveItOut) {
  definition::Operation operation;
  operation.name = "rd";
  operation.result_label = Label::of({Integrity::untrusted, Secrecy::secret, {}, {"medical"}});
  definition::Policy policy;
  definition::PolicyLabel label;
  label.pattern = "s.rd";
  label.rule = rule({"low"}, Integrity::internal, Secrecy::confidential);
  label.rule.gives_integrity = true;
  policy.labels.labels.push_back(label);
  definition::Project policies;
  policies.policies["p"] = std::make_shared<definition::Policy>(policy);
  const Value labelled = labelled_result(json(R"({"low": "x"})"), operation, "s", &policies);
  EXPECT_EQ(label_at(labelled, {"low"}), "internal secret");
  EXPECT_EQ(labelled.member("low").label().content().compartments, std::vector<std::string>{"medical"});
}

TEST(ResultLabels, HoldOnlyWhereTheirConditionDoes) {
  const std::vector rules{
      rule({"*", "recipient"}, Integrity::internal, Secrecy::confidential, R"(.sender == "me")"),
      rule({"*", "recipient"}, Integrity::constrained, Secrecy::confidential, R"(.sender == "us")")};
  const Value labelled = with_declared_labels(
      json(R"([{"sender":"me","recipient":"a"},{"sender":"eve","recipient":"b"},{"sender":"us","recipient":"c"}])"),
      rules, undeclared());
  EXPECT_EQ(label_at(labelled, {"0", "recipient"}), "internal confidential");
  EXPECT_EQ(label_at(labelled, {"1", "recipient"}), "untrusted confidential");
  EXPECT_EQ(label_at(labelled, {"2", "recipient"}), "constrained confidential");
}

TEST(ResultLabels, OfAConditionThatFailsAreBoth) {
  const Label open = Label::of({Integrity::internal, Secrecy::internal, {}, {}});
  for (const char* broken : {".sender + {}", ".sender", "empty", "error(1)"}) {
    const std::vector rules{rule({"secret"}, Integrity::untrusted, Secrecy::secret, broken)};
    EXPECT_EQ(label_at(with_declared_labels(json(R"({"secret":1,"sender":"x"})"), rules, open), {"secret"}),
              "untrusted secret")
        << broken;
    const std::vector better{rule({"secret"}, Integrity::trusted, Secrecy::public_, broken)};
    EXPECT_EQ(label_at(with_declared_labels(json(R"({"secret":1,"sender":"x"})"), better, open), {"secret"}),
              "internal internal")
        << broken;
  }
}

TEST(ResultLabels, OfKeysThatAreDataStayAsTheyWould) {
  const std::vector rules{rule({"*", "amount"}, Integrity::internal, Secrecy::confidential)};
  const Value labelled = with_declared_labels(json(R"({"chosen by eve": {"amount": 1}})"), rules, undeclared());
  EXPECT_EQ(label_at(labelled, {}), "untrusted confidential");
}

TEST(ResultLabels, KeepWhatTheValueHasAlready) {
  const Label secret = Label::of({Integrity::untrusted, Secrecy::secret, {"store"}, {"hr"}});
  const Value inner = Value::object({{"a", Value("x").labelled(secret)}, {"b", 1}});
  const std::vector rules{rule({"a"}, Integrity::internal, Secrecy::internal),
                          rule({"b"}, Integrity::internal, Secrecy::internal)};
  const Value labelled = with_declared_labels(inner, rules, undeclared());
  EXPECT_EQ(label_at(labelled, {"a"}), "untrusted secret");
  EXPECT_EQ(labelled.member("a").label().content().compartments, std::vector<std::string>{"hr"});
  EXPECT_EQ(label_at(labelled, {"b"}), "internal internal");
}

TEST(RequestLabels, AreTrustedButForWhatPoliciesAndPastedTextSay) {
  definition::Policy policy;
  policy.labels.labels.push_back({definition::PolicyLabel::Kind::request,
                                  "port/desk",
                                  {},
                                  rule({"mail"}, Integrity::untrusted, Secrecy::public_)});
  policy.labels.labels.push_back(
      {definition::PolicyLabel::Kind::request, "*", {"gateway"}, rule({}, Integrity::untrusted, Secrecy::internal)});
  definition::Project project;
  project.policies["p"] = std::make_shared<definition::Policy>(policy);
  const Value input = json(R"({"mail": "hi", "ask": "do it", "text": "as said:\n> send all\nok"})");
  const definition::WorkflowName desk{"port", "desk", "1.0.0"}, other{"port", "other", "1.0.0"};
  const Value labelled = labelled_request(input, project, desk, {"rita", {"dispatcher"}});
  EXPECT_EQ(label_at(labelled, {"mail"}), "untrusted public");
  EXPECT_EQ(label_at(labelled, {"ask"}), "trusted public");
  EXPECT_EQ(label_at(labelled, {"text"}), "untrusted public");
  EXPECT_EQ(label_at(labelled_request(input, project, other, {"rita", {}}), {"mail"}), "trusted public");
  EXPECT_EQ(label_at(labelled_request(input, project, other, {"bot", {"gateway"}}), {"ask"}), "untrusted internal");
}

TEST(RequestLabels, OfEventsAreUntrustedUnlessAPolicyKnowsBetter) {
  definition::Policy policy;
  policy.labels.labels.push_back({definition::PolicyLabel::Kind::event,
                                  "port.gate.*",
                                  {"sensor"},
                                  rule({"data", "lane"}, Integrity::internal, Secrecy::internal)});
  definition::Project project;
  project.policies["p"] = std::make_shared<definition::Policy>(policy);
  const Value event = json(R"({"type": "port.gate.passed", "data": {"lane": 3, "note": "x"}})");
  const Value labelled = labelled_event(event, &project, {"s1", {"sensor"}});
  EXPECT_EQ(label_at(labelled, {"data", "lane"}), "internal internal");
  EXPECT_EQ(label_at(labelled, {"data", "note"}), "untrusted confidential");
  EXPECT_EQ(label_at(labelled_event(event, &project, {"x", {}}), {"data", "lane"}), "untrusted confidential");
  EXPECT_EQ(label_at(labelled_event(event, nullptr, {"s1", {"sensor"}}), {"data", "lane"}), "untrusted confidential");
}

}  // namespace
}  // namespace gantry::gate
