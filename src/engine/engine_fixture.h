// For tests of the engine: a clock that is told, an outside system that remembers what took place in it, and a store
// that can be made to fail.
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/random.h"
#include "engine/engine.h"
#include "journal/forwarding_store.h"
#include "value/json.h"

namespace gantry::engine {

inline constexpr Timestamp fixture_start{std::chrono::hours(490'000)};

class SharedClock final : public Clock {
 public:
  Timestamp now() const override { return fixture_start + passed() + Duration(set_by_.load()); }
  Duration passed() const { return Duration(passed_.load()); }
  void advance(Duration by) { passed_ += by.count(); }
  void set_forward(Duration by) { set_by_ += by.count(); }  // no time passes

 private:
  std::atomic<std::int64_t> passed_{0}, set_by_{0};
};

// The machine's, so that callers' patience ends, and whatever the other clock lets pass.
class PassingClock final : public SteadyClock {
 public:
  explicit PassingClock(const SharedClock& clock) : clock_(clock) {}
  SteadyTime now() const override { return std::chrono::steady_clock::now() + clock_.passed(); }

 private:
  const SharedClock& clock_;
};

// What is outside, and outlives a crash of the engine. Operations of the tool "world":
//   look, lookup         read; lookup answers {found: whether the effect with that key took place}
//   note  (key)          a second attempt with the same key changes nothing
//   asked (readBack)     plain  (nothing)   pay (nothing, class money)
class World final : public tool::Driver {
 public:
  enum class Behaviour { work, fail, lose_answer, lose_request };

  std::vector<std::string> check(const definition::Tool&) const override { return {}; }

  tool::Outcome call(tool::Permit permit, const tool::CallContext& context) override {
    const tool::Effect effect = permit.effect();
    std::unique_lock lock(mutex_);
    ++calls_[effect.operation];
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_.contains(effect.operation) || context.stop.stop_requested(); });
    Behaviour behaviour = Behaviour::work;
    if (auto& script = script_[effect.operation]; !script.empty()) {
      behaviour = script.front();
      script.erase(script.begin());
    }
    if (behaviour == Behaviour::fail)
      return tool::Outcome::failed_with(tool::standard_error("communication", "refused"));
    if (behaviour == Behaviour::lose_request)
      return tool::Outcome::ambiguous_with(tool::standard_error("communication", "no answer"));
    if (effect.operation == "lookup")
      return tool::Outcome::done_with(
          Value::object({{"found", taken_.contains(effect.arguments.string_or("key", ""))}}));
    if (effect.operation != "look") {
      const bool again = taken_.contains(effect.key);
      if (!again || effect.operation != "note") ++taken_[effect.key];
    }
    if (behaviour == Behaviour::lose_answer)
      return tool::Outcome::ambiguous_with(tool::standard_error("communication", "the connection was lost"));
    return tool::Outcome::done_with(Value::object({{"said", effect.arguments}, {"attempt", context.attempt}}));
  }

  void take_place(const std::string& key) {
    std::lock_guard lock(mutex_);
    ++taken_[key];
  }

  // The next calls of the operation behave like this, one after the other; then it works.
  void script(const std::string& operation, std::vector<Behaviour> behaviours) {
    std::lock_guard lock(mutex_);
    script_[operation] = std::move(behaviours);
  }
  void hold(const std::string& operation) {
    std::lock_guard lock(mutex_);
    held_.insert(operation);
  }
  void let_go(const std::string& operation) {
    std::lock_guard lock(mutex_);
    held_.erase(operation);
    changed_.notify_all();
  }
  void wait_for_call(const std::string& operation, int count = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_[operation] >= count; });
  }
  int calls(const std::string& operation) {
    std::lock_guard lock(mutex_);
    return calls_[operation];
  }
  std::map<std::string, int> taken() {
    std::lock_guard lock(mutex_);
    return {taken_.begin(), taken_.end()};
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> calls_;
  std::map<std::string, std::vector<Behaviour>> script_;
  std::set<std::string> held_;
  std::map<std::string, int, std::less<>> taken_;  // key -> how often
};

// Fails on demand. `crash_*` stand for the death of the process: after it nothing can be read or written any more.
class FlakyStore final : public journal::ForwardingStore {
 public:
  enum class Crash { before_commit, after_commit };
  explicit FlakyStore(journal::Store& inner, std::set<std::string, std::less<>> damaged = {})
      : ForwardingStore(inner), damaged_(std::move(damaged)) {}

  void crash_at(std::uint64_t append, Crash kind) {
    crash_append_ = append;
    crash_kind_ = kind;
  }
  bool crashed() const { return crashed_; }
  void set_full(bool full) { full_ = full; }
  std::uint64_t appends() const { return appends_; }
  std::size_t events() const { return events_; }
  std::size_t snapshot_bytes() const { return snapshot_bytes_; }  // of all that were ever written
  std::size_t largest_snapshot() const { return largest_snapshot_; }

  Status append(const journal::Batch& batch) override {
    if (crashed_) return gone();
    if (full_) return Error{Code::unavailable, "the disk is full"};
    const bool crash = ++appends_ == crash_append_;
    if (crash && crash_kind_ == Crash::before_commit) return crashed_ = true, Status(gone());
    auto status = inner_.append(batch);
    for (const journal::Snapshot& snapshot : batch.snapshots) {
      snapshot_bytes_ += snapshot.state.size();
      largest_snapshot_ = std::max(largest_snapshot_.load(), snapshot.state.size());
    }
    events_ += batch.events.size();
    if (crash) return crashed_ = true, Status(gone());
    return status;
  }
  Result<std::vector<journal::Event>> events_of(std::string_view instance, std::uint64_t after) override {
    if (damaged_.contains(instance)) return Error{Code::internal, "its events are damaged"};
    return ForwardingStore::events_of(instance, after);
  }

 protected:
  std::optional<Error> refusal() override { return crashed_ ? std::optional(gone()) : std::nullopt; }

 private:
  static Error gone() { return {Code::unavailable, "the process has died"}; }

  std::set<std::string, std::less<>> damaged_;  // instances whose events can't be read
  std::atomic<std::uint64_t> appends_{0};
  std::atomic<std::uint64_t> crash_append_{0};
  std::atomic<Crash> crash_kind_{Crash::before_commit};
  std::atomic<bool> crashed_{false}, full_{false};
  std::atomic<std::size_t> events_{0}, snapshot_bytes_{0}, largest_snapshot_{0};
};

inline constexpr const char* world_tool = R"(
tool: world
version: 1.0.0
driver: world
operations:
  look: {class: read, arguments: {type: object, additionalProperties: true}}
  lookup: {class: read, arguments: {type: object, required: [key], properties: {key: {type: string}}}}
  note: {class: write, idempotency: key, arguments: {type: object, additionalProperties: true}}
  asked:
    class: write
    idempotency: readBack
    readBack: {operation: lookup, arguments: {key: "${ $effect.key }"}, done: .found}
  plain: {class: write, arguments: {type: object, additionalProperties: true}}
  pay: {class: money, arguments: {type: object, properties: {amount: {type: integer}}}}
  wipe: {class: destroy}
)";

inline constexpr const char* world_policy = R"(
policy: port
version: 1.0.0
rules:
  - {id: reads, classes: [read], verdict: allow}
  - {id: writes, classes: [write], verdict: allow}
  - id: payments
    classes: [money]
    verdict: approve
    approvers: [{role: cashier, count: 1}, {role: manager, count: 1}]
    expires: PT8H
    reason: Money leaves the house.
)";

inline std::string workflow_file(const std::string& name, const std::string& tasks,
                                 const std::string& version = "1.0.0") {
  return "document: {dsl: '1.0.3', namespace: t, name: " + name + ", version: " + version + "}\ndo:\n" + tasks;
}

// A store, a world and a clock, and the engine that stands on them and can be thrown away.
class EngineTest : public ::testing::Test {
 protected:
  using Behaviour = World::Behaviour;

  EngineTest() {
    auto opened = journal::Store::open("memory:");
    EXPECT_TRUE(opened.ok());
    kept_ = *std::move(opened);
    options_.workers = 4;
    options_.resting_kept_max = 0;  // whatever only waits is read again when it goes on
    files_["tools/world.yaml"] = world_tool;
    files_["policies/port.yaml"] = world_policy;
  }

  void workflow(const std::string& tasks, const std::string& name = "w") {
    files_["workflows/" + name + ".yaml"] = workflow_file(name, tasks);
  }

  definition::ProjectPointer project() const {
    auto loaded = definition::load_project(files_);
    if (auto* problems = std::get_if<definition::Problems>(&loaded)) {
      for (const auto& problem : *problems) ADD_FAILURE() << definition::format(problem);
      return std::make_shared<const definition::Project>();
    }
    return std::get<definition::ProjectPointer>(loaded);
  }

  // Starts an engine on what the store holds; the one before is gone, with its store's faults.
  void open() {
    ++engines_opened_;
    engine_.reset();
    store_ = std::make_unique<FlakyStore>(*kept_, damaged_);
    auto opened = Engine::open(
        {.store = store_.get(), .drivers = {{"world", world_}}, .clock = &clock_, .random = &random_, .trace = {},
         .steady_clock = &steady_clock_},
        options_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    engine_ = *std::move(opened);
  }

  // Forgets all that was deployed and run.
  void begin_anew() {
    engine_.reset();
    store_.reset();
    auto opened = journal::Store::open("memory:");
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    kept_ = *std::move(opened);
  }

  void open_with(const std::string& tasks) {
    workflow(tasks);
    open();
    deploy();
  }

  void deploy() {
    auto status = engine_->deploy(project(), admin_);
    ASSERT_TRUE(status.ok()) << status.error().message;
  }

  std::string start(Value input = Value(), const std::string& name = "w") {
    auto started = engine_->start(
        {.namespace_ = "t", .name = name, .version = "", .input = std::move(input), .principal = ada_, .key = ""});
    EXPECT_TRUE(started.ok()) << started.error().message;
    return started.ok() ? started->instance : "";
  }

  // Until it has ended or waits for a person.
  InstanceOutcome wait(const std::string& instance) {
    auto outcome = engine_->wait(instance, std::chrono::seconds(20), true);
    EXPECT_TRUE(outcome.ok()) << outcome.error().message;
    return outcome.ok() ? *outcome : InstanceOutcome{};
  }

  // Until it has ended.
  InstanceOutcome wait_ended(const std::string& instance) {
    auto outcome = engine_->wait(instance, std::chrono::seconds(20));
    EXPECT_TRUE(outcome.ok()) << outcome.error().message;
    return outcome.ok() ? *outcome : InstanceOutcome{};
  }

  // Until it has set its timer.
  void settle(const std::string& instance) {
    for (int i = 0; i < 4'000 && count(instance, journal::EventType::timer_set) == 0; ++i)
      EXPECT_TRUE(engine_->wait(instance, std::chrono::milliseconds(5)).ok());
    EXPECT_EQ(count(instance, journal::EventType::timer_set), 1);
  }
  // Lets time pass until it has ended or waits for a person.
  InstanceOutcome wait_advancing(const std::string& instance, Duration step) {
    for (int i = 0; i < 2'000; ++i) {
      auto outcome = engine_->wait(instance, std::chrono::milliseconds(5), true);
      EXPECT_TRUE(outcome.ok()) << outcome.error().message;
      if (!outcome.ok()) return {};
      const bool person = !open_tasks(instance).empty();
      if (outcome->status != "running" && (outcome->status != "waiting" || person)) return *outcome;
      clock_.advance(step);
    }
    ADD_FAILURE() << "it does not end";
    return {};
  }

  std::vector<journal::Event> events(const std::string& instance) {
    auto events = kept_->events_of(instance);
    EXPECT_TRUE(events.ok());
    return events.ok() ? *events : std::vector<journal::Event>{};
  }
  std::vector<std::string> event_names(const std::string& instance) {
    std::vector<std::string> names;
    for (const auto& event : events(instance)) names.emplace_back(journal::name_of(event.type));
    return names;
  }
  // The data of the last event of the type; null when there is none.
  Value last(const std::string& instance, journal::EventType type) {
    Value data;
    for (const auto& event : events(instance))
      if (event.type == type) data = event.data;
    return data;
  }
  int count(const std::string& instance, journal::EventType type) {
    int found = 0;
    for (const auto& event : events(instance)) found += event.type == type ? 1 : 0;
    return found;
  }
  // The whole journal of the instance, for messages.
  std::string dump(const std::string& instance) {
    std::string text;
    for (const auto& event : events(instance))
      text += std::string(journal::name_of(event.type)) + " " + print_json(event.data) + "\n";
    return text;
  }
  std::vector<Value> open_tasks(const std::string& instance) {
    std::map<std::string, Value> open;
    for (const auto& event : events(instance)) {
      const std::string task(event.data.string_or("task", ""));
      if (event.type == journal::EventType::task_created) open[task] = event.data;
      if (event.type == journal::EventType::task_closed) open.erase(task);
    }
    std::vector<Value> tasks;
    for (auto& [id, task] : open) tasks.push_back(task);
    return tasks;
  }
  std::string only_task(const std::string& instance) {
    auto tasks = open_tasks(instance);
    EXPECT_EQ(tasks.size(), 1u) << dump(instance);
    return tasks.empty() ? "" : std::string(tasks[0].string_or("task", ""));
  }

  Result<Value> vote(const std::string& task, const definition::Principal& voter, bool approve = true,
                     const std::string& comment = "", const std::string& digest = "") {
    return engine_->vote({.human_task = task,
                          .voter = voter,
                          .approve = approve,
                          .comment = comment,
                          .shown_digest = digest.empty() ? shown_digest(task) : digest});
  }
  // What is shown of the task now.
  std::string shown_digest(const std::string& task) {
    const std::size_t dash = task.rfind("-t");
    if (dash == std::string::npos) return "none";
    for (const Value& open : open_tasks(task.substr(0, dash)))
      if (open.string_or("task", "") == task) return std::string(open.string_or("digest", ""));
    return "none";
  }
  Result<Value> answer(const std::string& task, const definition::Principal& person, const char* json) {
    return engine_->answer({.human_task = task, .person = person, .answer = *parse_json(json)});
  }

  const definition::Principal admin_{"admin", {"admin"}};
  const definition::Principal ada_{"ada", {"cashier", "manager"}};  // starts everything, so she may not approve
  const definition::Principal ben_{"ben", {"cashier"}};
  const definition::Principal cleo_{"cleo", {"manager"}};
  const definition::Principal otto_{"otto", {"operator"}};

  int engines_opened_ = 0;
  std::set<std::string, std::less<>> damaged_;  // for the next open()
  definition::SourceFiles files_;
  EngineOptions options_;
  SharedClock clock_;
  const PassingClock steady_clock_{clock_};
  SeededRandom random_{7};
  std::shared_ptr<World> world_ = std::make_shared<World>();
  std::unique_ptr<journal::Store> kept_;  // what a crash leaves
  std::unique_ptr<FlakyStore> store_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace gantry::engine
