// Arrays and objects as wholes: entries, orders.
#pragma once

#include "expression/machine.h"

namespace gantry::expression {

Got to_entries(Machine& machine, const Value& input, Value& output);
Got from_entries(Machine& machine, const Value& input, Value& output);
Got add_values(Machine& machine, Value& total, Value addend);

enum class Ordering : std::uint8_t { sort, group, unique, least, greatest };
// `keys` are parallel to the items of `input`; an array.
Got order(Machine& machine, const Value& input, const std::vector<Value>& keys, Ordering ordering, Value& output);

}  // namespace gantry::expression
