// Callers that wait for an instance to end, and what an instance's end was when it has left memory.
#include <fmt/format.h>

#include <algorithm>

#include "engine/loop.h"

namespace gantry::engine {
namespace {

using journal::EventType;

// The end of an instance is among its last events; only late answers of abandoned effects can follow it.
constexpr std::uint64_t last_events_read = 64;

std::optional<InstanceOutcome> end_among(const std::vector<journal::Event>& events) {
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    if (event->type == EventType::instance_completed)
      return InstanceOutcome{event->instance, "completed", event->data.member("output"), {}, false};
    if (event->type == EventType::instance_faulted)
      return InstanceOutcome{event->instance, "faulted", {}, event->data.member("error"), false};
    if (event->type == EventType::instance_cancelled)
      return InstanceOutcome{event->instance, "cancelled", {}, {}, false};
  }
  return std::nullopt;
}

bool has_ended(const InstanceOutcome& outcome) {
  return outcome.status == "completed" || outcome.status == "faulted" || outcome.status == "cancelled";
}

}  // namespace

Value to_value(const InstanceOutcome& outcome) {
  return Value::object({{"instance", outcome.instance},
                        {"status", outcome.status},
                        {"output", outcome.output},
                        {"error", outcome.error},
                        {"stays", outcome.stays}});
}

InstanceOutcome outcome_from(const Value& value) {
  return {std::string(value.string_or("instance", "")), std::string(value.string_or("status", "")),
          value.member("output"), value.member("error"), value.boolean_or("stays", false)};
}

Result<InstanceOutcome> Engine::Loop::outcome_in_store(const std::string& instance) {
  const std::uint64_t last = instance.empty() ? 0 : TRY(store_.last_sequence(instance));
  if (last == 0) return Error{Code::not_found, fmt::format("there is no instance {}", instance)};
  const std::uint64_t after = last > last_events_read ? last - last_events_read : 0;
  const InstanceOutcome no_end{instance, stuck_.contains(instance) ? "stuck" : "running", {}, {}, false};
  for (const std::uint64_t from : {after, std::uint64_t{0}}) {
    auto events = store_.events_of(instance, from);
    if (!events && no_end.status == "stuck") return no_end;
    if (!events) return events.error();
    if (auto end = end_among(*events)) return *end;
    if (from == 0) break;
  }
  return no_end;
}

Result<InstanceOutcome> Engine::Loop::outcome_of(const std::string& instance) {
  if (auto found = instances_.find(instance); found != instances_.end()) return found->second.record->outcome();
  return outcome_in_store(instance);
}

bool Engine::Loop::waits_for_person(const std::string& instance) const {
  auto found = instances_.find(instance);
  if (found == instances_.end()) return false;
  const InstanceRecord& record = *found->second.record;
  if (record.waits_for_person()) return true;
  return !record.busy() && std::any_of(record.children().begin(), record.children().end(),
                                       [&](const auto& child) { return child.second.boolean_or("await", true) && waits_for_person(child.first); });
}

bool Engine::Loop::is_idle() const {
  return work_.empty() && !committing_ && sending_.empty() && in_flight_ == 0 && !timers_.next_due();
}

void Engine::Loop::wait_or_answer(Waiter waiter) {
  const std::string instance = waiter.request.instance;
  if (is_family_ahead(instance)) return keep_waiting(std::move(waiter));  // asked again when that is durable
  if (auto awake = wake(instance); !awake) return waiter.reply->set_value(awake.error());
  wait_or_answer_awake(std::move(waiter));
  if (const auto found = instances_.find(instance); found != instances_.end()) let_rest(instance, found->second);
  make_room();
}

void Engine::Loop::wait_or_answer_awake(Waiter waiter) {
  auto outcome = outcome_of(waiter.request.instance);
  if (!outcome) return waiter.reply->set_value(outcome.error());
  const bool over = !instances_.contains(waiter.request.instance) || has_ended(*outcome) ||
                    (waiter.request.or_waiting && waits_for_person(waiter.request.instance)) ||
                    (waiter.request.or_idle && is_idle()) ||
                    waiter.request.deadline <= steady_clock_.now();
  if (over) {
    outcome->stays =
        instances_.contains(waiter.request.instance) && (waits_for_person(waiter.request.instance) || is_idle());
    return waiter.reply->set_value(to_value(*outcome));
  }
  keep_waiting(std::move(waiter));
}

void Engine::Loop::keep_waiting(Waiter waiter) {
  if (waiter.request.or_idle && committing_) ask_idle_again_ = true;
  next_impatience_ = std::min(next_impatience_, waiter.request.deadline);
  std::string instance = waiter.request.instance;
  waiters_.emplace(std::move(instance), std::move(waiter));
}

// Those that wait until nothing can happen any more.
void Engine::Loop::answer_idle() {
  std::vector<Waiter> asked;
  for (auto entry = waiters_.begin(); entry != waiters_.end();) {
    const bool asks = entry->second.request.or_idle;
    if (asks) asked.push_back(std::move(entry->second));
    entry = asks ? waiters_.erase(entry) : std::next(entry);
  }
  for (Waiter& waiter : asked) wait_or_answer(std::move(waiter));
}

void Engine::Loop::answer_waiters(const Turn& turn) {
  if (waiters_.empty()) return;
  std::set<std::string> parents;
  for (const std::string& instance : turn.changed)
    for (std::string parent = instance_of(instance, 'c'); !parent.empty(); parent = instance_of(parent, 'c'))
      if (!was_touched(parent, turn)) parents.insert(parent);
  for (const std::string& instance : turn.changed) answer_waiters_of(instance);
  for (const std::string& instance : parents) answer_waiters_of(instance);
}

void Engine::Loop::answer_waiters_of(const std::string& instance) {
  auto [begin, end] = waiters_.equal_range(instance);
  if (begin == end) return;
  // Most wait for its end, and most of its steps are not its end.
  const auto found = instances_.find(instance);
  const bool runs = found != instances_.end() && !found->second.record->ended();
  if (runs && std::all_of(begin, end, [](const auto& entry) { return !entry.second.request.or_waiting && !entry.second.request.or_idle; }))
    return;
  std::vector<Waiter> asked;
  for (auto entry = begin; entry != end; ++entry) asked.push_back(std::move(entry->second));
  waiters_.erase(begin, end);
  for (Waiter& waiter : asked) wait_or_answer(std::move(waiter));
}

void Engine::Loop::answer_impatient() {
  const SteadyTime now = steady_clock_.now();
  if (now < next_impatience_) return;
  settle();
  next_impatience_ = SteadyTime::max();
  std::vector<Waiter> asked;
  for (auto entry = waiters_.begin(); entry != waiters_.end();) {
    if (entry->second.request.deadline > now) {
      next_impatience_ = std::min(next_impatience_, entry->second.request.deadline);
      ++entry;
    } else {
      asked.push_back(std::move(entry->second));
      entry = waiters_.erase(entry);
    }
  }
  for (Waiter& waiter : asked) wait_or_answer(std::move(waiter));
}

}  // namespace gantry::engine
