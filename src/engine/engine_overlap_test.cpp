// Turns that are decided while the one before is being written. Without threads, so that each moment can be looked at.
#include <gtest/gtest.h>

#include "engine/stepped_fixture.h"
#include "journal/query.h"

namespace gantry::engine {
namespace {

using journal::EventType;

class PushedClock final : public SteadyClock {
 public:
  SteadyTime now() const override { return now_; }
  void advance(Duration by) { now_ += by; }

 private:
  SteadyTime now_{};
};

// All calls are made by the engine itself; see immediate_drivers.
class NoExecutor final : public EffectExecutor {
 public:
  void submit(std::vector<SendEffect> effects) override { EXPECT_TRUE(effects.empty()); }
  bool wait_idle(Duration) override { return true; }
};

class EngineOverlap : public SteppedTest<NoExecutor> {
 protected:
  EngineOverlap() {
    options_.overlap_commands_min = 2;
    options_.immediate_drivers = {"world"};
    options_.workers = 1'000;
  }

  void open_stepped(const std::string& tasks) {
    workflow(tasks);
    open_again();
    Answer deployed = post(DeployRequest{.project = project(), .by = admin_, .effect = {}});
    step_until_quiet();
    ASSERT_TRUE(deployed.get().ok());
  }

  void open_again() {
    stepped_.reset();
    store_ = std::make_unique<FlakyStore>(*kept_);
    open_on(*store_, steady_clock_);
  }

  Answer begin(const std::string& key = "") {
    return post(StartRequest{
        .namespace_ = "t", .name = "w", .version = "", .input = {}, .principal = ada_, .key = key});
  }
  std::vector<Answer> begin_many(std::size_t count) {
    std::vector<Answer> answers;
    for (std::size_t i = 0; i < count; ++i) answers.push_back(begin());
    return answers;
  }

  static std::size_t count_ready(const std::vector<Answer>& answers) {
    return static_cast<std::size_t>(std::count_if(answers.begin(), answers.end(), is_ready));
  }

  void step_until_quiet() {
    for (int i = 0; i < 100'000 && stepped_->has_work(); ++i) {
      stepped_->step();
      if (stepped_->paused_until() > steady_clock_.now()) steady_clock_.advance(std::chrono::seconds(10));
    }
    EXPECT_FALSE(stepped_->has_work());
    EXPECT_TRUE(stepped_->is_settled());
  }

  // Every instance in the journal has completed, and each of its effects took place once.
  void expect_all_completed(std::size_t instances, std::size_t effects_each) {
    auto query = *journal::Query::open(*kept_);
    const auto page = query->instances({}, {.limit = 100});
    ASSERT_TRUE(page.ok());
    std::size_t completed = 0;
    for (const Value& row : page->rows) completed += row.string_or("status", "") == "completed" ? 1 : 0;
    EXPECT_EQ(completed, instances);
    EXPECT_EQ(page->rows.size(), instances);
    const auto taken = world_->taken();
    EXPECT_EQ(taken.size(), instances * effects_each);
    for (const auto& [key, times] : taken) EXPECT_EQ(times, 1) << key;
  }

  PushedClock steady_clock_;
};

constexpr const char* two_notes = "  - a: {call: world.note}\n  - b: {call: world.note}\n";

TEST_F(EngineOverlap, HalfIsDecidedBeforeTheOtherHalfIsWritten) {
  open_stepped(two_notes);
  const std::uint64_t appends = store_->appends();
  auto answers = begin_many(8);
  stepped_->step();
  EXPECT_FALSE(stepped_->is_settled());
  EXPECT_EQ(store_->appends(), appends) << "the first half is under way";
  EXPECT_EQ(count_ready(answers), 0u);
  stepped_->step();
  EXPECT_EQ(store_->appends(), appends + 1);
  EXPECT_EQ(count_ready(answers), 4u) << "the second half is decided, and nobody is told of it";
  EXPECT_EQ(world_->calls("note"), 4) << "nor is anything of it done";
  step_until_quiet();
  expect_all_completed(8, 2);
}

TEST_F(EngineOverlap, FewCommandsShareOneBatch) {
  options_.overlap_commands_min = 9;
  open_stepped(two_notes);
  const std::uint64_t appends = store_->appends();
  auto answers = begin_many(8);
  stepped_->step();
  EXPECT_TRUE(stepped_->is_settled());
  EXPECT_EQ(store_->appends(), appends + 1);
  EXPECT_EQ(count_ready(answers), 8u);
}

TEST_F(EngineOverlap, ARefusedBatchTakesTheNextOneWithIt) {
  open_stepped(two_notes);
  auto answers = begin_many(8);
  stepped_->step();
  store_->set_full(true);
  stepped_->step();
  EXPECT_TRUE(stepped_->is_settled());
  EXPECT_EQ(world_->calls("note"), 0);
  ASSERT_EQ(count_ready(answers), 8u) << "while the journal takes no writes, callers are told so";
  for (Answer& answer : answers) EXPECT_EQ(answer.get().error().code, Code::unavailable);
  store_->set_full(false);
  step_until_quiet();
  expect_all_completed(0, 0);
  steady_clock_.advance(std::chrono::seconds(10));  // the pause of the journal is over
  auto more = begin_many(8);
  step_until_quiet();
  expect_all_completed(8, 2);
}

TEST_F(EngineOverlap, WhatHappenedMeanwhileIsNotLostWhenTheDiskIsFull) {
  open_stepped(two_notes);
  auto answers = begin_many(8);
  stepped_->step();
  stepped_->step();
  stepped_->step();
  store_->set_full(true);  // with answers of effects in both turns
  for (int i = 0; i < 4; ++i) stepped_->step();
  store_->set_full(false);
  step_until_quiet();
  expect_all_completed(8, 2);
}

TEST_F(EngineOverlap, ACrashAtAnyAppendLosesAndDoublesNothing) {
  for (const auto kind : {FlakyStore::Crash::before_commit, FlakyStore::Crash::after_commit}) {
    for (std::uint64_t append = 1; append <= 12; ++append) {
      kept_ = *journal::Store::open("memory:");
      world_ = std::make_shared<World>();
      open_stepped(two_notes);
      store_->crash_at(store_->appends() + append, kind);
      std::set<std::string> promised;
      auto answers = begin_many(8);
      for (int i = 0; i < 50 && !store_->crashed(); ++i) stepped_->step();
      for (Answer& answer : answers) {
        if (!is_ready(answer)) continue;
        if (auto started = answer.get(); started.ok()) promised.emplace(started->string_or("instance", ""));
      }
      open_again();
      step_until_quiet();
      for (const std::string& instance : promised)
        EXPECT_EQ(count(instance, EventType::instance_completed), 1) << append << "\n" << dump(instance);
      for (const auto& [key, times] : world_->taken()) EXPECT_EQ(times, 1) << append << " " << key;
    }
  }
}

TEST_F(EngineOverlap, WhoeverWaitsIsToldWhenItIsDurable) {
  open_stepped("  - l: {listen: {to: {one: {with: {type: t}}}}}\n");
  std::vector<Answer> started = begin_many(4);
  step_until_quiet();
  std::vector<Answer> waits;
  for (Answer& one : started) {
    WaitRequest request;
    request.instance = one.get()->string_or("instance", "");
    request.deadline = SteadyTime::max();
    waits.push_back(post(std::move(request)));
  }
  step_until_quiet();
  auto event = *parse_json(R"({"specversion": "1.0", "id": "1", "source": "/x", "type": "t"})");
  std::vector<Answer> received;
  received.push_back(post(ReceiveRequest{event, ada_}));
  for (const char* id : {"2", "3", "4"})
    received.push_back(post(ReceiveRequest{Value(event).with_member("id", id), ada_}));
  stepped_->step();
  EXPECT_FALSE(stepped_->is_settled());
  EXPECT_EQ(count_ready(waits), 0u) << "they have ended in memory, not in the journal";
  step_until_quiet();
  EXPECT_EQ(count_ready(waits), 4u);
  EXPECT_EQ(count_ready(received), 4u);
  for (Answer& wait : waits) EXPECT_EQ(wait.get()->string_or("status", ""), "completed");
}

TEST_F(EngineOverlap, WhoeverWaitsForAChildIsToldAlthoughASiblingWithALongerNameIsAhead) {
  workflow("  - l: {listen: {to: {one: {with: {type: t}}}}}\n", "child");
  std::string tasks = "  - f:\n      fork:\n        branches:\n";
  for (int i = 0; i < 10; ++i)
    tasks += "          - b" + std::to_string(i) + ": {run: {workflow: {namespace: t, name: child, version: 1.0.0}}}\n";
  open_stepped(tasks);
  Answer started = begin();
  step_until_quiet();
  const std::string parent(started.get()->string_or("instance", ""));
  WaitRequest request;
  request.instance = parent + "-c1";
  request.deadline = SteadyTime::max();
  Answer wait = post(std::move(request));
  step_until_quiet();
  ASSERT_FALSE(is_ready(wait));
  Answer first = post(CancelRequest{parent + "-c1", ada_, ""}), tenth = post(CancelRequest{parent + "-c10", ada_, ""});
  step_until_quiet();
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(tenth.get().ok());
  ASSERT_TRUE(is_ready(wait));
  EXPECT_EQ(wait.get()->string_or("status", ""), "cancelled");
}

TEST_F(EngineOverlap, AKeyIsKnownWhileItsStartIsBeingWritten) {
  open_stepped(two_notes);
  std::vector<Answer> answers;
  for (const char* key : {"a", "b", "a", "b", "a"}) answers.push_back(begin(key));
  step_until_quiet();
  std::set<std::string> instances;
  for (Answer& answer : answers) instances.emplace(answer.get()->string_or("instance", ""));
  EXPECT_EQ(instances.size(), 2u);
  expect_all_completed(2, 2);
}

TEST_F(EngineOverlap, AStopOfTheGateWaitsForWhatIsBeingWritten) {
  open_stepped(two_notes);
  auto answers = begin_many(8);
  stepped_->step();
  ASSERT_FALSE(stepped_->is_settled());
  Answer stopped = post(GateRequest{.stop = {}, .stops = true, .reason = "drill", .by = admin_});
  while (!is_ready(stopped)) stepped_->step();
  ASSERT_TRUE(stopped.get().ok());
  const int calls = world_->calls("note");
  step_until_quiet();
  EXPECT_EQ(world_->calls("note"), calls) << "nothing goes out after the answer";
}

}  // namespace
}  // namespace gantry::engine
