// @text @json @csv @tsv @html @uri @urid @sh @base64 @base64d @base32 @base32d
#pragma once

#include "expression/machine.h"

namespace gantry::expression {

bool is_format(std::string_view name);
// Applies the format to one value; a string for every input that the format takes.
Got format_value(Machine& machine, const Value& input, std::string_view format, Value& output);
// tostring: strings as they are, everything else as JSON.
Value text_of(const Value& value);

}  // namespace gantry::expression
