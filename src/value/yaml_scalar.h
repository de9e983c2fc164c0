// What a YAML scalar means under the core schema of YAML 1.2 (section 10.3 of the specification).
#pragma once

#include <string>
#include <string_view>

#include "value/value.h"

namespace gantry {

// `tag` is "?" for a plain scalar, "!" for a quoted or block one, else the full tag. The error is one sentence without
// a place.
Result<Value> yaml_scalar(std::string_view tag, std::string_view text);

}  // namespace gantry
