// The operations of MCP that are built in: the standard's `call: mcp` (tool "mcp", an operation for each method), which
// no project may redefine, and the list of tools that every tool with the driver mcp has.
#pragma once

#include <string_view>

#include "tool/standard_call.h"

namespace gantry::tool {

inline constexpr std::string_view standard_mcp_tool = "mcp";
// Needs no declaration; class egress_read.
inline constexpr std::string_view mcp_listing_operation_name = "tools/list";

// Whether the tool is built in. Its driver has the same name, and gets no definition of a tool.
inline bool is_standard_tool(std::string_view tool) {
  return tool == standard_http_tool || tool == standard_mcp_tool;
}

// By the names of definition/mcp_method.h; null when there is none. Arguments {endpoint, headers?} or {stdio}, and
// parameters?, protocolVersion?, timeout?, client?; see docs/reference/mcp.md. What starts a program is a write,
// whatever it asks: see class_of_call.
const definition::Operation* standard_mcp_operation(std::string_view name);
const definition::Operation& mcp_listing_operation();

}  // namespace gantry::tool
