// Where labels flow: invariants about what reaches whom, and the bounds that they stand on.
#include <gmock/gmock.h>

#include "engine/interpreter_plan.h"
#include "expression/inspect.h"
#include "prove/label_expression.h"
#include "prove/label_flow.h"
#include "prove/prove_fixture.h"

namespace gantry::prove::testing {
namespace {

constexpr const char* office_tools = R"(
tool: office
version: 1.0.0
driver: echo
operations:
  key: {class: read, label: {integrity: internal, secrecy: secret}}
  person:
    class: read
    label: {integrity: internal, secrecy: internal}
    labels:
      - {path: /pin, integrity: internal, secrecy: secret}
      - {path: /remarks, integrity: untrusted, secrecy: internal}
  mail: {class: read, label: {integrity: untrusted, secrecy: internal}}
  post:
    class: send
    arguments: {type: object, properties: {text: {type: string}, any: {}}}
    audience: public
  file:
    class: write
    arguments: {type: object, properties: {text: {type: string}}}
    audience: secret
)";
constexpr const char* secrets_stay =
    "  - {id: secrets, never: '*', when: .labels.secrecy == \"secret\" and .audience.clearance == \"public\"}\n";

Finding of(const std::string& workflow, const std::string& invariant = secrets_stay, const std::string& rules = "",
           definition::SourceFiles more = {}) {
  more["tools/office.yaml"] = office_tools;
  return finding_of(workflow, policy_with(invariant, rules), std::move(more));
}
std::string answer(const std::string& workflow, const std::string& invariant = secrets_stay,
                   const std::string& rules = "", definition::SourceFiles more = {}) {
  return name_of(of(workflow, invariant, rules, std::move(more)).verdict);
}
std::string post(const std::string& text) {
  return "  - say: {call: office.post, with: {text: '" + text + "'}}\n";
}
const char* const key = "  - key: {call: office.key}\n";

TEST(ProveLabels, ASecretThatIsReadAndNotSentStays) {
  EXPECT_EQ(answer(std::string("do:\n") + key + post("hello")), "holds");
  EXPECT_EQ(answer(std::string("do:\n") + key + "  - say: {call: office.file, with: {text: '${ .value }'}}\n"), "holds");
}

// What the solver finds alone would not fit, or would have another label.
TEST(ProveLabels, ASecretThatIsSentIsShownWhateverTheSchemaOrTheLabelRuleAskFor) {
  const std::string leak =
      "do:\n  - find: {call: vault.find}\n  - pick: {set: {text: '${ .card }'}}\n"
      "  - say: {call: vault.post, with: {text: '${ .text }'}}\n";
  const auto vault = [](const std::string& label, const std::string& schema) {
    return definition::SourceFiles{
        {"tools/vault.yaml",
         "tool: vault\nversion: 1.0.0\ndriver: echo\noperations:\n  find: {class: read, label: {integrity: internal, "
         "secrecy: internal}, labels: [{path: /card, secrecy: secret" + label + "}]}\n  post: {class: send, audience: "
         "public, arguments: {type: object, required: [text], properties: {text: " + schema + "}}}\n"}};
  };
  for (const char* schema : {"{type: string}", "{type: string, enum: [a, b]}", "{type: string, format: email}",
                             "{type: string, minLength: 30, maxLength: 40}", "{type: array, items: {enum: [7]}, minItems: 2}",
                             "{type: object, required: [a], properties: {a: {type: array, minItems: 1}}}"})
    EXPECT_EQ(answer(leak, secrets_stay, "", vault("", schema)), "counter-example") << schema;
  for (const char* label : {", when: '.kind == \"private\"'", ", when: '.n > 5 and .open != \"yes\"'",
                            ", when: '.marked'", ", when: '3 <= .n or .x'"})
    EXPECT_EQ(answer(leak, secrets_stay, "", vault(label, "{type: string}")), "counter-example") << label;
  // Tried out, not believed: here the record of the secret is not the one that is sent.
  const std::string guarded =
      "do:\n  - find: {call: vault.find}\n  - look: {switch: [{open: {when: '.kind != \"private\"', then: say}}, {other: "
      "{then: end}}]}\n  - say: {call: vault.post, with: {text: '${ .card }'}}\n";
  EXPECT_NE(answer(guarded, secrets_stay, "", vault(", when: '.kind == \"private\"'", "{type: string}")),
            "counter-example");
}

TEST(ProveLabels, ASecretThatIsSentIsShownWithThePathAndTheValues) {
  const Finding finding = of(std::string("do:\n") + key + post("${ .value }"));
  ASSERT_EQ(finding.verdict, Verdict::counter_example) << text_of(finding);
  EXPECT_THAT(text_of(finding), ::testing::HasSubstr("office.key is done"));
  EXPECT_THAT(text_of(finding), ::testing::HasSubstr("/do/0/key is done with"));
  EXPECT_THAT(text_of(finding), ::testing::HasSubstr("say calls office.post"));
}

TEST(ProveLabels, FieldsOfAResultAreToldApart) {
  const std::string read = "do:\n  - who: {call: office.person}\n";
  EXPECT_EQ(answer(read + post("${ .name }")), "holds");
  EXPECT_EQ(answer(read + post("${ .pin }")), "counter-example");
  EXPECT_NE(answer(read + post("${ tojson }")), "holds");
  // A field that is not there has the label of what is: any argument but a text could tell that.
  EXPECT_NE(answer(read + "  - say: {call: office.post, with: {any: '${ .name }'}}\n"), "holds");
}

bool may_post_a_secret(const std::string& workflow, const definition::SourceFiles& more) {
  const auto project = project_of(workflow, policy_with(secrets_stay), more);
  bool may = false;
  if (project == nullptr) return may;
  LabelFlow flow(*project);
  for (const auto& [name, each] : project->workflows) {
    const definition::Workflow& at = *each;
    if (at.name.name == "child" && workflow.find("name: child") == std::string::npos) continue;
    engine::visit_tasks(at.tasks, [&](const definition::Task& task) {
      const auto* call = std::get_if<definition::CallTask>(&task.body);
      if (call == nullptr || call->operation != "post") return;
      may = may || flow.arguments(at, task).deep().content().secrecy == Secrecy::secret;
    });
  }
  return may;
}

TEST(ProveLabels, NoWayThroughAWorkflowIsForgotten) {
  const std::string workflows[] = {
      key + post(R"x(${ "the key: \(.value)" })x"),
      std::string("  - key: {call: office.key, output: {as: '${ .value }'}}\n") + post("${ . }"),
      std::string("  - key: {call: office.key, export: {as: '{kept: .value}'}}\n") + post("${ $context.kept }"),
      key + std::string("  - s: {set: {a: {b: '${ .value }'}}}\n") + post("${ .a.b }"),
      key + post("${ if .value == \"a\" then \"yes\" else \"no\" end }"),
      key + post("${ [.value] | map(.) | first }"),
      key + post("${ .value // \"none\" }"),
      key + post("${ . as $x | \"a\" | $x.value }"),
      key + post("${ {(.value): 1} | keys[0] }"),
      key + post("${ reduce .value as $x (\"\"; . + $x) }"),
      key + post("${ def f: .value; f }"),
      key + post("${ .value | @base64 }"),
      key + post("${ \"\\(.value | length)\" }"),
      key + std::string("  - l: {for: {in: '[.value]', each: v}, do: [{say: {call: office.post, with: {text: '${ $v }'}}}]}\n"),
      key + std::string("  - l: {for: {in: '[1]', each: v}, do: [{say: {call: office.post, with: {text: '${ .value }'}}}]}\n"),
      std::string("  - f: {fork: {branches: [{k: {call: office.key}}]}}\n") + post("${ .[0].value }"),
      std::string("  - t: {try: [{k: {call: office.key}}], catch: {do: [{n: {set: {value: none}}}]}}\n") + post("${ .value }"),
      std::string("  - t: {try: [{k: {call: office.key}}], catch: {as: e, do: [{say: {call: office.post, with: {text: '${ $e.detail }'}}}]}}\n"),
      key + std::string("  - g: {call: guardrail, with: {value: '${ . }', schema: {type: object}}}\n") + post("${ .value }"),
      key + std::string("  - e: {call: office.post, with: {any: '${ {a: {b: [.value]}} }'}}\n"),
      key + std::string("  - c: {switch: [{x: {when: '.value == \"a\"', then: say}}]}\n  - o: {set: {z: 1}, then: end}\n") +
          post("${ .value }"),
      std::string("  - k: {call: customs.status}\n  - back: {switch: [{again: {when: '.again == true', then: say}}]}\n") + key +
          std::string("  - jump: {set: '${ . }', then: say}\n") + post("${ .value }"),
      key + std::string("  - echo: {call: customs.status, with: {a: '${ .value }'}}\n") + post("${ .a }"),
      key + std::string("  - d: {call: decide, with: {decision: customs, input: '${ . }'}}\n") + post("${ . }"),
      key + std::string("  - r: {run: {workflow: {namespace: test, name: child, version: latest, input: '${ . }'}}}\n"),
      std::string("  - r: {run: {workflow: {namespace: test, name: keys, version: latest}}}\n") + post("${ .value }"),
      std::string("  - e: {listen: {to: {any: []}}, foreach: {item: e, do: [{say: {call: office.post, with: {text: '${ $e.a }'}}}]}}\n"),
      key + std::string("  - w: {set: {x: 1}, input: {from: '${ {k: .value} }'}, output: {as: '${ $input.k }'}}\n") + post("${ . }"),
      key + std::string("  - w: {set: {x: 1}, output: {as: '${ $task.input.value }'}}\n") + post("${ . }"),
  };
  definition::SourceFiles more = {
      {"workflows/child.yaml", document("child") + "do:\n" + post("${ .value }")},
      {"workflows/keys.yaml", document("keys") + "do:\n" + std::string(key)}};
  more["tools/office.yaml"] = office_tools;
  for (const std::string& workflow : workflows) EXPECT_TRUE(may_post_a_secret("do:\n" + workflow, more)) << workflow;
  EXPECT_FALSE(may_post_a_secret(std::string("do:\n") + key + post("${ $context.none }"), more));
}

TEST(ProveLabels, WhatTheRulesSayOfLabelsCounts) {
  const std::string sends = std::string("do:\n") + key + post("${ .value }");
  EXPECT_EQ(answer(sends, secrets_stay,
                   "  - {id: reads, classes: [read], verdict: allow}\n"
                   "  - {id: send, classes: [send], allow: .labels.secrecy == \"public\", else: deny}\n"),
            "holds");
  EXPECT_NE(answer(sends, secrets_stay,
                   "  - {id: reads, classes: [read], verdict: allow}\n"
                   "  - {id: send, classes: [send], allow: .labels.secrecy != \"public\", else: deny}\n"),
            "holds");
}

TEST(ProveLabels, WhereAValueComesFromCanBeAsked) {
  const char* no_mail =
      "  - {id: mail, never: office.post, when: .labels.sources | index(\"tool:office.mail\") != null}\n";
  const std::string read = "do:\n  - mail: {call: office.mail, export: {as: '{mail: .}'}}\n  - who: {call: office.person}\n";
  EXPECT_EQ(answer(read + post("${ .name }"), no_mail), "holds");
  EXPECT_EQ(answer(read + post("${ $context.mail.subject }"), no_mail), "counter-example");
  const char* trusted = "  - {id: trusted, never: office.post, when: .labels.arguments.text.integrity == \"untrusted\"}\n";
  EXPECT_EQ(answer(read + post("${ .name }"), trusted), "holds");
  EXPECT_EQ(answer(read + post("${ .remarks }"), trusted), "counter-example");
}

// As the gate asks them: what computes with something missing can't be answered, which denies.
TEST(ProvePolicies, ConditionsThatComputeWithWhatIsMissingPermitNothing) {
  const auto with = [](const std::string& condition) {
    return answer("do:\n" + post("hello"), "  - {id: none, never: office.post}\n",
                  "  - id: send\n    classes: [send]\n    else: deny\n    allow: '" + condition + "'\n");
  };
  for (const char* missing : {"({a: 1} | .c | length) == 0", "({a: 1} | .c + .a) == 1", "({a: 1} | .c) < 5",
                              "(.args | .nothing | length) == 0"})
    EXPECT_EQ(with(missing), "holds") << missing;
  for (const char* said : {"({a: 1} | .c // 0) == 0", "({a: 1} | .c) == null", "({a: 1} | .a | length) == 1",
                           "(.args | .text | length) == 5"})
    EXPECT_NE(with(said), "holds") << said;
}

TEST(ProveLabels, AnInputMayHaveBeenPastedOrComeFromAnotherWorkflow) {
  const char* trusted = "  - {id: trusted, never: office.post, when: .labels.integrity == \"untrusted\"}\n";
  EXPECT_NE(answer("do:\n" + post("${ .text }"), trusted), "holds");
  EXPECT_EQ(answer("do:\n" + post("${ .text }")), "holds") << "a request has no secrets";
  const definition::SourceFiles parent = {
      {"workflows/parent.yaml", document("parent") + "do:\n  - r: {run: {workflow: {namespace: test, name: main, version: latest}}}\n"}};
  EXPECT_NE(answer("do:\n" + post("${ .text }"), secrets_stay, "", parent), "holds");
}

TEST(ProveLabels, WhatPoliciesSayOfResultsAndRequestsCounts) {
  const std::string labels =
      "labels:\n  - {tool: customs.status, path: /code, secrecy: secret}\n  - {request: test/main, path: /code, secrecy: secret}\n";
  const std::string policy = policy_with(secrets_stay) + labels;
  const definition::SourceFiles more = {{"tools/office.yaml", office_tools}};
  const std::string status = "do:\n  - a: {call: customs.status}\n";
  EXPECT_EQ(verdict_of(status + post("${ .code }"), policy, more), "counter-example");
  EXPECT_EQ(verdict_of(status + post("${ .other }"), policy, more), "holds");
  EXPECT_EQ(verdict_of("do:\n" + post("${ .code }"), policy, more), "counter-example");
  EXPECT_EQ(verdict_of("do:\n" + post("${ .other }"), policy, more), "holds");
}

// The real evaluator on labelled values never gives a label beyond the bound.
TEST(ProveLabels, BoundsHoldForWhatTheEvaluatorDoes) {
  const auto label = [](Secrecy secrecy, const char* source) {
    return Label::of({.integrity = Integrity::internal, .secrecy = secrecy, .sources = {source}, .compartments = {}});
  };
  const Value input =
      Value::object({{"a", Value(7).labelled(label(Secrecy::secret, "a"))},
                     {"b", Value("text").labelled(label(Secrecy::internal, "b"))},
                     {"list", Value::array({Value::object({{"p", Value(1).labelled(label(Secrecy::confidential, "p"))}, {"q", "x"}}),
                                            Value::object({{"p", Value(9)}, {"q", Value("y").labelled(label(Secrecy::public_, "q"))}})})
                                  .labelled(label(Secrecy::internal, "list"))}});
  LabelShape dot;
  dot.fields["a"] = std::make_shared<const LabelShape>(LabelShape::all(input.member("a").deep_label()));
  dot.fields["b"] = std::make_shared<const LabelShape>(LabelShape::all(input.member("b").deep_label()));
  dot.fields["list"] = std::make_shared<const LabelShape>(LabelShape::all(input.member("list").deep_label()));
  const char* programs[] = {
      ".", ".a", ".b", ".none", ".a + 1", "{x: .a, y: .b}", "{x: (.a // 1), y: .b}", "{(.b): .a, y: 1}", "[.a, .b]", ".list[0].p",
      ".list[].q", ".list | map(.p)", "[.list[] | select(.p > 3) | 1]", ".list | length", "if .a > 3 then {k: 1} else {k: 2} end",
      "if .a > 30 then .b elif .b == \"text\" then 1 else 2 end", ".a as $x | {z: $x}", ". as {a: $x, b: $y} | 1 | [$x, $y]",
      "reduce .list[] as $i (0; . + $i.p)", "[foreach .list[] as $i (0; . + $i.p; [., $i.q])]", "def f(g): g | g; [.a] | f(.)",
      ".b | test(\"t\")", ".b |= ascii_upcase", ".c = .a", ".c.d = .a | .b", "del(.a)", "to_entries", "with_entries(.value |= 1)", "keys",
      "[.list[] | .q] | join(\",\")", "\"\\(.a) and \\(.b)\"", "@json", ".list | sort_by(.p) | .[0].q", ".list | group_by(.p)", "[paths]",
      "first(.list[] | .p)", "[limit(1; .list[].p)]", "try error(.a) catch .", "(.a, .b)", "{a, b}", "{x: {y: {z: .a}}} | .x | .y | {w: .z}",
      "[range(.a)]", ".a == 7", ".a > 3 and .b == \"x\"", "not", "-.a", ".list[0:1]", "any(.list[]; .p > 3)", "all(.p?; true)",
      "[.list[] | {q} + {r: 1}]", "{k: 1} + (if .a > 0 then {s: 1} else {} end)", "[.. | numbers]",
      "path(.a)", "getpath([\"a\"])", ".list | index({p: 9})", "[.list[].p] | add", "limit(1; .a, .b)", ".a? // .b", "walk(.)",
      "label $out | .a | ., break $out", "isempty(.list[] | select(.p > 100))", "{x: (.list | first | .p)} | .x"};
  for (const char* text : programs) {
    const auto program = expression::compile(text);
    ASSERT_TRUE(std::holds_alternative<expression::ProgramPointer>(program)) << text;
    const LabelShape bound = labels_of(expression::root_of(*std::get<0>(program)), {}, dot);
    const Result<Value> found = expression::evaluate_first(*std::get<0>(program), input, {});
    if (!found) continue;
    const auto is_within = [](Label real, Label most) { return join(most, real) == most; };
    EXPECT_TRUE(is_within(found->deep_label(), bound.deep())) << text;
    if (!found->is_object()) continue;
    for (const Member& member : found->members()) {
      const Label real = join(found->label(), member.value.deep_label());
      EXPECT_TRUE(is_within(real, bound.field(member.key.view()).deep())) << text << " at " << member.key.view();
    }
  }
}

}  // namespace
}  // namespace gantry::prove::testing
