// How messages get to an MCP server and back: over Streamable HTTP (mcp_http.h) or a program's standard input and
// output (mcp_stdio.h). A transport serves one session, on one thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "tool/mcp_message.h"

namespace gantry::tool {

// What one session may use up, all its requests together.
struct McpBudget {
  std::chrono::steady_clock::time_point deadline;
  std::stop_token stop;
  std::size_t bytes_left = 16u << 20;  // that come in
  int messages_left = 10'000;          // that come in
  int replies_left = 100;              // to requests of the server

  Duration remaining() const;  // not negative
};

// Why a request has no result.
struct McpFailure {
  enum class Knowledge {
    not_sent,  // certainly not a byte of the request left
    refused,   // the server says that it did not do it
    failed,    // the server says that it failed, which does not say how far it got
    unknown,   // no answer that counts
  } knowledge = Knowledge::unknown;
  std::string kind = "communication";  // of the standard's errors
  std::int64_t status = 502;
  std::string what;
  std::int64_t code = 0;  // of the JSON-RPC error that the server gave; 0: none
  Value data;             // its data
};

struct McpRequest {
  std::int64_t id = 0;
  std::string method;
  std::string text;                                          // the message
  std::vector<std::pair<std::string, std::string>> headers;  // Streamable HTTP only
  bool harmless_to_repeat = false;                           // as in HttpExchangeRequest
};

class McpTransport {
 public:
  virtual ~McpTransport() = default;
  // Sends the request and waits for its answer: a message of kind `result` or `error`.
  virtual std::variant<McpMessage, McpFailure> request(const McpRequest& request, McpBudget& budget) = 0;
  virtual std::optional<McpFailure> notify(std::string_view text, McpBudget& budget) = 0;
  // The revision that was agreed on.
  virtual void use_revision(std::string_view revision) = 0;
  virtual void close(McpBudget& budget) = 0;
};

// Finds the answer to one request among what comes in. Requests of the server get an answer, which is no but for `ping`
// (nothing that it could ask for was declared); notifications, and answers to what nobody asked, are passed over.
class McpListener {
 public:
  McpListener(std::int64_t id, McpBudget& budget, std::function<void(const std::string& text)> reply)
      : id_(id), budget_(budget), reply_(std::move(reply)) {}

  // One message or list of messages. False: nothing more is to be read.
  bool take(std::string_view text);
  std::optional<McpMessage> answer;
  std::string broken;  // why nothing more can be read

 private:
  bool take(McpMessage message);

  std::int64_t id_;
  McpBudget& budget_;
  std::function<void(const std::string& text)> reply_;
};

McpFailure mcp_failure(McpFailure::Knowledge knowledge, std::string what, std::int64_t status = 502);

}  // namespace gantry::tool
