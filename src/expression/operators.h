// The binary operators, on values, with labels.
#pragma once

#include "expression/machine.h"

namespace gantry::expression {

Got operate(Machine& machine, Operation operation, Value left, Value right, Value& output);
Got negate(Machine& machine, const Value& operand, Value& output);
Value divide_text(std::string_view text, std::string_view separator);

}  // namespace gantry::expression
