// The line of a file that a problem is about, with a caret under the place.
#pragma once

#include <string>
#include <string_view>

#include "value/yaml.h"

namespace gantry::definition {

inline constexpr std::size_t excerpt_width = 100;  // longer lines are cut around the place

// Two lines, each indented by four blanks, without a line end at the end; empty when the text has no such line. Tabs
// count as one blank, and the caret stands under the character that column's byte belongs to.
std::string excerpt(std::string_view text, SourcePlace place);

}  // namespace gantry::definition
