// Wrong workflows: every problem with its place and its words, as authors read them.
#include <gmock/gmock.h>

#include "definition/project_fixture.h"

namespace gantry::definition {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> file_problems(const std::string& text) {
  return problems_of({{"workflows/w.yaml", text}});
}

TEST(WorkflowProblems, OfTheDocument) {
  EXPECT_THAT(file_problems("do: [{x: {set: {a: 1}}}]\n"),
              ElementsAre("workflows/w.yaml:1:1: 'document' is missing in a workflow"));
  EXPECT_THAT(file_problems("- a\n"),
              ElementsAre("workflows/w.yaml:1:1: expected a workflow (an object), found a list"));
  EXPECT_THAT(
      file_problems(R"(document:
  dsl: 1.1.0
  namespace: a_b
  version: 1.0
  tags: x
  descripton: y
do: {}
)"),
      ElementsAre("workflows/w.yaml:2:3: 'name' is missing in 'document'",
                  "workflows/w.yaml:2:8: version 1.1.0 of the language is not supported; expected 1.0.0 to 1.0.3",
                  "workflows/w.yaml:3:14: expected letters, digits and '-' inside, at most 63 characters, found the "
                  "text \"a_b\"",
                  "workflows/w.yaml:4:12: expected a semantic version such as \"1.0.0\", found the number 1",
                  "workflows/w.yaml:5:9: expected an object, found the text \"x\"",
                  "workflows/w.yaml:6:3: unknown key 'descripton' in 'document'; known: dsl, namespace, name, version, "
                  "title, summary, tags, metadata",
                  "workflows/w.yaml:7:5: expected a list of tasks, found an empty object"));
}

TEST(WorkflowProblems, OfTopLevelKeys) {
  EXPECT_THAT(
      file_problems(R"(document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
inputs: {}
schedule: {every: soon}
evaluate: {language: js, mode: loose}
use:
  catalogs: {}
  extensions: {}
  secrets: [5]
  retrie: {}
timeout: {before: PT1S}
do: []
)"),
      ElementsAre(
          "workflows/w.yaml:2:1: unknown key 'inputs' in a workflow; did you mean 'input'?",
          "workflows/w.yaml:3:19: 'soon' is not an ISO 8601 duration (it starts with P); expected for example PT1H30M "
          "or P2D",
          "workflows/w.yaml:4:22: expressions in another language than jq are not supported yet; found the text \"js\"",
          "workflows/w.yaml:4:32: evaluate.mode 'loose' is not supported yet; write expressions as ${ ... } and use "
          "'strict'",
          "workflows/w.yaml:6:3: 'use.catalogs' is not supported yet",
          "workflows/w.yaml:7:15: expected a list of extensions, found an empty object",
          "workflows/w.yaml:8:13: expected text, found the number 5",
          "workflows/w.yaml:9:3: unknown key 'retrie' in 'use'; did you mean 'retries'?",
          "workflows/w.yaml:10:10: 'after' is missing in a timeout",
          "workflows/w.yaml:10:11: unknown key 'before' in a timeout; known: after"));
}

TEST(WorkflowProblems, OfTaskLists) {
  EXPECT_THAT(task_problems(R"(  - a: {set: {x: 1}}
  - b
  - c: {set: {x: 1}}
    d: {set: {x: 1}}
  - a: {set: {x: 1}}
  - end: {set: {x: 1}}
  - e: 5
)"),
              ElementsAre("4:5: expected one task as 'name: {...}', found the text \"b\"",
                          "5:5: expected one task as 'name: {...}', found an object with 2 keys",
                          "7:5: this list has a task 'a' already, in line 3",
                          "8:5: a task can't be called 'end': the word has a meaning in 'then'",
                          "9:8: expected task 'e' (an object), found the number 5"));
}

TEST(WorkflowProblems, OfTasksThatDoNothingOrTooMuch) {
  EXPECT_THAT(task_problems(R"(  - a: {if: .x}
  - b: {set: {x: 1}, call: http}
  - c: {sett: {x: 1}}
  - d: {swich: []}
  - e: {set: {x: 1}, iff: .x, metadata: 1}
)"),
              ElementsAre("3:5: task 'a' has nothing to do; expected one of for, call, set, switch, fork, try, raise, "
                          "emit, wait, run, listen, do",
                          "4:5: task 'b' has call and set at once; a task does one thing",
                          "5:9: unknown key 'sett' in task 'c'; did you mean 'set'?",
                          "6:9: unknown key 'swich' in task 'd'; did you mean 'switch'?",
                          "7:22: unknown key 'iff' in task 'e'; did you mean 'if'?",
                          "7:41: expected an object, found the number 1"));
}

TEST(WorkflowProblems, OfConstructsThatAreNotSupportedYet) {
  EXPECT_THAT(
      task_problems(R"(  - a: {set: {x: 1}}
  - b: {run: {shell: {command: ls}}}
  - c: {run: {script: {language: js}, return: all}}
  - d: {run: {container: {image: x}}}
  - e: {call: grpc, with: {}}
  - f: {set: {a: 1}}
  - g: {call: asyncapi, with: {}}
  - h: {call: a2a, with: {}}
  - j: {call: "https://x/function.yaml"}
  - k: {call: log:1.0.0@public}
  - l: {call: agent, with: {}}
  - m: {call: http, with: {method: get, endpoint: {uri: "https://x/", authentication: {oauth2: {}}}}}
  - n: {set: {a: 1}, input: {schema: {resource: {endpoint: "https://x/"}}}}
  - o: {set: {a: 1}, input: {schema: {format: avro, document: {}}}}
)"),
      ElementsAre(
          "4:15: 'run.shell' is not supported yet", "5:15: 'run.script' is not supported yet",
          "5:39: 'run.return' is not supported yet; a workflow gives its output",
          "6:15: 'run.container' is not supported yet", "7:15: 'call: grpc' is not supported yet",
          "9:15: 'call: asyncapi' is not supported yet", "10:15: 'call: a2a' is not supported yet",
          "11:15: calling a function by its URL is not supported yet",
          "12:15: the catalog function 'log:1.0.0@public' is not supported yet; the default catalog has decide, "
          "approval and guardrail, each :1.0.0@default",
          HasSubstr("13:15: the catalog function 'agent' is not supported yet"),
          "14:88: 'oauth2' authentication is not supported yet; expected basic or bearer",
          "15:39: a schema by 'resource' is not supported yet; write it inline under 'document'",
          "16:47: schema format 'avro' is not supported yet; expected json"));
}

TEST(WorkflowProblems, OfThen) {
  EXPECT_THAT(
      task_problems(R"(  - first: {set: {a: 1}, then: secnd}
  - second: {do: [{inner: {set: {a: 1}, then: first}}]}
  - third: {set: {a: 1}, then: inner}
  - fourth: {set: {a: 1}, then: 5}
  - fork: {fork: {branches: [{one: {set: {a: 1}, then: two}}, {two: {set: {a: 1}, then: end}}]}}
  - fifth: {switch: [{a: {when: .x}}, {b: {then: nowhere}}, {c: {then: end}}, d]}
)"),
      ElementsAre(
          "3:32: no task 'secnd' in this list; did you mean 'second'?",
          "4:47: 'then' goes to tasks of the same list only; 'first' is in another list, in line 3",
          "5:32: 'then' goes to tasks of the same list only; 'inner' is in another list, in line 4",
          "6:33: expected continue, exit, end or the name of a task, found the number 5",
          "7:56: 'then' of a branch can't go to the branch 'two': branches run at the same time",
          "8:26: 'then' is missing in case 'a'",
          "8:50: no task 'nowhere' in this list; known: first, second, third, fourth, fork, fifth, continue, exit, end",
          "8:62: a switch has one case without 'when' at most: the default",
          "8:79: expected one case as 'name: {when, then}', found the text \"d\""));
}

TEST(WorkflowProblems, OfExpressionsPointIntoTheText) {
  EXPECT_THAT(
      task_problems(R"x(  - a: {if: .a + , set: {x: 1}}
  - b: {set: {x: "${ .a | nosuch }", y: ["${ $itm }"]}}
  - c:
      if: |
        .a and
        $nothing
      set: {x: 1}
  - d:
      set:
        text: >-
          ${ .a |
          unknown_function }
  - e: {set: {x: "before ${ .a } after"}}
  - f: {if: true, set: "text"}
  - g: {set: {}}
)x"),
      ElementsAre(HasSubstr("3:"), HasSubstr("4:27: expression: "), HasSubstr("4:46: expression: "),
                  HasSubstr("8:9: expression: "), HasSubstr("14:11: expression: "),
                  "15:26: an expression must be the whole text; write ${ \"text \\( expression ) text\" }",
                  "16:13: expected a jq expression (text), found true",
                  "16:24: expected an object with at least one key, or one ${ expression }, found the text \"text\"",
                  "17:14: expected an object with at least one key, or one ${ expression }, found an empty object"));
}

TEST(WorkflowProblems, OfVariables) {
  EXPECT_THAT(task_problems(R"(  - a: {for: {in: .x, each: input}, do: [{y: {set: {a: 1}}}]}
  - b: {for: {in: .x, each: 1a, at: __x}, do: [{y: {set: {a: 1}}}]}
  - c: {for: {in: .x, each: index}, do: [{y: {set: {a: 1}}}]}
  - d: {for: {each: z}, while: $z}
  - e: {set: {a: "${ $item }"}}
)"),
              ElementsAre("3:29: 'input' can't be the name of a variable: $input has a meaning in every expression",
                          "4:29: expected the name of a variable: letters, digits and '_', at most 63, not starting "
                          "with a digit or '__', found the text \"1a\"",
                          "4:37: expected the name of a variable: letters, digits and '_', at most 63, not starting "
                          "with a digit or '__', found the text \"__x\"",
                          "5:14: 'each' and 'at' are both called 'index'", HasSubstr("'do' is missing in task 'd'"),
                          HasSubstr("'in' is missing in 'for'"), HasSubstr("7:22: expression: ")));
}

TEST(WorkflowProblems, OfSecretsOutsideTheirPlaces) {
  EXPECT_THAT(file_problems(R"(document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
use: {secrets: [key]}
do:
  - a: {set: {x: "${ $secrets.key }"}}
  - b: {set: {x: 1}, input: {from: "${ $secrets.key }"}}
  - c: {call: http, with: {method: get, endpoint: {uri: "https://x/", authentication: {bearer: {token: "${ $secrets.key }"}}}}}
  - d: {call: http, with: {method: get, endpoint: "https://x/", headers: {A: "${ $secrets.key }"}}}
  - e: {call: http, with: {method: get, endpoint: {uri: "https://x/", authentication: {basic: {use: kye}}}}}
  - f: {if: '"$secrets" == .x', set: {x: 1}}
  - g: {set: {x: 1}, input: {from: "{a: $secrets.key, b: $secrets.kei}"}}
  - h: {call: http, with: {method: get, endpoint: {uri: "https://x/", authentication: {bearer: {token: "${ $secrets.tok }"}}}}}
)"),
              ElementsAre("workflows/w.yaml:4:18: $secrets can be read only in input.from and in authentication",
                          "workflows/w.yaml:7:78: $secrets can be read only in input.from and in authentication",
                          "workflows/w.yaml:8:101: no secret 'kye' under use.secrets; did you mean 'key'?",
                          "workflows/w.yaml:10:67: no secret 'kei' under use.secrets; did you mean 'key'?",
                          "workflows/w.yaml:11:117: no secret 'tok' under use.secrets; known: key"));
}

TEST(WorkflowProblems, OfSecretsThatTheSettingsDoNotHave) {
  const std::string workflow = R"(document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
use: {secrets: [token, kye]}
do: [{a: {set: {x: 1}}}]
)";
  EXPECT_THAT(
      problems_of({{"gantry.yaml", "secrets: {token: t, key: k}"}, {"workflows/w.yaml", workflow}}),
      ElementsAre("workflows/w.yaml:2:24: secret 'kye' has no file under 'secrets' in gantry.yaml; did you mean "
                  "'key'?"));
  EXPECT_THAT(problems_of({{"gantry.yaml", "secrets: {token: t, kye: k}"}, {"workflows/w.yaml", workflow}}), IsEmpty());
  EXPECT_THAT(problems_of({{"workflows/w.yaml", workflow}}), IsEmpty());  // no settings, nothing to compare with
}

TEST(WorkflowProblems, OfAuthenticationsByName) {
  const auto problems = [](const std::string& authentication) {
    return file_problems(
        "document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}\nuse: {secrets: [key], "
        "authentications: {store: {bearer: {use: key}}}}\ndo:\n  - a: {call: http, "
        "with: {method: get, endpoint: {uri: 'https://x/', authentication: " +
        authentication + "}}}\n");
  };
  EXPECT_THAT(problems("store"), IsEmpty());
  EXPECT_THAT(problems("{use: store}"), IsEmpty());
  EXPECT_THAT(problems("{use: stroe}"),
              ElementsAre("workflows/w.yaml:4:93: no 'stroe' under use.authentications; did you mean 'store'?"));
  EXPECT_THAT(problems("stroe"),
              ElementsAre("workflows/w.yaml:4:87: no 'stroe' under use.authentications; did you mean 'store'?"));
}

TEST(WorkflowProblems, OfExtensions) {
  EXPECT_THAT(file_problems(R"(document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
use:
  extensions:
    - log: {extend: cal, before: [{a: {set: {x: 1}}}]}
    - log: {extend: all}
    - two: {extend: set, when: ".x +", befor: [], after: [{a: {set: {x: "${ $item }"}, then: elsewhere}}]}
    - {a: {}, b: {}}
do:
  - loop: {for: {in: '[1]'}, do: [{a: {set: {x: "${ $item }"}}}]}
)"),
              ElementsAre("workflows/w.yaml:4:21: expected one of call, composite, emit, for, listen, raise, run, set, "
                          "switch, try, wait, all, found the text \"cal\"; did you mean 'call'?",
                          "workflows/w.yaml:5:7: extension 'log' has neither 'before' nor 'after'",
                          "workflows/w.yaml:5:7: there is an extension 'log' already", HasSubstr("6:37: expression: "),
                          HasSubstr("6:40: unknown key 'befor' in extension 'two'"), HasSubstr("$item is not defined"),
                          HasSubstr("no task 'elsewhere' in this list"),
                          HasSubstr("workflows/w.yaml:7:7: expected one extension as")));
}

TEST(WorkflowProblems, OfCatalogFunctions) {
  EXPECT_THAT(task_problems(R"(  - a: {call: approval}
  - b: {call: approval, with: {question: 5, approvers: [], expires: soon, role: x}}
  - c: {call: "guardrail:1.0.0@default", with: {value: 1}}
  - d: {call: guardrail, with: {schema: {type: nonsense}, condition: 5}}
  - e: {call: guardrial, with: {}}
  - f: {call: "approval:2.0.0@default", with: {}}
)"),
              ElementsAre("3:15: 'call: approval' needs 'with: {question: ..., approvers: [...]}'",
                          "4:42: expected a question, found the number 5", "4:56: expected at least one approver",
                          HasSubstr("4:69: 'soon' is not an ISO 8601 duration"), HasSubstr("4:75: unknown key 'role'"),
                          "5:48: a guardrail needs a 'schema' or a 'condition'", HasSubstr("6:48: schema: /type: "),
                          "6:70: expected a jq expression (text), found the number 5",
                          "7:15: nothing called 'guardrial' to call; did you mean 'guardrail'?",
                          HasSubstr("8:15: the catalog function 'approval:2.0.0@default' is not supported yet")));
}

TEST(WorkflowProblems, OfDurations) {
  EXPECT_THAT(task_problems(R"(  - a: {wait: 5}
  - b: {wait: 5 minutes}
  - c: {wait: {second: 5}}
  - d: {wait: {seconds: -5}}
  - e: {wait: {}}
  - f: {set: {a: 1}, timeout: soon}
  - g: {set: {a: 1}, timeout: {after: P1M}}
)"),
              ElementsAre(HasSubstr("3:15: expected a duration (ISO 8601 text such as PT30S, or an object such as "
                                    "{seconds: 30}), found the number 5"),
                          HasSubstr("4:15: '5 minutes' is not an ISO 8601 duration"),
                          HasSubstr("5:15: unknown key 'second' in a duration"),
                          HasSubstr("6:15: seconds: expected a number that is not negative, found the number -5"),
                          HasSubstr("7:15: a duration needs at least one"), "8:31: no 'soon' under use.timeouts; nothing is defined there",
                          HasSubstr("9:39: 'P1M' is not an ISO 8601 duration")));
}

TEST(WorkflowProblems, OfErrorsAndRetries) {
  EXPECT_THAT(task_problems(R"(  - a: {raise: {error: {title: x, status: 42, instance: /do}}}
  - b: {raise: {error: missing}}
  - c: {try: [{x: {set: {a: 1}}}]}
  - d: {try: [{x: {set: {a: 1}}}], catch: {errors: {with: {}}, retry: gently}}
  - e: {try: [{x: {set: {a: 1}}}], catch: {errors: {with: {type: "${ .x }", status: "500"}}, retry: {backoff: {quick: {}}, delay: PT1S, limit: {attempts: 5}}}}
  - f: {try: [{x: {set: {a: 1}}}], catch: {retry: {backoff: {linear: {by: 2}, constant: {}}, jitter: {from: PT2S, to: PT1S}}}}
)"),
              ElementsAre(HasSubstr("'type' is missing in an error"),
                          "3:43: expected a whole number from 100 to 599, found the number 42",
                          "3:47: 'instance' of an error is not supported yet; it is always the place of the raise task",
                          "4:5: warning: task 'b' can't be reached: 'a' before it raises an error, and no 'then' names it",
                          "4:24: no 'missing' under use.errors; nothing is defined there", HasSubstr("'catch' is missing in task 'c'"),
                          "6:59: an error filter needs at least one of type, status, instance, title, detail",
                          "6:71: no 'gently' under use.retries; nothing is defined there",
                          "7:66: the filter of errors is static; write conditions with expressions under 'when'",
                          "7:85: expected a whole number from 100 to 599, found the text \"500\"",
                          "7:111: expected one of constant, linear, exponential",
                          "7:112: unknown key 'quick' in 'backoff'; known: constant, linear, exponential",
                          "7:145: unknown key 'attempts' in 'limit'; did you mean 'attempt'?",
                          "8:61: expected one of constant, linear, exponential, found several",
                          "8:70: settings of a backoff are not supported yet; expected {}",
                          "8:102: the jitter's 'from' is longer than its 'to'"));
}

TEST(WorkflowProblems, OfHttpCalls) {
  EXPECT_THAT(
      task_problems(R"(  - a: {call: http}
  - b: {call: http, with: {methd: get, endpoint: "ftp://x"}}
  - c: {call: http, with: {method: fetch, endpoint: "https://x/{+a}", output: text, redirect: maybe}}
  - d: {call: http, with: {method: get, endpoint: "https://x/{a", headers: [1], query: {a: {b: 1}}}}
  - e: {call: http, with: {method: get, endpoint: {url: "https://x/"}}}
  - f: {call: http, with: {method: get, endpoint: "https://x/${ .a }"}}
  - g: {call: http, with: {method: get, endpoint: {uri: "https://x/", authentication: {use: store}}}}
  - h: {call: http, with: {method: get, endpoint: {uri: "https://x/", authentication: {basic: {username: x}}}}}
  - i: {call: http, with: {method: get, endpoint: {uri: "https://x/", authentication: {}}}}
)"),
      ElementsAre(
          HasSubstr("'with' is missing in task 'a'"),
          "4:28: unknown key 'methd' in the arguments of 'http'; did you mean 'method'?",
          "4:50: expected a URI that starts with https:// or http://, found the text \"ftp://x\"",
          "5:36: expected one of get, head, post, put, patch, delete, options, found the text \"fetch\"; did you mean 'patch'?",
          "5:53: '{+a}' in the URI: only the name of a top-level member of the task's input is supported",
          "5:79: expected one of content, raw, response, found the text \"text\"",
          "5:95: expected true or false, found the text \"maybe\"", "6:51: '{' without '}' in the URI",
          "6:76: expected headers as an object, or one ${ expression }, found a list",
          "6:92: expected text, a number, true or false, found an object",
          "7:52: unknown key 'url' in an endpoint; did you mean 'uri'?",
          "8:62: an expression must be the whole text; write ${ \"text \\( expression ) text\" }",
          "9:93: no 'store' under use.authentications; nothing is defined there", HasSubstr("'password' is missing in 'basic'"),
          "11:87: expected one of basic, bearer, use"));
}

TEST(WorkflowProblems, OfCallsOfToolsAndDecisions) {
  SourceFiles files = {{"workflows/w.yaml", workflow_text(R"(  - a: {call: tso.reslot}
  - b: {call: tos.reslott}
  - c: {call: tos.reslot, with: {container: 5, moves: "${ .m }", extra: 1}}
  - d: {call: tos.reslot}
  - e: {call: tos.reslot, with: {container: "${ .c }", moves: "${ .m }"}}
  - f: {call: decide, with: {decision: pik, input: {}}}
  - g: {call: decide, with: {decision: pick, input: {kind: wrong}}}
  - h: {call: decide}
  - i: {call: decide, with: {input: 1, question: x}}
  - j: {call: reslot}
  - k: {call: htpp}
  - l: {call: tos.reslot, with: [1]}
)")},
                       {"tools/tos.yaml", R"(
tool: tos
version: 1.0.0
driver: echo
operations:
  reslot:
    class: write
    arguments:
      type: object
      additionalProperties: false
      required: [container, moves]
      properties: {container: {type: string}, moves: {type: integer}}
)"},
                       {"decisions/pick.yaml", R"(
decision: pick
version: 1.0.0
question: Which?
input: {type: object, properties: {kind: {enum: [a, b]}}}
answer: {type: string}
default: one
)"}};
  EXPECT_THAT(problems_of(files),
              ElementsAre("workflows/w.yaml:3:15: no tool 'tso'; did you mean 'tos'?",
                          "workflows/w.yaml:4:15: tool 'tos' has no operation 'reslott'; did you mean 'reslot'?",
                          HasSubstr("workflows/w.yaml:5:"), HasSubstr("workflows/w.yaml:5:"),
                          HasSubstr("workflows/w.yaml:6:15: "), HasSubstr("workflows/w.yaml:6:15: "),
                          "workflows/w.yaml:8:40: no decision 'pik'; did you mean 'pick'?",
                          HasSubstr("workflows/w.yaml:9:60: /kind: "),
                          "workflows/w.yaml:10:15: 'call: decide' needs 'with: {decision: NAME, input: ...}'",
                          HasSubstr("'decision' is missing in the arguments of 'decide'"),
                          HasSubstr("unknown key 'question' in the arguments of 'decide'"),
                          HasSubstr("workflows/w.yaml:12:15: nothing called 'reslot' to call"),
                          "workflows/w.yaml:13:15: nothing called 'htpp' to call; did you mean 'http'?",
                          "workflows/w.yaml:14:33: expected an object of arguments, found a list"));
}

TEST(WorkflowProblems, OfFunctions) {
  EXPECT_THAT(file_problems(R"(document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
use:
  functions:
    http: {set: {a: 1}}
    loop: {call: pool}
    pool: {call: loop}
    unused: {set: {a: "${ $item }"}}
do:
  - a: {call: loop}
  - b: {for: {in: .x}, do: [{c: {call: unused, with: {}}}]}
)"),
              ElementsAre("workflows/w.yaml:4:5: a function can't be called 'http': the name has a meaning of its own",
                          "workflows/w.yaml:5:18: function 'pool' calls itself",
                          "workflows/w.yaml:6:18: function 'loop' calls itself",
                          HasSubstr("workflows/w.yaml:7:27: expression: "),
                          "workflows/w.yaml:10:54: expected at least one argument; leave 'with' out to hand the task's "
                          "input to the function"));
}

TEST(WorkflowProblems, OfFunctionsThatGrowWithoutEnd) {
  std::string functions;
  for (int i = 0; i < 30; ++i) {
    std::string next = "f" + std::to_string(i + 1);
    functions += "    f" + std::to_string(i) + ": {do: [{a: {call: " + next + "}}, {b: {call: " + next + "}}]}\n";
  }
  EXPECT_THAT(file_problems("document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}\nuse:\n  functions:\n" +
                            functions + "    f30: {set: {a: 1}}\ndo: [{a: {call: f0}}]\n"),
              testing::Contains(HasSubstr("more than 10000 tasks in one workflow")));
}

TEST(WorkflowProblems, OfSchemas) {
  EXPECT_THAT(
      task_problems(R"(  - a: {set: {x: 1}, input: {schema: {document: {type: objekt}}, frm: .x}}
  - b: {set: {x: 1}, output: {schema: {document: 5}, as: 5}, export: {schema: {}}}
)"),
      ElementsAre(HasSubstr("3:56: schema: /type"), "3:66: unknown key 'frm' in 'input'; did you mean 'from'?",
                  "4:50: expected a JSON Schema (an object), found the number 5",
                  "4:58: expected a jq expression (text) or an object with ${ } expressions, found the number 5",
                  HasSubstr("'document' is missing in a schema")));
}

TEST(WorkflowProblems, OfEventsForksAndSubWorkflows) {
  EXPECT_THAT(
      task_problems(R"(  - a: {emit: {event: {with: {source: 5}}}}
  - b: {emit: {events: {}}}
  - c: {fork: {branches: [], compete: 1}}
  - d: {run: {workflow: {name: x, version: one}}}
  - e: {run: {await: true}}
)"),
      ElementsAre(HasSubstr("'type' is missing in an event"), "3:39: source: expected text, found number",
                  "4:16: unknown key 'events' in 'emit'; did you mean 'event'?",
                  "5:39: expected true or false, found the number 1",
                  HasSubstr("'namespace' is missing in 'run.workflow'"),
                  "6:44: expected a semantic version such as \"1.0.0\", found the text \"one\"",
                  HasSubstr("'workflow' is missing in 'run'")));
}

TEST(WorkflowProblems, AreBoundedInNumber) {
  std::string tasks;
  for (int i = 0; i < 3'000; ++i) tasks += "  - t" + std::to_string(i) + ": {x: 1}\n";
  EXPECT_EQ(task_problems(tasks).size(), 1'000U);
}

}  // namespace
}  // namespace gantry::definition
