// Flow, data and expressions.
#include "engine/interpreter_world.h"

namespace gantry::engine::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

TEST(Flow, TasksRunInTheirOrderAndEachOutputIsTheNextInput) {
  World world(R"(
do:
  - one: {set: {n: "${ .n + 1 }"}}
  - two: {set: {n: "${ .n * 10 }"}}
)");
  EXPECT_EQ(world.run(R"({"n":1})"), R"(completed {"n":20})");
  EXPECT_EQ(world.started(), "one two");
  EXPECT_EQ(world.names(TaskTrace::Status::completed), "one two");
}

TEST(Flow, ExitLeavesOnlyTheNestedDo) {
  World world(R"(
do:
  - outer:
      do:
        - first: {set: {a: 1}, then: exit}
        - never: {set: {a: 2}}
  - last: {set: {b: "${ .a }"}}
)");
  EXPECT_EQ(world.run(), R"(completed {"b":1})");
  EXPECT_EQ(world.started(), "outer first last");
}

TEST(Flow, ExitInTheWorkflowsOwnListEndsTheWorkflow) {
  World world("do:\n  - a: {set: {a: 1}, then: exit}\n  - b: {set: {a: 2}}\n");
  EXPECT_EQ(world.run(), R"(completed {"a":1})");
}

TEST(Flow, EndInANestedDoEndsTheWorkflow) {
  World world(R"(
do:
  - outer:
      do:
        - first: {set: {a: 1}, then: end}
      output: {as: '"not applied"'}
  - never: {set: {a: 2}}
)");
  EXPECT_EQ(world.run(), R"(completed {"a":1})");
  EXPECT_EQ(world.names(TaskTrace::Status::completed), "first outer");
}

TEST(Flow, AJumpToATaskOfAnotherListIsRefusedWhenLoading) {
  EXPECT_THAT(World::problem_of(R"(
do:
  - outer: {do: [{inner: {set: {a: 1}, then: last}}]}
  - last: {set: {a: 2}}
)"),
              HasSubstr("another list"));
}

TEST(Flow, AFalseConditionPassesTheRawInputOnAndIgnoresThen) {
  World world(R"(
do:
  - skipped: {if: .wanted, input: {from: .x}, set: {a: 1}, then: end}
  - last: {set: {seen: "${ . }"}}
)");
  EXPECT_EQ(world.run(R"({"wanted":false,"x":5})"), R"(completed {"seen":{"wanted":false,"x":5}})");
  EXPECT_EQ(world.names(TaskTrace::Status::skipped), "skipped");
  EXPECT_EQ(world.started(), "last");
}

TEST(Flow, ABackwardJumpIsALoop) {
  World world(R"(
do:
  - count: {set: {n: "${ .n + 1 }"}}
  - again:
      switch:
        - more: {when: .n < 5, then: count}
        - enough: {then: end}
  - never: {set: {n: -1}}
)");
  EXPECT_EQ(world.run(R"({"n":0})"), R"(completed {"n":5})");
}

TEST(Flow, ASwitchWithoutMatchGoesOnAndPassesItsInput) {
  World world(R"(
do:
  - choose: {switch: [{red: {when: '.color == "red"', then: end}}]}
  - last: {set: {was: "${ .color }"}}
)");
  EXPECT_EQ(world.run(R"({"color":"blue"})"), R"(completed {"was":"blue"})");
}

TEST(Flow, TheDefaultCaseIsTakenOnlyWhenNoOtherHolds) {
  World world(R"(
do:
  - choose:
      switch:
        - other: {then: end}
        - red: {when: '.color == "red"', then: paint}
  - middle: {set: {a: 1}}
  - paint: {set: {painted: true}}
)");
  EXPECT_EQ(world.run(R"({"color":"red"})"), R"(completed {"painted":true})");
}

TEST(Data, TheWorkflowsInputIsTransformed) {
  World world("input: {from: .order}\ndo:\n  - a: {set: {id: \"${ .id }\"}}\n");
  EXPECT_EQ(world.run(R"({"order":{"id":7}})"), R"(completed {"id":7})");
}

TEST(Data, AnInputThatDoesNotFitTheWorkflowFaultsIt) {
  World world(R"(
input: {schema: {document: {type: object, required: [id]}}}
do: [{a: {set: {x: 1}}}]
)");
  EXPECT_EQ(world.run(), "faulted validation 400 /input/schema");
  EXPECT_THAT(world.detail(), HasSubstr("id"));
  EXPECT_EQ(world.started(), "");
}

TEST(Data, AnInputThatDoesNotFitATaskFaultsThere) {
  World world("do:\n  - a: {input: {schema: {document: {type: string}}}, set: {x: 1}}\n");
  EXPECT_EQ(world.run(), "faulted validation 400 /do/0/a");
  EXPECT_EQ(world.names(TaskTrace::Status::faulted), "a");
}

TEST(Data, OutputAsMayBeAnObjectWithExpressions) {
  World world("do:\n  - a: {set: {x: 1}, output: {as: {y: \"${ .x + 1 }\", z: plain}}}\n");
  EXPECT_EQ(world.run(), R"(completed {"y":2,"z":"plain"})");
}

TEST(Data, AnOutputThatDoesNotFitFaults) {
  World world("do:\n  - a: {set: {x: 1}, output: {schema: {document: {required: [y]}}}}\n");
  EXPECT_EQ(world.run(), "faulted validation 400 /do/0/a");
  EXPECT_THAT(world.detail(), HasSubstr("output.schema"));
}

TEST(Data, ExportReplacesTheContext) {
  World world(R"(
do:
  - a: {set: {x: 1}, export: {as: '{a: .x}'}}
  - b: {set: {x: 2}, export: {as: '{b: .x}'}}
  - c: {set: {context: "${ $context }"}}
)");
  EXPECT_EQ(world.run(), R"(completed {"context":{"b":2}})");
}

TEST(Data, TheContextIsNullAtFirst) {
  World world("do:\n  - a: {set: {x: 1}, export: {as: $context + .}}\n  - b: {set: {all: \"${ $context }\"}}\n");
  EXPECT_EQ(world.run(), R"(completed {"all":{"x":1}})");
}

TEST(Data, AnExportThatDoesNotFitFaultsAndLeavesTheContext) {
  World world(R"(
do:
  - guarded:
      try:
        - a: {set: {x: 1}, export: {as: .x, schema: {document: {type: string}}}}
      catch: {as: e, do: [{b: {set: {kind: "${ $e.instance }", context: "${ $context }"}}}]}
)");
  EXPECT_EQ(world.run(), R"(completed {"kind":"/do/0/guarded/try/0/a","context":null})");
}

TEST(Data, ExportSeesTheTransformedOutput) {
  World world(R"(
do:
  - a: {set: {x: 1}, output: {as: .x + 1}, export: {as: '{dot: ., output: $output, raw: $task.output}'}}
  - b: {set: "${ $context }"}
)");
  EXPECT_EQ(world.run(), R"(completed {"dot":2,"output":2,"raw":{"x":1}})");
}

TEST(Data, TheWorkflowsOutputIsTransformedAndChecked) {
  World world("output: {as: .x, schema: {document: {type: string}}}\ndo:\n  - a: {set: {x: \"${ .v }\"}}\n");
  EXPECT_EQ(world.run(R"({"v":"text"})"), R"(completed "text")");
  World wrong("output: {as: .x, schema: {document: {type: string}}}\ndo:\n  - a: {set: {x: \"${ .v }\"}}\n");
  EXPECT_EQ(wrong.run(R"({"v":1})"), "faulted validation 400 /output/schema");
}

TEST(Data, TheFourInputsAreDistinct) {
  World world(R"(
input: {from: .a}
do:
  - task:
      input: {from: .b}
      set: {dot: "${ . }", input: "${ $input }", task: "${ $task.input }", workflow: "${ $workflow.input }"}
)");
  EXPECT_EQ(world.run(R"({"a":{"b":1}})"), R"(completed {"dot":1,"input":1,"task":{"b":1},"workflow":{"a":{"b":1}}})");
}

TEST(Data, DescriptorsSayWhatRuns) {
  World world(R"(
do:
  - first:
      set: {task: "${ $task | {name, reference, startedAt} }", definition: "${ $task.definition | keys }",
            workflow: "${ $workflow.id }", name: "${ $workflow.definition.document.name }", runtime: "${ $runtime.name }"}
)");
  world.run();
  EXPECT_EQ(print_json(world.output().member("workflow")), R"("i")");
  EXPECT_EQ(print_json(world.output().member("name")), R"("main")");
  EXPECT_EQ(print_json(world.output().member("runtime")), R"("gantry")");
  EXPECT_EQ(print_json(world.output().member("definition")), R"(["set"])");
  EXPECT_EQ(
      print_json(world.output().member("task")),
      R"({"name":"first","reference":"/do/0/first","startedAt":{"iso8601":"2025-12-18T00:00:00Z","epoch":{"seconds":1766016000,"milliseconds":1766016000000}}})");
}

TEST(Data, ExpressionsInInputDataStayText) {
  World world("do:\n  - a: {set: {copy: \"${ .text }\"}}\n  - b: {set: {copy: \"${ .copy }\"}}\n");
  EXPECT_EQ(world.run(R"({"text":"${ 1 + 1 }"})"), R"(completed {"copy":"${ 1 + 1 }"})");
}

TEST(Data, LabelsFollowTheInputIntoTheOutputAndIntoErrors) {
  const Label label = Label::of(
      {.integrity = Integrity::untrusted, .secrecy = Secrecy::public_, .sources = {"mail"}, .compartments = {}});
  World world("do:\n  - a: {set: {x: \"${ .text }\", y: plain}}\n");
  world.run_on(Value::object({{"text", Value("hello").labelled(label)}}));
  EXPECT_EQ(world.output().member("x").label(), label);
  World fault("do:\n  - a: {set: {x: \"${ .text | error }\"}}\n");
  fault.run_on(Value::object({{"text", Value("hello").labelled(label)}}));
  EXPECT_THAT(fault.detail(), HasSubstr("hello"));
  EXPECT_EQ(join(fault.state().error().member("detail").label(), label), label);
  EXPECT_FALSE(fault.state().error().member("detail").label().is_default());
}

TEST(Expressions, ASyntaxErrorIsFoundWhenLoading) {
  EXPECT_THAT(World::problem_of("do:\n  - a: {set: {x: \"${ .a + }\"}}\n"), HasSubstr("expression"));
}

TEST(Expressions, ATypeErrorFaultsAtItsTask) {
  World world("do:\n  - outer: {do: [{a: {set: {x: \"${ 1 + \\\"a\\\" }\"}}}]}\n");
  EXPECT_EQ(world.run(), "faulted expression 400 /do/0/outer/do/0/a");
  EXPECT_THAT(world.detail(), HasSubstr("cannot be added"));
}

TEST(EmptyLists, PassTheInputOn) {
  for (const char* tasks : {"[]", "[{a: {do: []}}]", "[{a: {for: {in: '[1, 2]'}, do: []}}]", "[{a: {try: [], catch: {}}}]",
                            "[{a: {try: [{r: {raise: {error: {type: t, status: 400}}}}], catch: {do: []}}}]"}) {
    World world(std::string("do: ") + tasks + "\n");
    EXPECT_EQ(world.run(R"({"x":1})"), R"(completed {"x":1})") << tasks;
  }
  World fork("do: [{a: {fork: {branches: []}}}]\n");
  EXPECT_EQ(fork.run(), "completed []");
}

TEST(Expressions, OfManyValuesTheFirstCountsAndOfNoneAnErrorIsRaised) {
  World many("do:\n  - a: {set: {x: \"${ .[] }\"}}\n");
  EXPECT_EQ(many.run("[3,2,1]"), R"(completed {"x":3})");
  World none("do:\n  - a: {set: {x: \"${ empty }\"}}\n");
  EXPECT_EQ(none.run(), "faulted expression 400 /do/0/a");
}

TEST(Expressions, NullIsKept) {
  World world("do:\n  - a: {set: {x: \"${ .nothing }\", y: null}}\n");
  EXPECT_EQ(world.run(), R"(completed {"x":null,"y":null})");
}

TEST(Expressions, TheEnvironmentIsOutOfReach) {
  for (const char* program : {"env", "$ENV", "input", "include \\\"x\\\"; ."}) {
    EXPECT_NE(World::problem_of("do:\n  - a: {set: {x: \"${ " + std::string(program) + " }\"}}\n"), "") << program;
  }
}

TEST(Expressions, ABudgetThatIsUsedUpFaultsTheTaskOnly) {
  InterpreterLimits limits;
  limits.expression.steps_max = 10'000;
  World world(R"(
do:
  - guarded:
      try: [{a: {set: {x: "${ [range(1e9)] | length }"}}}]
      catch: {as: e, do: [{b: {set: {status: "${ $e.status }"}}}]}
)",
              {}, limits);
  EXPECT_EQ(world.run(), R"(completed {"status":400})");
}

TEST(Expressions, BigIntegersStayExact) {
  World world("do:\n  - a: {set: {x: \"${ .n }\"}}\n");
  EXPECT_EQ(world.run(R"({"n":9007199254740993})"), R"(completed {"x":9007199254740993})");
}

TEST(Raise, TheErrorHasTheReferenceOfItsTask) {
  World world(R"(
do:
  - raiseError:
      raise: {error: {type: https://example.com/errors/compliance, status: 400, title: Compliance Error,
                      detail: "${ \"no \\(.what)\" }"}}
)");
  world.run(R"({"what":"licence"})");
  EXPECT_EQ(
      print_json(world.state().error()),
      R"({"type":"https://example.com/errors/compliance","status":400,"title":"Compliance Error","detail":"no licence","instance":"/do/0/raiseError"})");
}

TEST(Emit, TheOutputIsTheEventAndMissingAttributesAreFilledIn) {
  World world("do:\n  - a: {emit: {event: {with: {type: com.example.greeted, data: {to: \"${ .name }\"}}}}}\n");
  world.run(R"({"name":"Ada"})");
  ASSERT_EQ(world.emitted.size(), 1u);
  EXPECT_EQ(world.emitted[0], world.output());
  EXPECT_EQ(
      print_canonical(world.output()),
      R"({"data":{"to":"Ada"},"id":"i-v1","source":"/workflows/test/main/1.0.0","specversion":"1.0","time":"2025-12-18T00:00:00Z","type":"com.example.greeted"})");
}

TEST(Instance, CancellingReleasesEverything) {
  World world(R"(
timeout: {after: PT1H}
do:
  - both:
      fork:
        branches:
          - a: {wait: PT5S}
          - b: {call: http, with: {method: get, endpoint: "https://example.com"}, timeout: {after: PT1M}}
)");
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.cancel(), "cancelled");
  EXPECT_EQ(world.timers(), 0u);
  EXPECT_THAT(world.asked(), ::testing::Contains("abandon e1"));
  EXPECT_EQ(world.names(TaskTrace::Status::cancelled), "a b both");
  EXPECT_EQ(world.reply("i-e1", done_with("{}")), "cancelled");
}

TEST(Instance, LateDoubleAndUnknownAnswersChangeNothing) {
  World world(
      "do:\n  - a: {call: http, with: {method: get, endpoint: \"https://example.com\"}}\n  - b: {wait: PT5S}\n");
  world.run();
  const std::string before = world.state().serialise();
  world.reply("i-e2", done_with("{}"));
  world.send(journal::EventType::timer_fired, json(R"({"timer":"i-e1"})"));
  world.send(journal::EventType::task_answered, json(R"({"task":"i-e1","answer":1})"));
  world.send(journal::EventType::instance_continued, json("{}"));
  world.send(journal::EventType::instance_started, json(R"({"input":2})"));
  world.send(journal::EventType::effect_permitted, json(R"({"effect":{"id":"i-e1"}})"));
  EXPECT_EQ(world.state().serialise(), before);
  world.reply("i-e1", done_with(R"({"content":1})"));
  const std::string after = world.state().serialise();
  EXPECT_NE(after, before);
  world.reply("i-e1", done_with(R"({"content":2})"));
  EXPECT_EQ(world.state().serialise(), after);
  EXPECT_EQ(world.advance(seconds(5)), "completed 1");
}

TEST(Instance, ALongComputationIsCutIntoTurns) {
  InterpreterLimits limits;
  limits.steps_per_turn = 10;
  World world(R"(
do:
  - loop: {for: {in: "[range(30)]"}, do: [{add: {set: {n: "${ .n + 1 }"}}}]}
)",
              {}, limits);
  EXPECT_EQ(world.run(R"({"n":0})"), R"(completed {"n":30})");
  EXPECT_GT(world.turns(), 5u);
}

TEST(Instance, AnAnswerBetweenTwoTurnsIsTakenButDoesNotRunAhead) {
  InterpreterLimits limits;
  limits.steps_per_turn = 5;
  World world(R"(
do:
  - both:
      fork:
        branches:
          - call: {call: http, with: {method: get, endpoint: "https://example.com"}}
          - loop: {for: {in: "[range(20)]"}, do: [{add: {set: {n: "${ .n + 1 }"}}}]}
)",
              {}, limits);
  world.answer = [](const CallEffect&) { return done_with(R"({"content":"late"})"); };
  EXPECT_EQ(world.run(R"({"n":0})"), R"(completed ["late",{"n":20}])");
}

TEST(Instance, TooManyStepsFaultPastEveryTry) {
  InterpreterLimits limits;
  limits.steps_max = 100;
  World world(R"(
do:
  - guarded:
      try: [{a: {set: {x: 1}}}, {b: {set: {x: 2}, then: a}}]
      catch: {do: [{never: {set: {caught: true}}}]}
)",
              {}, limits);
  EXPECT_EQ(world.run(), "faulted runtime 500 /do");
  EXPECT_EQ(world.title(), "Too many steps");
}

TEST(Instance, NestingHasALimit) {
  InterpreterLimits limits;
  limits.nesting_max = 3;
  World world("do:\n  - a: {do: [{b: {do: [{c: {set: {x: 1}}}]}}]}\n", {}, limits);
  EXPECT_EQ(world.run(), "faulted runtime 500 /do/0/a/do/0/b/do/0/c");
}

TEST(Instance, FourThousandIterationsOfFiveTasksStayQuick) {
  World world(R"(
do:
  - loop:
      for: {each: box, at: i, in: "[range(4000)]"}
      do:
        - a: {set: {n: "${ .n + 1 }", last: "${ $box }"}}
        - b: {if: .n < 0, set: {n: 0}}
        - c: {switch: [{even: {when: .n % 2 == 0, then: continue}}]}
        - d: {set: {n: "${ .n }", ref: "${ $i }"}, output: {as: '{n}'}}
        - e: {set: {n: "${ .n }"}, export: {as: .n}}
  - result: {set: {n: "${ .n }", context: "${ $context }"}}
)");
  EXPECT_EQ(world.run(R"({"n":0})"), R"(completed {"n":4000,"context":4000})");
}

}  // namespace
}  // namespace gantry::engine::testing
