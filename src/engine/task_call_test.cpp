// call, decide and run.
#include "engine/interpreter_world.h"

namespace gantry::engine::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(CallHttp, TheEndpointIsExpandedFromTheInputsTopLevel) {
  World world(
      "do:\n  - a: {call: http, with: {method: get, endpoint: {uri: \"https://example.com/{id}?q={missing}\"}}}\n");
  world.run(R"({"id":"a b"})");
  ASSERT_EQ(world.calls.size(), 1u);
  EXPECT_EQ(print_json(world.calls[0].arguments.member("endpoint")), R"({"uri":"https://example.com/a%20b?q="})");
  EXPECT_EQ(world.calls[0].effect, "i-e1");
  EXPECT_EQ(world.calls[0].task, "/do/0/a");
}

TEST(CallHttp, AnEndpointThatIsAnExpressionIsNotExpandedAgain) {
  World world("do:\n  - a: {call: http, with: {method: get, endpoint: \"${ .uri }\"}}\n");
  world.run(R"({"uri":"https://example.com/{id}","id":1})");
  EXPECT_EQ(print_json(world.calls.at(0).arguments.member("endpoint")), R"("https://example.com/{id}")");
}

TEST(CallHttp, AListOrAnObjectInTheEndpointIsAnExpressionError) {
  for (const char* input : {R"({"id":[1]})", R"({"id":{"a":1}})"}) {
    World world("do:\n  - a: {call: http, with: {method: get, endpoint: \"https://example.com/{id}\"}}\n");
    EXPECT_EQ(world.run(input), "faulted expression 400 /do/0/a");
    EXPECT_THAT(world.detail(), HasSubstr("'{id}' in the URI: expected text, a number, true, false or null"));
    EXPECT_TRUE(world.calls.empty());
  }
}

TEST(CallHttp, HeadersQueryAndBodyMayBeExpressions) {
  World world(R"(
do:
  - a:
      call: http
      with: {method: post, endpoint: "https://example.com", headers: {x-id: "${ .id }"}, query: {q: "${ .id }"}, body: {all: "${ . }"}}
)");
  world.run(R"({"id":"7"})");
  const Value& arguments = world.calls.at(0).arguments;
  EXPECT_EQ(print_json(arguments.member("headers")), R"({"x-id":"7"})");
  EXPECT_EQ(print_json(arguments.member("query")), R"({"q":"7"})");
  EXPECT_EQ(print_json(arguments.member("body")), R"({"all":{"id":"7"}})");
}

TEST(CallHttp, OutputSaysWhichPartOfTheResponseIsGivenOn) {
  const auto output = [](const std::string& which) {
    World world("do:\n  - a: {call: http, with: {method: get, endpoint: \"https://example.com\"" + which + "}}\n");
    world.answer = [](const CallEffect&) { return done_with(R"({"statusCode":200,"content":{"id":1},"raw":"e30="})"); };
    return world.run();
  };
  EXPECT_EQ(output(""), R"(completed {"id":1})");
  EXPECT_EQ(output(", output: content"), R"(completed {"id":1})");
  EXPECT_EQ(output(", output: raw"), R"(completed "e30=")");
  EXPECT_EQ(output(", output: response"), R"(completed {"statusCode":200,"content":{"id":1},"raw":"e30="})");
}

TEST(CallHttp, AnErrorThatLacksPartsIsFilledIn) {
  World world("do:\n  - a: {call: http, with: {method: get, endpoint: \"https://example.com\"}}\n");
  world.answer = [](const CallEffect&) { return fails_with(R"({"detail":"connection refused"})"); };
  EXPECT_EQ(world.run(), "faulted communication 500 /do/0/a");
  EXPECT_EQ(world.detail(), "connection refused");
}

TEST(CallHttp, ADeniedEffectIsAnAuthorizationError) {
  World world("do:\n  - a: {call: http, with: {method: get, endpoint: \"https://example.com\"}}\n");
  world.answer = [](const CallEffect&) { return denied_because("no rule allows it"); };
  EXPECT_EQ(world.run(), "faulted authorization 403 /do/0/a");
  EXPECT_EQ(world.detail(), "no rule allows it");
  EXPECT_EQ(world.title(), "Denied by policy");
}

TEST(CallHttp, ASecretIsNeverInAnEffect) {
  World world(R"(
use: {secrets: [token]}
do:
  - a: {call: http, with: {method: get, endpoint: {uri: "https://example.com", authentication: {bearer: {token: "${ $secrets.token }"}}}}}
)");
  world.run();
  EXPECT_EQ(print_json(world.calls.at(0).arguments.member("endpoint").member("authentication")),
            R"({"bearer":{"token":{"$secret":"token"}}})");
}

TEST(CallHttp, DataCannotNameASecretThatTheWorkflowDoesNotDeclare) {
  constexpr const char* tasks = "do:\n  - a: {call: http, with: {method: get, endpoint: '${ .e }'}}\n";
  for (const char* authentication : {R"({"bearer":{"use":"k"}})", R"({"basic":{"use":"k"}})", R"({"bearer":{"token":{"$secret":"k"}}})",
                                     R"({"basic":{"username":"u","password":{"$secret":"k"}}})", R"({"bearer":{"$secret":"k"}})"}) {
    const std::string input = std::string(R"({"e":{"uri":"https://example.com","authentication":)") + authentication + "}}";
    World world(tasks);
    EXPECT_EQ(world.run(input.c_str()), "faulted configuration 400 /do/0/a") << authentication;
    EXPECT_TRUE(world.calls.empty());
    World declared(std::string("use: {secrets: [k]}\n") + tasks);
    declared.run(input.c_str());
    EXPECT_EQ(declared.calls.size(), 1u) << authentication;
  }
}

TEST(CallHttp, DataCannotNameASecretForTheDocumentOfAnApiEither) {
  World world("do:\n  - a: {call: openapi, with: {document: {endpoint: '${ .e }'}, operationId: x}}\n");
  EXPECT_EQ(world.run(R"({"e":{"uri":"https://example.com","authentication":{"bearer":{"use":"k"}}}})"), "faulted configuration 400 /do/0/a");
  EXPECT_TRUE(world.calls.empty());
}

constexpr const char* tos_tool = R"(
tool: tos
version: 1.0.0
driver: echo
operations:
  reslot: {class: write, arguments: {type: object, required: [moves]}}
)";

TEST(CallTool, TheResultIsPassedAsItIs) {
  World world("do:\n  - a: {call: tos.reslot, with: {moves: \"${ .moves }\"}}\n", {{"tools/tos.yaml", tos_tool}});
  world.answer = [](const CallEffect& call) { return Reply{.value = Value::object({{"content", call.arguments}})}; };
  EXPECT_EQ(world.run(R"({"moves":[1]})"), R"(completed {"content":{"moves":[1]}})");
  EXPECT_THAT(world.asked(), Contains("call e1 tos.reslot"));
}

TEST(CallFunction, AFunctionSeesItsArgumentsAndNotItsCallersVariables) {
  World world(R"(
use: {functions: {double: {set: {n: "${ .n * 2 }"}}}}
do:
  - loop: {for: {each: k, in: '[1,2]'}, do: [{a: {call: double, with: {n: "${ $k + (.n // 0) }"}}}]}
)");
  EXPECT_EQ(world.run(), R"(completed {"n":8})");
}

constexpr const char* rules_then_person = R"(
decision: disposition
version: 1.0.0
question: What happens?
input: {type: object, required: [weight]}
answer: {enum: [stop, note]}
deciders: [rules, {person: {roles: [planner]}}]
inputs: {weight: .weight}
rules:
  - {id: heavy, match: {weight: "> 100"}, answer: stop}
)";

constexpr const char* decide_workflow =
    "do:\n  - a: {call: decide, with: {decision: disposition, input: \"${ . }\"}}\n";

TEST(Decide, ARuleThatMatchesAnswersAndIsRecorded) {
  World world(decide_workflow, {{"decisions/d.yaml", rules_then_person}});
  EXPECT_EQ(world.run(R"({"weight":200})"), R"(completed "stop")");
  ASSERT_EQ(world.decisions.size(), 1u);
  EXPECT_EQ(world.decisions[0].decider, "rules");
  EXPECT_EQ(world.decisions[0].rules, std::vector<std::string>{"heavy"});
  EXPECT_EQ(world.decisions[0].task, "/do/0/a");
  EXPECT_EQ(world.decisions[0].digest.size(), 64u);
}

TEST(Decide, WithoutAMatchAPersonIsAsked) {
  World world(decide_workflow, {{"decisions/d.yaml", rules_then_person}});
  EXPECT_EQ(world.run(R"({"weight":1})"), "waiting");
  ASSERT_EQ(world.questions.size(), 1u);
  EXPECT_EQ(world.questions[0].human_task, "i-t1");
  EXPECT_EQ(world.questions[0].roles, std::vector<std::string>{"planner"});
  EXPECT_EQ(world.questions[0].question, "What happens?");
  EXPECT_EQ(print_json(world.questions[0].answer_schema), R"({"enum":["stop","note"]})");
  EXPECT_EQ(world.person_answers("i-t1", R"("note")"), R"(completed "note")");
  EXPECT_EQ(world.decisions.at(0).decider, "person");
}

TEST(Decide, AnAnswerThatDoesNotFitIsAValidationError) {
  World world(decide_workflow, {{"decisions/d.yaml", rules_then_person}});
  world.run(R"({"weight":1})");
  EXPECT_EQ(world.person_answers("i-t1", R"("perhaps")"), "faulted validation 400 /do/0/a");
  EXPECT_TRUE(world.decisions.empty());
}

TEST(Decide, AnInputThatDoesNotFitIsAValidationError) {
  World world(decide_workflow, {{"decisions/d.yaml", rules_then_person}});
  EXPECT_EQ(world.run("{}"), "faulted validation 400 /do/0/a");
}

TEST(Decide, TheQuestionIsWithdrawnWhenTheTaskTimesOut) {
  World world("do:\n  - a: {call: decide, with: {decision: disposition}, timeout: {after: PT1H}}\n",
              {{"decisions/d.yaml", rules_then_person}});
  world.run(R"({"weight":1})");
  EXPECT_EQ(world.advance(std::chrono::hours(1)), "faulted timeout 408 /do/0/a");
  EXPECT_THAT(world.asked(), Contains("withdraw t1"));
}

TEST(Decide, WhenNoDeciderIsLeftTheTaskFaults) {
  World world(decide_workflow, {{"decisions/d.yaml", R"(
decision: disposition
version: 1.0.0
question: What happens?
input: {type: object}
answer: {enum: [stop, note]}
inputs: {weight: .weight}
rules: [{id: heavy, match: {weight: "> 100"}, answer: stop}]
)"}});
  EXPECT_EQ(world.run(R"({"weight":1})"), "faulted runtime 500 /do/0/a");
}

TEST(Decide, HumanTaskNumbersAreSharedWithTheEngine) {
  World world(decide_workflow, {{"decisions/d.yaml", rules_then_person}});
  world.run(R"({"weight":1})");
  InstanceState state;
  EXPECT_EQ(state.take_task_number(), 1u);
  EXPECT_EQ(state.take_task_number(), 2u);
}

std::string child_workflow() {
  return World::document("child") + "do: [{a: {set: {x: 1}}}]\n";
}

std::string run_child(const std::string& more) {
  return "do:\n  - sub: {run: {" + more +
         "workflow: {namespace: test, name: child, version: latest, input: {n: \"${ .n }\"}}}}\n";
}

TEST(RunWorkflow, TheOutputOfTheChildIsTheOutputOfTheTask) {
  World world(run_child(""), {{"workflows/child.yaml", child_workflow()}});
  EXPECT_EQ(world.run(R"({"n":1})"), "waiting");
  ASSERT_EQ(world.children.size(), 1u);
  EXPECT_EQ(world.children[0].child, "i-c1");
  EXPECT_EQ(world.children[0].workflow.text(), "test/child:1.0.0");
  EXPECT_EQ(print_json(world.children[0].input), R"({"n":1})");
  EXPECT_EQ(world.child_ends(R"({"child":"i-c1","status":"completed","output":{"x":1}})"), R"(completed {"x":1})");
}

TEST(RunWorkflow, WithoutAwaitTheInputGoesOn) {
  World world(run_child("await: false, "), {{"workflows/child.yaml", child_workflow()}});
  EXPECT_EQ(world.run(R"({"n":1})"), R"(completed {"n":1})");
  EXPECT_FALSE(world.children.at(0).await);
}

TEST(RunWorkflow, TheErrorOfTheChildIsRaisedAtTheTask) {
  World world(run_child(""), {{"workflows/child.yaml", child_workflow()}});
  world.run();
  EXPECT_EQ(
      world.child_ends(
          R"({"child":"i-c1","status":"faulted","error":{"type":"https://example.com/e","status":418,"title":"Broken","instance":"/do/7/x"}})"),
      "faulted https://example.com/e 418 /do/0/sub");
  EXPECT_EQ(world.title(), "Broken");
}

TEST(RunWorkflow, ACancelledChildIsAnError) {
  World world(run_child(""), {{"workflows/child.yaml", child_workflow()}});
  world.run();
  EXPECT_EQ(world.child_ends(R"({"child":"i-c1","status":"cancelled"})"), "faulted runtime 500 /do/0/sub");
}

TEST(RunWorkflow, GivingUpCancelsTheChildThatIsWaitedFor) {
  World timed_out(
      "do:\n  - sub: {run: {workflow: {namespace: test, name: child, version: latest}}, timeout: {after: PT1H}}\n",
      {{"workflows/child.yaml", child_workflow()}});
  timed_out.run();
  EXPECT_EQ(timed_out.advance(std::chrono::hours(1)), "faulted timeout 408 /do/0/sub");
  EXPECT_THAT(timed_out.asked(), Contains("cancel child c1"));
  World cancelled(run_child(""), {{"workflows/child.yaml", child_workflow()}});
  cancelled.run();
  cancelled.cancel();
  EXPECT_THAT(cancelled.asked(), Contains("cancel child c1"));
  World not_awaited(run_child("await: false, "), {{"workflows/child.yaml", child_workflow()}});
  EXPECT_EQ(not_awaited.run(), "completed {}");
  EXPECT_THAT(not_awaited.asked(), ::testing::Not(Contains("cancel child c1")));
}

}  // namespace
}  // namespace gantry::engine::testing
