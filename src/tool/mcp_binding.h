// The mcp driver's own part of a tool's definition: `settings` of the tool and `binding` of each operation.
// Form and meaning: docs/reference/mcp.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "definition/tool.h"
#include "tool/http_binding.h"

namespace gantry::tool {

struct McpSettings {
  std::optional<HttpUrl> url;  // else a program
  std::optional<Duration> timeout;
  std::map<std::string, std::string> headers;
  HttpAuthentication authentication;
  std::vector<std::string> command, folders;
  struct Variable {
    std::string text, secret;  // one of them
  };
  std::map<std::string, Variable> environment;
  std::string revision;  // empty: agreed on with the server
};

struct McpBinding {
  std::string method = "tools/call";
  std::string tool;          // the server's name for it; for tools/call
  std::string pin;           // "sha256:..." of what the server said of it when somebody looked; see mcp_pin_of
  std::string key_argument;  // argument of the server's tool that gets the effect's key; empty: none
  bool errors_mean_not_done = false;
};

// Errors: invalid_argument, "/pointer: message" with the pointer inside `settings` or `binding`.
Result<McpSettings> read_mcp_settings(const Value& settings);
Result<McpBinding> read_mcp_binding(const Value& binding);

// All problems of a tool that uses this driver, as Driver::check gives them.
std::vector<std::string> check_mcp_tool(const definition::Tool& tool);

bool is_environment_name(std::string_view name);

// "sha256:HEX" over what a server says of one of its tools: name, title, description, both schemas, annotations.
std::string mcp_pin_of(const Value& tool);

}  // namespace gantry::tool
