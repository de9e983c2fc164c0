// What an attribute of a CloudEvent (1.0, JSON format) may be; checked for literals when a workflow is read, and for
// every event before it is sent or taken.
#pragma once

#include <string_view>

#include "base/result.h"
#include "value/value.h"

namespace gantry::definition {

// Errors: invalid_argument "NAME: expected ..., found ...". `data` may be anything.
Status check_event_attribute(std::string_view name, const Value& value);

}  // namespace gantry::definition
