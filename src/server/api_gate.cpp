// The gate itself: the kill switch, and approving several effects at once.
#include "server/api.h"

namespace gantry::server {
namespace {

constexpr std::size_t comment_bytes_max = 4'000, name_bytes_max = 500;

Value no_body() {
  return Value::object(std::vector<Member>{});
}

// A text member, or empty; an error for anything else.
Result<std::string> text_of(const Value& body, std::string_view key, std::size_t bytes_max) {
  const Value* found = body.find(key);
  if (found == nullptr || found->is_null()) return std::string();
  if (found->is_string() && found->size() <= bytes_max) return std::string(found->as_string());
  return Error{Code::invalid_argument,
               "'" + std::string(key) + "': expected text of at most " + std::to_string(bytes_max) + " bytes"};
}

// A name that is empty, as of a variable that is not set, would stop everything, or let everything out again.
Result<std::string> name_of_stop(const Value& body, std::string_view key) {
  const Value* found = body.find(key);
  if (found == nullptr) return std::string();
  std::string name = TRY(text_of(body, key, name_bytes_max));
  if (!name.empty()) return name;
  return Error{Code::invalid_argument,
               "'" + std::string(key) + "': expected a name, found none; leave the member out to mean all"};
}

Result<engine::GateStop> stop_of(const Value& body) {
  if (!body.is_object())
    return Error{Code::invalid_argument, "expected an object with 'tool', 'workflow', 'principal'"};
  for (const Member& member : body.members()) {
    const std::string_view key = member.key.view();
    if (key != "tool" && key != "workflow" && key != "principal" && key != "reason")
      return Error{Code::invalid_argument, "there is no '" + std::string(key.substr(0, 60)) +
                                               "' here; known: tool, workflow, principal, reason"};
  }
  engine::GateStop stop;
  stop.tool = TRY(name_of_stop(body, "tool"));
  stop.workflow = TRY(name_of_stop(body, "workflow"));
  stop.principal = TRY(name_of_stop(body, "principal"));
  return stop;
}

Result<Value> change_gate(const Call& call, bool stops) {
  const Value body = TRY(body_value(call.request, no_body()));
  const engine::GateStop stop = TRY(stop_of(body));
  const std::string reason = TRY(text_of(body, "reason", comment_bytes_max));
  if (stops)
    TRY(call.parts.engine->stop_gate(stop, reason, call.principal));
  else
    TRY(call.parts.engine->start_gate(stop, call.principal));
  return call.parts.engine->gate_state();
}

Result<Value> approve(const Call& call) {
  const Value body = TRY(body_value(call.request, no_body()));
  const Value* tasks = body.find("tasks");
  if (tasks == nullptr || !tasks->is_array())
    return Error{Code::invalid_argument, "expected {\"tasks\": [{\"id\": ..., \"digest\": ...}]}"};
  engine::BatchVoteRequest request;
  request.voter = call.principal;
  request.comment = TRY(text_of(body, "comment", comment_bytes_max));
  for (const Value& task : tasks->items()) {
    if (task.string_or("id", "").empty() || task.string_or("digest", "").empty())
      return Error{Code::invalid_argument, "each task has an 'id', and the 'digest' as it was shown"};
    request.items.push_back({std::string(task.string_or("id", "")), std::string(task.string_or("digest", ""))});
  }
  return call.parts.engine->vote_batch(std::move(request));
}

Response response_of(const Result<Value>& result) {
  return result.ok() ? json_response(*result) : error_response(result.error());
}

}  // namespace

Response approve_tasks(const Call& call) {
  return response_of(approve(call));
}

Response show_gate(const Call& call) {
  return json_response(call.parts.engine->gate_state());
}

Response stop_gate(const Call& call) {
  return response_of(change_gate(call, true));
}

Response start_gate(const Call& call) {
  return response_of(change_gate(call, false));
}

}  // namespace gantry::server
