#include "base/version.h"

#include "gantry_version.h"  // written by cmake/version.cmake at build time

namespace gantry {
std::string version_number() { return GANTRY_VERSION; }
std::string version_text() { return "gantry " GANTRY_VERSION " (commit " GANTRY_COMMIT ")"; }
}  // namespace gantry
