// What a workflow file becomes.
#include <gmock/gmock.h>

#include "definition/project_fixture.h"

namespace gantry::definition {
namespace {

using testing::ElementsAre;

template <class Body>
const Body& body_of(const TaskPointer& task) {
  return std::get<Body>(task->body);
}

Value value_of(const Result<Value>& result) {
  EXPECT_TRUE(result.ok()) << result.error().message;
  return result.ok() ? *result : Value("failed");
}

// The standard arguments are null; `variables` are those of the scope.
std::vector<Value> arguments_with(std::vector<Value> variables) {
  std::vector<Value> arguments(standard_argument_count);
  arguments.insert(arguments.end(), variables.begin(), variables.end());
  return arguments;
}

Value evaluated(const Template& template_, const Value& input, std::vector<Value> variables = {}) {
  std::vector<Value> arguments = arguments_with(std::move(variables));
  expression::Evaluation evaluation;
  evaluation.arguments = arguments;
  return value_of(template_.evaluate(input, evaluation));
}

Value evaluated(const Expression& expression, const Value& input, std::vector<Value> variables = {}) {
  std::vector<Value> arguments = arguments_with(std::move(variables));
  expression::Evaluation evaluation;
  evaluation.arguments = arguments;
  return value_of(evaluate_first(*expression.program, input, evaluation));
}

TEST(Workflow, KeepsItsNameTextsAndDigest) {
  auto project = loaded({{"workflows/a.yaml", R"(
document: {dsl: '1.0.3', namespace: port, name: a, version: 1.2.3, title: A, summary: B, tags: {x: 1}, metadata: {y: 2}}
use: {secrets: [one, two]}
do: [{x: {set: {a: 1}}}]
)"},
                         {"workflows/b.json",
                          R"({"do":[{"x":{"set":{"a":1}}}],"use":{"secrets":["one","two"]},
"document":{"version":"1.2.4","name":"a","namespace":"port","dsl":"1.0.0"}})"}});
  ASSERT_EQ(project->workflows.size(), 2U);
  auto workflow = project->find_workflow("port", "a", "1.2.3");
  ASSERT_TRUE(workflow);
  EXPECT_EQ(workflow->name.text(), "port/a:1.2.3");
  EXPECT_EQ(workflow->title, "A");
  EXPECT_EQ(workflow->summary, "B");
  EXPECT_EQ(workflow->path, "workflows/a.yaml");
  EXPECT_THAT(workflow->secrets, ElementsAre("one", "two"));
  EXPECT_EQ(workflow->digest, sha256(print_canonical(workflow->source)));
}

TEST(Workflow, GivesTasksTheReferenceOfTheirPlaceInTheDocument) {
  auto workflow = loaded_workflow(R"(
  - first: {set: {a: 1}}
  - loop:
      for: {in: .list}
      do:
        - inner: {try: [{deep: {set: {a: 1}}}], catch: {do: [{caught: {set: {b: 1}}}]}}
  - race: {fork: {branches: [{one: {set: {a: 1}}}, {a/b: {set: {a: 1}}}]}}
)");
  ASSERT_EQ(workflow->tasks.tasks.size(), 3U);
  EXPECT_EQ(workflow->tasks.tasks[0]->reference, "/do/0/first");
  EXPECT_EQ(workflow->tasks.tasks[0]->place, (SourcePlace{4, 5}));
  const auto& inner = body_of<ForTask>(workflow->tasks.tasks[1]).body.tasks[0];
  EXPECT_EQ(inner->reference, "/do/1/loop/do/0/inner");
  EXPECT_EQ(body_of<TryTask>(inner).body.tasks[0]->reference, "/do/1/loop/do/0/inner/try/0/deep");
  EXPECT_EQ(body_of<TryTask>(inner).handler->tasks[0]->reference, "/do/1/loop/do/0/inner/catch/do/0/caught");
  const auto& fork = body_of<ForkTask>(workflow->tasks.tasks[2]);
  EXPECT_EQ(fork.branches.tasks[0]->reference, "/do/2/race/fork/branches/0/one");
  EXPECT_EQ(fork.branches.tasks[1]->reference, "/do/2/race/fork/branches/1/a~1b");
  EXPECT_EQ(fork.branches.tasks[1]->name, "a/b");
  EXPECT_FALSE(fork.compete);
}

TEST(Workflow, NamesTheKindsOfTasksAsTheStandardDoes) {
  auto workflow = loaded_workflow(R"(
  - a: {do: [{x: {set: {a: 1}}}]}
  - b: {set: {a: 1}}
  - c: {switch: [{x: {then: end}}]}
  - d: {for: {in: .}, do: [{x: {set: {a: 1}}}]}
  - e: {fork: {branches: [{x: {set: {a: 1}}}]}}
  - f: {try: [{x: {set: {a: 1}}}], catch: {}}
  - g: {raise: {error: {type: "https://x/y", status: 500}}}
  - h: {emit: {event: {with: {type: a.b}}}}
  - i: {wait: PT1S}
  - j: {call: http, with: {method: get, endpoint: "https://x/"}}
)");
  std::vector<std::string> kinds;
  for (const auto& task : workflow->tasks.tasks) kinds.emplace_back(task->kind_name());
  EXPECT_THAT(kinds, ElementsAre("do", "set", "switch", "for", "fork", "try", "raise", "emit", "wait", "call"));
}

TEST(Workflow, TakesBareAndWrappedExpressions) {
  auto workflow = loaded_workflow(R"(
  - a:
      if: ${ .go }
      input: {from: .in}
      set: {literal: .go, value: "${ .go }"}
      output: {as: {wrapped: "${ .value }", plain: .value}}
      export: {as: "$context + { a: .literal } # comment"}
  - b: {if: .go, set: "${ . }"}
)");
  const auto& a = workflow->tasks.tasks[0];
  Value input = from_json(R"({"go":true,"in":5})");
  EXPECT_EQ(evaluated(*a->condition, input), Value(true));
  EXPECT_EQ(evaluated(*a->input.transform, input), Value(5));
  EXPECT_EQ(evaluated(body_of<SetTask>(a).value, input), from_json(R"({"literal":".go","value":true})"));
  EXPECT_EQ(evaluated(*a->output.transform, from_json(R"({"value":1})")),
            from_json(R"({"wrapped":1,"plain":".value"})"));
  EXPECT_EQ(evaluated(*a->export_.transform, from_json(R"({"literal":1})")), from_json(R"({"a":1})"));
  EXPECT_EQ(evaluated(*workflow->tasks.tasks[1]->condition, input), Value(true));
  EXPECT_EQ(evaluated(body_of<SetTask>(workflow->tasks.tasks[1]).value, input), input);
}

TEST(Workflow, ReadsLoopsAndTheirVariables) {
  auto workflow = loaded_workflow(R"x(
  - outer:
      for: {in: .list, each: x}
      while: $x != null and $index < 9
      do:
        - inner:
            for: {in: "${ $x }", at: index}
            do:
              - deep: {set: {x: "${ [$x, $index, $item] }"}}
  - written: {for: {in: [1, "${ .a } ", {b: "text \" \\(x)"}, []]}, do: [{z: {set: {a: 1}}}]}
)x");
  const auto& outer = body_of<ForTask>(workflow->tasks.tasks[0]);
  EXPECT_EQ(outer.each, "x");
  EXPECT_EQ(outer.at, "index");
  EXPECT_EQ(evaluated(*outer.while_, Value(), {Value(1), Value(3)}), Value(true));
  const auto& inner = body_of<ForTask>(outer.body.tasks[0]);
  EXPECT_EQ(inner.each, "item");
  EXPECT_EQ(outer.body.tasks[0]->scope_size, 2U);
  EXPECT_EQ(evaluated(inner.in, Value(), {Value(1), Value(3)}), Value(1));
  const auto& deep = inner.body.tasks[0];
  EXPECT_EQ(deep->scope_size, 4U);
  // x, index of the outer loop, then item, index of the inner one, which hides the outer.
  EXPECT_EQ(evaluated(body_of<SetTask>(deep).value, Value(), {Value("x"), Value(1), Value("item"), Value(2)}),
            from_json(R"({"x":["x",2,"item"]})"));
  EXPECT_EQ(evaluated(body_of<ForTask>(workflow->tasks.tasks[1]).in, from_json(R"({"a":5})")),
            from_json(R"x([1,5,{"b":"text \" \\(x)"},[]])x"));
}

TEST(Workflow, ResolvesWhereTheFlowGoes) {
  auto workflow = loaded_workflow(R"(
  - a: {set: {x: 1}, then: c}
  - b: {switch: [{one: {when: .x, then: a}}, {two: {then: exit}}], then: end}
  - c: {set: {x: 1}, then: continue}
)");
  using Kind = FlowDirective::Kind;
  const auto& tasks = workflow->tasks.tasks;
  EXPECT_EQ(tasks[0]->then.kind, Kind::task);
  EXPECT_EQ(tasks[0]->then.index, 2U);
  EXPECT_EQ(tasks[0]->then.name, "c");
  EXPECT_EQ(tasks[1]->then.kind, Kind::end);
  EXPECT_EQ(tasks[2]->then.kind, Kind::proceed);
  const auto& cases = body_of<SwitchTask>(tasks[1]).cases;
  EXPECT_EQ(cases[0].then.index, 0U);
  EXPECT_FALSE(cases[1].when.has_value());
  EXPECT_EQ(cases[1].then.kind, Kind::exit);
}

TEST(Workflow, ReadsTryWithFilterRetryAndHandler) {
  auto project = loaded({{"workflows/w.yaml", R"(
document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
use:
  retries:
    gently: {when: $err.status == 503, delay: {seconds: 3}, backoff: {exponential: {}}, limit: {attempt: {count: 5, duration: PT1M}, duration: PT1H}, jitter: {from: PT0S, to: PT2S}}
do:
  - a:
      try: [{x: {set: {a: 1}}}]
      catch:
        errors: {with: {type: "https://serverlessworkflow.io/dsl/errors/types/communication", status: 503}}
        as: err
        when: $err.status > 1
        exceptWhen: $err.status > 599
        retry: gently
        do: [{y: {set: {e: "${ $err }"}}}]
        then: b
  - b: {set: {a: 1}}
)"}});
  const auto& tasks = project->find_workflow("t", "w")->tasks.tasks;
  const auto& task = body_of<TryTask>(tasks[0]);
  EXPECT_EQ(task.filter.type, "communication");
  EXPECT_EQ(task.filter.status, 503);
  EXPECT_EQ(task.filter.title, std::nullopt);
  EXPECT_EQ(task.as, "err");
  EXPECT_EQ(evaluated(*task.when, Value(), {from_json(R"({"status":2})")}), Value(true));
  EXPECT_EQ(evaluated(*task.except_when, Value(), {from_json(R"({"status":2})")}), Value(false));
  EXPECT_EQ(task.then->index, 1U);
  ASSERT_TRUE(task.retry.has_value());
  EXPECT_EQ(task.retry->delay.fixed, std::chrono::seconds(3));
  EXPECT_EQ(task.retry->backoff, RetryPolicy::Backoff::exponential);
  EXPECT_EQ(task.retry->attempt_count, 5);
  EXPECT_EQ(task.retry->attempt_duration->fixed, std::chrono::minutes(1));
  EXPECT_EQ(task.retry->total_duration->fixed, std::chrono::hours(1));
  EXPECT_EQ(task.retry->jitter_to->fixed, std::chrono::seconds(2));
  const auto& handler = task.handler->tasks[0];
  EXPECT_EQ(handler->scope_size, 1U);
  EXPECT_EQ(evaluated(body_of<SetTask>(handler).value, Value(), {Value("E")}), from_json(R"({"e":"E"})"));
}

TEST(Workflow, ReadsErrorsDurationsAndTimeouts) {
  auto project = loaded({{"workflows/w.yaml", R"(
document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
use:
  errors: {late: {type: "https://x/late", status: 408, detail: "${ \"after \" + .limit }"}}
  timeouts: {short: {after: PT10S}}
timeout: {after: {hours: 1}}
do:
  - a: {raise: {error: late}, timeout: short}
  - b: {wait: {minutes: 2}, timeout: {after: "${ .patience }"}}
  - c: {wait: "${ .pause }"}
)"}});
  auto workflow = project->find_workflow("t", "w");
  EXPECT_EQ(workflow->timeout->fixed, std::chrono::hours(1));
  const auto& tasks = workflow->tasks.tasks;
  EXPECT_EQ(tasks[0]->timeout->fixed, std::chrono::seconds(10));
  const auto& error = body_of<RaiseTask>(tasks[0]).error;
  EXPECT_EQ(error.type.source(), Value("https://x/late"));
  EXPECT_EQ(error.status.source(), Value(408));
  EXPECT_EQ(evaluated(error.detail, from_json(R"({"limit":"9"})")), Value("after 9"));
  EXPECT_TRUE(error.title.source().is_null());
  EXPECT_EQ(body_of<WaitTask>(tasks[1]).duration.fixed, std::chrono::minutes(2));
  EXPECT_EQ(evaluated(*tasks[1]->timeout->computed, from_json(R"({"patience":"PT1S"})")), Value("PT1S"));
  EXPECT_EQ(evaluated(*body_of<WaitTask>(tasks[2]).duration.computed, from_json(R"({"pause":{"seconds":1}})")),
            from_json(R"({"seconds":1})"));
}

TEST(Workflow, KeepsHttpArgumentsAndPutsNamedAuthenticationIn) {
  auto project = loaded({{"workflows/w.yaml", R"(
document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
use:
  secrets: [key]
  authentications: {store: {bearer: {use: key}}}
do:
  - a:
      call: http
      with:
        method: POST
        endpoint: {uri: "https://x/{id}", authentication: {use: store}}
        headers: {X-A: "${ .a }", X-B: 5}
        query: {q: ["1", "2"]}
        body: {deep: ["${ .a }"]}
        output: response
        redirect: true
  - b: {call: http, with: {method: get, endpoint: "${ .uri }"}}
  - c: {call: http, with: {method: get, endpoint: {uri: "https://x/", authentication: {basic: {username: "${ .u }", password: "${ $secrets.key }"}}}}}
)"}});
  const auto& tasks = project->find_workflow("t", "w")->tasks.tasks;
  const auto& a = body_of<CallTask>(tasks[0]);
  EXPECT_EQ(a.tool + "." + a.operation, "http.request");
  EXPECT_TRUE(a.expands_endpoint);
  EXPECT_EQ(evaluated(a.arguments, from_json(R"({"a":"A"})")),
            from_json(R"({"method":"POST","endpoint":{"uri":"https://x/{id}","authentication":{"bearer":{"use":"key"}}},
                          "headers":{"X-A":"A","X-B":5},"query":{"q":["1","2"]},"body":{"deep":["A"]},"output":"response","redirect":true})"));
  EXPECT_FALSE(body_of<CallTask>(tasks[1]).expands_endpoint);
  EXPECT_FALSE(body_of<CallTask>(tasks[2]).expands_endpoint);
}

TEST(Workflow, TurnsTheCallOfAFunctionIntoItsArgumentsAndItsTask) {
  auto project = loaded({{"workflows/w.yaml", R"(
document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
use:
  functions:
    get: {call: http, with: {method: get, endpoint: "https://x/{id}"}}
    twice: {do: [{one: {call: get}}, {two: {call: get, with: {id: 5}}}]}
do:
  - loop:
      for: {in: .list}
      do:
        - a: {call: get, with: {id: "${ $item }"}}
        - b: {call: twice}
)"}});
  const auto& loop = body_of<ForTask>(project->find_workflow("t", "w")->tasks.tasks[0]);
  const auto& a = body_of<DoTask>(loop.body.tasks[0]).tasks.tasks;
  ASSERT_EQ(a.size(), 2U);
  EXPECT_EQ(a[0]->reference, "/do/0/loop/do/0/a/do/0/arguments");
  EXPECT_EQ(evaluated(body_of<SetTask>(a[0]).value, Value(), {Value(9), Value(0)}), from_json(R"({"id":9})"));
  EXPECT_EQ(a[1]->reference, "/do/0/loop/do/0/a/do/1/get");
  EXPECT_EQ(a[1]->scope_size, 2U);
  EXPECT_TRUE(body_of<CallTask>(a[1]).expands_endpoint);
  const auto& b = body_of<DoTask>(loop.body.tasks[1]).tasks.tasks;
  ASSERT_EQ(b.size(), 1U);
  const auto& twice = body_of<DoTask>(b[0]).tasks.tasks;
  EXPECT_EQ(twice[0]->reference, "/do/0/loop/do/1/b/do/0/twice/do/0/one");
  EXPECT_EQ(body_of<DoTask>(twice[1]).tasks.tasks.size(), 2U);
}

TEST(Workflow, ReadsCallsOfToolsDecisionsAndWorkflows) {
  auto project =
      loaded({{"workflows/w.yaml", R"(
document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
do:
  - a: {call: tos.reslot, with: {container: "${ .c }", moves: 2}}
  - b: {call: tos.list}
  - c: {call: "decide:1.0.0@default", with: {decision: pick, input: {kind: "${ .k }"}}}
  - d: {call: decide, with: {decision: pick}}
  - e: {run: {workflow: {namespace: t, name: other, version: 2.0.0, input: {a: "${ .a }"}}, await: false}}
  - f: {run: {workflow: {namespace: t, name: other}}}
)"},
              {"workflows/other.yaml",
               "document: {dsl: '1.0.3', namespace: t, name: other, version: 2.0.0}\ndo: [{x: {set: {a: 1}}}]"},
              {"tools/tos.yaml", R"(
tool: tos
version: 1.0.0
driver: echo
operations:
  reslot: {class: write, arguments: {type: object, required: [container, moves], properties: {container: {type: string}, moves: {type: integer}}}}
  list: {class: read}
)"},
              {"decisions/pick.yaml", R"(
decision: pick
version: 1.0.0
question: Which?
answer: {type: string}
default: one
)"}});
  const auto& tasks = project->find_workflow("t", "w")->tasks.tasks;
  const auto& a = body_of<CallTask>(tasks[0]);
  EXPECT_EQ(a.tool, "tos");
  EXPECT_EQ(a.operation, "reslot");
  EXPECT_EQ(evaluated(a.arguments, from_json(R"({"c":"ABCU"})")), from_json(R"({"container":"ABCU","moves":2})"));
  EXPECT_EQ(evaluated(body_of<CallTask>(tasks[1]).arguments, Value(1)), from_json("{}"));
  EXPECT_EQ(body_of<DecideTask>(tasks[2]).decision, "pick");
  EXPECT_EQ(evaluated(body_of<DecideTask>(tasks[2]).input, from_json(R"({"k":1})")), from_json(R"({"kind":1})"));
  EXPECT_EQ(evaluated(body_of<DecideTask>(tasks[3]).input, Value(7)), Value(7));
  const auto& e = body_of<RunWorkflowTask>(tasks[4]);
  EXPECT_EQ(e.namespace_ + e.name + e.version, "tother2.0.0");
  EXPECT_FALSE(e.await);
  EXPECT_EQ(body_of<RunWorkflowTask>(tasks[5]).version, "latest");
  EXPECT_TRUE(body_of<RunWorkflowTask>(tasks[5]).await);
}

TEST(Workflow, ChecksSchemasOnItsWay) {
  auto project = loaded({{"workflows/w.yaml", R"(
document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
input: {schema: {format: json, document: {type: object, required: [id]}}, from: .id}
output: {schema: {document: {type: integer}}}
do: [{x: {set: {a: 1}, input: {schema: {document: {type: integer}}}, export: {schema: {document: true}, as: .}}}]
)"}});
  auto workflow = project->find_workflow("t", "w");
  EXPECT_FALSE(workflow->input.schema->validate(from_json("{}")).empty());
  EXPECT_TRUE(workflow->input.schema->validate(from_json(R"({"id":1})")).empty());
  EXPECT_FALSE(workflow->output.schema->validate(Value("x")).empty());
  EXPECT_FALSE(workflow->tasks.tasks[0]->input.schema->validate(Value("x")).empty());
  EXPECT_TRUE(workflow->tasks.tasks[0]->export_.schema->validate(Value("x")).empty());
}

}  // namespace
}  // namespace gantry::definition
