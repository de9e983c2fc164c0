// Going on from a task of an earlier instance: what came before is not done again, and nothing becomes cleaner or
// larger by it.
#include "engine/engine_fixture.h"
#include "engine/replay_check.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using ::testing::HasSubstr;

class EngineFork : public EngineTest {
 protected:
  std::string retry(const std::string& instance, const std::string& task = "") {
    return instance_of_answer(engine_->retry(instance, task, otto_));
  }
  std::string fork(const std::string& instance, const std::string& task) {
    return instance_of_answer(engine_->fork(instance, task, otto_));
  }
  Error refused(const Result<Value>& answer) {
    EXPECT_FALSE(answer.ok());
    return answer.ok() ? Error{} : answer.error();
  }

 private:
  static std::string instance_of_answer(const Result<Value>& answer) {
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    return answer.ok() ? std::string(answer->string_or("instance", "")) : "";
  }
};

constexpr const char* two_calls =
    "  - first: {call: world.note, with: {n: '${ .n }'}, export: {as: '${ {seen: .said} }'}}\n"
    "  - second: {call: world.plain, with: {a: '${ $context.seen.n }'}}\n"
    "  - last: {set: {all: '${ [$context.seen.n, .said.a, $workflow.input.n] }'}}\n";

TEST_F(EngineFork, ARequestWithTheSameKeyIsAnsweredWithTheSameInstance) {
  world_->script("plain", {Behaviour::fail});
  open_with(two_calls);
  const std::string failed = start(Value::object({{"n", 7}}));
  ASSERT_EQ(wait(failed).status, "faulted");
  const auto ask = [&](const char* task, const char* key) { return engine_->fork(failed, task, otto_, key); };
  const auto first = ask("second", "k1");
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_FALSE(first->member("existed").is_true());
  const std::string id(first->string_or("instance", ""));
  ASSERT_EQ(wait(id).status, "completed");
  open();
  const auto again = ask("second", "k1");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(again->member("existed").is_true());
  EXPECT_EQ(again->string_or("instance", ""), id);
  EXPECT_EQ(world_->calls("plain"), 2);
  for (const auto& other : {ask("second", "k2"), ask("second", ""), engine_->retry(failed, "", otto_, "k1")}) {
    ASSERT_TRUE(other.ok()) << other.error().message;
    EXPECT_NE(other->string_or("instance", id), id);
  }
  const auto of_another = engine_->fork(failed, "second", {"olga", {"operator"}}, "k1");
  ASSERT_TRUE(of_another.ok()) << of_another.error().message;
  EXPECT_NE(of_another->string_or("instance", id), id);
  EXPECT_THAT(refused(ask("second", std::string(2'000, 'k').c_str())).message, HasSubstr("idempotency key has"));
}

TEST_F(EngineFork, ARetryGoesOnFromTheTaskThatFaulted) {
  world_->script("plain", {Behaviour::fail});
  open_with(two_calls);
  const std::string failed = start(Value::object({{"n", 7}}));
  ASSERT_EQ(wait(failed).status, "faulted");
  const std::string again = retry(failed);
  EXPECT_NE(again, failed);
  const InstanceOutcome end = wait(again);
  EXPECT_EQ(end.status, "completed") << print_json(end.error);
  EXPECT_EQ(print_json(end.output), R"({"all":[7,7,7]})");
  EXPECT_EQ(world_->calls("note"), 1);
  EXPECT_EQ(world_->calls("plain"), 2);
  const Value started = events(again).front().data;
  EXPECT_EQ(started.member("continues").string_or("instance", ""), failed);
  EXPECT_EQ(started.member("continues").string_or("task", ""), "/do/1/second");
  EXPECT_EQ(started.member("principal").string_or("person", ""), "ada") << "it is still her request";
  EXPECT_EQ(started.member("by").string_or("person", ""), "otto");
  EXPECT_EQ(wait(failed).status, "faulted") << "the first stays as it is";
}

constexpr const char* waits_between =
    "  - a: {call: world.note, with: {n: 1}}\n  - w: {wait: {hours: 1}}\n  - b: {call: world.plain, with: {a: '${ .n }'}}\n";

TEST_F(EngineFork, ItOutlivesTheProcessAndCanBeReplayed) {
  for (const std::uint64_t snapshot : {1u, 500u}) {
    options_.snapshot_every_events = snapshot;
    begin_anew();
    open_with(waits_between);
    const std::string original = start();
    settle(original);
    const std::string forked = fork(original, "w");
    open();
    EXPECT_EQ(wait_advancing(forked, std::chrono::minutes(30)).status, "completed");
    EXPECT_EQ(wait_advancing(original, std::chrono::minutes(30)).status, "completed");
    const auto report = replay_instance(*kept_, forked, gate::Gate({}), {});
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_TRUE(report->differences.empty()) << report->differences.front().what;
    EXPECT_EQ(report->verdicts, 1u);
  }
}

TEST_F(EngineFork, WithinLoopsAndTriesItGoesOnWhereTheyWere) {
  world_->script("plain", {Behaviour::work, Behaviour::fail});
  open_with(
      "  - l:\n      for: {each: n, in: '${ [10, 20, 30] }'}\n      do:\n"
      "        - t:\n            try:\n              - p: {call: world.plain, with: {n: '${ $n }', at: '${ $index }'}, timeout: {after: PT1M}}\n"
      "            catch: {errors: {with: {status: 418}}}\n");
  const std::string failed = start();
  ASSERT_EQ(wait(failed).status, "faulted");
  const std::string again = retry(failed);
  EXPECT_EQ(wait(again).status, "completed");
  EXPECT_EQ(world_->calls("plain"), 4) << "10, 20 in vain, 20 again, 30";
  std::vector<std::int64_t> numbers;
  for (const auto& event : events(again))
    if (event.type == EventType::effect_permitted)
      numbers.push_back(event.data.member("effect").member("arguments").integer_or("n", 0));
  EXPECT_EQ(numbers, (std::vector<std::int64_t>{20, 30}));
}

TEST_F(EngineFork, TimeLimitsAroundTheTaskBeginAnew) {
  workflow("  - outer:\n      timeout: {after: PT10M}\n      do:\n        - a: {wait: PT6M}\n        - b: {wait: PT6M}\n");
  open();
  deploy();
  const std::string late = start();
  EXPECT_EQ(wait_advancing(late, std::chrono::minutes(1)).status, "faulted");
  const std::string again = retry(late, "b");
  EXPECT_EQ(wait_advancing(again, std::chrono::minutes(1)).status, "completed");
  const std::string both = fork(late, "outer");
  EXPECT_EQ(wait_advancing(both, std::chrono::minutes(1)).status, "faulted") << "the limit holds there, too";
}

TEST_F(EngineFork, AFaultInAForkIsRunAgainFromTheFork) {
  world_->script("plain", {Behaviour::fail});
  open_with("  - f: {fork: {branches: [{a: {call: world.note, with: {}}}, {b: {call: world.plain, with: {}}}]}}\n");
  const std::string failed = start();
  ASSERT_EQ(wait(failed).status, "faulted");
  EXPECT_THAT(refused(engine_->retry(failed, "b", otto_)).message, HasSubstr("go on from /do/0/f instead"));
  EXPECT_EQ(wait(retry(failed)).status, "completed");
}

TEST_F(EngineFork, ABudgetOfTheRunGoesOn) {
  files_["policies/budget.yaml"] =
      "policy: limits\nversion: 1.0.0\nrules: []\nbudgets: [{id: two, scope: run, tools: [world.plain], count: 2}]\n";
  open_with("  - a: {call: world.plain, with: {}}\n  - b: {set: {x: 1}}\n");
  const std::string first = start();
  ASSERT_EQ(wait(first).status, "completed");
  const std::string second = fork(first, "a");
  EXPECT_EQ(wait(second).status, "completed");
  EXPECT_EQ(wait(fork(second, "a")).status, "faulted");
  EXPECT_EQ(wait(fork(first, "a")).status, "faulted") << "a fork of the first is of the same run";
  EXPECT_EQ(world_->calls("plain"), 2);
}

TEST_F(EngineFork, WhatTheRunHasReadIsNotForgotten) {
  files_["policies/strict.yaml"] =
      "policy: strict\nversion: 1.0.0\nrules:\n  - {id: clean, tools: [world.wipe], deny: context_at_least(\"internal\") | not, else: allow}\n";
  open_with("  - a: {call: world.note, with: {n: 1}}\n  - b: {set: {x: 1}}\n  - c: {call: world.wipe, with: {}}\n");
  const std::string first = start();
  const InstanceOutcome end = wait(first);
  const std::string second = fork(first, "b");
  EXPECT_EQ(wait(second).status, end.status);
  const Value one = last(first, EventType::effect_denied).member("verdict"), two = last(second, EventType::effect_denied).member("verdict");
  EXPECT_EQ(one.string_or("rule", "1"), two.string_or("rule", "2"));
}

TEST_F(EngineFork, WhatCantBeGoneOnFromIsRefusedWithTheReason) {
  open_with("  - a: {call: world.plain, with: {}}\n  - a2: {if: '${ false }', set: {x: 1}}\n  - w: {wait: PT1H}\n  - z: {set: {x: 1}}\n");
  const std::string instance = start();
  settle(instance);
  EXPECT_EQ(refused(engine_->fork("nothing", "a", otto_)).code, Code::not_found);
  EXPECT_EQ(refused(engine_->fork("", "a", otto_)).code, Code::not_found);
  EXPECT_EQ(refused(engine_->fork(instance, "", otto_)).code, Code::invalid_argument);
  EXPECT_THAT(refused(engine_->fork(instance, "q", otto_)).message, HasSubstr("has no task 'q'"));
  EXPECT_THAT(refused(engine_->fork(instance, "z", otto_)).message, HasSubstr("task /do/3/z has not started"));
  EXPECT_THAT(refused(engine_->retry(instance, "a", otto_)).message, HasSubstr("only what has faulted or was cancelled is run again"));
  ASSERT_TRUE(engine_->cancel(instance, otto_, "").ok());
  EXPECT_THAT(refused(engine_->retry(instance, "", otto_)).message, HasSubstr("no task has faulted"));
  const std::string again = retry(instance, "/do/2/w");
  EXPECT_EQ(wait_advancing(again, std::chrono::minutes(30)).status, "completed");
}

TEST_F(EngineFork, WhatCameWhileItWasSuspendedCountsFromWhenItWasTaken) {
  open_with("  - l: {listen: {to: {one: {with: {type: a}}}}}\n  - w: {wait: PT1H}\n  - b: {call: world.plain, with: {}}\n");
  const std::string first = start();
  ASSERT_TRUE(engine_->suspend(first, otto_, "").ok());
  ASSERT_TRUE(engine_->receive({*parse_json(R"({"specversion":"1.0","source":"/t","type":"a","id":"1"})")}, ben_).ok());
  clock_.advance(std::chrono::minutes(10));
  ASSERT_TRUE(engine_->resume(first, otto_).ok());
  const auto report = replay_instance(*kept_, first, gate::Gate({}), {});
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_TRUE(report->differences.empty()) << report->differences.front().what;
  EXPECT_GE(report->actions, 1u);
  const std::string forked = fork(first, "w");
  EXPECT_EQ(events(forked).front().data.member("continues").integer_or("sequence", 0),
            static_cast<std::int64_t>(events(first).at(3).sequence));
  EXPECT_EQ(events(first).at(3).type, EventType::instance_resumed);
  EXPECT_EQ(wait_advancing(forked, std::chrono::minutes(30)).status, "completed");
}

TEST_F(EngineFork, AStateThatCantBeReadIsAFault) {
  open_with("  - a: {set: {x: 1}}\n");
  const auto now = project();
  const Interpreter interpreter(now, now->find_workflow("t", "w", ""));
  for (const char* state : {"", "{}", R"({"format":1,"values":[]})"}) {
    InstanceState fresh;
    const Turn turn = interpreter.apply(
        fresh, {"I", 1, clock_.now(), EventType::instance_started,
                Value::object({{"input", Value()}, {"continues", Value::object({{"state", state}})}})});
    ASSERT_EQ(turn.actions.size(), 1u) << state;
    EXPECT_TRUE(std::holds_alternative<Fault>(turn.actions.front())) << state;
    EXPECT_EQ(fresh.status(), InstanceState::Status::faulted) << state;
  }
}

}  // namespace
}  // namespace gantry::engine
