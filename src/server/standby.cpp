#include "server/standby.h"

#include "value/json.h"

namespace gantry::server {

Response Standby::handle(const Request& request) const {
  if (handed_over_.load(std::memory_order_acquire)) return handler_(request);
  if (request.path == "/healthz") return {200, R"({"status":"standby"})", "application/json", {}};
  std::lock_guard lock(mutex_);
  std::string detail = "this node stands by while another one writes the journal; ask that one";
  if (!node_.empty()) detail += ": " + node_ + (address_.empty() ? "" : " at " + address_);
  const Value body = Value::object({{"type", Value("about:blank")},
                                    {"title", Value("This node stands by")},
                                    {"status", Value(503)},
                                    {"detail", Value(detail)},
                                    {"node", Value(node_)},
                                    {"address", Value(address_)}});
  return {503, print_json(body), "application/problem+json", {{"Retry-After", "1"}}};
}

void Standby::waits_for(std::string node, std::string address) {
  std::lock_guard lock(mutex_);
  node_ = std::move(node);
  address_ = std::move(address);
}

void Standby::hand_over(Handler handler) {
  handler_ = std::move(handler);
  handed_over_.store(true, std::memory_order_release);
}

}  // namespace gantry::server
