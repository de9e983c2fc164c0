// Writing pins of MCP tools into the tool's file, as little else as possible: comments, order and layout stay.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gantry::cli {

// The text of a tool's file with `binding.pin` of each operation set. Errors: conflict, where the file is written in a
// way that this can't change (anchors, say); the message says what to write by hand.
Result<std::string> with_pins(std::string_view text, const std::map<std::string, std::string>& pins);

}  // namespace gantry::cli
