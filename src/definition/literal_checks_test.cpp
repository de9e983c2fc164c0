// What is written out in a workflow and can't be right is found before anything runs.
#include <gmock/gmock.h>

#include "definition/project_fixture.h"

namespace gantry::definition {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(LiteralsOfEvents, AreCheckedAsTheEventWillBe) {
  EXPECT_THAT(task_problems(R"(  - a: {emit: {event: {with: {type: x, source: "no uri here"}}}}
  - b: {emit: {event: {with: {type: x, time: yesterday}}}}
  - c: {emit: {event: {with: {type: x, specversion: "2.0"}}}}
  - d: {emit: {event: {with: {type: x, datacontenttype: nothing, weight: 1.5}}}}
  - e: {emit: {event: {with: {type: x, data: 1, data_base64: aGk=}}}}
  - f: {emit: {event: {with: {type: "${ .t }", source: /berths/1, time: "2026-01-31T12:00:00Z", weight: 1, data: [1]}}}}
)"),
              ElementsAre("3:48: source: expected a URI, found \"no uri here\"",
                          "4:46: time: expected a time such as 2026-01-31T12:00:00Z (RFC 3339), found \"yesterday\"",
                          "5:53: specversion: expected \"1.0\", found \"2.0\"",
                          "6:57: datacontenttype: expected a media type such as application/json, found \"nothing\"",
                          "6:74: weight: expected text, true, false or a whole number of 32 bits, found 1.5",
                          "7:49: 'data' and 'data_base64' exclude each other"));
}

TEST(LiteralsOfFilters, ThatCanNeverMatchAreRefused) {
  EXPECT_THAT(task_problems(R"(  - a: {listen: {to: {one: {with: {type: 5}}}}}
  - b: {listen: {to: {one: {with: {weight: 5, data: 7}}}}}
)"),
              ElementsAre("3:42: expected text or a ${ expression }, found the number 5: 'type' of an event is text, so that "
                          "this would never match"));
}

TEST(LiteralsOfCorrelations, ThatLookLikeExpressionsAreWarnedOf) {
  auto expecting = [](const std::string& expect) {
    const auto project = loaded({{"workflows/w.yaml", workflow_text("  - a: {listen: {to: {one: {with: {type: t}, correlate: {k: "
                                                                    "{from: .x, expect: '" + expect + "'}}}}}}\n")}});
    return format_all(project->warnings);
  };
  EXPECT_THAT(expecting(".y"), ElementsAre("workflows/w.yaml:3:80: warning: 'expect' is a constant here, the text \".y\"; for an "
                                           "expression write ${ .y }"));
  EXPECT_THAT(expecting("$workflow.id"), SizeIs(1));
  for (const char* constant : {"${ .y }", "y", "../y", "./y", ".", "12"}) EXPECT_THAT(expecting(constant), IsEmpty()) << constant;
}

TEST(LiteralsOfErrors, HaveAUriAsTheirType) {
  EXPECT_THAT(task_problems(R"(  - a: {if: .x, raise: {error: {type: "not a uri", status: 500}}}
  - b: {if: .x, raise: {error: {type: about:blank, status: 500}}}
  - c: {if: .x, raise: {error: {type: "/errors/{kind}", status: 500}}}
  - d: {if: .x, raise: {error: {type: "${ .t }", status: 500}}}
)"),
              ElementsAre("3:39: expected a URI, such as https://example.com/errors/busy, found the text \"not a uri\""));
}

TEST(LiteralsOfRetries, SayWhatABackoffIs) {
  EXPECT_THAT(task_problems("  - a: {try: [{b: {set: {x: 1}}}], catch: {retry: {backoff: {linear: true}}}}\n"),
              ElementsAre("3:70: expected an empty object, {}, found true"));
}

TEST(LiteralsOfEndpoints, WithADotInBracesAreWarnedOf) {
  const auto project = loaded({{"workflows/w.yaml", workflow_text("  - a: {call: http, with: {method: get, endpoint: 'https://x/{a.b}/{c}'}}\n")}});
  EXPECT_THAT(format_all(project->warnings),
              ElementsAre("workflows/w.yaml:3:51: warning: '{a.b}' in the URI is the member of the input that is called 'a.b', not "
                          "a way into it; for that write the whole URI as ${ \"...\\(.a.b)...\" }"));
}

TEST(LiteralsOfCalls, AreJudgedByWhatWillSendThem) {
  ProjectChecks checks;
  std::vector<std::string> seen;
  checks.http_uri = [&](std::string_view uri) {
    seen.emplace_back(uri);
    return uri.find('@') == std::string_view::npos ? std::string() : "no user name";
  };
  checks.http_header = [](std::string_view name, const Value&) { return name == "Host" ? "not this one" : ""; };
  const SourceFiles files{{"workflows/w.yaml", workflow_text(R"(  - a: {call: http, with: {method: get, endpoint: "https://me@x/"}}
  - b: {call: http, with: {method: get, endpoint: "https://{host}:{port}/{path}", headers: {Host: a, accept: "${ .x }"}}}
  - c: {call: http, with: {method: get, endpoint: "{base}/x"}}
  - d: {call: mcp, with: {method: tools/list, transport: {http: {endpoint: "https://me@x/", headers: {Host: a}}}}}
)")}};
  EXPECT_THAT(problems_in(load_project(files, checks)),
              ElementsAre("workflows/w.yaml:3:51: no user name", "workflows/w.yaml:4:93: not this one",
                          "workflows/w.yaml:6:76: no user name", "workflows/w.yaml:6:103: not this one"));
  EXPECT_THAT(seen, ElementsAre("https://me@x/", "https://1:1/1", "https://me@x/"));
}

TEST(MisspeltNames, AreReportedOnceWithWhatWasMeant) {
  EXPECT_THAT(task_problems(R"(  - a: {fork: {brnches: []}}
  - b: {if: .x, raise: {eror: x}}
  - c: {set: {x: 1}, output: {schema: {documnt: {}}}}
)"),
              ElementsAre("3:16: unknown key 'brnches' in 'fork'; did you mean 'branches'?",
                          "4:25: unknown key 'eror' in 'raise'; did you mean 'error'?",
                          "5:40: unknown key 'documnt' in a schema; did you mean 'document'?"));
  // Not meant for the one that is missing: it has a meaning of its own.
  EXPECT_THAT(task_problems("  - a: {for: {at: n}, do: []}\n"), ElementsAre("3:14: 'in' is missing in 'for'"));
}

TEST(MisspeltNames, OfArgumentsOfToolsAreReportedOnceWithWhatWasMeant) {
  const std::string tool = R"(tool: tos
version: 1.0.0
driver: echo
operations:
  slot:
    class: read
    arguments: {type: object, required: [container], additionalProperties: false, properties: {container: {type: string}, n: {type: integer}}}
)";
  EXPECT_THAT(problems_of({{"tools/tos.yaml", tool},
                           {"workflows/w.yaml", workflow_text(R"(  - a: {call: tos.slot, with: {contaner: X}}
  - b: {call: tos.slot, with: {container: X, q: 1}}
)")}}),
              ElementsAre("workflows/w.yaml:3:42: /contaner: this member is not allowed; known are 'container' and 'n'; did you mean "
                          "'container'?",
                          "workflows/w.yaml:4:49: /q: this member is not allowed; known are 'container' and 'n'"));
}

TEST(MisspeltNames, OfCatalogFunctionsUnitsFormatsAndTypesSayWhatWasMeant) {
  EXPECT_THAT(task_problems(R"(  - a: {call: "decid:1.0.0@default"}
  - b: {wait: {second: 5}}
  - c: {call: http, with: {method: gett, endpoint: "https://x"}}
  - d: {set: {x: "${ @bas64 }", y: "${ label $out | break $ou }"}}
  - e: {set: {x: 1}, input: {schema: {document: {type: objekt}}}}
)"),
              ElementsAre(HasSubstr("; did you mean 'decide:1.0.0@default'?"), HasSubstr("; did you mean 'seconds'?"),
                          HasSubstr("; did you mean 'get'?"), HasSubstr("; did you mean '@base64'?"),
                          HasSubstr("; did you mean $out?"), HasSubstr("; did you mean 'object'?")));
}

TEST(SeveralMistakes, OfOneExpressionAreAllReported) {
  EXPECT_THAT(task_problems(R"(  - a: {set: {x: "${ lenght + foo($bar) | $baz }"}}
)"),
              ElementsAre(HasSubstr("3:22: expression: there is no function 'lenght'"),
                          HasSubstr("3:31: expression: there is no function 'foo' with 1 argument"),
                          HasSubstr("3:35: expression: $bar is not defined"), HasSubstr("3:43: expression: $baz is not defined")));
  std::string many = "$a";
  for (int i = 0; i < 500; ++i) many += " + $a";
  EXPECT_THAT(task_problems("  - a: {set: {x: \"${ " + many + " }\"}}\n"), SizeIs(10));
}

TEST(SeveralMistakes, OfOneSchemaAreAllReported) {
  EXPECT_THAT(task_problems(R"(  - a: {set: {x: 1}, input: {schema: {document: {type: objekt, properties: {a: {minimum: "x"}}, pattern: "(", allOf: [5, {$ref: "#/no"}]}}}}
)"),
              ElementsAre(HasSubstr("3:56: schema: /type: "), HasSubstr("3:90: schema: /properties/a/minimum: "),
                          HasSubstr("schema: /pattern: "), HasSubstr("schema: /allOf/0: "), HasSubstr("schema: /allOf/1/$ref: ")));
}

TEST(SchemasThatReferToThemselves, AreRefusedWhereNothingIsInBetween) {
  auto with_schema = [](const std::string& schema) {
    return task_problems("  - a: {set: {x: 1}, input: {schema: {document: " + schema + "}}}\n");
  };
  EXPECT_THAT(with_schema("{$ref: '#'}"), ElementsAre("3:56: schema: this comes back to itself with nothing in between, so that no "
                                                      "value could be checked by it"));
  EXPECT_THAT(with_schema("{properties: {a: {$ref: '#/$defs/b'}}, $defs: {b: {allOf: [{type: object}, {$ref: '#/$defs/b'}]}}}"),
              SizeIs(1));
  EXPECT_THAT(with_schema("{$ref: '#/$defs/a', $defs: {a: {$ref: '#/$defs/b'}, b: {$ref: '#/$defs/a'}}}"), SizeIs(1));
  for (const char* fine : {"{properties: {next: {$ref: '#'}}}", "{anyOf: [{type: 'null'}, {items: {$ref: '#'}}]}",
                           "{allOf: [{$ref: '#/$defs/a'}, {$ref: '#/$defs/a'}], $defs: {a: {type: object}}}",
                           "{const: {$ref: '#/const'}}",
                           "{$ref: '#/$defs/a', $defs: {a: {properties: {next: {$ref: '#'}}}}}"})
    EXPECT_THAT(with_schema(fine), IsEmpty()) << fine;
}

TEST(SeveralMistakes, InTheListOfSecretsAreReported) {
  EXPECT_THAT(problems_of({{"workflows/w.yaml", R"(document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}
use: {secrets: [a, b, a]}
do: []
)"}}),
              ElementsAre("workflows/w.yaml:2:23: the secret 'a' is in this list already"));
}

TEST(EmptyLists, OfTasksAreFineAsInTheStandard) {
  EXPECT_THAT(task_problems(R"(  - a: {do: []}
  - b: {for: {in: .x}, do: []}
  - c: {fork: {branches: []}}
  - d: {try: [], catch: {do: []}}
)"),
              IsEmpty());
}

}  // namespace
}  // namespace gantry::definition
