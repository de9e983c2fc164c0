// "Did you mean": the nearest of some known names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gantry::expression {

// Empty when none is near: at most a third of the letters may differ.
std::string nearest_name(std::string_view wanted, const std::vector<std::string>& known);

}  // namespace gantry::expression
