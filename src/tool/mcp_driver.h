// Tools of servers that speak the Model Context Protocol, and the standard's call: mcp. See docs/reference/mcp.md.
#pragma once

#include "tool/driver.h"

namespace gantry::tool {

// Goes where the http driver may go, with the same secrets.
std::shared_ptr<Driver> make_mcp_driver(HttpOptions options);

}  // namespace gantry::tool
