// Whether programs can be run in a sandbox on this machine (sandbox.h); for whoever says so before one is called.
#pragma once

#include <string>

namespace gantry::tool {

// Tries one, once in the life of this program. Empty: they can.
const std::string& sandbox_problem();

}  // namespace gantry::tool
