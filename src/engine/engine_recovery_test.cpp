// Crashes at every step, full disks, and replay.
#include <fmt/format.h>

#include <filesystem>

#include "base/sanitizer.h"
#include "engine/engine_fixture.h"
#include "engine/installation.h"
#include "engine/instance_record.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// A workflow with everything that can be cut in two.
constexpr const char* long_tasks = R"(  - look: {call: world.look}
  - note: {call: world.note}
  - asked: {call: world.asked}
  - plain: {call: world.plain}
  - pause: {wait: PT1H}
  - pay: {call: world.pay, with: {amount: 5}}
  - child: {run: {workflow: {namespace: t, name: child, version: 1.0.0}}}
  - choose: {call: decide, with: {decision: pick, input: {}}}
  - both:
      fork:
        branches:
          - left: {call: world.note}
          - right: {call: world.note}
  - last: {set: {ended: true}}
)";

class EngineRecovery : public EngineTest {
 protected:
  EngineRecovery() {
    files_["decisions/pick.yaml"] =
        "decision: pick\nversion: 1.0.0\nquestion: q\nanswer: {type: integer}\n"
        "deciders: [{person: {roles: [cashier]}}]\n";
    workflow("  - c: {call: world.note}\n", "child");
  }

  // Does what people would, truthfully.
  void help(const std::string& instance) {
    for (const Value& task : open_tasks(instance)) {
      const std::string id(task.string_or("task", ""));
      const std::string_view kind = task.string_or("kind", "");
      if (kind == "approval") {
        (void)vote(id, ben_);
        (void)vote(id, cleo_);
      } else if (kind == "decision") {
        (void)answer(id, ben_, "1");
      } else {
        const bool took_place = world_->taken().contains(std::string(task.string_or("effect", "")));
        (void)answer(id, otto_, took_place ? R"({"outcome":"done"})" : R"({"outcome":"not_done"})");
      }
    }
  }

  // Runs it to its end through one crash. Returns how it ended; `appends`: how many the last engine made.
  InstanceOutcome live_through(const std::string& key, std::uint64_t crash_at, FlakyStore::Crash kind) {
    const StartRequest request{
        .namespace_ = "t", .name = "w", .version = "", .input = {}, .principal = ada_, .key = key};
    open();
    store_->crash_at(crash_at, kind);
    for (int step = 0; step < 3'000; ++step) {
      if (store_->crashed()) open();
      auto started = engine_->start(request);
      if (!started.ok()) continue;
      auto outcome = engine_->wait(started->instance, std::chrono::milliseconds(3), true);
      if (!outcome.ok()) continue;
      if (outcome->status != "running" && outcome->status != "waiting") return *outcome;
      help(started->instance);
      clock_.advance(std::chrono::minutes(10));
    }
    return {};
  }

  // What the projects of the instance's journal give when it is replayed from the start.
  std::unique_ptr<InstanceRecord> replayed(const std::string& instance, std::uint64_t up_to = UINT64_MAX) {
    auto pinned = project();
    const auto journal = events(instance);
    auto workflow = pinned->find_workflow("t", journal.front().data.member("workflow").string_or("name", ""));
    auto record = std::make_unique<InstanceRecord>(instance, pinned, workflow, options_.interpreter);
    Installation definitions(*kept_, ScheduleLimits{});
    for (const auto& event : journal) {
      if (event.sequence > up_to) break;
      auto status = record->replay(event, definitions);
      EXPECT_TRUE(status.ok()) << status.error().message;
    }
    return record;
  }
};

TEST_F(EngineRecovery, ACrashBetweenAnyTwoStepsLosesNothingAndDoublesNothing) {
  open_with(long_tasks);
  for (auto kind : {FlakyStore::Crash::before_commit, FlakyStore::Crash::after_commit}) {
    int crashes = 0;
    bool crashed = true;
    for (std::uint64_t crash_at = 1; crashed; ++crash_at) {
      const std::string key = std::to_string(crash_at) + (kind == FlakyStore::Crash::before_commit ? "b" : "a");
      const auto before = world_->taken();
      const int opened = engines_opened_;
      const InstanceOutcome end = live_through(key, crash_at, kind);
      crashed = engines_opened_ > opened + 1;
      crashes += crashed ? 1 : 0;
      ASSERT_TRUE(end.status == "completed" || end.status == "faulted")
          << "crash " << key << ": " << end.status << " " << print_json(end.error);
      // A person who says "not done" of a write without a key makes the workflow fault: that is the truth.
      if (end.status == "faulted") {
        ASSERT_EQ(last(end.instance, EventType::effect_failed).string_or("resolvedBy", ""), "person") << key;
      }
      int effects = 0;
      for (const auto& [effect, times] : world_->taken()) {
        if (before.contains(effect)) continue;
        ASSERT_EQ(times, 1) << "crash " << key << ": " << effect << " took place " << times << " times";
        ++effects;
      }
      if (end.status == "completed") {
        ASSERT_EQ(effects, 7) << "crash " << key;
      }
      ASSERT_THAT(open_tasks(end.instance), IsEmpty());
    }
    EXPECT_GT(crashes, 10);
  }
}

// The child ends although nobody knows what became of one of its effects, so it is still there when the engine opens again.
TEST_F(EngineRecovery, AParentIsToldOfAChildThatEndedWithAnEffectOpenThroughAnyCrash) {
  files_["workflows/inner.yaml"] = workflow_file(
      "inner", "  - first: {fork: {compete: true, branches: [{lost: {call: world.plain}}, {rest: {wait: PT1H}}]}}\n");
  open_with("  - run: {run: {workflow: {namespace: t, name: inner, version: '1.0.0'}}}\n  - after: {set: {told: true}}\n");
  for (auto kind : {FlakyStore::Crash::before_commit, FlakyStore::Crash::after_commit}) {
    bool crashed = true;
    int crashes = 0;
    for (std::uint64_t crash_at = 1; crashed; ++crash_at) {
      const std::string key = std::to_string(crash_at) + (kind == FlakyStore::Crash::before_commit ? "b" : "a");
      world_->script("plain", {Behaviour::lose_answer});
      const int opened = engines_opened_;
      const InstanceOutcome end = live_through(key, crash_at, kind);
      crashed = engines_opened_ > opened + 1;
      crashes += crashed ? 1 : 0;
      ASSERT_EQ(end.status, "completed") << "crash " << key << "\n" << dump(end.instance);
    }
    EXPECT_GT(crashes, 3);
  }
}

constexpr const char* timed_tasks = R"(  - again:
      try:
        - note: {call: world.note}
      catch:
        retry: {delay: PT1H, limit: {attempt: {count: 5}}}
  - limited:
      try:
        - rest: {wait: PT100H, timeout: {after: PT1H}}
      catch:
        do: [{late: {set: {timed: out}}}]
)";

TEST_F(EngineRecovery, ACrashLosesNoRetryAndNoTimeout) {
  open_with(timed_tasks);
  for (auto kind : {FlakyStore::Crash::before_commit, FlakyStore::Crash::after_commit}) {
    bool crashed = true;
    for (std::uint64_t crash_at = 1; crashed; ++crash_at) {
      const std::string key = std::to_string(crash_at) + (kind == FlakyStore::Crash::before_commit ? "b" : "a");
      world_->script("note", {Behaviour::fail});
      const int opened = engines_opened_;
      const InstanceOutcome end = live_through(key, crash_at, kind);
      crashed = engines_opened_ > opened + 1;
      ASSERT_EQ(end.status, "completed") << "crash " << key << "\n" << dump(end.instance);
      ASSERT_EQ(print_json(end.output), R"({"timed":"out"})") << key;
      for (const auto& [effect, times] : world_->taken()) ASSERT_EQ(times, 1) << "crash " << key << ": " << effect;
    }
  }
}

constexpr const char* open_tasks_of_all_kinds = R"(  - all:
      fork:
        branches:
          - pay: {call: world.pay, with: {amount: 5}}
          - rest: {wait: PT100H}
          - sub: {run: {workflow: {namespace: t, name: sleeper, version: 1.0.0}}}
)";

TEST_F(EngineRecovery, ACrashAroundACancelLeavesNothingHalfCancelled) {
  workflow("  - rest: {wait: PT100H}\n", "sleeper");
  open_with(open_tasks_of_all_kinds);
  for (auto kind : {FlakyStore::Crash::before_commit, FlakyStore::Crash::after_commit}) {
    for (std::uint64_t crash_at = 1; crash_at <= 4; ++crash_at) {
      const std::string key = std::to_string(crash_at) + (kind == FlakyStore::Crash::before_commit ? "b" : "a");
      const StartRequest request{
          .namespace_ = "t", .name = "w", .version = "", .input = {}, .principal = ada_, .key = key};
      open();
      store_->crash_at(crash_at, kind);
      std::string instance;
      for (bool cancelled = false; !cancelled;) {
        if (store_->crashed()) open();
        auto started = engine_->start(request);
        if (!started.ok()) continue;
        instance = started->instance;
        auto status = engine_->cancel(instance, admin_, "enough");
        cancelled = status.ok() || status.error().code == Code::conflict;
      }
      for (const std::string& id : {instance, instance + "-c1"}) {
        Result<InstanceOutcome> end = Error{Code::unavailable, ""};
        for (int step = 0; step < 100 && !(end.ok() && end->status == "cancelled"); ++step) {
          if (store_->crashed()) open();
          end = engine_->wait(id, std::chrono::milliseconds(20));
        }
        ASSERT_TRUE(end.ok()) << key << " " << id;
        EXPECT_EQ(end->status, "cancelled") << key << " " << id;
      }
      EXPECT_THAT(open_tasks(instance), IsEmpty()) << key;
    }
  }
  EXPECT_EQ(world_->calls("pay"), 0);
}

TEST_F(EngineRecovery, ReplayGivesTheSameStateByteForByte) {
  open_with(long_tasks);
  for (int run = 0; run < 3; ++run) {
    if (run == 1) world_->script("note", {Behaviour::lose_answer, Behaviour::fail});
    if (run == 2) world_->script("asked", {Behaviour::lose_request});
    const InstanceOutcome end = live_through("r" + std::to_string(run), 0, FlakyStore::Crash::before_commit);
    ASSERT_EQ(end.status, "completed") << print_json(end.error);
    // Each event replays all before it: under sanitizers, every fourth will do.
    for (std::uint64_t sequence = 1; sequence <= events(end.instance).size(); sequence += has_sanitizer ? 4 : 1) {
      auto first = replayed(end.instance, sequence);
      const std::string state = first->serialise();
      ASSERT_EQ(state, replayed(end.instance, sequence)->serialise());
      // From a snapshot, and on from there.
      auto workflow = project()->find_workflow("t", "w");
      Installation definitions(*kept_, ScheduleLimits{});
      auto parsed = InstanceRecord::parse(state, end.instance, project(), workflow,
                                           Interpreter(project(), workflow, options_.interpreter), definitions);
      ASSERT_TRUE(parsed.ok()) << parsed.error().message;
      ASSERT_EQ((*parsed)->serialise(), state);
      for (const auto& event : events(end.instance)) {
        if (event.sequence <= sequence) continue;
        ASSERT_TRUE((*parsed)->replay(event, definitions).ok());
      }
      ASSERT_EQ((*parsed)->serialise(), replayed(end.instance)->serialise());
    }
  }
}

TEST_F(EngineRecovery, TheRunningStateIsWhatReplayGives) {
  options_.snapshot_every_events = 1;
  open_with(long_tasks);
  world_->script("note", {Behaviour::lose_answer});
  const std::string instance = start();
  int compared = 0;
  for (int step = 0; step < 3'000; ++step) {
    auto outcome = engine_->wait(instance, std::chrono::milliseconds(3), true);
    ASSERT_TRUE(outcome.ok());
    if (outcome->status == "completed") break;
    auto snapshot = kept_->latest_snapshot(instance);
    ASSERT_TRUE(snapshot.ok());
    if (*snapshot) {
      ASSERT_EQ((*snapshot)->state, replayed(instance, (*snapshot)->sequence)->serialise());
      ++compared;
    }
    help(instance);
    clock_.advance(std::chrono::minutes(10));
  }
  EXPECT_GT(compared, 3);
  EXPECT_EQ(wait(instance).status, "completed");
}

TEST_F(EngineRecovery, ContinuesFromSnapshots) {
  options_.snapshot_every_events = 2;
  open_with(long_tasks);
  for (std::uint64_t crash_at : {3u, 6u, 9u, 12u}) {
    const InstanceOutcome end = live_through("s" + std::to_string(crash_at), crash_at, FlakyStore::Crash::after_commit);
    EXPECT_TRUE(end.status == "completed" || end.status == "faulted") << end.status;
  }
}

TEST_F(EngineRecovery, WhatWaitedForAWorkerIsSentAfterAStopWithoutAskingAnybody) {
  options_.workers = 1;
  open_with("  - a: {call: world.plain}\n");
  world_->hold("plain");
  const std::string first = start();
  world_->wait_for_call("plain");
  const std::string second = start();
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the engine is stopping by then
    world_->let_go("plain");
  });
  open();
  EXPECT_EQ(wait(first).status, "completed");
  EXPECT_EQ(wait(second).status, "completed");
  EXPECT_EQ(world_->calls("plain"), 2);
  EXPECT_EQ(last(second, EventType::effect_ambiguous).boolean_or("notSent", false), true);
}

TEST_F(EngineRecovery, AFullDiskStopsNothingForGood) {
  open_with("  - a: {call: world.note}\n  - b: {call: world.note}\n");
  world_->hold("note");
  const std::string instance = start();
  world_->wait_for_call("note");
  store_->set_full(true);
  world_->let_go("note");  // its answer can't be recorded now
  auto refused =
      engine_->start({.namespace_ = "t", .name = "w", .version = "", .input = {}, .principal = ada_, .key = "k"});
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_EQ(engine_->cancel(instance, admin_, "").error().code, Code::unavailable);
  EXPECT_EQ(engine_->wait(instance, Duration::zero())->status, "running");
  store_->set_full(false);
  EXPECT_EQ(wait(instance).status, "completed");
  EXPECT_EQ(world_->calls("note"), 2) << "what was answered is not asked again";
  while (true) {
    auto started =
        engine_->start({.namespace_ = "t", .name = "w", .version = "", .input = {}, .principal = ada_, .key = "k"});
    if (!started.ok()) continue;
    EXPECT_FALSE(started->existed) << "what was refused has left nothing";
    EXPECT_EQ(wait(started->instance).status, "completed");
    break;
  }
}

TEST_F(EngineRecovery, AFullDatabaseFileIsRefusedAndNothingIsHalfApplied) {
  const auto directory = std::filesystem::temp_directory_path() / ("gantry-engine-" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory);
  const std::string url = "sqlite:" + (directory / "full.db").string();
  engine_.reset();
  store_.reset();
  kept_ = *journal::Store::open(url, {.page_count_max = 150});
  open_with("  - a: {set: {x: '${ . }'}}\n");
  int completed = 0;
  Code refused = Code::internal;
  for (int i = 0; i < 2'000; ++i) {
    auto started = engine_->start({.namespace_ = "t",
                                   .name = "w",
                                   .version = "",
                                   .input = Value(std::string(3'000, 'x')),
                                   .principal = ada_,
                                   .key = std::to_string(i)});
    if (!started.ok()) {
      refused = started.error().code;
      break;
    }
    ++completed;
  }
  EXPECT_EQ(refused, Code::unavailable);
  EXPECT_GT(completed, 3);
  engine_.reset();
  store_.reset();
  kept_.reset();
  kept_ = *journal::Store::open(url);
  open();
  for (int i = 0; i < completed; ++i) EXPECT_TRUE(kept_->instance_with_key("t/w", fmt::format(R"(["ada","{}"])", i))->has_value()) << i;
  EXPECT_FALSE(kept_->instance_with_key("t/w", fmt::format(R"(["ada","{}"])", completed))->has_value());
  EXPECT_EQ(wait(start(Value(1))).status, "completed");
  engine_.reset();
  store_.reset();
  kept_.reset();
  std::filesystem::remove_all(directory);
}

TEST_F(EngineRecovery, AnAnswerTooLargeToRecordIsAnErrorOfItsInstanceOnly) {
  engine_.reset();
  kept_ = *journal::Store::open("memory:", {.event_bytes_max = 8'000});
  open_with("  - a: {call: world.plain, with: {x: '${ .x }'}}\n  - b: {set: {y: '${ [limit(9; repeat(.))] }'}}\n");
  const std::string fine = start(Value::object({{"x", 1}}));
  const std::string large = start(Value::object({{"x", std::string(3'000, 'x')}}));
  EXPECT_EQ(wait(fine).status, "completed");
  EXPECT_EQ(wait(large).status, "faulted");
  auto refused = engine_->start({.namespace_ = "t",
                                 .name = "w",
                                 .version = "",
                                 .input = Value::object({{"x", std::string(20'000, 'x')}}),
                                 .principal = ada_,
                                 .key = ""});
  EXPECT_EQ(refused.error().code, Code::exhausted);
  EXPECT_EQ(wait(start(Value::object({{"x", 1}}))).status, "completed");
}

}  // namespace
}  // namespace gantry::engine
