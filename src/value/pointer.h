// JSON Pointer (RFC 6901): "/do/0/name". "~1" is "/", "~0" is "~". The empty pointer is the whole document.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace gantry {

Result<std::vector<std::string>> parse_pointer(std::string_view pointer);
std::string pointer_token(std::string_view name);  // escapes ~ and /
// The value at the pointer, labels of all parents joined in; not_found names the first token that is missing.
Result<Value> at_pointer(const Value& root, std::string_view pointer);

}  // namespace gantry
