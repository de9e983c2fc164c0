// A result can't vouch for what the caller put in: what is in an answer because it was in the question carries at least
// the question's label. Otherwise a system that repeats its input, or takes it apart, would wash off where it came from.
// Private to the gate.
#pragma once

#include "value/value.h"

namespace gantry::gate {

// Texts and numbers are compared by their letters and digits, however these are encoded, grouped or written
// (echo_form.h). What is one of the arguments as a whole gets its label; so does a text of at least six bytes that
// contains one of as many or is part of one, and one that has a shorter argument of three and more characters, or a number,
// as a word; so do items and members that are one after another. A key that is an argument, or
// has one of six bytes, labels the object that has it. When there is too much to compare, the whole result gets the label
// of all arguments: too strict, never too lax. Encodings as a whole (base 64, hexadecimal, reversed) are not undone.
Value with_echoes_labelled(Value result, const Value& arguments);

}  // namespace gantry::gate
