#include "engine/interpreter_world.h"

namespace gantry::engine::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::Not;

constexpr const char* call_text = "call: http, with: {method: get, endpoint: \"https://example.com\"}";

std::string try_call(const std::string& rest) {
  return "do:\n  - guarded:\n      try: [{ask: {" + std::string(call_text) + "}}]\n      catch:\n" + rest;
}

std::string communication_error(int status) {
  return R"({"type":"https://serverlessworkflow.io/spec/1.0.0/errors/communication","title":"Failed","status":)" +
         std::to_string(status) + "}";
}

// The seconds of all timers that were set for retries.
std::vector<std::string> retry_timers(const World& world) {
  std::vector<std::string> found;
  for (const std::string& text : world.asked()) {
    const auto at = text.find(" retry ");
    if (at != std::string::npos) found.push_back(text.substr(at + 7));
  }
  return found;
}

TEST(Try, AFilterMayNameTheStatusOnly) {
  World world(
      try_call("        errors: {with: {status: 404}}\n        do: [{h: {set: {s: \"${ $error.status }\"}}}]\n"));
  world.answer = [](const CallEffect&) { return fails_with(communication_error(404)); };
  EXPECT_EQ(world.run(), R"(completed {"s":404})");
  World other(try_call("        errors: {with: {status: 503}}\n        do: [{h: {set: {s: 1}}}]\n"));
  other.answer = [](const CallEffect&) { return fails_with(communication_error(404)); };
  EXPECT_EQ(other.run(), "faulted communication 404 /do/0/guarded/try/0/ask");
}

TEST(Try, AllSpellingsOfAStandardErrorMatch) {
  for (const char* host : {"https://serverlessworkflow.io", "https://open-workflow-specification.org"}) {
    for (const char* path : {"/spec/1.0.0/errors/", "/dsl/errors/types/"}) {
      World world(try_call("        errors: {with: {type: " + std::string(host) + path +
                           "communication}}\n        do: [{h: {set: {caught: true}}}]\n"));
      world.answer = [](const CallEffect&) { return fails_with(communication_error(500)); };
      EXPECT_EQ(world.run(), R"(completed {"caught":true})") << host << path;
    }
  }
}

TEST(Try, TheErrorHasTheReferenceOfTheTaskThatFailed) {
  World world(try_call("        as: err\n        do: [{h: {set: {e: \"${ $err.instance }\"}}}]\n"));
  world.answer = [](const CallEffect&) { return fails_with(communication_error(404)); };
  EXPECT_EQ(world.run(), R"(completed {"e":"/do/0/guarded/try/0/ask"})");
}

TEST(Try, WhenAndExceptWhenDecide) {
  const std::string handler = "        do: [{h: {set: {caught: true}}}]\n";
  const auto outcome = [&](const std::string& rule) {
    World world(try_call("        " + rule + "\n" + handler));
    world.answer = [](const CallEffect&) { return fails_with(communication_error(404)); };
    return world.run();
  };
  EXPECT_EQ(outcome("when: $error.status == 404"), R"(completed {"caught":true})");
  EXPECT_EQ(outcome("when: $error.status == 500"), "faulted communication 404 /do/0/guarded/try/0/ask");
  EXPECT_EQ(outcome("exceptWhen: $error.status == 500"), R"(completed {"caught":true})");
  EXPECT_EQ(outcome("exceptWhen: $error.status == 404"), "faulted communication 404 /do/0/guarded/try/0/ask");
  EXPECT_EQ(outcome("when: $error.status | error"), "faulted expression 400 /do/0/guarded");
}

TEST(Try, ACaughtErrorWithoutHandlerPassesTheInputOn) {
  World world(try_call("        errors: {with: {status: 404}}\n  - last: {set: {x: \"${ .x }\"}}\n"));
  world.answer = [](const CallEffect&) { return fails_with(communication_error(404)); };
  EXPECT_EQ(world.run(R"({"x":1})"), R"(completed {"x":1})");
}

TEST(Try, AnErrorInTheHandlerGoesOut) {
  World world(try_call("        do: [{h: {set: {x: \"${ 1 + {} }\"}}}]\n"));
  world.answer = [](const CallEffect&) { return fails_with(communication_error(404)); };
  EXPECT_EQ(world.run(), "faulted expression 400 /do/0/guarded/catch/do/0/h");
}

TEST(Try, AnErrorOfTheTrysOwnOutputIsNotItsToCatch) {
  World world(R"(
do:
  - guarded:
      try: [{a: {set: {x: 1}}}]
      catch: {do: [{never: {set: {caught: true}}}]}
      output: {as: .x.y.z}
)");
  EXPECT_EQ(world.run(), "faulted expression 400 /do/0/guarded");
}

TEST(Try, CatchThenSaysWhereToGoAfterAnErrorOnly) {
  const std::string rest = "        do: [{h: {set: {caught: true}}}]\n        then: end\n  - last: {set: {went: on}}\n";
  World caught(try_call(rest));
  caught.answer = [](const CallEffect&) { return fails_with(communication_error(404)); };
  EXPECT_EQ(caught.run(), R"(completed {"caught":true})");
  World fine(try_call(rest));
  fine.answer = [](const CallEffect&) { return done_with(R"({"content":1})"); };
  EXPECT_EQ(fine.run(), R"(completed {"went":"on"})");
}

TEST(Try, TheInnermostTryThatCatchesGetsTheError) {
  World world(R"(
do:
  - outer:
      try:
        - inner:
            try: [{breaks: {raise: {error: {type: https://example.com/e, status: 418}}}}]
            catch: {errors: {with: {status: 500}}, do: [{no: {set: {by: inner}}}]}
      catch: {do: [{yes: {set: {by: outer}}}]}
)");
  EXPECT_EQ(world.run(), R"(completed {"by":"outer"})");
  EXPECT_EQ(world.names(TaskTrace::Status::faulted), "breaks inner");
}

TEST(Retry, CountFiveMeansSixRuns) {
  World world(try_call("        retry: {limit: {attempt: {count: 5}}}\n"));
  world.answer = [](const CallEffect&) { return fails_with(communication_error(503)); };
  EXPECT_EQ(world.run(), "faulted communication 503 /do/0/guarded/try/0/ask");
  EXPECT_EQ(world.calls.size(), 6u);
  EXPECT_EQ(world.names(TaskTrace::Status::retried), "guarded guarded guarded guarded guarded");
}

TEST(Retry, APolicyWithoutALimitEndsAllTheSame) {
  InterpreterLimits limits;
  limits.retries_default = 7;
  limits.retries_max = 9;
  int calls = 0;
  const auto runs_of = [&](const std::string& policy) {
    World world(try_call("        retry: " + policy + "\n"), {}, limits);
    world.answer = [&](const CallEffect&) { return ++calls, fails_with(communication_error(500)); };
    calls = 0;
    std::string end = world.run();
    for (int i = 0; i < 50 && end == "waiting"; ++i) end = world.advance(seconds(1));
    EXPECT_EQ(end, "faulted communication 500 /do/0/guarded/try/0/ask");
    return calls;
  };
  EXPECT_EQ(runs_of("{delay: PT0S}"), 8);
  EXPECT_EQ(runs_of("{delay: PT1S}"), 8);
  EXPECT_EQ(runs_of("{delay: PT0S, limit: {duration: PT1H}}"), 10);
  EXPECT_EQ(runs_of("{delay: PT0S, limit: {attempt: {count: 20}}}"), 21) << "what the author says counts";
  EXPECT_EQ(InterpreterLimits().retries_default, 100u) << "as docs/reference/execution.md says";
}

TEST(Retry, AHandlerRunsOnceTheRetriesAreUsedUp) {
  World world(try_call("        retry: {limit: {attempt: {count: 2}}}\n        do: [{h: {set: {gave: up}}}]\n"));
  world.answer = [](const CallEffect&) { return fails_with(communication_error(503)); };
  EXPECT_EQ(world.run(), R"(completed {"gave":"up"})");
  EXPECT_EQ(world.calls.size(), 3u);
}

TEST(Retry, DelaysFollowTheirBackoff) {
  const auto delays = [](const std::string& backoff) {
    World world(
        try_call("        retry: {delay: PT2S, backoff: {" + backoff + ": {}}, limit: {attempt: {count: 4}}}\n"));
    world.answer = [](const CallEffect&) { return fails_with(communication_error(503)); };
    EXPECT_EQ(world.run(), "waiting");
    EXPECT_EQ(world.advance(seconds(100)), "faulted communication 503 /do/0/guarded/try/0/ask");
    return retry_timers(world);
  };
  EXPECT_THAT(delays("constant"), ::testing::ElementsAre("2", "2", "2", "2"));
  EXPECT_THAT(delays("linear"), ::testing::ElementsAre("2", "4", "6", "8"));
  EXPECT_THAT(delays("exponential"), ::testing::ElementsAre("2", "4", "8", "16"));
}

TEST(Retry, JitterStaysInItsBoundsAndIsTheSameEachTime) {
  const auto delays = [] {
    World world(
        try_call("        retry: {delay: PT1S, jitter: {from: PT0S, to: PT2S}, limit: {attempt: {count: 20}}}\n"));
    world.answer = [](const CallEffect&) { return fails_with(communication_error(503)); };
    world.run();
    world.advance(seconds(100));
    return retry_timers(world);
  };
  const std::vector<std::string> first = delays();
  ASSERT_EQ(first.size(), 20u);
  double least = 3, most = 1;
  for (const std::string& text : first) {
    const double value = std::stod(text);
    EXPECT_GE(value, 1.0);
    EXPECT_LE(value, 3.0);
    least = std::min(least, value);
    most = std::max(most, value);
  }
  EXPECT_GT(most - least, 0.5);  // twenty samples of a uniform distribution over two seconds
  EXPECT_EQ(delays(), first);
}

TEST(Retry, ASuccessEndsTheRetries) {
  World world(try_call("        retry: {delay: PT1S, limit: {attempt: {count: 5}}}\n"));
  world.answer = [&world](const CallEffect&) {
    return world.calls.size() < 3 ? fails_with(communication_error(503)) : done_with(R"({"content":"fine"})");
  };
  world.run();
  EXPECT_EQ(world.advance(seconds(10)), R"(completed "fine")");
  EXPECT_EQ(world.timers(), 0u);
}

TEST(Retry, TheWholeTimeIsLimited) {
  World world(try_call("        retry: {delay: PT4S, limit: {duration: PT10S}}\n"));
  world.answer = [](const CallEffect&) { return fails_with(communication_error(503)); };
  world.run();
  EXPECT_EQ(world.advance(seconds(60)), "faulted communication 503 /do/0/guarded/try/0/ask");
  EXPECT_EQ(world.calls.size(), 3u);  // at 0, 4 and 8 seconds; 12 would be too late
}

TEST(Retry, AnAttemptThatTakesTooLongCountsAsATimeout) {
  World world(
      try_call("        retry: {limit: {attempt: {count: 1, duration: PT3S}}}\n"
               "        do: [{h: {set: {status: \"${ $error.status }\", at: \"${ $error.instance }\"}}}]\n"));
  EXPECT_EQ(world.run(), "waiting");
  EXPECT_EQ(world.advance(seconds(3)), "waiting");
  EXPECT_THAT(world.asked(), Contains("abandon e1"));
  EXPECT_EQ(world.advance(seconds(3)), R"(completed {"status":408,"at":"/do/0/guarded"})");
  EXPECT_EQ(world.calls.size(), 2u);
}

TEST(Retry, WhenAndExceptWhenOfThePolicyDecide) {
  const auto calls = [](const std::string& rule) {
    World world(try_call("        retry: {" + rule + ", limit: {attempt: {count: 2}}}\n"));
    world.answer = [](const CallEffect&) { return fails_with(communication_error(503)); };
    EXPECT_EQ(world.run(), "faulted communication 503 /do/0/guarded/try/0/ask");
    return world.calls.size();
  };
  EXPECT_EQ(calls("when: $error.status == 503"), 3u);
  EXPECT_EQ(calls("when: $error.status == 500"), 1u);
  EXPECT_EQ(calls("exceptWhen: $error.status == 503"), 1u);
}

TEST(Retry, APolicyMayBeReusedByName) {
  World world("use: {retries: {often: {delay: PT1S, limit: {attempt: {count: 3}}}}}\n" +
              try_call("        retry: often\n"));
  world.answer = [](const CallEffect&) { return fails_with(communication_error(503)); };
  world.run();
  world.advance(seconds(10));
  EXPECT_EQ(world.calls.size(), 4u);
}

TEST(Retry, TheBodyStartsFromTheInputAgain) {
  World world(R"(
do:
  - guarded:
      try:
        - count: {set: {n: "${ .n + 1 }"}, export: {as: '($context // 0) + 1'}}
        - check: {set: {n: "${ if $context < 3 then error(\"again\") else . end }"}}
      catch: {retry: {limit: {attempt: {count: 9}}}}
)");
  EXPECT_EQ(world.run(R"({"n":10})"), R"(completed {"n":{"n":11}})");
}

TEST(Retry, ATimeoutOfTheTryEndsTheRetries) {
  World world("do:\n  - guarded:\n      timeout: {after: PT5S}\n      try: [{ask: {" + std::string(call_text) +
              "}}]\n      catch:\n        retry: {delay: PT3S, limit: {attempt: {count: 9}}}\n");
  world.answer = [](const CallEffect&) { return fails_with(communication_error(503)); };
  world.run();
  EXPECT_EQ(world.advance(seconds(60)), "faulted timeout 408 /do/0/guarded");
  EXPECT_EQ(world.calls.size(), 2u);
  EXPECT_EQ(world.timers(), 0u);
}

}  // namespace
}  // namespace gantry::engine::testing
