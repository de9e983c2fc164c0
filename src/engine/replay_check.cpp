#include "engine/replay_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>

#include "engine/installation.h"
#include "engine/instance_record.h"
#include "engine/record_data.h"
#include "tool/standard_call.h"

namespace gantry::engine {
namespace {

using journal::Event;
using journal::EventType;

constexpr std::size_t differences_max = 100;

// Its verdict was reached when the workflow asked for it; a later one about the same effect where its event stands.
bool has_new_effect(const Event& event) {
  const Value* effect = event.data.find("effect");
  return effect && effect->is_object() && effect->find("tool") && !event.data.find("readBackOf");
}

bool has_verdict(EventType type) {
  return type == EventType::effect_proposed || type == EventType::effect_permitted || type == EventType::effect_denied;
}

class Replay {
 public:
  Replay(journal::Store& store, const gate::Gate& gate)
      : installation_(store, ScheduleLimits{}), store_(store), gate_(gate) {}

  Result<ReplayReport> run(const std::string& instance, const InterpreterLimits& limits);

 private:
  Status load_policies();
  void index(const std::vector<Event>& events);
  Status compare(const Action& action, const Event& input);
  void compare_other(const Action& action, const Event& input);
  Status compare_effect(const CallEffect& call, const Event& input);
  void expect(const Event& input, const Event* recorded, const std::string& what,
              const std::vector<std::pair<const char*, Value>>& members);
  const Event* find(EventType type, const char* key, const std::string& id) const;
  const Event* last(EventType type) const;
  const Event* next_decision(const std::string& task, const Event& input);
  Status judge(const Event& event);
  void differ(std::uint64_t sequence, std::string what, Value recorded, Value computed) {
    if (report_.differences.size() < differences_max)
      report_.differences.push_back({sequence, std::move(what), std::move(recorded), std::move(computed)});
  }

  Installation installation_;
  journal::Store& store_;
  const gate::Gate& gate_;
  ReplayReport report_;
  definition::Principal principal_;
  std::unique_ptr<InstanceRecord> record_;                      // as the engine's was when it asked the gate
  std::map<std::string, definition::ProjectPointer> policies_;  // by the digest that verdicts name
  std::map<std::string, const Event*> effects_;                 // where each whole effect stands
  std::set<std::string> asked_for_;
  std::vector<const Event*> records_;
  std::map<std::string, std::deque<const Event*>> decisions_;  // by task, those that nothing was compared with yet
};

Status Replay::load_policies() {
  const std::vector<Event> events = TRY(store_.events_of(""));
  for (const Event& event : events) {
    if (event.type != EventType::project_deployed) continue;
    auto project = installation_.project(std::string(event.data.string_or("project", "")));
    if (project) policies_[gate::policy_digest(**project)] = *project;
  }
  return done();
}

void Replay::index(const std::vector<Event>& events) {
  for (const Event& event : events) {
    records_.push_back(&event);
    if (event.type == EventType::decision_made)
      decisions_[std::string(event.data.string_or("task", ""))].push_back(&event);
    if (has_verdict(event.type) && has_new_effect(event))
      effects_.emplace(std::string(event.data.find("effect")->string_or("id", "")), &event);
  }
}

const Event* Replay::find(EventType type, const char* key, const std::string& id) const {
  for (const Event* event : records_)
    if (event->type == type && event->data.string_or(key, "") == id) return event;
  return nullptr;
}

const Event* Replay::last(EventType type) const {
  for (auto event = records_.rbegin(); event != records_.rend(); ++event)
    if ((*event)->type == type) return *event;
  return nullptr;
}

void Replay::expect(const Event& input, const Event* recorded, const std::string& what,
                    const std::vector<std::pair<const char*, Value>>& members) {
  ++report_.actions;
  if (!recorded)
    return differ(input.sequence, what + " follows from this event, and the journal has no record of it", {},
                  members.empty() ? Value() : members.front().second);
  for (const auto& [name, computed] : members) {
    const Value* found = recorded->data.find(name);
    const Value stored = found ? *found : Value();
    if (!(stored == computed))
      differ(recorded->sequence, fmt::format("{}: '{}' is another one", what, name), stored, computed);
  }
}

Status Replay::compare_effect(const CallEffect& call, const Event& input) {
  asked_for_.insert(call.effect);
  auto found = effects_.find(call.effect);
  const std::string what = "effect " + call.effect;
  if (found == effects_.end()) {
    expect(input, nullptr, what, {{"arguments", call.arguments}});
    return done();
  }
  ++report_.actions;
  const Value effect = found->second->data.member("effect");
  for (const auto& [name, computed] : {std::pair<const char*, Value>{"task", Value(call.task)},
                                       {"tool", Value(call.tool)},
                                       {"operation", Value(call.operation)},
                                       {"arguments", call.arguments}}) {
    const Value stored = effect.member(name);
    if (!(stored == computed))
      differ(found->second->sequence, fmt::format("{}: '{}' is another one", what, name), stored, computed);
  }
  return judge(*found->second);
}

Status Replay::compare(const Action& action, const Event& input) {
  if (const auto* call = std::get_if<CallEffect>(&action)) return compare_effect(*call, input);
  compare_other(action, input);
  return done();
}

void Replay::compare_other(const Action& action, const Event& input) {
  if (const auto* timer = std::get_if<SetTimer>(&action))
    return expect(input, find(EventType::timer_set, "timer", timer->timer), "timer " + timer->timer,
                  {{"due", Value(format_timestamp(timer->due))}});
  if (const auto* ask = std::get_if<AskPerson>(&action))
    return expect(input, find(EventType::task_created, "task", ask->human_task), "human task " + ask->human_task, {});
  if (const auto* child = std::get_if<StartChild>(&action))
    return expect(input, find(EventType::child_started, "child", child->child), "child " + child->child, {});
  if (const auto* complete = std::get_if<Complete>(&action))
    return expect(input, last(EventType::instance_completed), "the end of the instance",
                  {{"output", complete->output}});
  if (const auto* fault = std::get_if<Fault>(&action))
    return expect(input, last(EventType::instance_faulted), "the fault of the instance", {{"error", fault->error}});
  if (const auto* decision = std::get_if<RecordDecision>(&action))
    return expect(
        input, next_decision(decision->task, input), "decision " + decision->decision,
        {{"answer", decision->answer}, {"rules", to_value(decision->rules)}, {"digest", Value(decision->digest)}});
}

// A loop decides the same task again and again, often many times after one input: each record counts once.
const Event* Replay::next_decision(const std::string& task, const Event& input) {
  auto& decisions = decisions_[task];
  const auto next = std::find_if(decisions.begin(), decisions.end(),
                                 [&](const Event* event) { return event->sequence > input.sequence; });
  if (next == decisions.end()) return nullptr;
  const Event* found = *next;
  decisions.erase(next);
  return found;
}

Status Replay::judge(const Event& event) {
  const Value* recorded = event.data.find("verdict");
  if (!recorded || !recorded->is_object()) return done();
  const Value* given = event.data.find("effect");
  std::string id(given && given->is_object() ? given->string_or("id", "") : "");
  auto whole = effects_.find(id);
  if (whole == effects_.end()) return done();  // a read-back: its verdict is that of what it asks about
  const tool::Effect effect = TRY(tool::effect_from(whole->second->data.member("effect")));
  ++report_.verdicts;
  auto policies = policies_.find(std::string(recorded->string_or("policy", "")));
  if (policies == policies_.end()) {
    differ(event.sequence,
           fmt::format("effect {}: no policies with the digest that the verdict names were ever deployed", id),
           *recorded, {});
    return done();
  }
  gate::Circumstances circumstances = TRY(gate::circumstances_from(recorded->member("circumstances")));
  circumstances.run = record_->run();
  circumstances.facts = record_->facts_about(effect);
  const Value verdict = gate::to_value(
      gate_.check(*policies->second, *record_->project_of(effect.id), effect, principal_, event.at, circumstances));
  // As this version writes it: earlier ones said more.
  const auto read = gate::verdict_from(*recorded);
  if (!read || !(verdict == gate::to_value(*read)))
    differ(event.sequence, fmt::format("effect {}: the gate judges otherwise", id), *recorded, verdict);
  return done();
}

Result<ReplayReport> Replay::run(const std::string& instance, const InterpreterLimits& limits) {
  report_.instance = instance;
  const std::vector<Event> events = TRY(store_.events_of(instance));
  if (instance.empty() || events.empty())
    return Error{Code::not_found, fmt::format("there is no instance {}", instance)};
  const Value& start = events.front().data;
  if (events.front().type != EventType::instance_started || !start.find("input"))
    return Error{Code::conflict, fmt::format("instance {}: its content was erased, so it can't be replayed", instance)};
  const Definitions first = TRY(find_definitions(installation_, instance, start));
  principal_ = TRY(principal_from(start.member("principal")));
  TRY(load_policies());
  index(events);
  record_ = std::make_unique<InstanceRecord>(instance, first.project, first.workflow, limits);
  for (const Event& event : events) {
    if (has_verdict(event.type) && !has_new_effect(event)) TRY(judge(event));
    const Turn turn = TRY(record_->replay_turn(event, installation_));
    if (!turn.actions.empty()) ++report_.inputs;
    for (const Action& action : turn.actions) TRY(compare(action, event));
  }
  for (const auto& [effect, event] : effects_)
    if (!asked_for_.contains(effect))
      differ(event->sequence, fmt::format("effect {}: the workflow does not ask for it", effect),
             event->data.member("effect"), {});
  for (const auto& [task, decisions] : decisions_)
    for (const Event* event : decisions)
      differ(event->sequence, fmt::format("decision at {}: the workflow does not make it", task),
             event->data.member("answer"), {});
  report_.events = events.size();
  report_.status = record_->outcome().status;
  return std::move(report_);
}

}  // namespace

Result<ReplayReport> replay_instance(journal::Store& store, const std::string& instance, const gate::Gate& gate,
                                     const InterpreterLimits& limits) {
  return Replay(store, gate).run(instance, limits);
}

}  // namespace gantry::engine
