// Sequences of what people, time and crashes can do: start, vote, change the policy, stop the gate, send an event, let
// time pass, crash and recover. Whatever their order, each effect that a driver was called for has a permit in the journal
// whose verdict is that of the policy in force, as this file works it out for itself, and, where that asks for people,
// votes that this file saw accepted: by enough different people with the roles, none of them the requester, in time.
// Input: two bytes a step.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/random.h"
#include "engine/engine.h"
#include "journal/forwarding_store.h"
#include "value/json.h"

namespace {

using namespace gantry;
using journal::EventType;

constexpr Timestamp beginning{std::chrono::hours(490'000)};
constexpr std::size_t steps_max = 40, instances_max = 12;

class ToldClock final : public Clock {
 public:
  Timestamp now() const override { return beginning + Duration(since.load()); }
  std::atomic<std::int64_t> since{0};
};

// The other side: remembers for which effect it was called, and answers as it is told.
class CountingDriver final : public tool::Driver {
 public:
  std::vector<std::string> check(const definition::Tool&) const override { return {}; }
  tool::Outcome call(tool::Permit permit, const tool::CallContext&) override {
    const std::lock_guard lock(mutex);
    calls.push_back(permit.effect());
    if (answer == 1) return tool::Outcome::failed_with(tool::standard_error("communication", "refused"));
    if (answer == 2) return tool::Outcome::ambiguous_with(tool::standard_error("communication", "no answer"));
    return tool::Outcome::done_with(Value(1));
  }
  std::mutex mutex;
  std::vector<tool::Effect> calls;
  int answer = 0;
};

// The store of a process that can die at its next write.
class MortalStore final : public journal::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  std::atomic<int> dies_after{-1};  // appends; at the last one, odd: after it is durable
  std::atomic<bool> dead{false};
  bool after_commit = false;

  Status append(const journal::Batch& batch) override {
    if (dead) return gone();
    const bool last = dies_after > 0 && --dies_after == 0;
    if (last && !after_commit) return dead = true, Status(gone());
    Status status = inner_.append(batch);
    if (last) return dead = true, Status(gone());
    return status;
  }

 private:
  static Error gone() { return {Code::unavailable, "the process has died"}; }
};

// --- The policies, and what they mean, said a second time.

using Roles = std::vector<std::string>;
struct Meaning {
  bool denies = true;
  Roles asks;  // empty and not denied: allowed
};
struct Rules {
  const char* text;
  Meaning (*meaning)(const std::string& operation, std::int64_t amount);
};
const Meaning allowed{false, {}}, denied{true, {}};

const std::array<Rules, 5> policies = {{
    {"rules: [{id: small, tools: [desk.pay], allow: '.args.n <= 10'}, {id: note, tools: [desk.note], verdict: allow}]",
     [](const std::string& operation, std::int64_t n) { return operation == "note" || n <= 10 ? allowed : denied; }},
    {"rules: [{id: pay, tools: [desk.pay], verdict: approve, approvers: [{role: cashier}, {role: manager}], expires: PT2H},"
     " {id: note, tools: [desk.note], verdict: allow}]",
     [](const std::string& operation, std::int64_t) {
       return operation == "note" ? allowed : Meaning{false, {"cashier", "manager"}};
     }},
    {"rules: [{id: no, verdict: deny}, {id: all, verdict: allow}]", [](const std::string&, std::int64_t) { return denied; }},
    {"rules: [{id: pay, tools: [desk.pay], allow: '.args.n <= 5', else: approve, approvers: [{role: cashier}], expires: PT2H}]",
     [](const std::string& operation, std::int64_t n) {
       return operation == "note" ? denied : n <= 5 ? allowed : Meaning{false, {"cashier"}};
     }},
    {"rules: [{id: pay, tools: [desk.pay], verdict: approve, approvers: [{role: manager, count: 2}], expires: PT2H},"
     " {id: note, tools: [desk.note], verdict: approve, approvers: [{role: cashier}], expires: PT2H}]",
     [](const std::string& operation, std::int64_t) {
       return operation == "note" ? Meaning{false, {"cashier"}} : Meaning{false, {"manager", "manager"}};
     }},
}};
constexpr Duration approval_time = std::chrono::hours(2);

const std::array<definition::Principal, 6> people = {{{"ada", {"cashier", "manager"}},  // starts everything
                                                      {"ben", {"cashier"}},
                                                      {"cleo", {"manager"}},
                                                      {"dora", {"cashier", "manager"}},
                                                      {"mo", {"manager"}},
                                                      {"otto", {"operator"}}}};

definition::ProjectPointer project_with(std::size_t policy) {
  static const std::string head = "document: {dsl: '1.0.3', namespace: t, name: ", tail = ", version: 1.0.0}\n";
  const std::string tasks = "  - p: {try: [{x: {call: desk.pay, with: {n: '${ .n }'}}}], catch: {do: [{c: {set: {n: 3}}}]}}\n"
                            "  - q: {call: desk.note, with: {n: 1}}\n";
  definition::SourceFiles files = {
      {"tools/desk.yaml",
       "tool: desk\nversion: 1.0.0\ndriver: desk\noperations:\n"
       "  pay: {class: money, arguments: {type: object, properties: {n: {type: integer}}}}\n"
       "  note: {class: write, idempotency: key, arguments: {type: object, properties: {n: {type: integer}}}}\n"},
      {"workflows/now.yaml", head + "now" + tail + "do:\n" + tasks},
      {"workflows/later.yaml", head + "later" + tail + "do:\n  - r: {wait: PT1H}\n" + tasks},
      {"workflows/event.yaml", head + "event" + tail + "do:\n  - l: {listen: {to: {one: {with: {type: go}}}}, output: {as: '${ {n: 7} }'}}\n" + tasks},
      {"workflows/outer.yaml", head + "outer" + tail +
                                   "do:\n  - r: {run: {workflow: {namespace: t, name: now, version: 1.0.0, input: {n: '${ .n }'}}}}\n"},
      {"policies/p.yaml", "policy: p\nversion: 1.0.0\n" + std::string(policies[policy].text) + "\n"}};
  auto loaded = definition::load_project(files);
  GANTRY_ASSERT(loaded.index() == 0, "the fuzz target's project has problems");
  return std::get<0>(loaded);
}

// Different people for all the roles, none of them the requester.
bool fills(Roles roles, std::vector<const definition::Principal*> voters) {
  if (roles.empty()) return true;
  const std::string role = roles.back();
  roles.pop_back();
  for (std::size_t i = 0; i < voters.size(); ++i) {
    const auto& held = voters[i]->roles;
    if (voters[i]->person == "ada" || std::find(held.begin(), held.end(), role) == held.end()) continue;
    auto others = voters;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    if (fills(roles, others)) return true;
  }
  return false;
}

class House {
 public:
  House() : store_(std::move(*journal::Store::open("memory:"))), driver_(std::make_shared<CountingDriver>()) {
    open();
    deploy(0);
  }

  void step(std::uint8_t what, std::uint8_t how) {
    const std::size_t deployed_before = policy_;
    const bool stopped_before = stopped_;
    const std::size_t calls_before = call_count();
    act(what, how);
    settle();
    if (mortal_->dead || what % 10 == 9) open(), settle();
    check(deployed_before, stopped_before && stopped_, calls_before);
  }

 private:
  void act(std::uint8_t what, std::uint8_t how) {
    switch (what % 10) {
      case 0:
      case 1:
        return start(how);
      case 2:
      case 3:
      case 4:
        return vote(how);
      case 5:
        return deploy(how % policies.size());
      case 6:
        return stop_or_start(how);
      case 7:
        clock_.since += std::chrono::duration_cast<Duration>(std::chrono::minutes(how % 100)).count();
        return;
      case 8: {
        driver_answers(how % 3);
        const std::string id = std::to_string(++events_);
        (void)engine_->receive({Value::object({{"specversion", "1.0"}, {"id", id}, {"source", "/f"}, {"type", "go"}})}, people[1]);
        return;
      }
      default:  // dies at one of its next writes, or now
        mortal_->after_commit = how % 2 == 1;
        mortal_->dies_after = 1 + how / 2 % 3;
        return start(how);
    }
  }

  void start(std::uint8_t how) {
    if (instances_.size() >= instances_max) return;
    static const char* const names[] = {"now", "later", "event", "outer"};
    auto started = engine_->start({.namespace_ = "t", .name = names[how % 4], .version = "",
                                   .input = Value::object({{"n", how / 4 % 16}}), .principal = people[0], .key = ""});
    if (started) instances_.insert(started->instance);
  }

  void vote(std::uint8_t how) {
    const definition::Principal& voter = people[how % people.size()];
    std::vector<Value> open;
    for (const std::string& instance : all_instances())
      for (const Value& task : tasks_of(instance)) open.push_back(task);
    if (open.empty()) return;
    const Value& task = open[how / 6 % open.size()];
    const std::string id(task.string_or("task", "")), digest(task.string_or("digest", ""));
    const bool approve = how % 7 != 0, right = how % 5 != 0;
    const auto said = engine_->vote({.human_task = id, .voter = voter, .approve = approve, .comment = "c",
                                     .shown_digest = right ? digest : std::string(64, 'a')});
    GANTRY_ASSERT(!said || right, "a vote about something else than what is shown was accepted");
    // What is not answered because the process died may be durable all the same.
    if ((said || mortal_->dead) && approve && right) votes_.push_back({id, &voter, clock_.now()});
  }

  void deploy(std::size_t policy) {
    auto project = project_with(policy);
    if (engine_->deploy(project, people[3])) {
      policy_ = policy;
      digest_of_[policy] = gate::policy_digest(*project);
    }
  }

  void stop_or_start(std::uint8_t how) {
    if (how % 2 == 0 && engine_->stop_gate({}, "odd", people[5])) stopped_ = true;
    if (how % 2 == 1 && engine_->start_gate({}, people[5])) stopped_ = false;
  }

  void driver_answers(int answer) {
    const std::lock_guard lock(driver_->mutex);
    driver_->answer = answer;
  }
  std::size_t call_count() {
    const std::lock_guard lock(driver_->mutex);
    return driver_->calls.size();
  }

  void open() {
    engine_.reset();
    mortal_ = std::make_unique<MortalStore>(*store_);
    engine::EngineOptions options;
    options.workers = 2;
    auto opened = engine::Engine::open({.store = mortal_.get(), .drivers = {{"desk", driver_}}, .clock = &clock_, .random = &random_, .trace = {}}, options);
    GANTRY_ASSERT(opened.ok(), "the engine does not open on what it wrote itself");
    engine_ = *std::move(opened);
    // The truth of what was acknowledged by nobody: what was written.
    const auto project = engine_->current_project();
    for (const auto& [policy, digest] : digest_of_)
      if (project && gate::policy_digest(*project) == digest) policy_ = policy;
    stopped_ = engine_->gate_state().member("stops").size() > 0;
  }

  void settle() {
    for (int quiet = 0, looks = 0; quiet < 3 && looks < 2'000; ++looks) {
      if (mortal_->dead) return;
      (void)engine_->schedules();
      const auto now = engine_->statistics();
      quiet = now.in_flight > 0 || now.inbox > 0 ? 0 : quiet + 1;
    }
  }

  std::vector<journal::Event> events_of(const std::string& instance) {
    auto events = store_->events_of(instance, 0);
    GANTRY_ASSERT(events.ok(), "a journal can't be read");
    return *std::move(events);
  }

  std::vector<std::string> all_instances() {
    std::vector<std::string> all(instances_.begin(), instances_.end());
    for (std::size_t i = 0; i < all.size() && all.size() < 100; ++i)
      for (const auto& event : events_of(all[i]))
        if (event.type == EventType::child_started) all.emplace_back(event.data.string_or("child", ""));
    return all;
  }

  std::vector<Value> tasks_of(const std::string& instance) {
    std::map<std::string, Value> open;
    for (const auto& event : events_of(instance)) {
      const std::string task(event.data.string_or("task", ""));
      if (event.type == EventType::task_created && event.data.string_or("kind", "") == "approval") open[task] = event.data;
      if (event.type == EventType::task_closed) open.erase(task);
    }
    std::vector<Value> tasks;
    for (auto& [id, task] : open) tasks.push_back(task);
    return tasks;
  }

  // All that was ever permitted, from the journal alone.
  struct Permitted {
    tool::Effect effect;
    std::string policy, task;  // the last task that asked people about it
    Timestamp at;
  };
  std::map<std::string, Permitted> permitted() {
    std::map<std::string, Permitted> found;
    for (const std::string& instance : all_instances()) {
      std::map<std::string, Value> proposed;
      std::map<std::string, std::string> asked;
      for (const auto& event : events_of(instance)) {
        const Value effect = event.data.member("effect");
        if (event.type == EventType::effect_proposed) proposed[std::string(effect.string_or("id", ""))] = effect;
        if (event.type == EventType::task_created) asked[std::string(event.data.string_or("effect", ""))] = std::string(event.data.string_or("task", ""));
        if (event.type != EventType::effect_permitted) continue;
        const std::string id(effect.string_or("id", ""));
        const auto whole = tool::effect_from(effect.find("tool") != nullptr ? effect : proposed[id]);
        GANTRY_ASSERT(whole.ok(), "a permitted effect can't be read back");
        const Value verdict = event.data.member("verdict");
        found[id] = {*whole, std::string(verdict.string_or("policy", "")), asked[id], event.at};
      }
    }
    return found;
  }

  void check(std::size_t deployed_before, bool stopped, std::size_t calls_before) {
    std::vector<tool::Effect> calls;
    {
      const std::lock_guard lock(driver_->mutex);
      calls = driver_->calls;
    }
    const auto known = permitted();
    for (const auto& [id, one] : known)
      if (judged_.insert(id).second) judge(one, deployed_before);
    std::map<std::string, int> counts;
    for (const tool::Effect& effect : calls) {
      const auto found = known.find(effect.id);
      GANTRY_ASSERT(found != known.end(), "a driver was called for what the journal does not permit");
      GANTRY_ASSERT(found->second.effect.digest == effect.digest, "a driver was called for another effect than was permitted");
      GANTRY_ASSERT(++counts[effect.id] == 1 || effect.operation == "note", "an effect without a key was sent twice");
    }
    GANTRY_ASSERT(!stopped || calls.size() == calls_before, "a stopped gate let something out");
  }

  void judge(const Permitted& one, std::size_t deployed_before) {
    const Meaning meaning = meaning_of(one, deployed_before);
    GANTRY_ASSERT(!meaning.denies, "what the policy in force denies was permitted");
    if (meaning.asks.empty()) return;
    std::vector<const definition::Principal*> voters;
    for (const Vote& vote : votes_)
      if (vote.task == one.task && vote.at <= one.at && one.at - vote.at <= approval_time) voters.push_back(vote.voter);
    GANTRY_ASSERT(fills(meaning.asks, voters), "what nobody, or not enough people, approved was permitted");
  }

  // By the policy that is in force, or was until this step.
  Meaning meaning_of(const Permitted& one, std::size_t deployed_before) {
    for (const std::size_t policy : {policy_, deployed_before})
      if (digest_of_[policy] == one.policy)
        return policies[policy].meaning(one.effect.operation, one.effect.arguments.integer_or("n", 0));
    GANTRY_ASSERT(false, "a verdict by a policy that is not in force");
    return denied;
  }

  struct Vote {
    std::string task;
    const definition::Principal* voter;
    Timestamp at;
  };

  ToldClock clock_;
  SeededRandom random_{7};
  std::unique_ptr<journal::Store> store_;  // what a crash leaves
  std::shared_ptr<CountingDriver> driver_;
  std::unique_ptr<MortalStore> mortal_;
  std::unique_ptr<engine::Engine> engine_;
  std::map<std::size_t, std::string> digest_of_;
  std::set<std::string> instances_, judged_;
  std::vector<Vote> votes_;
  std::size_t policy_ = 0;
  bool stopped_ = false;
  int events_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  House house;
  for (std::size_t i = 0; i + 1 < size && i / 2 < steps_max; i += 2) house.step(data[i], data[i + 1]);
  return 0;
}
