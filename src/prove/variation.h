// Other values for what was found for a path: the solver knows little of label rules with conditions and of schemas'
// enums and formats, so its values may miss what they ask for. Whatever these give is tried out by a replay, so nothing
// here can make a proof or a counter-example false. Pure.
#pragma once

#include <span>

#include "definition/label_rules.h"
#include "definition/project.h"

namespace gantry::prove {

// The result with the records that rules with a condition speak about as the condition asks: `when: .kind == "private"`
// sets `kind`. What can't be met so is left.
Value with_conditions_met(Value result, std::span<const definition::LabelRule> rules);
// Those of the operation and of the policies for it that have a condition.
std::vector<definition::LabelRule> conditional_rules(const definition::Project& project,
                                                     const definition::Operation& operation,
                                                     const std::string& tool);

// A value that the schema takes, as far as can be told: enum, const, format, limits of texts, numbers and lists.
Value sample_of(const Value& schema);
// `whole` with every value in it that equals `old` replaced.
Value replaced(const Value& whole, const Value& old, const Value& with);

}  // namespace gantry::prove
