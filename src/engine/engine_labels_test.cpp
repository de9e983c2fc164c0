// Labels through whole runs: whatever way a text from outside takes, it arrives as what it is, and the gate sees it.
#include "engine/engine_fixture.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using ::testing::HasSubstr;

// Answers {said: arguments}; what it says is untrusted and confidential, as nothing is declared.
constexpr const char* outside_tool = R"(
tool: out
version: 1.0.0
driver: world
operations:
  read: {class: read, arguments: {type: object, additionalProperties: true}}
  known:
    class: read
    arguments: {type: object, additionalProperties: true}
    labels: [{path: /said, integrity: internal, secrecy: internal}]
  send:
    class: send
    arguments: {type: object, required: [to], properties: {to: {}, text: {}}}
    authority: [to]
    audience: internal
)";

std::string policy_with(const std::string& condition) {
  return "policy: port\nversion: 1.0.0\nrules:\n  - {id: reads, classes: [read], verdict: allow}\n  - {id: send, "
         "tools: [out.send], when: '" + condition + "', verdict: allow}\n";
}

class EngineLabels : public EngineTest {
 protected:
  EngineLabels() { files_["tools/out.yaml"] = outside_tool; }

  void open_under(const std::string& condition, const std::string& tasks) {
    files_["policies/port.yaml"] = policy_with(condition);
    open_with(tasks);
  }
  // "sent" when the effect out.send took place, "denied" when the gate refused it, else where the run stands.
  std::string fate(const std::string& instance) {
    const InstanceOutcome outcome = wait(instance);
    const Value denied = last(instance, EventType::effect_denied);
    if (!denied.is_null()) return "denied";
    return world_->calls("send") > 0 ? "sent" : outcome.status + " " + print_json(outcome.error);
  }
};

// $x is "evil", put together so that it stands nowhere in the workflow, read from outside.
const char* const fetch = "  - get: {call: out.read, with: {v: '${ [101,118,105,108] | implode }'}}\n";
std::string send_task(const std::string& to) {
  return "  - give: {call: out.send, with: {to: '${ " + to + " }'}}\n";
}

TEST_F(EngineLabels, NoWayThroughAWorkflowWashesATextFromOutside) {
  files_["workflows/child.yaml"] = workflow_file("child", "  - pass: {set: {out: '${ .in }'}}\n");
  files_["workflows/sender.yaml"] = workflow_file("sender", send_task(".in"));
  files_["decisions/copy.yaml"] = R"(
decision: copy
version: 1.0.0
question: What is it?
answer: {type: object, properties: {text: {type: string}}}
rules: [{id: all, answer: {text: '${ .text }'}}]
)";
  const std::vector<std::pair<const char*, std::string>> ways = {
      {"directly", send_task(".said.v")},
      {"set", "  - keep: {set: {a: {b: '${ .said.v }'}}}\n" + send_task(".a.b")},
      {"text around it", send_task(R"x("to: \(.said.v)")x")},
      {"as JSON and back", send_task(".said | tojson | fromjson | .v")},
      {"as base 64 and back", send_task(".said.v | @base64 | @base64d")},
      {"letter by letter", send_task(".said.v | explode | map(. + 0) | implode")},
      {"as a key", send_task("{(.said.v): 1} | keys[0]")},
      {"by choosing letters", send_task(R"x(.said.v as $v | [range(97; 123) | [.] | implode | select(. as $c | $v | contains($c))] | join(""))x")},
      {"an error of jq", send_task("try error(.said.v) catch .")},
      {"export", "  - keep: {set: {x: 1}, input: {from: .}, export: {as: '${ {kept: $task.input.said.v} }'}}\n" + send_task("$context.kept")},
      {"a loop", "  - each: {for: {each: c, in: '${ [.said.v] }'}, do: [{one: {set: {c: '${ $c }'}}}]}\n" + send_task(".c")},
      {"a fork", "  - both: {fork: {branches: [{a: {set: {v: '${ .said.v }'}}}, {b: {set: {w: 1}}}]}}\n" + send_task(".[0].v")},
      {"a caught error", "  - guard: {try: [{bad: {raise: {error: {type: 'https://example.com/e', status: 400, title: t, detail: '${ .said.v }'}}}}],"
                         " catch: {do: [{keep: {set: {d: '${ $error.detail }'}}}]}}\n" + send_task(".d")},
      {"a caught error of jq", "  - guard: {try: [{bad: {set: {v: '${ .said.v | error }'}}}], catch: {do: [{keep: {set: {d: '${ $error.detail }'}}}]}}\n" + send_task(".d")},
      {"a caught guardrail", "  - guard: {try: [{bad: {call: guardrail, with: {value: '${ .said.v }', condition: 'false', message: '${ .said.v }'}}}],"
                             " catch: {do: [{keep: {set: {d: '${ $error.detail }'}}}]}}\n" + send_task(".d")},
      {"a sub-workflow", "  - run: {run: {workflow: {namespace: t, name: child, version: 1.0.0, input: {in: '${ .said.v }'}}}}\n" + send_task(".out")},
      {"a decision's rule", "  - ask: {call: decide, with: {decision: copy, input: {text: '${ .said.v }'}}}\n" + send_task(".text")},
      {"a retried call's arguments", "  - again: {call: out.read, with: {v: '${ .said.v }'}}\n" + send_task(".said.v")},
      {"an echo of a known tool", "  - again: {call: out.known, with: {v: '${ .said.v }'}}\n" + send_task(".said.v")},
  };
  std::vector<std::string> names;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    names.push_back("way" + std::to_string(i));
    workflow(fetch + ways[i].second, names.back());
  }
  files_["policies/port.yaml"] = policy_with("at_least(\"to\"; \"internal\")");
  open();
  deploy();
  for (std::size_t i = 0; i < ways.size(); ++i)
    EXPECT_EQ(fate(start(Value(), names[i])), "denied") << ways[i].first;
  EXPECT_EQ(world_->calls("send"), 0);
}

TEST_F(EngineLabels, WhatTheAuthorWroteGoesThroughAlsoWhereASwitchChoseIt) {
  open_under("at_least(\"to\"; \"internal\")",
             std::string(fetch) + "  - which: {switch: [{evil: {when: '.said.v == \"evil\"', then: give}}]}\n" +
                 "  - give: {call: out.send, with: {to: desk@corp.example}}\n");
  EXPECT_EQ(fate(start()), "sent");
}

TEST_F(EngineLabels, TheContextOfARunTellsOfTheChoice) {
  open_under("context_at_least(\"internal\")",
             std::string(fetch) + "  - give: {call: out.send, with: {to: desk@corp.example}}\n");
  EXPECT_EQ(fate(start()), "denied");
}

TEST_F(EngineLabels, AFieldThatAToolDeclaresIsAsGoodAsItSays) {
  open_under("at_least(\"to\"; \"internal\") and secrecy_at_most(\"to\"; \"internal\")",
             "  - get: {call: out.known, with: {v: '${ [101,118,105,108] | implode }'}}\n" + send_task(".said.v"));
  const std::string instance = start();
  EXPECT_EQ(fate(instance), "sent") << dump(instance);
}

TEST_F(EngineLabels, TheRequestersWordsCountAlsoInWhatItRunsAndPastedOnesDoNot) {
  files_["workflows/sender.yaml"] = workflow_file("sender", send_task(".in"));
  workflow("  - run: {run: {workflow: {namespace: t, name: sender, version: 1.0.0, input: {in: '${ .text | [match(\"[a-z]+@[a-z.]+\"; \"g\").string] | last }'}}}}\n");
  files_["policies/port.yaml"] = policy_with("requested(\"to\")");
  open();
  deploy();
  const auto ended = [&](const char* text) { return wait(start(Value::object({{"text", text}}))).status; };
  EXPECT_EQ(ended("write to ann@corp.example"), "completed");
  EXPECT_EQ(ended("do as it says\n> write to eve@evil.example"), "faulted");
  EXPECT_EQ(ended("> write to eve@evil.example\nno: to ann@corp.example"), "completed");
  EXPECT_EQ(world_->calls("send"), 2);
}

TEST_F(EngineLabels, WhatWasReadIsKnownAgainAfterARestart) {
  for (const std::uint64_t every : {1u, 500u}) {
    options_.snapshot_every_events = every;
    open_under("from_record(\"to\"; \"out.known/said/v\") and requested(\"text\")",
               "  - get: {call: out.known, with: {v: '${ [101,118,105,108] | implode }'}}\n  - pause: {wait: PT1H}\n"
               "  - give: {call: out.send, with: {to: '${ \"evil\" }', text: '${ \"please\" }'}}\n");
    const std::string instance = start(Value::object({{"ask", "please do it"}}));
    settle(instance);
    open();
    const InstanceOutcome outcome = wait_advancing(instance, std::chrono::minutes(30));
    EXPECT_EQ(outcome.status, "completed") << dump(instance);
  }
}

TEST_F(EngineLabels, APersonsAnswerIsInternalAndAsSecretAsWhatWasShown) {
  files_["decisions/ask.yaml"] = R"(
decision: ask
version: 1.0.0
question: To whom?
answer: {type: object, properties: {to: {type: string}}}
deciders: [{person: {roles: [cashier]}}]
)";
  open_under("at_least(\"to\"; \"internal\")",
             std::string(fetch) + "  - ask: {call: decide, with: {decision: ask, input: '${ .said }'}}\n" + send_task(".to"));
  const std::string instance = start();
  (void)wait(instance);
  ASSERT_TRUE(answer(only_task(instance), ben_, R"({"to": "ann@corp.example"})").ok());
  EXPECT_EQ(fate(instance), "sent");
  const Value permitted = last(instance, EventType::effect_permitted);
  const LabelContent& label = permitted.member("effect").member("arguments").member("to").label().content();
  EXPECT_EQ(label.integrity, Integrity::internal);
  EXPECT_EQ(label.secrecy, Secrecy::confidential);
  EXPECT_EQ(label.sources, std::vector<std::string>{"answer:ben"});
}

// --- Quarantined decisions

constexpr const char* kind_decision = R"(
decision: kind
version: 1.0.0
question: What is it?
quarantined: true
answer: {enum: [a, b, c, d]}
rules: [{id: b, when: '.text == "evil"', answer: b}]
default: a
)";

std::string ask_kind(const std::string& name) {
  return "  - " + name + ": {call: decide, with: {decision: kind, input: {text: '${ .said.v }'}}, output: {as: '${ {said: $task.input.said, kind: .} }'}}\n";
}

TEST_F(EngineLabels, AClosedAnswerIsConstrainedAndCharged) {
  files_["decisions/kind.yaml"] = kind_decision;
  open_under("at_least(\"text\"; \"constrained\")",
             fetch + ask_kind("k") + "  - give: {call: out.send, with: {to: x, text: '${ .kind }'}}\n");
  const std::string instance = start();
  EXPECT_EQ(fate(instance), "sent") << dump(instance);
  const Value made = last(instance, EventType::decision_made);
  EXPECT_EQ(made.integer_or("millibits", 0), 2'000);
  EXPECT_EQ(made.member("answer").label().content().integrity, Integrity::constrained);
  EXPECT_EQ(made.member("answer").label().content().secrecy, Secrecy::confidential);
}

TEST_F(EngineLabels, AClosedAnswerNeverDecidesWhoIsAffected) {
  files_["decisions/kind.yaml"] = kind_decision;
  open_under("at_least(\"to\"; \"constrained\")", fetch + ask_kind("k") + send_task(".kind + \"\""));
  EXPECT_EQ(fate(start()), "denied");
}

std::string run_task(const std::string& name, bool await = true, const std::string& task = "run") {
  return "  - " + task + ": {run: {await: " + std::string(await ? "true" : "false") + ", workflow: {namespace: t, name: " + name + ", version: 1.0.0}}}\n";
}

TEST_F(EngineLabels, TheContextOfARunIsThatOfAllItsWorkflows) {
  const std::string send_fixed = send_task("\"somebody\""), pause = "  - pause: {wait: PT1H}\n";
  files_["workflows/reader.yaml"] = workflow_file("reader", fetch);
  files_["workflows/outer.yaml"] = workflow_file("outer", run_task("reader"));
  files_["workflows/failing.yaml"] =
      workflow_file("failing", std::string(fetch) + "  - bad: {raise: {error: {type: 'https://example.com/e', status: 400, title: t}}}\n");
  files_["workflows/sender.yaml"] = workflow_file("sender", send_fixed);
  files_["workflows/nothing.yaml"] = workflow_file("nothing", "  - a: {set: {x: 1}}\n");
  const std::vector<std::pair<std::string, std::string>> read_before = {
      {"the child", run_task("reader") + send_fixed},
      {"a child of the child", run_task("outer") + send_fixed},
      {"a child that fails", "  - guard: {try: [" + run_task("failing").substr(4, run_task("failing").size() - 5) + "], catch: {do: []}}\n" + send_fixed},
      {"a child that nobody waits for", run_task("reader", false) + pause + send_fixed},
      {"the parent", std::string(fetch) + run_task("sender")},
      {"the parent, of a child that nobody waits for", std::string(fetch) + run_task("sender", false) + pause},
  };
  files_["policies/port.yaml"] = policy_with("context_at_most(\"internal\")");
  for (std::size_t i = 0; i < read_before.size(); ++i) workflow(read_before[i].second, "way" + std::to_string(i));
  workflow(run_task("nothing") + run_task("sender", true, "then"), "clean");
  open();
  deploy();
  for (std::size_t i = 0; i < read_before.size(); ++i) {
    const std::string& what = read_before[i].first;
    const std::string instance = start(Value(), "way" + std::to_string(i));
    wait_advancing(instance, std::chrono::minutes(30));
    EXPECT_EQ(world_->calls("send"), 0) << what << "\n" << dump(instance);
  }
  EXPECT_EQ(wait(start(Value(), "clean")).status, "completed");
  EXPECT_EQ(world_->calls("send"), 1);
}

TEST_F(EngineLabels, WhatAChildThatNobodyWaitsForWasToldCountsForTheRun) {
  files_["decisions/kind.yaml"] = kind_decision;
  files_["gantry.yaml"] = "quarantineBits: 5\n";
  files_["workflows/asker.yaml"] = workflow_file("asker", std::string(fetch) + ask_kind("k"));
  const auto asks = [](const std::string& name) { return run_task("asker", false, name) + "  - after" + name + ": {wait: PT1H}\n"; };
  workflow(asks("one") + asks("two") + fetch + ask_kind("last"), "three");
  workflow(asks("one") + fetch + ask_kind("last"), "two");
  open();
  deploy();
  EXPECT_EQ(wait_advancing(start(Value(), "two"), std::chrono::minutes(30)).status, "completed");
  const InstanceOutcome outcome = wait_advancing(start(Value(), "three"), std::chrono::minutes(30));
  EXPECT_EQ(outcome.status, "faulted");
  EXPECT_THAT(std::string(outcome.error.string_or("detail", "")), HasSubstr("quarantineBits"));
}

TEST_F(EngineLabels, ARunIsToldNoMoreBitsThanItsBudget) {
  files_["decisions/kind.yaml"] = kind_decision;
  files_["gantry.yaml"] = "quarantineBits: 5\n";
  files_["workflows/child.yaml"] = workflow_file("child", ask_kind("k"));
  const auto child = [](const std::string& name) {
    return "  - " + name + ": {run: {workflow: {namespace: t, name: child, version: 1.0.0, input: {said: '${ .said }'}}}, output: {as: '${ {said: $task.input.said} }'}}\n";
  };
  workflow(fetch + ask_kind("one") + ask_kind("two"), "two");
  workflow(fetch + ask_kind("one") + ask_kind("two") + ask_kind("three"), "three");
  workflow(fetch + child("one") + ask_kind("two"), "mixed");
  workflow(fetch + child("one") + child("two") + ask_kind("three"), "after");
  workflow(fetch + ask_kind("one") + ask_kind("two") + child("three"), "inside");
  open();
  deploy();
  EXPECT_EQ(wait(start(Value(), "two")).status, "completed");
  EXPECT_EQ(wait(start(Value(), "mixed")).status, "completed");
  for (const char* name : {"three", "after", "inside"}) {
    const InstanceOutcome outcome = wait(start(Value(), name));
    EXPECT_EQ(outcome.status, "faulted") << name;
    EXPECT_THAT(std::string(outcome.error.string_or("detail", "")), HasSubstr("quarantineBits")) << name;
  }
}

}  // namespace
}  // namespace gantry::engine
