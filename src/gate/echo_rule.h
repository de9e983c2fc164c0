// A result can't vouch for what the caller put in: text of an answer that contains an argument carries at least that
// argument's label. Otherwise a system that repeats its input would wash off where it came from. Private to the gate.
#pragma once

#include "value/value.h"

namespace gantry::gate {

// Looks for strings of at least six bytes. When there is too much to compare, the whole result gets the label of all
// arguments: too strict, never too lax.
Value with_echoes_labelled(Value result, const Value& arguments);

}  // namespace gantry::gate
