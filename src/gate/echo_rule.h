// A result can't vouch for what the caller put in: what is in an answer because it was in the question carries at least
// the question's label. Otherwise a system that repeats its input, or takes it apart, would wash off where it came from.
// Private to the gate.
#pragma once

#include "value/value.h"

namespace gantry::gate {

// A text or number that is one of the arguments, blanks and case aside, gets its label; so does a text of at least six
// bytes that contains one of as many or is part of one. A key of six bytes and more labels the object that has it. When
// there is too much to compare, the whole result gets the label of all arguments: too strict, never too lax.
Value with_echoes_labelled(Value result, const Value& arguments);

}  // namespace gantry::gate
