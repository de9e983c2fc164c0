// The program's version: from the file VERSION, with the commit it was built from.
#pragma once

#include <string>

namespace gantry {
std::string version_number();  // "0.1.0"
std::string version_text();    // "gantry 0.1.0 (commit 1a2b3c4)"
}  // namespace gantry
