// Bounds of the labels of what a jq expression gives, for all values that it may read: a value has the labels of all
// that it was computed from and of what decided about it (docs/reference/expressions.md#labels).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "definition/workflow.h"
#include "expression/syntax.h"
#include "prove/label_shape.h"

namespace gantry::prove {

// Bound of any of the outputs. `arguments`: of the program's variables, in its order.
LabelShape labels_of(const expression::Node& root, std::span<const LabelShape> arguments, const LabelShape& dot);
// The same for a structure with expressions in it. `names`: of the variables.
LabelShape labels_of(const definition::Template& source, std::span<const std::string> names,
                     std::span<const LabelShape> arguments, const LabelShape& dot);

}  // namespace gantry::prove
