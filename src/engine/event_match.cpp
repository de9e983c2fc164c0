#include "engine/event_match.h"

#include <algorithm>

#include "value/json.h"

namespace gantry::engine {
namespace {

using definition::EventAttribute;
using definition::EventConsumption;
using definition::EventCorrelation;
using definition::EventFilter;

// Attributes that are numbers or booleans in one mode of transport are text in another.
bool same_attribute(const Value& expected, const Value& actual) {
  if (expected == actual) return true;
  const bool one_is_text = expected.is_string() != actual.is_string();
  const bool both_scalar = !expected.is_null() && !actual.is_null() && !expected.is_array() && !actual.is_array() &&
                           !expected.is_object() && !actual.is_object();
  if (!one_is_text || !both_scalar) return false;
  return expected.is_string() ? expected.as_string() == print_json(actual) : actual.as_string() == print_json(expected);
}

// Objects: at least these members; everything else: equal.
bool contains_data(const Value& actual, const Value& expected) {
  if (!expected.is_object()) return actual == expected;
  if (!actual.is_object()) return false;
  return std::all_of(expected.members().begin(), expected.members().end(), [&](const Member& member) {
    const Value* found = actual.find(member.key.view());
    return found != nullptr && contains_data(*found, member.value);
  });
}

bool matches_pattern(const EcmaPattern& pattern, const Value& actual) {
  if (actual.is_string()) return pattern.search(actual.as_string()) == EcmaPattern::Outcome::match;
  if (actual.is_null() || actual.is_array() || actual.is_object()) return false;
  return pattern.search(print_json(actual)) == EcmaPattern::Outcome::match;
}

bool matches_attribute(const EventAttribute& attribute, const Value& event, EventExpressions& expressions) {
  const Value actual = event.member(attribute.name);
  const bool is_data = attribute.name == "data";
  if (attribute.expected.is_literal()) {
    if (is_data) return contains_data(actual, attribute.expected.source());
    return same_attribute(attribute.expected.source(), actual) ||
           (attribute.pattern && matches_pattern(*attribute.pattern, actual));
  }
  const Result<Value> expected = expressions.evaluate(attribute.expected, actual);
  if (!expected) return false;
  if (attribute.is_expression && expected->is_boolean()) return expected->as_boolean();
  if (attribute.is_expression && expected->is_null()) return false;
  return is_data ? contains_data(actual, *expected) : same_attribute(*expected, actual);
}

// `correlations` gets what becomes expected from now on, if the filter matches as a whole.
bool matches_correlation(const EventCorrelation& correlation, const Value& event, EventExpressions& expressions,
                         std::map<std::string, Value>& correlations) {
  const Result<Value> found = expressions.evaluate(correlation.from, event);
  if (!found || found->is_null()) return false;
  if (correlation.expect) {
    const Result<Value> expected = expressions.evaluate(*correlation.expect, event);
    return expected && same_attribute(*expected, *found);
  }
  return correlations.emplace(correlation.key, *found).first->second == *found;
}

// Literal attributes come first: they are quick, and mostly decide.
bool matches_filter(const EventFilter& filter, EventProgress& progress, const Value& event,
                    EventExpressions& expressions) {
  for (const bool literal : {true, false})
    for (const EventAttribute& attribute : filter.with)
      if (attribute.expected.is_literal() == literal && !matches_attribute(attribute, event, expressions)) return false;
  if (filter.correlate.empty()) return true;
  std::map<std::string, Value> correlations = progress.correlations;
  for (const EventCorrelation& correlation : filter.correlate)
    if (!matches_correlation(correlation, event, expressions, correlations)) return false;
  progress.correlations = std::move(correlations);
  return true;
}

// Without `until`.
Taken take_wanted(const EventConsumption& consumption, EventProgress& progress, const Value& event,
                  EventExpressions& expressions) {
  if (consumption.filters.empty()) return Taken::last;
  progress.met.resize(consumption.filters.size());
  const bool all = consumption.kind == EventConsumption::Kind::all;
  for (std::size_t index = 0; index < consumption.filters.size(); ++index) {
    if (all && progress.met[index]) continue;
    if (!matches_filter(consumption.filters[index], progress, event, expressions)) continue;
    progress.met[index] = true;
    const bool done_now = !all || std::all_of(progress.met.begin(), progress.met.end(), [](bool met) { return met; });
    return done_now ? Taken::last : Taken::yes;
  }
  return Taken::no;
}

Value progress_value(const EventProgress& progress) {
  std::vector<Value> met;
  for (const bool one : progress.met) met.emplace_back(one);
  std::vector<Member> correlations;
  for (const auto& [key, value] : progress.correlations) correlations.push_back({Text(key), value});
  return Value::object(
      {{"met", Value::array(std::move(met))}, {"correlations", Value::object(std::move(correlations))}});
}

Result<EventProgress> progress_from(const Value& value) {
  EventProgress progress;
  const Value met = value.member("met"), correlations = value.member("correlations");
  if (!met.is_array() || !correlations.is_object())
    return Error{Code::invalid_argument, "the progress of a listening: expected met and correlations"};
  for (const Value& one : met.items()) progress.met.push_back(one.is_true());
  for (const Member& one : correlations.members()) progress.correlations.emplace(one.key.view(), one.value);
  return progress;
}

}  // namespace

expression::Limits event_filter_limits() {
  return {.steps_max = 100'000, .memory_bytes_max = 16u << 20, .depth_max = 1'000, .outputs_max = 1'000};
}

Taken take_event(const EventConsumption& consumption, ConsumptionProgress& progress, const Value& event,
                 EventExpressions& expressions) {
  if (consumption.until_consumed) {
    const Taken taken = take_wanted(*consumption.until_consumed, progress.until, event, expressions);
    if (taken == Taken::last) return Taken::ended;
    if (taken == Taken::yes) return Taken::noted;
  }
  const Taken taken = take_wanted(consumption, progress.wanted, event, expressions);
  const bool goes_on = consumption.until || consumption.until_consumed;
  return taken == Taken::last && goes_on ? Taken::yes : taken;
}

Value to_value(const ConsumptionProgress& progress) {
  return Value::object({{"wanted", progress_value(progress.wanted)}, {"until", progress_value(progress.until)}});
}

Result<ConsumptionProgress> consumption_progress_from(const Value& value) {
  ConsumptionProgress progress;
  progress.wanted = TRY(progress_from(value.member("wanted")));
  progress.until = TRY(progress_from(value.member("until")));
  return progress;
}

}  // namespace gantry::engine
