// From an effect to what is asked of an MCP server, and of which.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tool/driver.h"
#include "tool/http_request.h"
#include "tool/mcp_binding.h"
#include "tool/mcp_http.h"
#include "tool/mcp_stdio.h"

namespace gantry::tool {

struct McpCall {
  std::optional<McpHttpEndpoint> endpoint;  // else the program
  McpProgram program;
  std::string target;  // for people and labels: the host, or the program's name
  McpBinding binding;
  Value params;  // an object
  Duration timeout{};
  std::string revision, client_name, client_version;
  std::vector<std::string> secrets;  // texts that may not appear in anything that comes back
};

// Of an operation of a project's tool (`context.tool`), or of the standard's call: mcp.
// Errors: invalid_argument, denied, conflict as for request_for_operation in http_request.h. No message holds a secret.
Result<McpCall> mcp_call_for(const Effect& effect, const CallContext& context, const Secrets& secrets,
                             const Egress& egress, Duration timeout_default);

}  // namespace gantry::tool
