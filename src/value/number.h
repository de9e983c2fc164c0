// Text of decimal numbers to a Value and back, shared by JSON and YAML. Never depends on the locale.
#pragma once

#include <string>
#include <string_view>

#include "value/value.h"

namespace gantry {

// `literal` follows the grammar of JSON numbers. Integers that fit int64 stay exact; everything else becomes the
// nearest double, and what is too large for a double becomes the largest one (as jq 1.8 does). "-0" stays a negative
// zero.
Value number_from_literal(std::string_view literal);

// Appends the digits as ECMAScript's Number::toString does, except that -0 prints as "-0".
void append_double(std::string& out, double number);
void append_integer(std::string& out, std::int64_t number);

}  // namespace gantry
