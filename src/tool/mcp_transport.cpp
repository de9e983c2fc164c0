#include "tool/mcp_transport.h"

#include <algorithm>

namespace gantry::tool {
namespace {

constexpr std::int64_t method_not_found = -32601;

}  // namespace

Duration McpBudget::remaining() const {
  const auto left = std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now());
  return std::max(left, Duration::zero());
}

bool McpListener::take(std::string_view text) {
  Result<std::vector<McpMessage>> messages = parse_mcp_messages(text);
  if (!messages) {
    broken = messages.error().message;
    return false;
  }
  for (McpMessage& message : *messages) {
    if (!take(std::move(message))) return false;
  }
  return true;
}

bool McpListener::take(McpMessage message) {
  if (--budget_.messages_left < 0) {
    broken = "too many messages";
    return false;
  }
  switch (message.kind) {
    case McpMessage::Kind::result:
    case McpMessage::Kind::error:
      if (!message.id.is_integer() || message.id.as_integer() != id_) return true;
      answer = std::move(message);
      return false;
    case McpMessage::Kind::request:
      if (--budget_.replies_left < 0) {
        broken = "the server asks too much";
        return false;
      }
      reply_(message.method == "ping"
                 ? print_mcp_result(message.id, Value::object({}))
                 : print_mcp_error(message.id, method_not_found, "this client does not answer such requests"));
      return true;
    case McpMessage::Kind::notification:
      return true;
  }
  return true;
}

McpFailure mcp_failure(McpFailure::Knowledge knowledge, std::string what, std::int64_t status) {
  McpFailure failure;
  failure.knowledge = knowledge;
  failure.status = status;
  failure.what = std::move(what);
  return failure;
}

}  // namespace gantry::tool
