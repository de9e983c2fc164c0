// The messages of the Model Context Protocol: JSON-RPC 2.0. What comes in is read strictly, for it is from outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "value/value.h"

namespace gantry::tool {

struct McpMessage {
  enum class Kind { request, notification, result, error } kind = Kind::notification;
  Value id;            // text or an integer; null in an error that belongs to no request
  std::string method;  // of requests and notifications
  Value params;        // of requests and notifications: an object or null
  Value result;        // an object
  std::int64_t error_code = 0;
  std::string error_message;  // one printable line, shortened
  Value error_data;
};

// From this revision on there is no handshake and no session: every request says what it needs.
inline constexpr std::string_view mcp_stateless_revision = "2026-07-28";

inline constexpr std::size_t mcp_batch_max = 100;

// One message, or (revision 2025-03-26 only, but harmless in any) a list of them.
// Errors: invalid_argument, saying what is wrong; exhausted: too large, too deep, too many.
Result<std::vector<McpMessage>> parse_mcp_messages(std::string_view text);

// As they go out, compact and on one line.
std::string print_mcp_request(std::int64_t id, std::string_view method, const Value& params);
std::string print_mcp_notification(std::string_view method, const Value& params);
std::string print_mcp_result(const Value& id, const Value& result);
std::string print_mcp_error(const Value& id, std::int64_t code, std::string_view message);

// Text from outside for an error message: one line, printable, at most 300 bytes.
std::string mcp_excerpt(std::string_view text);

}  // namespace gantry::tool
