// Moving running instances to another version of their workflow: the plan, the move, and back.
#include "server/api.h"
#include "value/json.h"

namespace gantry::server {
namespace {

Result<std::string> text_in(const Value& body, std::string_view key) {
  const Value* found = body.find(key);
  if (found != nullptr && found->is_string() && !found->as_string().empty()) return std::string(found->as_string());
  return Error{Code::invalid_argument, "/" + std::string(key) + ": expected text"};
}

Result<Value> migrate(const Call& call, bool apply) {
  const Value body = TRY(body_value(call.request, Value::object(std::vector<Member>{})));
  const std::string workflow = TRY(text_in(body, "workflow"));
  const std::size_t slash = workflow.find('/');
  if (slash == std::string::npos)
    return Error{Code::invalid_argument, "/workflow: expected NAMESPACE/NAME, found '" + workflow.substr(0, 100) + "'"};
  engine::MigrationRequest request{.namespace_ = workflow.substr(0, slash),
                                   .name = workflow.substr(slash + 1),
                                   .from = {},
                                   .to = {},
                                   .mapping = body.member("mapping"),
                                   .apply = apply,
                                   .by = call.principal};
  request.from = TRY(text_in(body, "from"));
  request.to = TRY(text_in(body, "to"));
  return call.parts.engine->migrate(std::move(request));
}

Result<Value> undo(const Call& call) {
  const Value body = TRY(body_value(call.request, Value::object(std::vector<Member>{})));
  const Value* partly = body.find("partly");
  if (partly != nullptr && !partly->is_boolean()) return Error{Code::invalid_argument, "/partly: expected true or false"};
  return call.parts.engine->undo_migration(
      {.migration = call.arguments[0], .partly = partly != nullptr && partly->as_boolean(), .by = call.principal});
}

Response answer(Result<Value> result, int status) { return result ? json_response(*result, status) : error_response(result.error()); }

}  // namespace

Response plan_migration(const Call& call) { return answer(migrate(call, false), 200); }

Response apply_migration(const Call& call) { return answer(migrate(call, true), 201); }

Response undo_migration(const Call& call) { return answer(undo(call), 200); }

}  // namespace gantry::server
