// A problem in a definition, as `gantry check` prints it: "path:line:column: message".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "value/yaml.h"

namespace gantry::definition {

// error: the definition is refused everywhere. warning: it can run, but not as it was meant (a task that nothing
// reaches); `gantry check` fails for it, everything else goes on.
enum class Severity { error, warning };
const char* name_of(Severity severity);

struct Problem {
  std::string path;
  SourcePlace place;
  std::string message;  // what was found, what was expected, the nearest valid name
  Severity severity = Severity::error;
};

std::string format(const Problem& problem);  // a warning's message starts with "warning: "
using Problems = std::vector<Problem>;

// The known name nearest to `name` by edit distance, or empty when none is near; for "did you mean".
std::string_view nearest_name(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace gantry::definition
