// Permits: who gets one, for what, how often; and what runs with it.
#include "gate/gate_fixture.h"

namespace gantry::gate {
namespace {

using testing::HasSubstr;

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
  const auto intent_of = [&](Value about) { return Value::object({{"effect", std::move(about)}, {"verdict", verdict}}); };
  const Value short_intent = intent_of(Value::object({{"id", effect.id}, {"digest", effect.digest.hex()}}));
  EXPECT_TRUE(gate.permit_again(effect, short_intent).ok());
  EXPECT_FALSE(gate.permit_again(effect, intent_of(Value::object({{"id", effect.id}}))).ok());
  EXPECT_FALSE(
      gate.permit_again(effect, intent_of(Value::object({{"id", effect.id}, {"digest", std::string(64, '0')}}))).ok());
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
