// MCP over Streamable HTTP: every message is a POST, answered by JSON or by a stream of events. Where a stream breaks
// off before the answer, and the server has numbered its events, it is opened again with GET.
#pragma once

#include "tool/http_egress.h"
#include "tool/http_exchange.h"
#include "tool/mcp_transport.h"

namespace gantry::tool {

struct McpHttpEndpoint {
  Egress::Route route;
  std::vector<std::pair<std::string, std::string>> headers;  // of every request, the credential among them
  std::vector<std::string> secrets;                          // may not appear in anything that comes back
};

class McpHttp final : public McpTransport {
 public:
  // All of it outlives the transport.
  McpHttp(HttpClient& client, const Egress& egress, const McpHttpEndpoint& endpoint)
      : client_(client), egress_(egress), endpoint_(endpoint) {}

  std::variant<McpMessage, McpFailure> request(const McpRequest& request, McpBudget& budget) override;
  std::optional<McpFailure> notify(std::string_view text, McpBudget& budget) override;
  void use_revision(std::string_view revision) override { revision_ = revision; }
  void close(McpBudget& budget) override;  // tells the server that the session is over

 private:
  struct Stream;
  bool is_modern() const { return revision_ >= mcp_stateless_revision; }
  HttpExchangeRequest prepare(std::string_view method, const McpBudget& budget) const;
  HttpExchangeResult send(HttpExchangeRequest& exchange, Stream& stream, McpBudget& budget);
  std::optional<McpFailure> resume(Stream& stream, McpBudget& budget);
  std::variant<McpMessage, McpFailure> answer_in(const HttpExchangeResult& result, Stream& stream) const;
  bool take_session(const HttpExchangeResult& result);

  HttpClient& client_;
  const Egress& egress_;
  const McpHttpEndpoint& endpoint_;
  std::string revision_, session_;
};

}  // namespace gantry::tool
