// Tools and policies: what their files become, and what is wrong with wrong ones.
#include "definition/tool.h"

#include <gmock/gmock.h>

#include "definition/project_fixture.h"

namespace gantry::definition {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* terminal_tool = R"(tool: tos
version: 1.0.0
description: The terminal's own system.
driver: http
settings: {baseUrl: "http://tos.port.internal", timeout: PT10S}
operations:
  voyage: {class: read, label: {integrity: trusted, secrecy: confidential, compartments: [customs]}}
  reslot:
    description: Moves a container to another slot.
    class: write
    irreversible: true
    arguments: {type: object, required: [container], properties: {container: {type: string}}}
    binding: {method: POST, path: /moves}
    idempotency: readBack
    readBack: {operation: voyage, arguments: {container: "${ $effect.arguments.container }"}, done: .slot == $effect.arguments.slot}
  bare: {}
)";

TEST(Tool, IsReadWithItsOperations) {
  auto project = loaded({{"tools/tos.yaml", terminal_tool}});
  const Tool& tool = *project->tools.at("tos");
  EXPECT_EQ(tool.version, "1.0.0");
  EXPECT_EQ(tool.driver, "http");
  EXPECT_EQ(tool.settings.string_or("timeout", ""), "PT10S");
  const Operation& reslot = *project->find_operation("tos", "reslot");
  EXPECT_EQ(reslot.name, "reslot");
  EXPECT_EQ(reslot.effect_class, EffectClass::write);
  EXPECT_TRUE(reslot.irreversible);
  EXPECT_FALSE(reslot.arguments->validate(from_json("{}")).empty());
  EXPECT_EQ(reslot.binding.string_or("path", ""), "/moves");
  EXPECT_EQ(reslot.idempotency, Idempotency::read_back);
  EXPECT_EQ(reslot.read_back->operation, "voyage");
  Value effect = from_json(R"({"arguments":{"container":"C","slot":4}})");
  expression::Evaluation evaluation;
  evaluation.arguments = {&effect, 1};
  EXPECT_EQ(*reslot.read_back->arguments.evaluate(Value(), evaluation), from_json(R"({"container":"C"})"));
  EXPECT_EQ(*evaluate_first(*reslot.read_back->done.program, from_json(R"({"slot":4})"), evaluation), Value(true));
}

TEST(Tool, TakesTheStrictestWhereNothingIsSaid) {
  auto project = loaded({{"tools/tos.yaml", terminal_tool}});
  const Operation& bare = *project->find_operation("tos", "bare");
  EXPECT_EQ(bare.effect_class, EffectClass::credential);
  EXPECT_EQ(bare.idempotency, Idempotency::none);
  EXPECT_EQ(bare.result_label.content(),
            (LabelContent{Integrity::untrusted, Secrecy::confidential, {"tool:tos.bare"}, {}}));
  EXPECT_EQ(project->find_operation("tos", "voyage")->result_label.content(),
            (LabelContent{Integrity::trusted, Secrecy::confidential, {"tool:tos.voyage"}, {"customs"}}));
}

TEST(Tool, LetsReadBacksSettleForItsTimeoutAtLeast) {
  auto tool_with = [](const std::string& settings, const std::string& settle) {
    return "tool: t\nversion: 1.0.0\ndriver: http\n" + settings +
           "operations:\n  look: {class: read}\n  a:\n    class: write\n    idempotency: readBack\n"
           "    readBack: {operation: look, arguments: {}, done: .x" +
           settle + "}\n";
  };
  auto settle_of = [&](const std::string& settings, const std::string& settle) {
    return loaded({{"tools/t.yaml", tool_with(settings, settle)}})->find_operation("t", "a")->read_back->settle;
  };
  const std::string timeout = "settings: {baseUrl: \"http://x\", timeout: PT10S}\n";
  EXPECT_EQ(settle_of("", ""), std::chrono::seconds(30));
  EXPECT_EQ(settle_of(timeout, ""), std::chrono::seconds(10));
  EXPECT_EQ(settle_of(timeout, ", settle: PT1M"), std::chrono::minutes(1));
  EXPECT_EQ(settle_of(timeout, ", settle: {minutes: 2}"), std::chrono::minutes(2));
  EXPECT_THAT(problems_of({{"tools/t.yaml", tool_with(timeout, ", settle: PT9S")}}),
              ElementsAre("tools/t.yaml:10:66: expected a duration from PT10S to P1D, found PT9S"));
}

TEST(Tool, NamesItsEffectClasses) {
  for (const char* name : {"read", "egress_read", "write", "notify", "send", "grant", "destroy", "money", "credential"})
    EXPECT_STREQ(name_of(*parse_effect_class(name)), name);
  EXPECT_FALSE(parse_effect_class("steal").ok());
}

TEST(ToolProblems, AreReportedInPlace) {
  EXPECT_THAT(
      problems_of({{"tools/t.yaml", R"(tool: 1tos
version: one
driver: ""
settings: []
operation: {}
operations:
  "a.b": {class: read}
  c: {class: reed, irreversible: yes, arguments: {type: text}, binding: 5}
  d: {class: write, idempotency: readback}
  e: {class: write, idempotency: readBack}
  f: {class: write, readBack: {operation: c, arguments: {}, done: "."}}
  g: {class: write, idempotency: readBack, readBack: {operation: nope, arguments: "${ $effect.id }", done: .x + }}
  h: {class: write, idempotency: readBack, readBack: {operation: e, arguments: "${ $other }", done: .x}}
  i: {class: read, label: {integrity: good, secrecy: top, source: x}}
)"}}),
      ElementsAre("tools/t.yaml:1:7: expected a name of letters, digits, '_' and '-' that starts with a letter and has "
                  "at most 63 characters, found the text \"1tos\"",
                  "tools/t.yaml:2:10: expected a semantic version such as \"1.0.0\", found the text \"one\"",
                  "tools/t.yaml:3:9: expected text, found empty text",
                  "tools/t.yaml:4:11: expected an object, found an empty list",
                  "tools/t.yaml:5:1: unknown key 'operation' in a tool; did you mean 'operations'?",
                  HasSubstr("tools/t.yaml:7:10: expected a name"),
                  "tools/t.yaml:8:14: expected one of read, egress_read, write, notify, send, grant, destroy, money, "
                  "credential, found the text \"reed\"; did you mean 'read'?",
                  "tools/t.yaml:8:34: expected true or false, found the text \"yes\"",
                  HasSubstr("tools/t.yaml:8:57: schema: /type"),
                  "tools/t.yaml:8:73: expected an object, found the number 5",
                  "tools/t.yaml:9:34: expected one of none, key, readBack, found the text \"readback\"; did you mean "
                  "'readBack'?",
                  "tools/t.yaml:10:6: 'idempotency: readBack' needs 'readBack'",
                  "tools/t.yaml:11:6: 'readBack' needs 'idempotency: readBack'",
                  HasSubstr("tools/t.yaml:11:43: operation 'c' has class credential; a read-back needs class read"),
                  "tools/t.yaml:12:66: tool '' has no operation 'nope'; known: a.b, c, d, e, f, g, h, i",
                  HasSubstr("tools/t.yaml:12:"),
                  "tools/t.yaml:13:66: operation 'e' has class write; a read-back needs class read",
                  HasSubstr("tools/t.yaml:13:84: expression: "),
                  HasSubstr("tools/t.yaml:14:39: expected one of trusted, internal, constrained, untrusted"),
                  HasSubstr("tools/t.yaml:14:54: expected one of public, internal, confidential, secret"),
                  HasSubstr("tools/t.yaml:14:59: unknown key 'source' in 'label'")));
  EXPECT_THAT(problems_of({{"tools/t.yaml", "tool: http\nversion: 1.0.0\ndriver: x\noperations: {}\n"}}),
              ElementsAre("tools/t.yaml:1:7: a tool can't be called 'http': that is the standard's call: http",
                          "tools/t.yaml:4:13: expected an object of operations, at least one, found an empty object"));
}

TEST(Policy, IsReadWithItsRules) {
  auto project = loaded({{"tools/tos.yaml", terminal_tool}, {"policies/port.yaml", R"(policy: port
version: 1.0.0
rules:
  - {id: reads, classes: [read, egress_read], verdict: allow}
  - {id: http, tools: [http.request, http.*, "*"], verdict: deny, reason: No web.}
  - id: reslot
    tools: [tos.reslot, tos.*]
    when: .effect.arguments.moves | length <= 5
    verdict: approve
    approvers: [{role: vessel_planner}, {role: foreman, count: 2}]
    requesterExcluded: false
    expires: PT8H
)"}});
  const Policy& policy = *project->policies.at("port");
  ASSERT_EQ(policy.rules.size(), 3U);
  EXPECT_THAT(policy.rules[0].classes, ElementsAre(EffectClass::read, EffectClass::egress_read));
  EXPECT_EQ(policy.rules[0].verdict, VerdictKind::allow);
  EXPECT_TRUE(policy.rules[0].requester_excluded);
  EXPECT_EQ(policy.rules[1].reason, "No web.");
  const PolicyRule& rule = policy.rules[2];
  EXPECT_THAT(rule.approvers, ElementsAre(ApproverRequirement{"vessel_planner", 1}, ApproverRequirement{"foreman", 2}));
  EXPECT_FALSE(rule.requester_excluded);
  EXPECT_EQ(rule.expires, std::chrono::hours(8));
  EXPECT_EQ(rule.place.line, 6);
  EXPECT_EQ(*evaluate_first(*rule.when->program, from_json(R"({"effect":{"arguments":{"moves":[1,2]}}})"), {}),
            Value(true));
  EXPECT_STREQ(name_of(VerdictKind::approve), "approve");
}

TEST(PolicyProblems, AreReportedInPlace) {
  EXPECT_THAT(
      problems_of({{"tools/tos.yaml", terminal_tool}, {"policies/p.yaml", R"(policy: p
version: 1.0.0
rules:
  - {id: a, tools: [tso.reslot, tos.voyag, tos, "tso.*", http.get, .x], verdict: alow}
  - {id: a, classes: [], tools: [], verdict: approve}
  - {verdict: allow, approvers: [], expires: P2D, requesterExcluded: true}
  - {id: b, verdict: approve, approvers: [{rol: x}, {role: y, count: 0}], expires: P2Y}
  - {id: c, classes: [reads], when: .a +, verdict: deny}
  - {id: d, when: $effect.x, verdict: deny}
  - nothing
)"}}),
      ElementsAre(
          "policies/p.yaml:4:21: no tool 'tso'; did you mean 'tos'?",
          "policies/p.yaml:4:33: tool 'tos' has no operation 'voyag'; did you mean 'voyage'?",
          "policies/p.yaml:4:44: expected TOOL.OPERATION, TOOL.* or *, found the text \"tos\"",
          "policies/p.yaml:4:49: no tool 'tso'; did you mean 'tos'?",
          "policies/p.yaml:4:58: tool 'http' has no operation 'get'; known: request",
          "policies/p.yaml:4:68: expected TOOL.OPERATION, TOOL.* or *, found the text \".x\"",
          "policies/p.yaml:4:82: expected one of allow, approve, deny, found the text \"alow\"; did you mean 'allow'?",
          HasSubstr("'approvers' is missing in a rule"), HasSubstr("rule 'a' is there already, in line 4"),
          "policies/p.yaml:5:22: an empty list; leave 'classes' out to mean all classes",
          "policies/p.yaml:5:33: an empty list; leave 'tools' out to mean all tools",
          HasSubstr("'id' is missing in a rule"),
          "policies/p.yaml:6:22: 'approvers' has a meaning only where the rule may ask for an approval",
          "policies/p.yaml:6:33: expected at least one approver",
          "policies/p.yaml:6:37: 'expires' has a meaning only where the rule may ask for an approval",
          "policies/p.yaml:6:51: 'requesterExcluded' has a meaning only where the rule may ask for an approval",
          "policies/p.yaml:7:44: unknown key 'rol' in an approver; did you mean 'role'?",
          "policies/p.yaml:7:70: expected a whole number from 1 to 20, found the number 0",
          HasSubstr("policies/p.yaml:7:84: 'P2Y'"),
          HasSubstr("policies/p.yaml:8:23: expected one of read, egress_read"), HasSubstr("policies/p.yaml:8:"),
          HasSubstr("policies/p.yaml:9:19: expression: "),
          "policies/p.yaml:10:5: expected a rule (an object), found the text \"nothing\""));
}

}  // namespace
}  // namespace gantry::definition
