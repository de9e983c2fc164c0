// The methods of the Model Context Protocol that a workflow can call, and the operations of the built-in tool "mcp"
// that they are for policies: `call: mcp` with the method tools/list is the operation mcp.listTools.
#pragma once

#include <array>
#include <string_view>

namespace gantry::definition {

struct McpMethod {
  std::string_view name, operation;
  bool reads = true;
};
inline constexpr std::array<McpMethod, 7> mcp_methods = {{{"tools/list", "listTools", true},
                                                          {"tools/call", "callTool", false},
                                                          {"prompts/list", "listPrompts", true},
                                                          {"prompts/get", "getPrompt", true},
                                                          {"resources/list", "listResources", true},
                                                          {"resources/read", "readResource", true},
                                                          {"resources/templates/list", "listResourceTemplates", true}}};

// Revisions of the protocol that are spoken, the newest first.
inline constexpr std::array<std::string_view, 5> mcp_revisions = {"2026-07-28", "2025-11-25", "2025-06-18",
                                                                  "2025-03-26", "2024-11-05"};

// Null when there is none.
constexpr const McpMethod* find_mcp_method(std::string_view name) {
  for (const McpMethod& method : mcp_methods)
    if (method.name == name) return &method;
  return nullptr;
}
constexpr const McpMethod* find_mcp_operation(std::string_view operation) {
  for (const McpMethod& method : mcp_methods)
    if (method.operation == operation) return &method;
  return nullptr;
}

}  // namespace gantry::definition
