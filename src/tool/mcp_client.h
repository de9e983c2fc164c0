// A client of the Model Context Protocol: one session with one server. It speaks the revisions with a handshake
// (2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25) and the stateless one (2026-07-28), as the server can.
//
// It declares no capability: a server can ask it for nothing (no sampling, no elicitation, no roots).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tool/mcp_transport.h"

namespace gantry::tool {

struct McpClientOptions {
  std::string revision;  // empty: the newest that the server can, too
  std::string name = "gantry", version = "1";
  bool cancels_by_message = true;  // false where closing the connection does (stateless over HTTP)
};

// Whether this client speaks the revision.
bool is_mcp_revision(std::string_view revision);

// One thread. Transport and budget outlive it.
class McpClient {
 public:
  McpClient(McpTransport& transport, McpClientOptions options, McpBudget& budget)
      : transport_(transport), options_(std::move(options)), budget_(budget) {}

  // Agrees on a revision and, where that has one, opens a session.
  std::optional<McpFailure> open();
  const std::string& revision() const { return revision_; }
  bool is_stateless() const { return revision_ >= mcp_stateless_revision; }

  using Answer = std::variant<Value, McpFailure>;
  struct Options {
    std::vector<std::pair<std::string, std::string>> headers;  // Streamable HTTP, stateless revision only
    bool harmless_to_repeat = false;
  };
  // `params` is an object. The result is as the server gave it, but for `resultType` and `_meta`.
  Answer call(std::string_view method, const Value& params, const Options& options);
  // All pages of tools/list; every tool is an object with a name that no other has.
  std::variant<std::vector<Value>, McpFailure> list_tools();
  void close();

 private:
  std::optional<McpFailure> probe();
  std::optional<McpFailure> initialize(std::string_view revision);
  Answer send(std::string_view method, const Value& params, const Options& options);
  void cancel(std::int64_t id);

  McpTransport& transport_;
  const McpClientOptions options_;
  McpBudget& budget_;
  std::string revision_;
  std::int64_t last_id_ = 0;
};

// The value of a header that repeats a text: as it is where that is possible, else "=?base64?...?=".
std::string mcp_header_value(std::string_view text);

// Headers "Mcp-Param-NAME" for the arguments that the tool's input schema marks by `x-mcp-header`.
// Errors: invalid_argument, when the schema marks what can't be one; such a tool may not be called.
Result<std::vector<std::pair<std::string, std::string>>> mcp_parameter_headers(const Value& input_schema,
                                                                               const Value& arguments);

}  // namespace gantry::tool
