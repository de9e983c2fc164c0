// The audit trail: all events of the journal, for those who hold the role `auditor`.
#include "server/api.h"

namespace gantry::server {
namespace {

std::optional<std::string> given(const Request& request, std::string_view name) {
  std::string_view value = request.parameter(name);
  return value.empty() ? std::nullopt : std::optional<std::string>(value);
}

Result<std::optional<Timestamp>> time_of(const Request& request, std::string_view name) {
  std::string_view text = request.parameter(name);
  if (text.empty()) return std::optional<Timestamp>();
  auto time = parse_timestamp(text);
  if (!time) return Error{Code::invalid_argument, "'" + std::string(name) + "': " + time.error().message};
  return std::optional(*time);
}

Result<journal::Page> read_audit(const Call& call) {
  auto page = TRY(page_request(call.request));
  journal::AuditFilter filter;
  filter.instance = given(call.request, "instance");
  filter.type = given(call.request, "type");
  filter.person = given(call.request, "person");
  filter.from = TRY(time_of(call.request, "from"));
  filter.to = TRY(time_of(call.request, "to"));
  return call.parts.query->audit(filter, page);
}

}  // namespace

Response list_audit(const Call& call) {
  auto page = read_audit(call);
  return page ? page_response(*page) : error_response(page.error());
}

}  // namespace gantry::server
