// Puts the labels that were declared for the fields of a value on them: of tool results, requests, and events.
#pragma once

#include <span>

#include "definition/project.h"

namespace gantry::gate {

// The label of a field is that of the rule with the deepest path to it or to what it stands in, whose condition holds;
// among equally deep ones the first; where no rule speaks, `otherwise`. A condition that fails gives the field both
// labels, the rule's and the one it would have had, so that failing never gains anything.
//
// A label covers all below it, so a list or object with fields of different labels gets what holds for all of them: the
// best integrity, the least secrecy. How many items there are and which fields is as good as the best field. An object
// whose members are reached by `*` keeps the label that it would have had, because its keys are data.
//
// Labels that the value has already are kept (joined).
Value with_declared_labels(Value value, std::span<const definition::LabelRule> rules, Label otherwise);

// What the operation and the policies say about what `tool`.`operation` gives back, without the echo rule: as a result
// of that call would be labelled. For results that did not come from a call, such as those of a policy's test cases.
Value labelled_result(Value result, const definition::Operation& operation, std::string_view tool,
                      const definition::Project* policies);

}  // namespace gantry::gate
