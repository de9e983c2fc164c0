// Semantic versions (semver.org 2.0.0): "1.2.3", "1.2.3-rc.1", "1.2.3+build".
#pragma once

#include <string_view>

namespace gantry::definition {

bool is_version(std::string_view text);
// Precedence by the rules of semver.org: < 0, 0, > 0. Both must be versions. Build metadata does not count.
int compare_versions(std::string_view left, std::string_view right);

}  // namespace gantry::definition
