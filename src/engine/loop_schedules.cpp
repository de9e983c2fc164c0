// Instances that nobody starts: the clock does, or events. Each start is in the entry of the journal that says what it was
// for, or carries a key made of the schedule and the time, so that it takes place once, whenever the server stops.
#include <fmt/format.h>

#include "base/log.h"
#include "engine/cloud_event.h"
#include "engine/loop.h"

namespace gantry::engine {
namespace {

using journal::EventType;

constexpr Duration full_delay = std::chrono::seconds(1);

Value start_cause(const std::string& schedule, const char* trigger, std::optional<Timestamp> due) {
  Value cause = Value::object({{"name", schedule}, {"trigger", trigger}});
  return due ? std::move(cause).with_member("due", format_timestamp(*due)) : cause;
}

}  // namespace

// After the engine has opened and after a deployment.
void Engine::Loop::arm_schedules() {
  for (const TimerKey& timer : schedule_timers_) timers_.disarm(timer);
  schedule_timers_.clear();
  if (!options_.run_schedules) return;
  for (TimerKey& timer : installation_.schedules().timers(parts_.clock->now())) arm_schedule(std::move(timer));
}

void Engine::Loop::arm_schedule(TimerKey timer) {
  schedule_timers_.insert(timer);
  timers_.arm(std::move(timer));
}

Result<Value> Engine::Loop::handle(const DescribeSchedules&, Work& work, Turn&) {
  return installation_.schedules().describe(work.now);
}

// Of the times that were missed (the server was down, the clock was set) the last one is made up for.
void Engine::Loop::fire_schedule(const TimerKey& timer, Work& work, Turn& turn) {
  schedule_timers_.erase(timer);
  if (auto collected = installation_.schedules().ready(timer.name)) return start_ready(*collected, work, turn);
  if (auto due = installation_.schedules().due(timer.name, work.now)) start_due(*due, work, turn);
  if (auto next = installation_.schedules().next(timer.name, work.now))
    work.dispatches.emplace_back(ArmTimer{*std::move(next)});
}

void Engine::Loop::start_due(const Schedules::Due& due, Work& work, Turn& turn) {
  const std::string key = fmt::format("schedule {} {} {}", due.trigger, due.schedule, format_timestamp(due.at));
  const definition::Principal clock{"schedule", {}};
  auto started = start_instance({.workflow = due.workflow,
                                 .input = definition::Schedule::timed_input(due.at),
                                 .principal = clock,
                                 .key = key,
                                 .cause = start_cause(due.schedule, due.trigger, due.at)},
                                work, turn);
  const bool is_after = std::string_view(due.trigger) == "after";
  if (!started) {
    log(LogLevel::warning, "engine: a scheduled start was left out" + log_field("schedule", due.schedule) +
                               log_field("due", format_timestamp(due.at)) +
                               log_field("error", started.error().message));
    if (is_after) schedule_again(due.schedule, work, turn);
    return;
  }
  const std::string instance(started->string_or("instance", ""));
  if (!is_after || !started->boolean_or("existed", false)) return;
  const auto rests = store_.rests(instance);
  if (!rests) turn.unreadable = rests.error();
  const bool runs = instances_.contains(instance) || stuck_.contains(instance) || !rests || *rests;
  if (!runs) schedule_again(due.schedule, work, turn);
}

// `after`: the instance before has ended.
void Engine::Loop::schedule_again(const std::string& schedule, Work& work, Turn& turn) {
  auto data = installation_.schedules().again(schedule, work.now);
  if (!data) return;
  await_written(turn);
  installation_.note_schedule(EventType::schedule_set, *std::move(data), work.now, turn.batch);
  if (!options_.run_schedules) return;
  if (auto next = installation_.schedules().next("after " + schedule, work.now))
    work.dispatches.emplace_back(ArmTimer{*std::move(next)});
}

// An event, for the schedules that want it. One that was emitted because of many events in a row, and one for which there
// is no room now, starts its instance later; that it will is in the journal.
void Engine::Loop::offer_to_schedules(const Value& event, const definition::Principal& from, bool named_only, Work& work,
                                      Turn& turn) {
  if (!options_.run_schedules) return;
  Schedules::Taken taken = installation_.schedules().take(event, to_value(from), named_only, work.now);
  if (!taken.changes.empty() || !taken.complete.empty()) await_written(turn);
  for (Value& change : taken.changes)
    installation_.note_schedule(EventType::schedule_event, std::move(change), work.now, turn.batch);
  for (const Schedules::Collected& collected : taken.complete) {
    const bool full = running_ >= options_.instances_max;
    if (!full && !is_deferred(work)) {
      start_collected(collected, work, turn);
      continue;
    }
    installation_.note_schedule(EventType::schedule_event, Schedules::kept(collected), work.now, turn.batch);
    const Timestamp due = full ? work.now + full_delay : work.now;
    work.dispatches.emplace_back(ArmTimer{Schedules::timer_of(collected, due)});
  }
}

void Engine::Loop::start_ready(const Schedules::Collected& collected, Work& work, Turn& turn) {
  if (running_ < options_.instances_max) return start_collected(collected, work, turn);
  work.dispatches.emplace_back(ArmTimer{Schedules::timer_of(collected, work.now + full_delay)});
}

void Engine::Loop::start_collected(const Schedules::Collected& collected, Work& work, Turn& turn) {
  auto principal = principal_from(collected.principal);
  std::vector<Value> input;
  for (const Value& event : collected.events)
    input.push_back(read_event(event, collected.workflow->schedule->read));
  auto started = start_instance({.workflow = collected.workflow,
                                 .input = Value::array(std::move(input)),
                                 .principal = principal ? *principal : definition::Principal{"schedule", {}},
                                 .key = "",
                                 .cause = start_cause(collected.schedule, "on", std::nullopt),
                                 .senders = collected.senders},
                                work, turn);
  if (!started) {
    log(LogLevel::error, "engine: an instance could not be started for its events" +
                             log_field("schedule", collected.schedule) + log_field("error", started.error().message));
  }
  if (collected.is_recorded) {
    await_written(turn);
    installation_.note_schedule(EventType::schedule_event, Schedules::started(collected), work.now, turn.batch);
  }
}

}  // namespace gantry::engine
