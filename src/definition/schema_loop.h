// JSON Schemas that apply themselves to the same value again, over `$ref` and `allOf` alone: no value can be checked by
// one, every validation ends at its limit.
#pragma once

#include <optional>
#include <string>

#include "value/value.h"

namespace gantry::definition {

// The pointer of the `$ref` that closes such a loop. Follows references within the document that are JSON pointers;
// says nothing about schemas with an `$id` in them. In time linear in the document.
std::optional<std::string> find_schema_loop(const Value& schema);

}  // namespace gantry::definition
