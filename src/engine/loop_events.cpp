// CloudEvents from outside and from tasks: recorded and delivered in one entry of the journal, so that whoever was told
// that an event is taken can rely on its delivery, and no crash comes between.
#include <fmt/format.h>

#include "base/log.h"
#include "engine/cloud_event.h"
#include "engine/loop.h"
#include "gate/request_labels.h"

namespace gantry::engine {
namespace {

// Events that instances emit because of events are followed so far within one entry; what follows is left to later
// commands, so that instances that answer each other without an end do not hold up the rest.
constexpr std::size_t event_depth_max = 8;
constexpr std::size_t entry_deliveries_max = 10'000;

Error too_many_listeners(const Value& event, std::size_t count, std::size_t count_max) {
  return {Code::exhausted, fmt::format("{} instances listen for this event of type {}; at most {}", count,
                                       event.string_or("type", ""), count_max)};
}

}  // namespace

Status Engine::Loop::load_recent_events() {
  const auto events = TRY(store_.recent_events(options_.event_window));
  for (const auto& [source, id] : events)
    recent_events_.add(identity_of(Value::object({{"source", source}, {"id", id}})));
  recent_events_.committed();
  return done();
}

// Any thread. All are posted before the first answer is waited for, so that they share transactions.
Result<Received> Engine::Loop::receive(std::vector<Value> cloud_events, const definition::Principal& from) {
  if (cloud_events.size() > options_.event_batch_max) {
    return Error{Code::invalid_argument,
                 fmt::format("{} events at once; at most {}", cloud_events.size(), options_.event_batch_max)};
  }
  for (std::size_t index = 0; index < cloud_events.size(); ++index) {
    auto checked = checked_cloud_event(cloud_events[index]);
    if (!checked && cloud_events.size() > 1)
      return Error{checked.error().code, fmt::format("event {}: {}", index + 1, checked.error().message)};
    Value event = TRY(std::move(checked));
    cloud_events[index] = gate::labelled_event(std::move(event), installation_.current().get(), from);
  }
  std::vector<std::future<Result<Value>>> answers;
  Status posted = done();
  for (Value& event : cloud_events) {
    auto promise = std::make_shared<std::promise<Result<Value>>>();
    auto future = promise->get_future();
    posted = inbox_->post({ReceiveRequest{std::move(event), from}, std::move(promise)});
    if (!posted) break;
    answers.push_back(std::move(future));
  }
  Received received;
  for (auto& answer : answers) {
    const Result<Value> one = answer.get();
    if (!one) {
      posted = posted ? Status(one.error()) : posted;
      continue;
    }
    ++received.received;
    if (one->boolean_or("duplicate", false)) ++received.duplicates;
  }
  if (!posted) return posted.error();
  return received;
}

Result<Value> Engine::Loop::handle(const ReceiveRequest& request, Work& work, Turn& turn) {
  const std::string identity = identity_of(request.cloud_event);
  if (recent_events_.contains(identity)) return Value::object({{"duplicate", true}});
  const std::vector<std::string> takers = takers_of(request.cloud_event, work.now);
  if (takers.size() > options_.event_listeners_max)
    return too_many_listeners(request.cloud_event, takers.size(), options_.event_listeners_max);
  await_written(turn);
  recent_events_.add(identity);
  installation_.receive(request, work.now, turn.batch);
  deliver(request.cloud_event, takers, work, turn);
  offer_to_schedules(request.cloud_event, request.from, false, work, turn);
  return Value::object({{"duplicate", false}});
}

// Children may start children, and events may cause events: the vector grows while it is walked.
void Engine::Loop::finish_entry(Work& work, Turn& turn) {
  for (std::size_t i = 0; i < work.dispatches.size(); ++i) {
    if (auto* child = std::get_if<StartChildInstance>(&work.dispatches[i])) {
      // Whoever starts it may have begun to listen in this very entry.
      index_listening(work);
      work.lifecycle = lifecycle_.anybody() ? &lifecycle_ : nullptr;
      StartChildInstance copy = *child;
      start_child(std::move(copy), work, turn);
    } else if (auto* event = std::get_if<PublishEvent>(&work.dispatches[i])) {
      const PublishEvent copy = *event;
      if (copy.is_lifecycle)
        publish_lifecycle(copy, work, turn);
      else
        publish(copy, work, turn);
    } else if (auto* again = std::get_if<ScheduleAgain>(&work.dispatches[i])) {
      const std::string schedule = again->schedule;
      schedule_again(schedule, work, turn);
    }
  }
  index_listening(work);
}

void Engine::Loop::publish(const PublishEvent& request, Work& work, Turn& turn) {
  index_listening(work);
  const std::vector<std::string> takers = takers_of(request.event, work.now);
  if (takers.size() > options_.event_listeners_max) {
    const Error error = too_many_listeners(request.event, takers.size(), options_.event_listeners_max);
    if (InstanceRecord* record = find(request.instance, turn))
      record->fail(tool::to_value(tool::standard_error("runtime", error.message)), work);
    return;
  }
  work.event_depth = request.depth;
  deliver(request.event, takers, work, turn);
  offer_to_schedules(request.event, request.principal, false, work, turn);
  work.event_depth = 0;
}

// An event that nobody has asked the instance for is not the instance's fault, either: where too many want it, none gets
// it.
void Engine::Loop::publish_lifecycle(const PublishEvent& request, Work& work, Turn& turn) {
  index_listening(work);
  const auto takers = takers_among(listening_.naming(request.event.string_or("type", "")), request.event, work.now);
  if (takers.size() > options_.event_listeners_max) {
    const Error error = too_many_listeners(request.event, takers.size(), options_.event_listeners_max);
    log(LogLevel::warning, "engine: a lifecycle event was not delivered" + log_field("error", error.message));
    return;
  }
  work.event_depth = request.depth;
  deliver(request.event, takers, work, turn);
  offer_to_schedules(request.event, request.principal, true, work, turn);
  work.event_depth = 0;
}

bool Engine::Loop::is_deferred(const Work& work) {
  return work.event_depth > event_depth_max || work.events.size() > entry_deliveries_max;
}

std::vector<std::string> Engine::Loop::takers_of(const Value& event, Timestamp now) {
  return takers_among(listening_.candidates(event.string_or("type", "")), event, now);
}

std::vector<std::string> Engine::Loop::takers_among(std::vector<std::string> takers, const Value& event,
                                                    Timestamp now) {
  std::erase_if(takers, [&](const std::string& instance) {
    const auto found = instances_.find(instance);
    return found == instances_.end() || !found->second.record->wants_event(event, now);
  });
  return takers;
}

void Engine::Loop::deliver(const Value& event, const std::vector<std::string>& takers, Work& work, Turn& turn) {
  for (const std::string& instance : takers) {
    if (InstanceRecord* record = find(instance, turn)) record->deliver(event, is_deferred(work), work);
  }
}

void Engine::Loop::index_listening(Work& work) {
  std::string_view last;
  for (; work.indexed < work.events.size(); ++work.indexed) {
    const std::string& instance = work.events[work.indexed].instance;
    if (instance == last) continue;
    last = instance;
    index_listening(instance);
  }
}

void Engine::Loop::index_listening(const std::string& instance) {
  const Place* place = place_of(instance);
  listening_.set(instance, place == nullptr ? std::vector<const definition::EventConsumption*>{}
                                            : place->second.record->listens());
}

}  // namespace gantry::engine
