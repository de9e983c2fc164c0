// Answering a decision by its rule table. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "definition/decision.h"

namespace gantry::decision {

struct Answer {
  bool matched = false;            // false: no rule and no default; the next decider is asked
  Value answer;                    // labelled with the join of what selected it and what it was computed from
  std::vector<std::string> rules;  // ids of the rules that answered, in order; "default" for the default
};

// By hit policy: unique and first give the answer of one rule, priority that of the highest (the first of equals),
// collect the list of all answers in rule order (an empty one counts as matched; there a default is not used).
// `input` is checked against the decision's input schema, the answer against its answer schema.
// Errors, each naming the decision and where it applies the rule: invalid_argument for an input that does not fit, a
// column, condition or answer that fails, an answer that does not fit, and two rules that match with unique; exhausted
// when an expression exceeds `limits`.
Result<Answer> decide_by_rules(const definition::Decision& decision, const Value& input, Timestamp now,
                               const expression::Limits& limits = {});

}  // namespace gantry::decision
