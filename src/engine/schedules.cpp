#include "engine/schedules.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "engine/record_data.h"

namespace gantry::engine {
namespace {

constexpr std::array<const char*, 3> timed_triggers = {"every", "cron", "after"};

TimerKey timer_key(std::string_view trigger, const std::string& schedule, Timestamp due) {
  return {due, "", TimerKey::Purpose::schedule, fmt::format("{} {}", trigger, schedule), 0};
}

struct TimerName {
  std::string trigger, schedule;
  std::uint64_t collection = 0;
};
TimerName split(const std::string& timer) {
  TimerName name;
  const std::size_t first = timer.find(' '), last = timer.rfind(' ');
  if (first == std::string::npos) return name;
  name.trigger = timer.substr(0, first);
  name.schedule = timer.substr(last + 1);
  if (first != last) std::from_chars(timer.data() + first + 1, timer.data() + last, name.collection);
  return name;
}

bool has(const definition::Schedule& schedule, std::string_view trigger) {
  if (trigger == "every") return schedule.every.has_value();
  if (trigger == "cron") return schedule.cron.has_value();
  return schedule.after.has_value();
}

}  // namespace

Value Schedules::in_force(const definition::Project& project, Timestamp now) const {
  std::vector<Member> members;
  for (const auto& [name, workflow] : project.workflows) {
    if (!workflow->schedule || project.find_workflow(name.namespace_, name.name) != workflow) continue;
    const auto known = states_.find(name.text());
    members.push_back({Text(name.text()), Value(format_timestamp(known == states_.end() ? now : known->second.since))});
  }
  return Value::object(std::move(members));
}

Status Schedules::deploy(const Value& in_force) {
  std::map<std::string, State> states;
  if (in_force.is_object()) {
    for (const Member& member : in_force.members()) {
      const std::string name(member.key.view());
      const auto known = states_.find(name);
      State state = known == states_.end() ? State{} : known->second;
      state.since = TRY(timestamp_from(in_force, name));
      states.emplace(name, std::move(state));
    }
  }
  states_ = std::move(states);
  return done();
}

void Schedules::bind(const definition::Project& project) {
  for (const auto& [name, workflow] : workflows_) listening_.set(name, {});
  workflows_.clear();
  for (const auto& [name, workflow] : project.workflows) {
    if (!states_.contains(name.text()) || !workflow->schedule) continue;
    workflows_[name.text()] = workflow;
    if (workflow->schedule->on) listening_.set(name.text(), {&*workflow->schedule->on});
  }
}

const definition::Schedule* Schedules::schedule_of(const std::string& name) const {
  const auto workflow = workflows_.find(name);
  return workflow == workflows_.end() || !states_.contains(name) ? nullptr : &*workflow->second->schedule;
}

// The last time that is not after `now`; nothing when there was none since the schedule came into force.
std::optional<Timestamp> Schedules::latest(const std::string& name, std::string_view trigger, Timestamp now) const {
  const definition::Schedule* schedule = schedule_of(name);
  if (schedule == nullptr || !has(*schedule, trigger)) return std::nullopt;
  const State& state = states_.at(name);
  if (trigger == "every") {
    const auto count = (now - state.since) / *schedule->every;
    if (count < 1) return std::nullopt;
    return state.since + count * *schedule->every;
  }
  if (trigger == "cron") {
    const auto last = schedule->cron->last_until(now);
    if (last && *last > state.since) return last;
    return std::nullopt;
  }
  const Timestamp due = state.after_due.value_or(state.since + *schedule->after);
  return due <= now ? std::optional(due) : std::nullopt;
}

std::optional<Timestamp> Schedules::following(const std::string& name, std::string_view trigger, Timestamp now) const {
  const definition::Schedule* schedule = schedule_of(name);
  if (schedule == nullptr || !has(*schedule, trigger)) return std::nullopt;
  const State& state = states_.at(name);
  if (trigger == "cron") return schedule->cron->next_after(now);
  if (trigger == "every") {
    const auto count = now < state.since ? 0 : (now - state.since) / *schedule->every;
    return state.since + (count + 1) * *schedule->every;
  }
  const Timestamp due = state.after_due.value_or(state.since + *schedule->after);
  return due > now ? std::optional(due) : std::nullopt;
}

std::vector<TimerKey> Schedules::timers(Timestamp now) const {
  std::vector<TimerKey> keys;
  for (const auto& [name, state] : states_) {
    for (const char* trigger : timed_triggers) {
      std::optional<Timestamp> due = latest(name, trigger, now);
      if (!due) due = following(name, trigger, now);
      if (due) keys.push_back(timer_key(trigger, name, *due));
    }
    for (const auto& [number, collection] : state.collections)
      if (collection.is_ready) keys.push_back(timer_key(fmt::format("on {}", number), name, now));
  }
  return keys;
}

std::optional<Schedules::Due> Schedules::due(const std::string& timer, Timestamp now) const {
  const TimerName name = split(timer);
  const auto at = name.trigger == "on" ? std::nullopt : latest(name.schedule, name.trigger, now);
  if (!at) return std::nullopt;
  for (const char* trigger : timed_triggers)
    if (name.trigger == trigger) return Due{name.schedule, trigger, workflows_.at(name.schedule), *at};
  return std::nullopt;
}

std::optional<TimerKey> Schedules::next(const std::string& timer, Timestamp now) const {
  const TimerName name = split(timer);
  const auto at = name.trigger == "on" ? std::nullopt : following(name.schedule, name.trigger, now);
  return at ? std::optional(timer_key(name.trigger, name.schedule, *at)) : std::nullopt;
}

std::optional<Value> Schedules::again(const std::string& schedule, Timestamp now) const {
  const definition::Schedule* found = schedule_of(schedule);
  if (found == nullptr || !found->after) return std::nullopt;
  return Value::object({{"schedule", schedule}, {"due", format_timestamp(now + *found->after)}});
}

std::optional<Schedules::Collected> Schedules::ready(const std::string& timer) const {
  const TimerName name = split(timer);
  if (name.trigger != "on" || schedule_of(name.schedule) == nullptr) return std::nullopt;
  const auto& collections = states_.at(name.schedule).collections;
  const auto found = collections.find(name.collection);
  if (found == collections.end() || !found->second.is_ready) return std::nullopt;
  return Collected{.schedule = name.schedule,
                   .workflow = workflows_.at(name.schedule),
                   .collection = name.collection,
                   .is_recorded = true,
                   .events = found->second.events,
                   .principal = found->second.principal,
                   .senders = found->second.senders};
}

TimerKey Schedules::timer_of(const Collected& collected, Timestamp due) {
  return timer_key(fmt::format("on {}", collected.collection), collected.schedule, due);
}

Value Schedules::describe(Timestamp now) const {
  std::vector<Value> rows;
  for (const auto& [name, state] : states_) {
    const definition::Schedule* schedule = schedule_of(name);
    if (schedule == nullptr) continue;
    Value row = Value::object({{"schedule", name}, {"since", format_timestamp(state.since)}});
    if (schedule->every) row = std::move(row).with_member("every", format_duration(*schedule->every));
    if (schedule->cron) row = std::move(row).with_member("cron", schedule->cron_text);
    if (schedule->after) row = std::move(row).with_member("after", format_duration(*schedule->after));
    if (schedule->on) row = std::move(row).with_member("collecting", state.collections.size());
    std::optional<Timestamp> soonest;
    for (const char* trigger : timed_triggers)
      if (const auto at = following(name, trigger, now); at && (!soonest || *at < *soonest)) soonest = at;
    rows.push_back(std::move(row).with_member("next", soonest ? Value(format_timestamp(*soonest)) : Value()));
  }
  return Value::array(std::move(rows));
}

}  // namespace gantry::engine
