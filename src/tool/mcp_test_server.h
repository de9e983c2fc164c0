// For tests only: an MCP server over HTTP whose every answer the test decides.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tool/http_driver_fixture.h"
#include "tool/mcp_client.h"
#include "tool/mcp_http.h"

namespace gantry::tool {

struct McpIncoming {
  std::string verb;  // POST, GET, DELETE
  Value message;     // of a POST
  std::string head;  // the request's first line and headers
  std::string method() const { return std::string(message.string_or("method", "")); }
  std::string header(std::string_view name) const {
    const std::size_t at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return "";
    const std::size_t start = at + name.size() + 4;
    return head.substr(start, head.find("\r\n", start) - start);
  }
};

inline std::string http_answer(std::string_view status, std::string_view headers, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
inline std::string json_answer(std::string_view body, std::string_view status = "200 OK") {
  return http_answer(status, "Content-Type: application/json\r\n", body);
}
inline std::string stream_answer(std::string_view events) {
  return http_answer("200 OK", "Content-Type: text/event-stream\r\n", events);
}
inline std::string result_text(const McpIncoming& request, std::string_view result) {
  return R"({"jsonrpc":"2.0","id":)" + print_json(request.message.member("id")) + R"(,"result":)" +
         std::string(result) + "}";
}
inline std::string error_text(const McpIncoming& request, int code, std::string_view data = "null") {
  return R"({"jsonrpc":"2.0","id":)" + print_json(request.message.member("id")) + R"(,"error":{"code":)" +
         std::to_string(code) + R"(,"message":"no","data":)" + std::string(data) + "}}";
}

class McpTestServer {
 public:
  // What goes over the wire for it; "" closes the connection without an answer, `close_after` at its end after it.
  static constexpr char close_after = '\x04';
  using Script = std::function<std::string(const McpIncoming&)>;

  explicit McpTestServer(Script script)
      : script_(std::move(script)), server_([this](HttpTestServer::Connection& connection) { serve(connection); }) {}

  // A server of the revisions with a handshake; `script` answers what is not part of it.
  static Script with_handshake(Script script) {
    return [script = std::move(script)](const McpIncoming& request) {
      if (request.verb == "DELETE") return http_answer("200 OK", "", "");
      if (request.method() == "server/discover") return json_answer(error_text(request, -32601), "400 Bad Request");
      if (request.method() == "initialize") {
        return http_answer("200 OK", "Content-Type: application/json\r\nMcp-Session-Id: s-1\r\n",
                           result_text(request, R"({"protocolVersion":"2025-11-25","capabilities":{"tools":{}},)"
                                                R"("serverInfo":{"name":"test","version":"1"}})"));
      }
      if (request.method().starts_with("notifications/")) return http_answer("202 Accepted", "", "");
      return script(request);
    };
  }
  // A server of the stateless revision.
  static Script stateless(Script script) {
    return [script = std::move(script)](const McpIncoming& request) {
      if (request.method() == "server/discover") {
        return json_answer(result_text(request, R"({"resultType":"complete","supportedVersions":["2026-07-28"],)"
                                                R"("capabilities":{},"serverInfo":{"name":"test","version":"1"}})"));
      }
      return script(request);
    };
  }

  HttpTestServer& http() { return server_; }
  std::string url() const { return server_.origin() + "/mcp"; }
  std::vector<McpIncoming> seen() {
    return seen_.with([](auto& seen) { return seen; });
  }
  std::vector<std::string> methods() {
    std::vector<std::string> methods;
    for (const McpIncoming& request : seen())
      methods.push_back(request.verb == "POST" ? request.method() : request.verb);
    return methods;
  }
  McpIncoming last(std::string_view method) {
    McpIncoming found;
    for (const McpIncoming& request : seen()) {
      if (request.method() == method || request.verb == method) found = request;
    }
    return found;
  }

 private:
  void serve(HttpTestServer::Connection& connection) {
    for (std::string text = connection.read_request(); !text.empty(); text = connection.read_request()) {
      McpIncoming request;
      request.verb = text.substr(0, text.find(' '));
      const std::size_t body = text.find("\r\n\r\n");
      request.head = text.substr(0, body + 2);
      if (request.verb == "POST") request.message = http_json(text.substr(body + 4));
      seen_.with([&](auto& seen) { seen.push_back(request); });
      const std::string answer = script_(request);
      const bool closes = answer.empty() || answer.ends_with(close_after);
      connection.write(std::string_view(answer).substr(0, answer.size() - (answer.empty() || !closes ? 0u : 1u)));
      if (closes) return;
    }
  }

  Script script_;
  Guarded<std::vector<McpIncoming>> seen_;
  HttpTestServer server_;  // last: its threads use the rest
};

// A client of such a server.
struct McpSession {
  HttpClient http;
  Egress egress;
  McpHttpEndpoint endpoint;
  McpBudget budget;
  McpHttp transport;
  McpClient client;

  explicit McpSession(McpTestServer& server, McpClientOptions options = {}, Duration time = std::chrono::seconds(10))
      : egress({"127.0.0.1"}, false, {}),
        endpoint{.route = *egress.route(*parse_url(server.url())), .headers = {}, .secrets = {}},
        transport(http, egress, endpoint),
        client(transport, with_http(std::move(options)), budget) {
    budget.deadline = std::chrono::steady_clock::now() + time;
  }
  static McpClientOptions with_http(McpClientOptions options) {
    options.cancels_by_message = false;
    return options;
  }
  McpClient::Answer call(std::string_view method = "tools/call", std::string_view params = R"({"name":"t"})") {
    if (auto failure = client.open()) return *std::move(failure);
    return client.call(method, http_json(params), {.headers = {}, .harmless_to_repeat = true});
  }
};

inline std::string what_of(const McpClient::Answer& answer) {
  const auto* failure = std::get_if<McpFailure>(&answer);
  return failure == nullptr ? "answered " + print_json(std::get<Value>(answer)) : failure->what;
}

}  // namespace gantry::tool
