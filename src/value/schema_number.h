// Arithmetic on numbers as their decimal text says, for multipleOf: 0.3 is a multiple of 0.1.
#pragma once

#include "value/value.h"

namespace gantry::json_schema {

// Both are finite numbers, `divisor` is greater than 0.
bool is_multiple(const Value& number, const Value& divisor);

}  // namespace gantry::json_schema
