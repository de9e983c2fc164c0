// Verdicts: what the policies say of an effect.
#include "gate/gate_fixture.h"

namespace gantry::gate {
namespace {

using testing::HasSubstr;

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

TEST_F(GateTest, DeniesWhereAConditionGivesSeveralValuesOrComparesWhatIsMissing) {
  for (const char* condition :
       {".args.moves[] >= 1", "$facts.args.amount <= 250", R"(.["args"].amount <= 250)", "(.args.other).amount <= 250",
        R"(.labels.arguments[("amount")].integrity != "untrusted")", ".lists.limits[.args.voyage].max <= 5"}) {
    policy({rule_of("if", VerdictKind::allow, condition)});
    EXPECT_EQ(check(reslot()).rule, "port/if") << condition;
    EXPECT_EQ(check(reslot()).kind, VerdictKind::deny) << condition;
  }
}

TEST_F(GateTest, FourEyesAreTwoPeopleWhateverElseIsAskedFor) {
  definition::PolicyRule rule;
  rule.id = "ask";
  rule.four_eyes_if = condition_of("true");
  rule.approvers = {{"finance", 1}, {"finance", 1}};
  policy({rule});
  const Verdict verdict = check(reslot());
  ASSERT_EQ(verdict.kind, VerdictKind::approve);
  ASSERT_EQ(verdict.approvers.size(), 1u);
  EXPECT_EQ(verdict.approvers[0].count, 2u);
}

TEST_F(GateTest, DeniesMembersThatNoSchemaListsAtAnyDepth) {
  definition::Operation operation = operation_of(EffectClass::write);
  operation.arguments_schema = json(
      R"({"type":"object","properties":{"body":{"type":"object","properties":{"to":{},"free":{"type":"object"}}},
          "list":{"type":"array","items":{"type":"object","properties":{"a":{}}}}}})");
  operation.arguments = *Schema::compile(operation.arguments_schema);
  definition::Tool tool = *definitions.tools.at("tos");
  tool.operations["nested"] = operation;
  definitions.tools["tos"] = std::make_shared<definition::Tool>(tool);
  policy({rule_of("yes", VerdictKind::allow)});
  EXPECT_EQ(check(effect_of("nested", json(R"({"body":{"to":1,"free":{"x":1}},"list":[{"a":1}]})"))).kind,
            VerdictKind::allow);
  EXPECT_THAT(check(effect_of("nested", json(R"({"body":{"to":1,"cc":2}})"))).reason, HasSubstr("at /body/cc"));
  EXPECT_THAT(check(effect_of("nested", json(R"({"list":[{"a":1},{"b":2}]})"))).reason, HasSubstr("at /list/1/b"));
  EXPECT_THAT(check(effect_of("nested", json(R"({"bcc":1})"))).reason, HasSubstr("at /bcc"));
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
      R"(.labels.integrity == "trusted" and .labels.secrecy == "public" and .labels.sources == [] and .context.integrity == "trusted")",
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
    if (member.key.view() == "explanation") continue;  // for people; verdicts of before have none
    EXPECT_FALSE(verdict_from(Value(written).without_member(member.key.view())).ok()) << member.key.view();
  }
}

TEST_F(GateTest, ReadsVerdictsOfEarlierVersionsAsItWritesThemNow) {
  policy({rule_of("yes", VerdictKind::allow)});
  const tool::Effect effect = reslot();
  const Value now = to_value(check(effect));
  const Value explanation = now.member("explanation");
  EXPECT_EQ(print_json(explanation.member("rules")), R"([{"rule":"port/yes","says":"allow"}])");
  for (const char* key : {"facts", "labels", "budgets", "toPass"}) EXPECT_EQ(explanation.find(key), nullptr) << key;
  const Value before =
      Value(now)
          .with_member("effect", effect.digest.hex())
          .with_member("approvers", Value::array({}))
          .with_member("requesterExcluded", true)
          .with_member("expires", "PT0S")
          .with_member("explanation",
                       Value(explanation)
                           .with_member("rules", json(R"([{"rule":"port/yes","says":"allow","conditions":[]}])"))
                           .with_member("facts", json("{}"))
                           .with_member("labels", json("{}"))
                           .with_member("budgets", json("[]"))
                           .with_member("toPass", json("[]")));
  const Result<Verdict> read = verdict_from(before);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(print_canonical(to_value(*read)), print_canonical(now));
  const Value reference = Value::object({{"id", effect.id}, {"digest", effect.digest.hex()}});
  EXPECT_TRUE(gate.permit_again(effect, Value::object({{"effect", reference}, {"verdict", before}})).ok());
  const Value of_another = Value(before).with_member("effect", std::string(64, '0'));
  EXPECT_FALSE(gate.permit_again(effect, Value::object({{"effect", reference}, {"verdict", of_another}})).ok());
}

TEST_F(GateTest, AnExplanationThatOnlyRepeatsTheRuleIsNotWritten) {
  policy({rule_of("yes", VerdictKind::allow)});
  Verdict verdict = check(reslot());
  for (const char* text : {R"({"rules":[{"rule":"port/other","says":"allow"}]})",
                           R"({"rules":[{"rule":"port/yes","says":"allow"},{"rule":"port/also","says":"allow"}]})",
                           R"({"rules":[{"rule":"port/yes","says":"allow"}],"facts":{".args.n":1}})"}) {
    verdict.explanation = json(text);
    EXPECT_EQ(print_json(to_value(verdict).member("explanation")), text);
  }
  verdict.explanation = json(R"({"rules":[{"rule":"port/yes","says":"allow"}]})");
  const Value written = to_value(verdict);
  EXPECT_EQ(written.find("explanation"), nullptr);
  const Result<Verdict> read = verdict_from(written);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(print_json(read->explanation), print_json(verdict.explanation)) << "whoever reads it finds it all the same";
  EXPECT_EQ(print_canonical(to_value(*read)), print_canonical(written));
  // As journals of before have it.
  const Result<Verdict> before = verdict_from(Value(written).with_member("explanation", verdict.explanation));
  ASSERT_TRUE(before.ok()) << before.error().message;
  EXPECT_EQ(print_canonical(to_value(*before)), print_canonical(written));
}

}  // namespace
}  // namespace gantry::gate
