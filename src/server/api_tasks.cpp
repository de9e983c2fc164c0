#include "engine/lent_roles.h"
#include "server/api.h"

namespace gantry::server {
namespace {

Result<Value> answer(const Call& call) {
  Value body = TRY(body_value(call.request, Value::object(std::vector<Member>{})));
  const Value* approve = body.find("approve");
  const Value* answered = body.find("answer");
  if ((approve != nullptr) == (answered != nullptr))
    return Error{Code::invalid_argument, "the body has either 'approve' (true or false) or 'answer'"};
  if (answered)
    return call.parts.engine->answer({.human_task = call.arguments[0], .person = call.principal, .answer = *answered});
  if (!approve->is_boolean())
    return Error{Code::invalid_argument, std::string("'approve' is true or false, found a ") + approve->kind_name()};
  std::string_view comment = body.string_or("comment", "");
  if (comment.size() > 4000) return Error{Code::invalid_argument, "'comment' has at most 4000 bytes"};
  if (!approve->as_boolean() && comment.empty())
    return Error{Code::invalid_argument, "a rejection needs a 'comment' that says why"};
  const Value* digest = body.find("digest");
  if (digest == nullptr || !digest->is_string() || digest->size() == 0)
    return Error{Code::invalid_argument, "'digest' is missing: a vote names the digest of the task as it was shown"};
  return call.parts.engine->vote({.human_task = call.arguments[0],
                                  .voter = call.principal,
                                  .approve = approve->as_boolean(),
                                  .comment = std::string(comment),
                                  .shown_digest = std::string(digest->as_string())});
}

// One's own, and those that somebody lent who holds them.
Result<std::vector<std::string>> roles_of(const Call& call) {
  std::vector<std::string> roles = call.principal.roles;
  const auto lent = TRY(engine::lent_roles(call.parts.engine->current_project(), call.principal.person,
                                           call.parts.clock->now(), [&] { return call.parts.query->tokens(); }));
  for (const definition::Delegation& each : lent) roles.push_back(each.role);
  return roles;
}

}  // namespace

Response list_tasks(const Call& call) {
  auto page = page_request(call.request);
  if (!page) return error_response(page.error());
  journal::TaskFilter filter;
  if (!call.request.parameter("state").empty()) filter.state = std::string(call.request.parameter("state"));
  if (!call.request.parameter("instance").empty()) filter.instance = std::string(call.request.parameter("instance"));
  if (call.request.parameter("all") != "true") {
    auto roles = roles_of(call);
    if (!roles) return error_response(roles.error());
    filter.roles = *std::move(roles);
    if (filter.roles.empty()) return page_response({});
  }
  auto tasks = call.parts.query->tasks(filter, *page);
  return tasks ? page_response(*tasks) : error_response(tasks.error());
}

Response show_task(const Call& call) {
  auto task = call.parts.query->task(call.arguments[0]);
  return task ? json_response(*task) : error_response(task.error());
}

Response answer_task(const Call& call) {
  auto result = answer(call);
  return result ? json_response(*result) : error_response(result.error());
}

}  // namespace gantry::server
