// The functions that conditions of policies may call: true where it is so, false where it is not, and an error, which
// denies, where what they ask about is not there.
#include "gate/gate_fixture.h"
#include "gate/known_values.h"

namespace gantry::gate {
namespace {

class ConditionFunctions : public GateTest {
 protected:
  ConditionFunctions() {
    definition::Operation mail;
    mail.effect_class = EffectClass::send;
    mail.arguments_schema = json(R"({"type": "object", "additionalProperties": true})");
    mail.arguments = *Schema::compile(mail.arguments_schema);
    mail.authority = {"to", "cc"};
    mail.fixed_audience = Secrecy::internal;
    definition::Tool tool = *definitions.tools.at("tos");
    tool.operations["mail"] = mail;
    definitions.tools["tos"] = std::make_shared<definition::Tool>(tool);
    known.add(KnownValues::Kind::request, "", json(R"("Write to ann@corp.example about V-1234567")"));
    known.add(KnownValues::Kind::result, "crm.find",
              json(R"({"mail": "bob@corp.example"})").labelled(label(Integrity::internal, Secrecy::internal)));
  }

  static Label label(Integrity integrity, Secrecy secrecy) { return Label::of({integrity, secrecy, {"x"}, {}}); }

  // "true", "false" or "error".
  std::string holds(const std::string& condition, std::vector<Member> more = {}) {
    policy({rule_of("if", VerdictKind::allow, condition)});
    std::vector<Member> all = Value::members_of({{"to", "ann@corp.example"},
                                                 {"cc", Value::array({"bob@corp.example"})},
                                                 {"url", "https://evil.example/?q=secret"},
                                                 {"text", "Hello, see https://evil.example/"},
                                                 {"body", Value::object({{"to", "ann@corp.example"}, {"n", 5}})},
                                                 {"flag", true}});
    std::move(more.begin(), more.end(), std::back_inserter(all));
    const Value model = Value::object(std::move(all));
    const tool::Effect effect = effect_of("mail", model.labelled(label(Integrity::untrusted, Secrecy::internal)));
    Circumstances around;
    around.facts = {label(Integrity::untrusted, context_secrecy), &known, nullptr};
    const Verdict verdict = gate.check(policies, definitions, effect, requester, gate_now, around);
    if (verdict.kind == VerdictKind::allow) return "true";
    return verdict.rule == "default-deny" ? "false" : "error";
  }

  KnownValues known;
  Secrecy context_secrecy = Secrecy::confidential;
};

TEST_F(ConditionFunctions, AnswerFromWhatTheEngineKnows) {
  for (const char* condition :
       {R"(at_least("to"; "trusted"))", R"(at_least("to"; "internal"))", R"(at_least("cc"; "internal"))",
        R"(requested("to"))", R"(requested("body/to"))", R"(from_record("cc"; "crm.find/mail"))",
        R"(no_foreign_links("to"))", R"(no_foreign_links("cc"))", R"(host_like("url"))", R"(mail_like("to"))",
        R"(mail_like("cc"))", R"(no_hidden_text("text"))", R"(secrecy_at_most("to"; "internal"))",
        R"(context_at_most("confidential"))", R"(context_at_least("untrusted"))", R"(audience_cleared)",
        R"(authority_at_least("internal"))", R"(has_argument("cc"))", R"(has_argument("nobody") | not)",
        R"(argument("body/n") == 5)", R"(origin("to") == "request")", R"(.args | requested("to"))",
        R"(.provenance.cc.origin == "record:crm.find/mail")", R"($facts.tool == "tos")",
        R"(has_shape("body/n"; "number"))"}) {
    EXPECT_EQ(holds(condition), "true") << condition;
    EXPECT_EQ(holds("(" + std::string(condition) + ") | not"), "false") << condition;
  }
}

TEST_F(ConditionFunctions, SayNoWhereItIsNotSo) {
  for (const char* condition :
       {R"(at_least("cc"; "trusted"))", R"(at_least("url"; "constrained"))", R"(requested("cc"))",
        R"(no_foreign_links("text"))", R"(no_foreign_links("url"))", R"(host_like("text"))", R"(mail_like("text"))",
        R"(iban_like("to"))", R"(requested("flag"))", R"(secrecy_at_most("to"; "public"))",
        R"(context_at_most("internal"))", R"(context_at_least("internal"))", R"(context_cleared)",
        R"(authority_at_least("trusted"))", R"(authority_requested)", R"(from_workflow("to"))"})
    EXPECT_EQ(holds(condition), "false") << condition;
}

TEST_F(ConditionFunctions, FailWhereWhatTheyAskAboutIsNotThere) {
  for (const char* condition :
       {R"(at_least("nobody"; "internal"))", R"(at_least("to"; "excellent"))", R"(requested("nobody"))",
        R"(no_foreign_links("nobody") | not)", R"(host_like("nobody"))", R"(in_list("to"; "nobodys"))",
        R"(context_at_most("none"))", R"(secrecy_at_most("nobody"; "public"))", R"(argument("nobody"))",
        R"(at_least("to"; "constrained"))", R"(authority_at_least("constrained"))", R"(requested("body/nobody"))"})
    EXPECT_EQ(holds(condition), "error") << condition;
}

TEST_F(ConditionFunctions, AnswerAboutAnArgumentBehindALargeOne) {
  std::vector<Member> many;
  for (int i = 0; i < 700; ++i) many.push_back({Text("k" + std::to_string(i)), Value(i)});
  std::vector<Member> more;
  more.push_back({Text("attrs"), Value::object(std::move(many))});
  more.push_back({Text("bcc"), Value("eve@evil.example")});
  EXPECT_EQ(holds(R"((has_argument("bcc") | not) or requested("bcc"))", more), "false");
  EXPECT_EQ(holds(R"(has_argument("attrs/k699"))", more), "true");
  EXPECT_EQ(holds(R"((has_argument("attrs/k699") | not) or requested("attrs/k699"))", more), "error");
}

TEST_F(ConditionFunctions, JudgeTheNamesOfMembersThatAreFree) {
  std::vector<Member> more;
  more.push_back({Text("shares"), json(R"({"eve@evil.example": "Write"})")});
  more.push_back({Text("a/b"), Value("ann@corp.example")});
  EXPECT_EQ(holds(R"(requested("shares"))", more), "false");
  EXPECT_EQ(holds(R"(at_least("shares"; "internal"))", more), "false");
  EXPECT_EQ(holds(R"(requested("shares/eve@evil.example"))", more), "true");
  EXPECT_EQ(holds(R"(requested("a~1b") and has_argument("a~1b") and argument("a~1b") == "ann@corp.example")", more),
            "true");
  EXPECT_EQ(holds(R"(has_argument("a/b"))", more), "false");
}

TEST_F(ConditionFunctions, AreNotFooledByTheValueTheyStandIn) {
  EXPECT_EQ(holds(R"({provenance: {to: {integrity: "trusted"}}} | at_least("url"; "internal"))"), "false");
  EXPECT_EQ(holds(R"({a: 1} as $facts | at_least("url"; "internal"))"), "false");
}

TEST_F(ConditionFunctions, ACompileErrorIsAtItsPlaceInTheText) {
  const std::string text = R"(requested("to") and bogus)";
  auto compiled = definition::compile_condition(text);
  ASSERT_TRUE(std::holds_alternative<expression::CompileError>(compiled));
  EXPECT_EQ(std::get<expression::CompileError>(compiled).offset, text.find("bogus"));
}

}  // namespace
}  // namespace gantry::gate
