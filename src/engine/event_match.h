// Which events a strategy of `listen` or `schedule.on` takes, and when it has enough. Pure.
//
// Rules where the standard is silent: an event meets the first filter, in the order of declaration, that is still open
// and matches; an event that belongs to `until` is looked at by `until` first and is no part of the output; a filter
// whose expression fails does not match.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "definition/workflow.h"

namespace gantry::engine {

// Evaluates the expressions of filters with what they may see at their place.
class EventExpressions {
 public:
  virtual ~EventExpressions() = default;
  virtual Result<Value> evaluate(const definition::Expression& expression, const Value& dot) = 0;
  virtual Result<Value> evaluate(const definition::Template& source, const Value& dot) = 0;
};

// What filters may use per evaluation: they run for every event that comes near, whoever sent it.
expression::Limits event_filter_limits();

// How far a strategy has come.
struct EventProgress {
  std::vector<bool> met;                      // of `all`: the filters that have their event
  std::map<std::string, Value> correlations;  // by key: the first value seen, where there is no `expect`
};
struct ConsumptionProgress {
  EventProgress wanted, until;
};

enum class Taken {
  no,
  noted,  // by `until`, which needs more
  ended,  // by `until`, which now has all: nothing more is taken
  yes,    // it is part of the output
  last,   // likewise, and nothing more is taken
};
// The `until` that is an expression is the caller's business: after each event that was taken.
Taken take_event(const definition::EventConsumption& consumption, ConsumptionProgress& progress, const Value& event,
                 EventExpressions& expressions);

// {"met": [...], "correlations": {...}} twice, for states and journals. Errors: invalid_argument.
Value to_value(const ConsumptionProgress& progress);
Result<ConsumptionProgress> consumption_progress_from(const Value& value);

}  // namespace gantry::engine
