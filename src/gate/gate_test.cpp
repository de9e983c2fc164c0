#include "gate/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tool/standard_call.h"
#include "value/json.h"

namespace gantry::gate {
namespace {

using definition::EffectClass;
using definition::VerdictKind;
using testing::HasSubstr;

const Timestamp gate_now{std::chrono::hours(1'000'000)};

Value json(std::string_view text) {
  Result<Value> value = parse_json(text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? *std::move(value) : Value();
}

definition::PolicyRule rule_of(std::string id, VerdictKind verdict, std::string when = "") {
  definition::PolicyRule rule;
  rule.id = std::move(id);
  rule.verdict = verdict;
  if (!when.empty()) {
    auto compiled = expression::compile(when);
    EXPECT_TRUE(std::holds_alternative<expression::ProgramPointer>(compiled)) << when;
    rule.when = definition::Expression{.program = std::get<expression::ProgramPointer>(compiled), .text = when};
  }
  return rule;
}

definition::PolicyRule approve_of(std::string id, std::vector<definition::ApproverRequirement> approvers,
                                  Duration expires = std::chrono::hours(24), bool requester_excluded = true) {
  definition::PolicyRule rule = rule_of(std::move(id), VerdictKind::approve);
  rule.approvers = std::move(approvers);
  rule.expires = expires;
  rule.requester_excluded = requester_excluded;
  return rule;
}

class CountingDriver final : public tool::Driver {
 public:
  std::vector<std::string> check(const definition::Tool&) const override { return {}; }
  tool::Outcome call(tool::Permit permit, const tool::CallContext& context) override {
    ++calls;
    last_attempt = context.attempt;
    had_tool = context.tool != nullptr;
    if (throws) throw std::runtime_error("a defect");
    return tool::Outcome::done_with(Value::object(
        {{"echo", std::string("you said: ") + std::string(permit.effect().arguments.string_or("voyage", ""))},
         {"amount", 3}}));
  }
  int calls = 0, last_attempt = 0;
  bool throws = false, had_tool = false;
};

class GateTest : public testing::Test {
 protected:
  GateTest() {
    definition::Tool tool;
    tool.name = "tos";
    tool.driver = "count";
    tool.digest = sha256("tos");
    tool.operations["voyage"] = operation_of(EffectClass::read);
    tool.operations["reslot"] = operation_of(EffectClass::write);
    tool.operations["ping"].effect_class = EffectClass::read;
    definitions.tools["tos"] = std::make_shared<definition::Tool>(tool);
  }

  static definition::Operation operation_of(EffectClass effect_class) {
    definition::Operation operation;
    operation.effect_class = effect_class;
    operation.arguments_schema = json(
        R"({"type":"object","required":["voyage"],"properties":{"voyage":{"type":"string"},"moves":{"type":"array"}}})");
    auto schema = Schema::compile(operation.arguments_schema);
    EXPECT_TRUE(schema.ok());
    operation.arguments = *schema;
    return operation;
  }

  void policy(std::vector<definition::PolicyRule> rules, const std::string& name = "port") {
    definition::Policy made;
    made.name = name;
    made.digest = sha256(name + std::to_string(++policies_made_));
    made.rules = std::move(rules);
    policies.policies[name] = std::make_shared<definition::Policy>(made);
  }

  tool::Effect effect_of(std::string operation, Value arguments, std::string tool = "tos") {
    tool::Effect effect;
    effect.id = "01A-e1";
    effect.instance = "01A";
    effect.workflow = {.namespace_ = "port", .name = "desk", .version = "1.0.0"};
    effect.task = "/do/0/call";
    effect.tool = std::move(tool);
    effect.operation = std::move(operation);
    effect.arguments = std::move(arguments);
    effect.key = effect.id;
    (void)tool::complete_effect(effect, definitions);
    return effect;
  }
  tool::Effect reslot() { return effect_of("reslot", json(R"({"voyage":"V-1234567","moves":[1,2]})")); }

  Verdict check(const tool::Effect& effect) { return gate.check(policies, definitions, effect, requester, gate_now); }

  Approval approval_for(const tool::Effect& effect, const Verdict& verdict) {
    Approval approval;
    approval.effect_digest = effect.digest.hex();
    approval.policy_digest = verdict.policy;
    approval.requirements = verdict.approvers;
    approval.requester = requester.person;
    approval.requester_excluded = verdict.requester_excluded;
    approval.expires = gate_now + verdict.expires;
    return approval;
  }

  static void vote(Approval& approval, std::string person, std::string role) {
    Vote yes{.voter = {.person = std::move(person), .roles = {std::move(role)}},
             .approve = true,
             .comment = "",
             .at = gate_now};
    ASSERT_TRUE(add_vote(approval, std::move(yes), approval.effect_digest).ok());
  }

  definition::Project policies, definitions;
  definition::Principal requester{.person = "rita", .roles = {"dispatcher"}};
  std::shared_ptr<CountingDriver> driver = std::make_shared<CountingDriver>();
  Gate gate{tool::Drivers{{"count", driver}}};

 private:
  int policies_made_ = 0;
};

TEST_F(GateTest, DeniesWhatNoRuleAllows) {
  const Verdict verdict = check(reslot());
  EXPECT_EQ(verdict.kind, VerdictKind::deny);
  EXPECT_EQ(verdict.rule, "default-deny");
}

TEST_F(GateTest, LetsDenyOverrideApproveOverrideAllowInAnyOrder) {
  std::vector<definition::PolicyRule> rules = {rule_of("no", VerdictKind::deny), approve_of("ask", {{"planner", 1}}),
                                               rule_of("yes", VerdictKind::allow)};
  for (int order = 0; order < 3; ++order) {
    policy(rules);
    EXPECT_EQ(check(reslot()).rule, "port/no");
    std::rotate(rules.begin(), rules.begin() + 1, rules.end());
  }
  policy({rule_of("yes", VerdictKind::allow), approve_of("ask", {{"planner", 1}})});
  EXPECT_EQ(check(reslot()).kind, VerdictKind::approve);
  policy({rule_of("yes", VerdictKind::allow)});
  EXPECT_EQ(check(reslot()).kind, VerdictKind::allow);
  policy({rule_of("no", VerdictKind::deny)}, "another");
  EXPECT_EQ(check(reslot()).rule, "another/no");
}

TEST_F(GateTest, MatchesToolsAndClasses) {
  definition::PolicyRule rule = rule_of("some", VerdictKind::allow);
  for (const auto& [pattern, matches] : std::vector<std::pair<std::string, bool>>{{"*", true},
                                                                                  {"tos.*", true},
                                                                                  {"tos.reslot", true},
                                                                                  {"tos.voyage", false},
                                                                                  {"to.*", false},
                                                                                  {"tos", false},
                                                                                  {"tos.reslot2", false},
                                                                                  {"toss.*", false}}) {
    rule.tools = {pattern};
    policy({rule});
    EXPECT_EQ(check(reslot()).kind == VerdictKind::allow, matches) << pattern;
  }
  rule.tools.clear();
  rule.classes = {EffectClass::read};
  policy({rule});
  EXPECT_EQ(check(reslot()).kind, VerdictKind::deny);
  EXPECT_EQ(check(effect_of("voyage", json(R"({"voyage":"V-1"})"))).kind, VerdictKind::allow);
}

TEST_F(GateTest, ChecksTheConditionOverFactsThatTheEngineKept) {
  const std::vector<std::string> true_for_reslot = {
      R"(.principal.person == "rita" and (.principal.roles | index("dispatcher")) != null)",
      R"(.workflow == {namespace: "port", name: "desk", version: "1.0.0"})",
      R"(.task == "/do/0/call" and .tool == "tos" and .operation == "reslot")",
      R"(.effect.class == "write" and .effect.irreversible == false and .effect.id == "01A-e1" and .effect.instance == "01A")",
      R"(.effect.arguments.moves | length <= 5)",
      R"(.labels.integrity == "trusted" and .labels.secrecy == "public" and .labels.sources == [] and .context == {})",
      R"(.labels.arguments.voyage.integrity == "trusted")",
  };
  for (const std::string& when : true_for_reslot) {
    policy({rule_of("if", VerdictKind::allow, when)});
    EXPECT_EQ(check(reslot()).kind, VerdictKind::allow) << when << ": " << check(reslot()).reason;
    policy({rule_of("if", VerdictKind::allow, "(" + when + ") | not")});
    EXPECT_EQ(check(reslot()).rule, "default-deny") << when;
  }
}

TEST_F(GateTest, SeesTheLabelsOfTheArguments) {
  const Label mail = Label::of({.integrity = Integrity::untrusted,
                                .secrecy = Secrecy::confidential,
                                .sources = {"tool:mail.read"},
                                .compartments = {}});
  const tool::Effect effect =
      effect_of("reslot", Value::object({{"voyage", Value("V-1234567").labelled(mail)}, {"moves", Value::array({})}}));
  policy({rule_of("if", VerdictKind::allow,
                  R"(.labels.integrity == "untrusted" and .labels.secrecy == "confidential" and
                     .labels.sources == ["tool:mail.read"] and .labels.arguments.moves.integrity == "trusted" and
                     .labels.arguments.voyage.integrity == "untrusted")")});
  EXPECT_EQ(check(effect).kind, VerdictKind::allow) << check(effect).reason;
}

TEST_F(GateTest, DeniesWhenAConditionFailsOrIsNoBoolean) {
  for (const std::string when : {"error(\"broken\")", ".effect.arguments.moves", "empty", "null", "1"}) {
    policy({rule_of("yes", VerdictKind::allow), rule_of("odd", VerdictKind::allow, when)});
    const Verdict verdict = check(reslot());
    EXPECT_EQ(verdict.kind, VerdictKind::deny) << when;
    EXPECT_EQ(verdict.rule, "port/odd") << when;
  }
  policy({rule_of("odd", VerdictKind::deny, "error(\"broken\")")});
  EXPECT_THAT(check(reslot()).reason, HasSubstr("broken"));
}

TEST_F(GateTest, DeniesAConditionThatDoesNotEnd) {
  policy({rule_of("yes", VerdictKind::allow), rule_of("loop", VerdictKind::allow, "def f: f; f")});
  EXPECT_EQ(check(reslot()).rule, "port/loop");
}

TEST_F(GateTest, DeniesUnknownToolsAndArgumentsThatDontFit) {
  policy({rule_of("yes", VerdictKind::allow)});
  EXPECT_EQ(check(effect_of("nothing", json("{}"))).rule, "unknown-tool");
  EXPECT_EQ(check(effect_of("voyage", json(R"({"voyage":"V"})"), "tas")).rule, "unknown-tool");
  EXPECT_EQ(check(effect_of("delete", json("{}"), "http")).rule, "unknown-tool");
  const std::vector<std::pair<std::string, std::string>> wrong = {{R"({"voyage":7})", "/voyage"},
                                                                  {R"({})", "voyage"},
                                                                  {R"({"voyage":"V","extra":1})", "/extra"},
                                                                  {R"([])", "object"}};
  for (const auto& [arguments, named] : wrong) {
    const Verdict verdict = check(effect_of("reslot", json(arguments)));
    EXPECT_EQ(verdict.kind, VerdictKind::deny) << arguments;
    EXPECT_EQ(verdict.rule, "arguments") << arguments;
    EXPECT_THAT(verdict.reason, HasSubstr(named)) << arguments;
  }
  EXPECT_EQ(check(effect_of("ping", json("{}"))).kind, VerdictKind::allow);
  EXPECT_EQ(check(effect_of("ping", json(R"({"a":1})"))).rule, "arguments");
}

TEST_F(GateTest, DeniesAnEffectThatSaysOtherThanItsDefinition) {
  policy({rule_of("yes", VerdictKind::allow)});
  tool::Effect milder = reslot();
  milder.effect_class = EffectClass::read;
  EXPECT_EQ(check(milder).rule, "class");
  tool::Effect changed = reslot();
  changed.arguments = json(R"({"voyage":"V-7654321"})");
  EXPECT_EQ(check(changed).rule, "digest");
}

TEST_F(GateTest, TakesTheClassOfTheStandardsCallFromItsMethod) {
  definition::PolicyRule reads = rule_of("reads", VerdictKind::allow);
  reads.classes = {EffectClass::egress_read};
  policy({reads});
  for (const auto& [method, allowed] :
       std::vector<std::pair<std::string, bool>>{{"get", true}, {"HEAD", true}, {"post", false}, {"DELETE", false}}) {
    const Value arguments = Value::object({{"method", method}, {"endpoint", "https://example.org/"}});
    EXPECT_EQ(check(effect_of("request", arguments, "http")).kind == VerdictKind::allow, allowed) << method;
  }
}

TEST_F(GateTest, AsksForTheUnionOfWhatTheRulesWant) {
  policy({approve_of("one", {{"planner", 1}, {"manager", 2}}, std::chrono::hours(8), false),
          approve_of("two", {{"manager", 1}, {"safety", 1}}, std::chrono::hours(2), true)});
  const Verdict verdict = check(reslot());
  EXPECT_EQ(verdict.kind, VerdictKind::approve);
  EXPECT_EQ(verdict.rule, "port/one, port/two");
  EXPECT_EQ(verdict.approvers,
            (std::vector<definition::ApproverRequirement>{{"planner", 1}, {"manager", 2}, {"safety", 1}}));
  EXPECT_EQ(verdict.expires, std::chrono::hours(2));
  EXPECT_TRUE(verdict.requester_excluded);
  policy({approve_of("one", {{"planner", 1}}, std::chrono::hours(8), false)});
  EXPECT_FALSE(check(reslot()).requester_excluded);
  policy({approve_of("nobody", {})});
  EXPECT_EQ(check(reslot()).kind, VerdictKind::deny);
}

TEST_F(GateTest, ReadsBackTheVerdictsItWrote) {
  policy({approve_of("one", {{"planner", 1}, {"manager", 2}}, std::chrono::hours(8), false)});
  const Value written = to_value(check(reslot()));
  const Result<Verdict> read = verdict_from(written);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(print_canonical(to_value(*read)), print_canonical(written));
  for (const Member& member : written.members()) {
    EXPECT_FALSE(verdict_from(Value(written).without_member(member.key.view())).ok()) << member.key.view();
  }
}

TEST_F(GateTest, PermitsOnlyWhatIsAllowed) {
  const tool::Effect effect = reslot();
  EXPECT_EQ(gate.permit(effect, check(effect)).error().code, Code::denied);
  policy({approve_of("ask", {{"planner", 1}})});
  EXPECT_EQ(gate.permit(effect, check(effect)).error().code, Code::denied);
  policy({rule_of("yes", VerdictKind::allow)});
  const Verdict allowed = check(effect);
  EXPECT_TRUE(gate.permit(effect, allowed).ok());
  tool::Effect changed = effect;
  changed.arguments = json(R"({"voyage":"V-7654321"})");
  EXPECT_FALSE(gate.permit(changed, allowed).ok());
  (void)tool::complete_effect(changed, definitions);
  EXPECT_FALSE(gate.permit(changed, allowed).ok());
  Verdict made_up;
  made_up.kind = VerdictKind::allow;
  EXPECT_FALSE(gate.permit(effect, made_up).ok());
}

TEST_F(GateTest, PermitsAnApprovedEffectOnce) {
  policy({approve_of("ask", {{"planner", 1}})});
  const tool::Effect effect = reslot();
  const Verdict verdict = check(effect);
  Approval approval = approval_for(effect, verdict);
  EXPECT_THAT(gate.permit_approved(effect, approval, verdict, gate_now).error().message, HasSubstr("not complete"));
  vote(approval, "anna", "planner");
  EXPECT_TRUE(gate.permit_approved(effect, approval, verdict, gate_now).ok());
  EXPECT_TRUE(approval.used);
  EXPECT_THAT(gate.permit_approved(effect, approval, verdict, gate_now).error().message, HasSubstr("used already"));
}

TEST_F(GateTest, RefusesAnApprovalThatIsNotForExactlyThis) {
  policy({approve_of("ask", {{"planner", 1}})});
  const tool::Effect effect = reslot();
  const Verdict verdict = check(effect);
  Approval complete = approval_for(effect, verdict);
  vote(complete, "anna", "planner");
  const auto refusal = [&](const tool::Effect& asked, Approval approval, const Verdict& current, Timestamp now) {
    const auto permit = gate.permit_approved(asked, approval, current, now);
    EXPECT_FALSE(approval.used);
    return permit.ok() ? std::string("permitted") : permit.error().message;
  };
  const tool::Effect other = effect_of("reslot", json(R"({"voyage":"V-7654321"})"));
  EXPECT_THAT(refusal(other, complete, check(other), gate_now), HasSubstr("another effect"));
  EXPECT_THAT(refusal(effect, complete, verdict, complete.expires), HasSubstr("expired"));
  Approval weaker = complete;
  weaker.requester_excluded = false;
  EXPECT_THAT(refusal(effect, weaker, verdict, gate_now), HasSubstr("requester"));
  weaker = complete;
  weaker.requirements = {};
  EXPECT_THAT(refusal(effect, weaker, verdict, gate_now), HasSubstr("less than policy"));
  weaker = complete;
  weaker.votes[0].voter.person = requester.person;
  EXPECT_THAT(refusal(effect, weaker, verdict, gate_now), HasSubstr("not complete"));
  weaker = complete;
  weaker.votes[0].approve = false;
  EXPECT_THAT(refusal(effect, weaker, verdict, gate_now), HasSubstr("rejected"));
  policy({approve_of("ask", {{"planner", 1}}), rule_of("never", VerdictKind::deny, "false")});
  EXPECT_THAT(refusal(effect, complete, check(effect), gate_now), HasSubstr("policy has changed"));
  policy({rule_of("no", VerdictKind::deny)});
  EXPECT_THAT(refusal(effect, complete, check(effect), gate_now), HasSubstr("policy now says deny"));
}

TEST_F(GateTest, PermitsAgainOnlyWhatHasARecordedIntent) {
  policy({rule_of("yes", VerdictKind::allow)});
  const tool::Effect effect = reslot();
  const Value verdict = to_value(check(effect));
  const Value short_intent = Value::object({{"effect", Value::object({{"id", effect.id}})}, {"verdict", verdict}});
  EXPECT_TRUE(gate.permit_again(effect, short_intent).ok());
  EXPECT_TRUE(
      gate.permit_again(effect, Value::object({{"effect", tool::to_value(effect)}, {"verdict", verdict}})).ok());
  EXPECT_FALSE(gate.permit_again(effect, Value()).ok());
  EXPECT_FALSE(
      gate.permit_again(effect, Value::object({{"effect", Value::object({{"id", "01A-e2"}})}, {"verdict", verdict}}))
          .ok());
  tool::Effect changed = effect;
  changed.arguments = json(R"({"voyage":"V-7654321"})");
  (void)tool::complete_effect(changed, definitions);
  EXPECT_FALSE(gate.permit_again(changed, short_intent).ok());

  policy({approve_of("ask", {{"planner", 1}})});
  const Value asked = to_value(check(effect));
  const Value unapproved = Value::object({{"effect", Value::object({{"id", effect.id}})}, {"verdict", asked}});
  EXPECT_FALSE(gate.permit_again(effect, unapproved).ok());
  EXPECT_TRUE(
      gate.permit_again(effect, Value(unapproved).with_member("approvals", json(R"([{"person":"anna"}])"))).ok());
}

TEST_F(GateTest, PerformsThroughTheDriverOfTheTool) {
  policy({rule_of("yes", VerdictKind::allow)});
  const tool::Effect effect = reslot();
  auto permit = gate.permit(effect, check(effect));
  ASSERT_TRUE(permit.ok());
  const tool::Outcome outcome = gate.perform(*std::move(permit), definitions, 3, {});
  EXPECT_EQ(outcome.kind, tool::Outcome::Kind::done);
  EXPECT_EQ(driver->calls, 1);
  EXPECT_EQ(driver->last_attempt, 3);
  EXPECT_TRUE(driver->had_tool);
}

TEST_F(GateTest, AnUnknownDriverFailsAndABrokenOneIsAmbiguous) {
  policy({rule_of("yes", VerdictKind::allow)});
  const tool::Effect effect = reslot();
  const tool::Outcome unknown = Gate(tool::Drivers{}).perform(*gate.permit(effect, check(effect)), definitions, 1, {});
  EXPECT_EQ(unknown.kind, tool::Outcome::Kind::failed);
  EXPECT_EQ(definition::error_kind(unknown.error.type), "configuration");
  driver->throws = true;
  EXPECT_EQ(gate.perform(*gate.permit(effect, check(effect)), definitions, 1, {}).kind, tool::Outcome::Kind::ambiguous);
}

TEST_F(GateTest, AResultThatRepeatsAnArgumentCarriesItsLabel) {
  policy({rule_of("yes", VerdictKind::allow)});
  const Label mail = Label::of({.integrity = Integrity::untrusted,
                                .secrecy = Secrecy::public_,
                                .sources = {"tool:mail.read"},
                                .compartments = {}});
  const tool::Effect effect = effect_of("reslot", Value::object({{"voyage", Value("V-1234567").labelled(mail)}}));
  const tool::Outcome outcome = gate.perform(*gate.permit(effect, check(effect)), definitions, 1, {});
  EXPECT_EQ(outcome.result.member("echo").label().content().integrity, Integrity::untrusted);
  EXPECT_EQ(outcome.result.member("amount").label().content().integrity, Integrity::trusted);
}

TEST(PolicyDigest, ChangesWithAnyPolicy) {
  definition::Project project;
  const std::string empty = policy_digest(project);
  definition::Policy made;
  made.name = "port";
  made.digest = sha256("one");
  project.policies["port"] = std::make_shared<definition::Policy>(made);
  const std::string one = policy_digest(project);
  made.digest = sha256("two");
  project.policies["port"] = std::make_shared<definition::Policy>(made);
  EXPECT_NE(empty, one);
  EXPECT_NE(one, policy_digest(project));
}

}  // namespace
}  // namespace gantry::gate
