// listen: what is taken, when it ends, what it gives.
#include "engine/interpreter_world.h"

namespace gantry::engine::testing {
namespace {

using std::chrono::seconds;

std::string event_of(std::string_view type, std::string_view data, std::string_view more = "") {
  return R"({"specversion":"1.0","id":"1","source":"https://example.com/a","type":")" + std::string(type) +
         R"(","data":)" + std::string(data) + std::string(more) + "}";
}

// A world with one listen task `l`, given as the text of its fields.
class Listening : public World {
 public:
  explicit Listening(const std::string& fields, InterpreterLimits limits = {}, const std::string& after = "")
      : World("do:\n  - l: {" + fields + "}\n" + after, {}, limits) {}
  std::string tell(std::string_view type, std::string_view data = "null", std::string_view more = "") {
    return deliver(event_of(type, data, more));
  }
};

TEST(Listen, ToOneGivesAListOfTheOneEvent) {
  Listening world("listen: {to: {one: {with: {type: a}}}}");
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.tell("b", "1"), "waiting");
  EXPECT_EQ(world.tell("a", R"({"x":1})"), R"(completed [{"x":1}])");
}

TEST(Listen, ToAllTakesEachOnceInAnyOrder) {
  Listening world("listen: {to: {all: [{with: {type: a}}, {with: {type: b}}]}}");
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.tell("b", "1"), "waiting");
  EXPECT_EQ(world.tell("b", "2"), "waiting") << "b has its event";
  EXPECT_EQ(world.tell("a", "3"), "completed [1,3]");
}

TEST(Listen, AnEventMeetsOneFilterOnly) {
  Listening world("listen: {to: {all: [{with: {source: 'https://example.com/a'}}, {with: {type: a}}]}}");
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.tell("a", "1"), "waiting");
  EXPECT_EQ(world.tell("a", "2"), "completed [1,2]");
}

TEST(Listen, ToAnyEndsWithTheFirstThatMatches) {
  Listening world("listen: {to: {any: [{with: {type: a}}, {with: {type: b}}]}}");
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.tell("c"), "waiting");
  EXPECT_EQ(world.tell("b", "2"), "completed [2]");
}

TEST(Listen, ToAnyWithoutFiltersTakesEverything) {
  Listening world("listen: {to: {any: []}}");
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.tell("whatever", "7"), "completed [7]");
}

TEST(Listen, UntilAnExpressionOverTheEventsSoFar) {
  Listening world("listen: {to: {any: [], until: '( . | length ) > 2'}}");
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.tell("a", "1"), "waiting");
  EXPECT_EQ(world.tell("b", "2"), "waiting");
  EXPECT_EQ(world.tell("a", "3"), "completed [1,2,3]");
}

TEST(Listen, UntilSeesTheInputAndTheContext) {
  Listening world("listen: {to: {any: [], until: '${ length >= $input.wanted }'}}");
  world.run(R"({"wanted":2})");
  EXPECT_EQ(world.tell("a", "1"), "waiting");
  EXPECT_EQ(world.tell("a", "2"), "completed [1,2]");
}

TEST(Listen, AnUntilThatFailsIsAnErrorOfTheTask) {
  Listening world("listen: {to: {any: [], until: '.[0].x > 1 and error(\"no\")'}}");
  world.run();
  EXPECT_EQ(world.tell("a", R"({"x":5})"), "faulted expression 400 /do/0/l");
}

TEST(Listen, EventsThatEndItAreNoPartOfTheOutput) {
  Listening world("listen: {to: {any: [{with: {type: a}}], until: {one: {with: {type: stop}}}}}");
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.tell("a", "1"), "waiting");
  EXPECT_EQ(world.tell("a", "2"), "waiting");
  EXPECT_EQ(world.tell("stop", "3"), "completed [1,2]");
}

TEST(Listen, UntilComesFirstWhereBothMatch) {
  Listening world("listen: {to: {any: [], until: {all: [{with: {type: x}}, {with: {type: y}}]}}}");
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.tell("x", "1"), "waiting");
  EXPECT_EQ(world.tell("a", "2"), "waiting");
  EXPECT_EQ(world.tell("x", "3"), "waiting") << "until has its x: this one is an event like others";
  EXPECT_EQ(world.tell("y", "4"), "completed [2,3]");
}

TEST(Listen, ReadsDataEnvelopeOrRaw) {
  for (const auto& [read, expected] : std::map<std::string, std::string>{
           {"data", R"(completed [{"x":1}])"},
           {"envelope",
            R"(completed [{"specversion":"1.0","id":"1","source":"https://example.com/a","type":"a","data":{"x":1}}])"},
           {"raw", R"(completed ["{\"x\":1}"])"}}) {
    Listening world("listen: {to: {one: {with: {type: a}}}, read: " + read + "}");
    world.run();
    EXPECT_EQ(world.tell("a", R"({"x":1})"), expected) << read;
  }
}

TEST(Listen, BinaryDataIsReadAsBase64AndNoDataAsNull) {
  for (const auto& [fields, expected] :
       std::map<std::string, std::string>{{R"("data_base64":"AAEC")", R"(["AAEC"])"}, {R"("subject":"s")", "[null]"}}) {
    Listening world("listen: {to: {one: {with: {type: a}}}}");
    world.run();
    EXPECT_EQ(world.deliver(R"({"specversion":"1.0","id":"1","source":"s","type":"a",)" + fields + "}"),
              "completed " + expected);
  }
}

TEST(Listen, FiltersByExpressionOnTheData) {
  Listening world("listen: {to: {one: {with: {type: t, data: '${ .temperature > 38 }'}}}}");
  world.run();
  EXPECT_EQ(world.tell("t", R"({"temperature":37})"), "waiting");
  EXPECT_EQ(world.tell("t", R"("no object")"), "waiting") << "an expression that fails does not match";
  EXPECT_EQ(world.tell("t", R"({"temperature":39})"), R"(completed [{"temperature":39}])");
}

TEST(Listen, FiltersByMembersOfTheData) {
  Listening world("listen: {to: {one: {with: {data: {order: '${ $input.order }', state: {paid: true}}}}}}");
  world.run(R"({"order":7})");
  EXPECT_EQ(world.tell("t", R"({"order":7,"state":{"paid":false}})"), "waiting");
  EXPECT_EQ(world.tell("t", R"({"order":8,"state":{"paid":true}})"), "waiting");
  EXPECT_EQ(world.tell("t", R"({"order":7,"state":{"paid":true,"by":"card"}})"),
            R"(completed [{"order":7,"state":{"paid":true,"by":"card"}}])");
}

TEST(Listen, TextWithPatternSyntaxIsARegularExpressionForTheWholeAttribute) {
  Listening world("listen: {to: {one: {with: {type: 'com\\.example\\.(a|b)'}}}}");
  world.run();
  EXPECT_EQ(world.tell("com.example.ab"), "waiting");
  EXPECT_EQ(world.tell("comXexample.a"), "waiting");
  EXPECT_EQ(world.tell("com.example.b", "1"), "completed [1]");
}

TEST(Listen, APointAloneMakesNoPatternAndEqualTextAlwaysMatches) {
  Listening world("listen: {to: {all: [{with: {type: a.b}}, {with: {source: 'https://example.com/?a=1'}}]}}");
  world.run();
  EXPECT_EQ(world.tell("axb", "1"), "waiting");
  EXPECT_EQ(world.tell("a.b", "2"), "waiting");
  EXPECT_EQ(world.deliver(R"({"specversion":"1.0","id":"2","source":"https://example.com/?a=1","type":"z","data":3})"),
            "completed [2,3]");
}

TEST(Listen, AnExpressionOnAnAttributeIsAVerdictOrWhatIsExpected) {
  Listening world(
      "listen: {to: {all: [{with: {type: '${ \"order.\" + $input.kind }'}}, {with: {subject: '${ . == null | not "
      "}'}}]}}");
  world.run(R"({"kind":"paid"})");
  EXPECT_EQ(world.tell("order.sent", "1"), "waiting");
  EXPECT_EQ(world.tell("order.paid", "2"), "waiting");
  EXPECT_EQ(world.tell("x", "3", R"(,"subject":"s")"), "completed [2,3]");
}

TEST(Listen, ExtensionAttributesMatchWhicheverWayTheyWereSent) {
  Listening world("listen: {to: {all: [{with: {priority: 3}}, {with: {priority: '4'}}]}}");
  world.run();
  EXPECT_EQ(world.tell("x", "1", R"(,"priority":"3")"), "waiting");
  EXPECT_EQ(world.tell("x", "2", R"(,"priority":4)"), "completed [1,2]");
}

TEST(Listen, CorrelatesWithWhatIsExpected) {
  Listening world(
      "listen: {to: {one: {with: {type: paid}, correlate: {order: {from: .data.order, expect: '${ $input.order "
      "}'}}}}}");
  world.run(R"({"order":"A-1"})");
  EXPECT_EQ(world.tell("paid", R"({"order":"A-2"})"), "waiting");
  EXPECT_EQ(world.tell("paid", "{}"), "waiting");
  EXPECT_EQ(world.tell("paid", R"({"order":"A-1"})"), R"(completed [{"order":"A-1"}])");
}

TEST(Listen, CorrelatesWithAConstant) {
  Listening world("listen: {to: {one: {with: {type: paid}, correlate: {room: {from: .roomid, expect: '12'}}}}}");
  world.run();
  EXPECT_EQ(world.tell("paid", "1", R"(,"roomid":13)"), "waiting");
  EXPECT_EQ(world.tell("paid", "2", R"(,"roomid":12)"), "completed [2]");
}

TEST(Listen, TheFirstValueSeenIsExpectedFromThenOnInAllFiltersWithThatKey) {
  Listening world(R"(listen: {to: {all: [
      {with: {type: temperature}, correlate: {room: {from: .data.room}}},
      {with: {type: humidity}, correlate: {room: {from: .data.place}}}]}})");
  world.run();
  EXPECT_EQ(world.tell("temperature", R"({"room":1})"), "waiting");
  EXPECT_EQ(world.tell("humidity", R"({"place":2})"), "waiting");
  EXPECT_EQ(world.tell("humidity", R"({"place":1})"), R"(completed [{"room":1},{"place":1}])");
}

TEST(Listen, AFilterThatFailsInTheEndSetsNoExpectation) {
  Listening world(R"(listen: {to: {any: [
      {with: {type: t}, correlate: {room: {from: .data.room}, floor: {from: .data.floor, expect: '1'}}}],
      until: length == 2}})");
  world.run();
  EXPECT_EQ(world.tell("t", R"({"room":5,"floor":2})"), "waiting");
  EXPECT_EQ(world.tell("t", R"({"room":6,"floor":1})"), "waiting");
  EXPECT_EQ(world.tell("t", R"({"room":5,"floor":1})"), "waiting");
  EXPECT_EQ(world.tell("t", R"({"room":6,"floor":1})"), R"(completed [{"room":6,"floor":1},{"room":6,"floor":1}])");
}

TEST(Listen, EventsBeforeItAreNotKept) {
  Listening world("wait: PT1S", {}, "  - then: {listen: {to: {one: {with: {type: a}}}}}\n");
  world.run();
  EXPECT_EQ(world.tell("a", "1"), "waiting");
  EXPECT_EQ(world.advance(seconds(1)), "waiting");
  EXPECT_EQ(world.tell("a", "2"), "completed [2]");
}

TEST(Listen, TheTimeoutOfTheTaskEndsIt) {
  Listening world("listen: {to: {one: {with: {type: a}}}}, timeout: {after: PT5S}");
  world.run();
  EXPECT_EQ(world.advance(seconds(5)), "faulted timeout 408 /do/0/l");
  EXPECT_EQ(world.tell("a"), "faulted timeout 408 /do/0/l");
}

TEST(Listen, TheTimeoutIsForgottenWhenTheEventComes) {
  Listening world("listen: {to: {one: {with: {type: a}}}}, timeout: {after: PT5S}");
  world.run();
  EXPECT_EQ(world.tell("a", "1"), "completed [1]");
  EXPECT_EQ(world.timers(), 0u);
}

TEST(Listen, OutputAndExportSeeTheListOfEvents) {
  Listening world("listen: {to: {one: {with: {type: a}}}}, output: {as: '.[0].x'}, export: {as: '{got: .}'}", {},
                  "  - s: {set: {context: '${ $context }'}}\n");
  world.run();
  EXPECT_EQ(world.tell("a", R"({"x":4})"), R"(completed {"context":{"got":4}})");
}

TEST(Listen, BranchesThatListenEachGetTheEvent) {
  World world(R"(
do:
  - both:
      fork:
        branches:
          - p: {listen: {to: {one: {with: {type: a}}}}}
          - q: {listen: {to: {all: [{with: {type: a}}, {with: {type: b}}]}}}
)");
  world.run();
  EXPECT_EQ(world.deliver(event_of("a", "1")), "waiting");
  EXPECT_EQ(world.deliver(event_of("b", "2")), "completed [[1],[1,2]]");
}

TEST(Listen, ADeferredEventIsTakenNowAndWorkedOnLater) {
  World world("do:\n  - l: {listen: {to: {one: {with: {type: a}}}}}\n  - e: {emit: {event: {with: {type: b}}}}\n");
  world.run();
  world.deliver(event_of("a", "1"), true);
  EXPECT_EQ(world.emitted.size(), 1u);
  EXPECT_EQ(world.turns(), 3u) << "started, delivered, continued";
}

TEST(Listen, CancellingEndsIt) {
  Listening world("listen: {to: {one: {with: {type: a}}}}");
  world.run();
  EXPECT_EQ(world.cancel(), "cancelled");
  EXPECT_EQ(world.tell("a"), "cancelled");
}

// --- foreach

TEST(ListenForeach, WorksOnEachEventInOrder) {
  Listening world(
      "listen: {to: {any: [], until: length == 3}}, foreach: {item: e, at: i, do: [{s: {set: {n: '${ $i }', v: '${ $e "
      "* "
      "2 }'}}}]}");
  world.run();
  EXPECT_EQ(world.tell("a", "5"), "waiting");
  EXPECT_EQ(world.tell("a", "6"), "waiting");
  EXPECT_EQ(world.tell("a", "7"), R"(completed [{"n":0,"v":10},{"n":1,"v":12},{"n":2,"v":14}])");
}

TEST(ListenForeach, EventsWaitTheirTurnWhileTheTasksOfOneRun) {
  Listening world(
      "listen: {to: {any: [{with: {type: a}}], until: {one: {with: {type: stop}}}}}, foreach: {do: [{w: {wait: PT1S}}, "
      "{s: {set: '${ {index: $index, item: $item} }'}}]}");
  world.run();
  world.tell("a", "5");
  world.tell("a", "6");
  EXPECT_EQ(world.tell("stop"), "waiting") << "what was taken is finished first";
  EXPECT_EQ(world.tell("a", "7"), "waiting") << "no longer taken";
  EXPECT_EQ(world.advance(seconds(1)), "waiting");
  EXPECT_EQ(world.advance(seconds(1)), R"(completed [{"index":0,"item":5},{"index":1,"item":6}])");
}

TEST(ListenForeach, OutputAndExportOfEachItem) {
  Listening world(
      "listen: {to: {any: [], until: length == 2}}, foreach: {output: {as: '{v: ., i: $index}'}, export: {as: "
      "'($context "
      "// 0) + $item'}}",
      {}, "  - s: {set: {all: '${ . }', sum: '${ $context }'}}\n");
  world.run();
  world.tell("a", "5");
  EXPECT_EQ(world.tell("a", "6"), R"(completed {"all":[{"v":5,"i":0},{"v":6,"i":1}],"sum":11})");
}

TEST(ListenForeach, ExitEndsTheListeningWithTheItemAtHand) {
  Listening world(
      "listen: {to: {any: [], until: '${ false }'}}, foreach: {do: [{s: {switch: [{big: {when: . > 5, then: exit}}, "
      "{d: "
      "{then: continue}}]}}, {t: {set: '${ . * 10 }'}}]}");
  world.run();
  EXPECT_EQ(world.tell("a", "1"), "waiting");
  EXPECT_EQ(world.tell("a", "9"), "completed [10,9]");
}

TEST(ListenForeach, AnErrorOfAnItemIsAnErrorOfTheTask) {
  World world(R"(
do:
  - guarded:
      try:
        - l:
            listen: {to: {any: [], until: '${ false }'}}
            foreach: {do: [{r: {raise: {error: {type: 'https://x', status: 500}}}}]}
      catch: {as: e, do: [{h: {set: {at: "${ $e.instance }"}}}]}
)");
  world.run();
  EXPECT_EQ(world.deliver(event_of("a", "1")), R"(completed {"at":"/do/0/guarded/try/0/l/foreach/do/0/r"})");
}

TEST(ListenForeach, ListensWithinListens) {
  Listening world(
      "listen: {to: {any: [{with: {type: open}}], until: length == 2}}, foreach: {do: [{inner: {listen: {to: {one: "
      "{with: "
      "{type: close}, correlate: {id: {from: .data, expect: '${ $item }'}}}}}}}]}");
  world.run();
  world.tell("open", R"("x")");
  world.tell("open", R"("y")");
  EXPECT_EQ(world.tell("close", R"("y")"), "waiting");
  EXPECT_EQ(world.tell("close", R"("x")"), "waiting");
  EXPECT_EQ(world.tell("close", R"("y")"), R"(completed [["x"],["y"]])");
}

// --- limits

TEST(ListenLimits, TooManyEventsAreAnErrorThatCanBeCaught) {
  InterpreterLimits limits;
  limits.listen_events_max = 3;
  World world(R"(
do:
  - guarded:
      try: [{l: {listen: {to: {any: [], until: '${ false }'}}}}]
      catch: {as: e, do: [{h: {set: {title: "${ $e.title }"}}}]}
)",
              {}, limits);
  world.run();
  for (int index = 0; index < 3; ++index) EXPECT_EQ(world.deliver(event_of("a", "1")), "waiting");
  EXPECT_EQ(world.deliver(event_of("a", "1")), R"(completed {"title":"Too many events"})");
}

TEST(ListenLimits, AQueueThatGrowsTooLongInterruptsTheItemAtHand) {
  InterpreterLimits limits;
  limits.listen_queue_max = 2;
  Listening world("listen: {to: {any: [], until: '${ false }'}}, foreach: {do: [{w: {wait: PT1H}}]}", limits);
  world.run();
  for (int index = 0; index < 3; ++index) EXPECT_EQ(world.tell("a", "1"), "waiting") << index;
  EXPECT_EQ(world.tell("a", "1"), "faulted runtime 500 /do/0/l");
  EXPECT_EQ(world.timers(), 0u);
}

TEST(ListenLimits, TheBytesOfAllEventsAreBounded) {
  InterpreterLimits limits;
  limits.value.bytes_max = 1'000;
  Listening world("listen: {to: {any: [], until: '${ false }'}}", limits);
  world.run();
  const std::string data = "\"" + std::string(600, 'x') + "\"";
  EXPECT_EQ(world.tell("a", data), "waiting");
  EXPECT_EQ(world.tell("a", data), "faulted runtime 500 /do/0/l");
}

TEST(ListenWants, OnlyWhatAFilterTakes) {
  Listening world("listen: {to: {all: [{with: {type: a}}, {with: {type: b}}]}}");
  EXPECT_FALSE(world.wants(event_of("a", "1")));
  world.run();
  EXPECT_TRUE(world.wants(event_of("a", "1")));
  EXPECT_FALSE(world.wants(event_of("c", "1")));
  world.tell("a", "1");
  EXPECT_FALSE(world.wants(event_of("a", "1")));
  EXPECT_TRUE(world.wants(event_of("b", "1")));
}

}  // namespace
}  // namespace gantry::engine::testing
