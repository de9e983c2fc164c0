// Legal holds: what retention must not remove.
#include "journal/retention.h"
#include "server/api.h"

namespace gantry::server {
namespace {

Result<Value> change_hold(const Call& call) {
  Value body = TRY(body_value(call.request, Value::object(std::vector<Member>{})));
  if (!body.is_object()) return Error{Code::invalid_argument, "body: expected an object"};
  const std::string_view action = body.string_or("action", "");
  if (action != "place" && action != "lift")
    return Error{Code::invalid_argument, "body: 'action' is 'place' or 'lift'"};
  journal::HoldRequest request;
  request.workflow = body.string_or("workflow", "");
  request.instance = body.string_or("instance", "");
  request.reason = body.string_or("reason", "");
  request.by = call.principal;
  request.at = call.parts.clock->now();
  return call.parts.engine->maintain([&](journal::Store& store) -> Result<Value> {
    TRY(action == "place" ? journal::place_hold(store, request) : journal::lift_hold(store, request));
    return Value::object({{"done", Value(action)}});
  });
}

Result<Value> read_holds(const Call& call) {
  return call.parts.engine->maintain([](journal::Store& store) -> Result<Value> {
    auto found = TRY(journal::holds(store));
    std::vector<Value> items;
    for (const journal::Hold& hold : found)
      items.push_back(Value::object({{"scope", Value(hold.scope)},
                                     {"person", Value(hold.person)},
                                     {"reason", Value(hold.reason)},
                                     {"placedAt", Value(format_timestamp(hold.at))}}));
    return Value::object({{"items", Value::array(std::move(items))}, {"next", Value()}});
  });
}

}  // namespace

Response list_holds(const Call& call) {
  auto holds = read_holds(call);
  return holds ? json_response(*holds) : error_response(holds.error());
}

Response post_hold(const Call& call) {
  auto changed = change_hold(call);
  return changed ? json_response(*changed) : error_response(changed.error());
}

}  // namespace gantry::server
