// `schedule.on`: which events make up the input of an instance. Each event is used once: it goes to the oldest collection
// that takes it, and begins a new one when none does.
#include <algorithm>

#include "engine/cloud_event.h"
#include "engine/record_data.h"
#include "engine/schedules.h"
#include "value/json.h"

namespace gantry::engine {
namespace {

// No instance runs yet, so an expression sees the event and nothing else.
class ScheduleExpressions final : public EventExpressions {
 public:
  explicit ScheduleExpressions(Timestamp now) : now_(now) {}
  Result<Value> evaluate(const definition::Expression& expression, const Value& dot) override {
    return expression::evaluate_first(*expression.program, dot, evaluation());
  }
  Result<Value> evaluate(const definition::Template& source, const Value& dot) override {
    if (source.is_literal()) return source.source();
    return source.evaluate(dot, evaluation());
  }

 private:
  expression::Evaluation evaluation() const {
    return {.arguments = arguments_, .now = now_, .limits = event_filter_limits()};
  }
  std::vector<Value> arguments_ = std::vector<Value>(definition::standard_argument_count);
  Timestamp now_;
};

Value read_all(const std::vector<Value>& events, definition::EventReading reading) {
  std::vector<Value> read;
  for (const Value& event : events) read.push_back(read_event(event, reading));
  return Value::array(std::move(read));
}

Value event_data(const std::string& schedule, std::uint64_t collection) {
  return Value::object({{"schedule", schedule}, {"collection", collection}});
}

}  // namespace

void Schedules::Collection::add_sender(std::string person) {
  if (!person.empty() && std::find(senders.begin(), senders.end(), person) == senders.end())
    senders.push_back(std::move(person));
}

Schedules::Step Schedules::step(const definition::Schedule& schedule, Collection collection, const Value& event,
                                Timestamp now) const {
  ScheduleExpressions expressions(now);
  Step step{.taken = engine::Taken::no, .collection = std::move(collection), .is_complete = false};
  step.taken = take_event(*schedule.on, step.collection.progress, event, expressions);
  const bool is_part = step.taken == engine::Taken::yes || step.taken == engine::Taken::last;
  if (is_part) {
    step.collection.events.push_back(event);
    step.collection.bytes += print_json(event).size();
  }
  step.is_complete = step.taken == engine::Taken::last || step.taken == engine::Taken::ended ||
                     step.collection.events.size() >= limits_.collected_max ||
                     step.collection.bytes >= limits_.collected_bytes;
  if (is_part && !step.is_complete && schedule.on->until) {
    const auto enough = expressions.evaluate(*schedule.on->until, read_all(step.collection.events, schedule.read));
    step.is_complete = enough.ok() && enough->is_truthy();
  }
  return step;
}

Schedules::Taken Schedules::take(const Value& event, const Value& principal, bool named_only, Timestamp now) const {
  Taken result;
  const std::string_view type = event.string_or("type", "");
  for (const std::string& name : named_only ? listening_.naming(type) : listening_.candidates(type))
    take_for(name, event, principal, now, result);
  return result;
}

void Schedules::take_for(const std::string& name, const Value& event, const Value& principal, Timestamp now,
                         Taken& result) const {
  const definition::Schedule& schedule = *schedule_of(name);
  const State& state = states_.at(name);
  std::uint64_t number = 0;
  Step found;
  for (const auto& [each, collection] : state.collections) {
    if (collection.is_ready) continue;
    found = step(schedule, collection, event, now);
    number = each;
    if (found.taken != engine::Taken::no) break;
  }
  const bool is_known = found.taken != engine::Taken::no;
  if (!is_known) {
    found = step(schedule, {}, event, now);
    number = state.last_collection + 1;
    // What ends a collection before there is one, ends nothing.
    if (found.taken == engine::Taken::no || found.taken == engine::Taken::ended) return;
    if (!found.is_complete && state.collections.size() >= limits_.collections_max) {
      const auto oldest = std::find_if(state.collections.begin(), state.collections.end(),
                                       [](const auto& each) { return !each.second.is_ready; });
      if (oldest == state.collections.end()) return;
      result.changes.push_back(event_data(name, oldest->first).with_member("dropped", true));
    }
  }
  if (found.is_complete && found.collection.events.empty()) {
    result.changes.push_back(event_data(name, number).with_member("dropped", true));
    return;
  }
  if (found.is_complete) {
    result.complete.push_back({.schedule = name,
                               .workflow = workflows_.at(name),
                               .collection = number,
                               .is_recorded = is_known,
                               .events = std::move(found.collection.events),
                               .principal = principal,
                               .senders = std::move(found.collection.senders)});
    return;
  }
  const bool is_part = found.taken == engine::Taken::yes;
  Value change = event_data(name, number).with_member("progress", to_value(found.collection.progress));
  if (is_part)
    change = std::move(change).with_member("event", event).with_member("sender", principal.string_or("person", ""));
  result.changes.push_back(std::move(change));
}

Value Schedules::kept(const Collected& collected) {
  return event_data(collected.schedule, collected.collection)
      .with_member("ready", Value::array(collected.events))
      .with_member("principal", collected.principal)
      .with_member("senders", to_value(collected.senders));
}

Value Schedules::started(const Collected& collected) {
  return event_data(collected.schedule, collected.collection).with_member("started", true);
}

Status Schedules::fold(const journal::Event& event) {
  const Value& data = event.data;
  const auto found = states_.find(TRY(text_from(data, "schedule")));
  if (found == states_.end()) return done();
  State& state = found->second;
  if (event.type == journal::EventType::schedule_set) {
    state.after_due = TRY(timestamp_from(data, "due"));
    return done();
  }
  const auto number = static_cast<std::uint64_t>(data.integer_or("collection", 0));
  state.last_collection = std::max(state.last_collection, number);
  if (data.find("started") != nullptr || data.find("dropped") != nullptr) {
    state.collections.erase(number);
    return done();
  }
  Collection& collection = state.collections[number];
  if (const Value* ready = data.find("ready"); ready != nullptr && ready->is_array()) {
    collection.is_ready = true;
    collection.events.assign(ready->items().begin(), ready->items().end());
    collection.principal = data.member("principal");
    if (data.find("senders") != nullptr) collection.senders = TRY(texts_from(data.member("senders"), "senders"));
    return done();
  }
  collection.progress = TRY(consumption_progress_from(data.member("progress")));
  const Value* part = data.find("event");
  if (part == nullptr) return done();
  collection.events.push_back(*part);
  collection.add_sender(std::string(data.string_or("sender", "")));
  collection.bytes += print_json(*part).size();
  return done();
}

Value Schedules::serialise() const {
  std::vector<Member> members;
  for (const auto& [name, state] : states_) {
    std::vector<Value> collections;
    for (const auto& [number, collection] : state.collections) {
      collections.push_back(Value::object({{"number", number},
                                           {"progress", to_value(collection.progress)},
                                           {"events", Value::array(collection.events)},
                                           {"ready", collection.is_ready},
                                           {"principal", collection.principal},
                                           {"senders", to_value(collection.senders)}}));
    }
    members.push_back({Text(name), Value::object({{"since", format_timestamp(state.since)},
                                                  {"after", state.after_due ? Value(format_timestamp(*state.after_due))
                                                                            : Value()},
                                                  {"last", state.last_collection},
                                                  {"collections", Value::array(std::move(collections))}})});
  }
  return Value::object(std::move(members));
}

Status Schedules::read(const Value& stored) {
  std::map<std::string, State> states;
  for (const Member& member : stored.is_object() ? stored.members() : std::vector<Member>{}) {
    State state;
    state.since = TRY(timestamp_from(member.value, "since"));
    if (!member.value.member("after").is_null()) state.after_due = TRY(timestamp_from(member.value, "after"));
    state.last_collection = static_cast<std::uint64_t>(member.value.integer_or("last", 0));
    const Value collections = member.value.member("collections");
    for (const Value& each : collections.is_array() ? collections.items() : std::vector<Value>{}) {
      Collection collection;
      collection.progress = TRY(consumption_progress_from(each.member("progress")));
      const Value events = each.member("events");
      if (events.is_array()) collection.events.assign(events.items().begin(), events.items().end());
      for (const Value& event : collection.events) collection.bytes += print_json(event).size();
      collection.is_ready = each.boolean_or("ready", false);
      collection.principal = each.member("principal");
      if (each.find("senders") != nullptr) collection.senders = TRY(texts_from(each.member("senders"), "senders"));
      state.collections[static_cast<std::uint64_t>(each.integer_or("number", 0))] = std::move(collection);
    }
    states.emplace(std::string(member.key.view()), std::move(state));
  }
  states_ = std::move(states);
  return done();
}

}  // namespace gantry::engine
