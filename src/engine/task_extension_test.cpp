// use.extensions. Every world is replayed and written and read back at each event, also in the middle of the lists.
#include "engine/interpreter_world.h"

namespace gantry::engine::testing {
namespace {

using ::testing::Contains;

// One extension of `call` with these lists, and a call of http.
std::string extended_call(const std::string& extension, const std::string& more = "") {
  return "use: {extensions: [{guard: {extend: call, " + extension +
         "}}]}\ndo:\n  - a: {call: http, with: {method: get, " + "endpoint: \"https://example.com\"}" + more + "}\n";
}
Reply content_reply(const CallEffect&) {
  return done_with(R"({"statusCode":200,"content":{"n":1}})");
}

TEST(Extension, ListsWaitAndTheTaskWaitsForThem) {
  World world(extended_call("before: [{rest: {wait: PT1M}}, {b: {set: {x: 1}}}], after: [{late: {wait: PT2M}}]"));
  world.answer = content_reply;
  EXPECT_EQ(world.run(R"({"in":1})"), "waiting");
  EXPECT_TRUE(world.calls.empty());
  EXPECT_EQ(world.advance(std::chrono::minutes(1)), "waiting");
  EXPECT_EQ(world.calls.size(), 1U);
  EXPECT_EQ(world.advance(std::chrono::minutes(2)), R"(completed {"n":1})");
  EXPECT_EQ(world.started(), "rest b a late");
  EXPECT_EQ(world.names(TaskTrace::Status::completed), "rest b late a");
}

TEST(Extension, TheListsGetTheRawInputAndTheOutputAndGiveNothing) {
  World world(extended_call(
      "before: [{b: {set: {got: \"${ . }\"}, export: {as: .got}}}], "
      "after: [{c: {set: {got: \"${ . }\"}, export: {as: \"[$context, .got, $task.output, $task.input]\"}}}]",
      ", input: {from: \"{inner: .}\"}, output: {as: .n}"));
  world.answer = content_reply;
  EXPECT_EQ(world.run(R"({"in":1})"), "completed 1");
  World context(
      extended_call("after: [{c: {set: {got: \"${ . }\"}, export: {as: \"[.got, $task.output, $task.input]\"}}}]",
                    ", output: {as: .n}}\n  - last: {set: {x: \"${ $context }\"}"));
  context.answer = content_reply;
  EXPECT_EQ(context.run(R"({"in":1})"), R"(completed {"x":[1,1,{"in":1}]})");
}

TEST(Extension, ExitInBeforeGivesTheRawOutputAndSkipsWhatIsInside) {
  World world(R"(
use:
  extensions:
    - outer: {extend: all, before: [{b1: {set: {x: 1}}}], after: [{a1: {set: {x: 1}}}]}
    - mock: {extend: call, before: [{b2: {set: {n: 5}, then: exit}}, {never: {set: {x: 1}}}], after: [{a2: {set: {x: 1}}}]}
    - inner: {extend: call, before: [{b3: {set: {x: 1}}}], after: [{a3: {set: {x: 1}}}]}
do:
  - a: {call: http, with: {method: get, endpoint: "https://example.com"}, output: {as: .n}, then: last}
  - skipped: {set: {x: 1}}
  - last: {wait: {seconds: 0}}
)");
  EXPECT_EQ(world.run(), "completed 5");
  EXPECT_TRUE(world.calls.empty());
  EXPECT_EQ(world.started(), "b1 b2 a a1 b1 last a1");
}

TEST(Extension, AReplacedSwitchGoesWhereItsOwnThenSays) {
  World world(R"(
use: {extensions: [{mock: {extend: switch, before: [{b: {set: {x: 1}, then: exit}}]}}]}
do:
  - choose: {switch: [{always: {then: wrong}}], then: right}
  - wrong: {set: {wrong: true}}
  - right: {set: {x: "${ .x }"}}
)");
  EXPECT_EQ(world.run(), R"(completed {"x":1})");
}

TEST(Extension, EndInBeforeEndsTheWorkflow) {
  World world(extended_call("before: [{b: {set: {x: 1}, then: end}}]", "}\n  - last: {set: {y: 1}"));
  EXPECT_EQ(world.run(), R"(completed {"x":1})");
}

TEST(Extension, AnErrorInAListIsTheTasksAndAfterDoesNotRunForATaskThatFailed) {
  const std::string raise = "{raise: {error: {type: \"https://example.com/e\", status: 418}}}";
  World before("use: {extensions: [{guard: {extend: call, before: [{b: " + raise +
               "}]}}]}\ndo:\n  - t: {try: [{a: {call: "
               "http, with: {method: get, endpoint: \"https://x\"}}}], catch: {do: [{c: {set: {at: \"${ "
               "$error.instance }\"}}}]}}\n");
  EXPECT_EQ(before.run(), R"(completed {"at":"/do/0/t/try/0/a/extensions/guard/before/0/b"})");
  EXPECT_EQ(before.names(TaskTrace::Status::faulted), "b a");
  World after(extended_call("after: [{c: {set: {x: 1}}}]"));
  after.answer = [](const CallEffect&) { return fails_with(R"({"status":500})"); };
  EXPECT_EQ(after.run(), "faulted communication 500 /do/0/a");
  EXPECT_EQ(after.started(), "a");
}

TEST(Extension, TheTimeoutIsForTheTaskAlone) {
  World world(
      extended_call("before: [{rest: {wait: PT1H}}], after: [{late: {wait: PT1H}}]", ", timeout: {after: PT1M}"));
  world.answer = content_reply;
  EXPECT_EQ(world.run(), "waiting");
  world.advance(std::chrono::hours(1));
  EXPECT_EQ(world.advance(std::chrono::hours(1)), R"(completed {"n":1})");
}

TEST(Extension, VariablesOfTheTaskAreKeptAndNotSeen) {
  World world(R"(
use: {extensions: [{log: {extend: set, before: [{l: {for: {each: k, in: "[1, 2]"}, do: [{s: {set: {k: "${ $k }"}}}]}}], after: [{m: {set: {x: 1}}}]}}]}
do:
  - loop: {for: {each: item, in: "[5, 6]"}, do: [{a: {set: {sum: "${ (.sum // 0) + $item + $index }"}}}]}
)");
  EXPECT_EQ(world.run(), R"(completed {"sum":12})");
  EXPECT_THAT(World::problem_of("use: {extensions: [{log: {extend: set, before: [{l: {set: {x: \"${ $item }\"}}}]}}]}\n"
                                "do: [{loop: {for: {in: \"[1]\"}, do: [{a: {set: {x: 1}}}]}}]\n"),
              ::testing::HasSubstr("$item is not defined"));
}

TEST(Extension, ForksTriesAndLoopsCanBeExtended) {
  World world(R"(
use: {extensions: [{count: {extend: all, before: [{b: {set: {x: 1}, export: {as: "($context // 0) + 1"}}}], after: [{c: {set: {x: 1}}}]}}]}
do:
  - t:
      try: [{bad: {raise: {error: {type: "https://example.com/e", status: 500}}}}]
      catch: {do: [{h: {set: {x: 2}}}], then: f}
  - never: {set: {x: 3}}
  - f: {fork: {branches: [{p: {set: {x: 4}}}, {q: {wait: PT1S}}]}}
  - l: {for: {in: "[1, 2]"}, while: "$index < 1", do: [{i: {set: {n: "${ $item }"}}}]}
  - d: {set: {count: "${ $context }"}}
)");
  EXPECT_EQ(world.run(), "waiting");
  // t, bad, h, f (its branches count in a context of their own), l, i, d
  EXPECT_EQ(world.advance(std::chrono::seconds(1)), R"(completed {"count":7})");
}

TEST(Extension, CancellingInTheMiddleOfAListEndsEverything) {
  World world(extended_call("before: [{f: {fork: {branches: [{p: {wait: PT1H}}, {q: {wait: PT2H}}]}}}]"));
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.cancel(), "cancelled");
  EXPECT_EQ(world.timers(), 0U);
}

TEST(Extension, WhenSeesTheDefinitionAndFailsAsTheTask) {
  World world(extended_call(
      "when: .x > $task.with.method, before: [{b: {raise: {error: {type: \"https://e\", status: 500}}}}]"));
  world.answer = content_reply;
  EXPECT_EQ(world.run(R"({"x":1})"), R"(completed {"n":1})");
  World bad(extended_call("when: $task.with.method + 1, before: [{b: {set: {x: 1}}}]"));
  EXPECT_EQ(bad.run(), "faulted expression 400 /do/0/a");
}

TEST(Approval, AsksAndGivesOnWhatThePeopleSaid) {
  World world(R"(
do:
  - sign:
      call: approval
      with:
        question: ${ "Release \(.container)?" }
        context: {weight: "${ .weight }"}
        approvers: [{role: planner, count: 2}]
        requesterExcluded: false
        expires: PT8H
  - next: {set: {ok: "${ .approved }"}}
)");
  EXPECT_EQ(world.run(R"({"container":"MSCU1","weight":5})"), "waiting");
  ASSERT_EQ(world.approvals.size(), 1U);
  const AskApproval& asked = world.approvals[0];
  EXPECT_EQ(asked.human_task, "i-t1");
  EXPECT_EQ(asked.question, "Release MSCU1?");
  EXPECT_EQ(print_json(asked.context), R"({"weight":5})");
  EXPECT_EQ(asked.approvers, (std::vector<definition::ApproverRequirement>{{.role = "planner", .count = 2}}));
  EXPECT_FALSE(asked.requester_excluded);
  EXPECT_EQ(asked.expires, world.now() + std::chrono::hours(8));
  EXPECT_EQ(world.person_answers("i-t1", R"({"approved":true,"outcome":"approved","votes":[]})"),
            R"(completed {"ok":true})");
}

TEST(Approval, ATimeoutWithdrawsIt) {
  World world(
      "do:\n  - sign: {call: \"approval:1.0.0@default\", with: {question: Well, approvers: [{role: boss}]}, "
      "timeout: {after: PT1H}}\n");
  EXPECT_EQ(world.run(R"({"x":1})"), "waiting");
  EXPECT_EQ(print_json(world.approvals.at(0).context), R"({"x":1})");
  EXPECT_EQ(world.advance(std::chrono::hours(1)), "faulted timeout 408 /do/0/sign");
  EXPECT_THAT(world.asked(), Contains("withdraw t1"));
}

TEST(Guardrail, PassesTheValueOnOrRaisesWithItsMessage) {
  const auto outcome = [](const std::string& with, std::string_view input) {
    World world("do:\n  - g: {call: guardrail, with: {" + with + "}}\n");
    const std::string end = world.run(input);
    return end + (world.detail().empty() ? "" : ": " + world.detail());
  };
  EXPECT_EQ(outcome("schema: {type: integer}", "5"), "completed 5");
  EXPECT_THAT(outcome("schema: {type: integer}", R"("x")"),
              ::testing::HasSubstr("faulted validation 400 /do/0/g: guardrail: "));
  EXPECT_EQ(outcome("value: \"${ .a }\", condition: . > 1", R"({"a":2})"), "completed 2");
  EXPECT_EQ(outcome("condition: .a > 1", R"({"a":1})"),
            "faulted validation 400 /do/0/g: guardrail: the condition does not hold: .a > 1");
  EXPECT_EQ(outcome("condition: .a > 1, message: \"${ \\\"\\\\(.a) is too little\\\" }\"", R"({"a":1})"),
            "faulted validation 400 /do/0/g: 1 is too little");
  EXPECT_EQ(outcome("condition: .a.b", R"({"a":1})").substr(0, 25), "faulted expression 400 /d");
}

}  // namespace
}  // namespace gantry::engine::testing
