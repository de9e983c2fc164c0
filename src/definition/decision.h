// A decision: a typed question and who answers it. File form: docs/reference/decision.md.
//
//   decision: disposition
//   version: 1.0.0
//   question: What happens with this finding?
//   input: {JSON Schema}        answer: {JSON Schema}
//   data: {...}                 # constants, visible as $data in every condition and answer
//   deciders: [rules, {person: {roles: [vessel_planner]}}]      # default [rules]; asked in order
//   hitPolicy: first            # unique | first | collect | priority
//   inputs: {kind: .kind, weight: .container.weightKg}          # named columns (jq) for `match`
//   rules:
//     - id: heavy
//       match: {kind: weight, weight: "> 30480"}                # per column: literal, list, "<=5", ">5", "1..5", "-" (any)
//       when: .container.full                                   # any jq condition, in addition
//       priority: 10                                            # for hitPolicy priority
//       answer: {action: stop, reason: "${ .message }"}
//   quarantined: true           # a closed answer about something untrusted is `constrained`, at a price in bits
//   default: {action: note}     # when no rule matches; without it the next decider is asked
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "definition/policy.h"

namespace gantry::definition {

enum class HitPolicy { unique, first, collect, priority };
const char* name_of(HitPolicy policy);

// One cell of a rule table. An interval's open end is absent; `contains` tests numbers only.
struct Interval {
  std::optional<double> low, high;
  bool low_closed = true, high_closed = true;
};
struct AnyValue {};
struct Cell {
  std::variant<AnyValue, std::vector<Value>, Interval> test;
};

// Whether the column's value satisfies the cell. Equality is that of JSON values (1 is 1.0).
bool matches(const Cell& cell, const Value& value);

struct DecisionRule {
  std::string id, description;
  std::vector<Cell> cells;         // one per input column
  std::optional<Expression> when;  // variables: data
  std::int64_t priority = 0;       // higher wins
  Template answer;                 // variables: data
  SourcePlace place;
};

struct InputColumn {
  std::string name;
  Expression value;  // variables: data
};

struct Decider {
  enum class Kind { rules, person } kind = Kind::rules;
  std::vector<std::string> roles;  // of the person; any one of them
};

struct Decision {
  std::string name, version, path, question;
  Digest digest;
  std::optional<Schema> input, answer;
  Value input_schema, answer_schema;
  Value data;
  HitPolicy hit_policy = HitPolicy::unique;
  bool quarantined = false;
  std::int64_t answer_millibits = 0;  // with quarantined: what an answer can tell, in thousandths of a bit
  std::vector<InputColumn> columns;
  std::vector<DecisionRule> rules;
  std::optional<Template> fallback;  // `default`
  std::vector<Decider> deciders;
};

}  // namespace gantry::definition
