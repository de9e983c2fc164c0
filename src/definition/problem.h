// A problem in a definition, as `gantry check` prints it: "path:line:column: message".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "value/yaml.h"

namespace gantry::definition {

struct Problem {
  std::string path;
  SourcePlace place;
  std::string message;  // what was found, what was expected, the nearest valid name
};

std::string format(const Problem& problem);
using Problems = std::vector<Problem>;

// The known name nearest to `name` by edit distance, or empty when none is near; for "did you mean".
std::string_view nearest_name(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace gantry::definition
