#include <algorithm>
#include <chrono>

#include "server/api.h"
#include "server/cloud_event_request.h"
#include "value/json.h"

namespace gantry::server {
namespace {

constexpr int wait_seconds_max = 60;

Result<Duration> wait_time(const Request& request) {
  std::string_view text = request.parameter("wait");
  int seconds = 0;
  for (char digit : text) {
    if (digit < '0' || digit > '9' || seconds > wait_seconds_max)
      return Error{Code::invalid_argument, "'wait' is a number of seconds from 0 to 60, found '" + std::string(text.substr(0, 20)) + "'"};
    seconds = seconds * 10 + (digit - '0');
  }
  if (seconds > wait_seconds_max) return Error{Code::invalid_argument, "'wait' is at most 60 seconds"};
  return Duration(std::chrono::seconds(seconds));
}

Value to_value(const engine::InstanceOutcome& outcome) {
  return Value::object({{"instance", outcome.instance}, {"status", outcome.status}, {"output", outcome.output}, {"error", outcome.error}});
}

Result<std::string> idempotency_key(const Call& call) {
  const std::string_view key = call.request.header("idempotency-key");
  if (key.size() > 200) return Error{Code::invalid_argument, "'Idempotency-Key' has at most 200 characters"};
  return std::string(key);
}

// An engine that is about to end is not kept waiting.
Result<engine::InstanceOutcome> wait_for(const Call& call, const std::string& instance, Duration wait) {
  if (call.parts.is_closing == nullptr) return call.parts.engine->wait(instance, wait, true);
  constexpr auto slice = std::chrono::milliseconds(500);
  using SteadyClock = std::chrono::steady_clock;
  const auto end = SteadyClock::now() + wait;
  for (;;) {
    const auto slice_end = std::min<SteadyClock::time_point>(SteadyClock::now() + slice, end);
    const Duration left = std::chrono::duration_cast<Duration>(slice_end - SteadyClock::now());
    auto outcome = call.parts.engine->wait(instance, std::max(left, Duration::zero()), true);
    const auto now = SteadyClock::now();
    if (!outcome || now < slice_end || now >= end || *call.parts.is_closing) return outcome;
  }
}

Result<Value> start(const Call& call) {
  Duration wait = TRY(wait_time(call.request));
  Value input = TRY(body_value(call.request, Value::object(std::vector<Member>{})));
  const std::string key = TRY(idempotency_key(call));
  engine::Started started = TRY(call.parts.engine->start({.namespace_ = call.arguments[0],
                                                          .name = call.arguments[1],
                                                          .version = std::string(call.request.parameter("version")),
                                                          .input = std::move(input),
                                                          .principal = call.principal,
                                                          .key = key}));
  engine::InstanceOutcome outcome{started.instance, "running", {}, {}, false};
  if (wait > Duration::zero()) outcome = TRY(wait_for(call, started.instance, wait));
  return to_value(outcome).with_member("existed", started.existed);
}

std::optional<std::string> optional_parameter(const Request& request, std::string_view name) {
  std::string_view value = request.parameter(name);
  return value.empty() ? std::nullopt : std::optional<std::string>(value);
}

Result<Value> receive(const Call& call) {
  std::vector<Value> events = TRY(cloud_events_of(call.request));
  const engine::Received received = TRY(call.parts.engine->receive(std::move(events), call.principal));
  return Value::object({{"received", received.received}, {"duplicates", received.duplicates}});
}

Response respond(Result<Value> result, int status = 200) { return result ? json_response(*result, status) : error_response(result.error()); }
Response respond(Result<journal::Page> page) { return page ? page_response(*page) : error_response(page.error()); }

}  // namespace

Response start_instance(const Call& call) { return respond(start(call), 201); }

Response list_instances(const Call& call) {
  auto page = page_request(call.request);
  if (!page) return error_response(page.error());
  return respond(call.parts.query->instances({.status = optional_parameter(call.request, "status"), .workflow = optional_parameter(call.request, "workflow")}, *page));
}

Response show_instance(const Call& call) { return respond(call.parts.query->instance(call.arguments[0])); }

Response show_journal(const Call& call) {
  auto page = page_request(call.request);
  if (!page) return error_response(page.error());
  return respond(call.parts.query->events(call.arguments[0], *page));
}

Response cancel_instance(const Call& call) {
  auto body = body_value(call.request, Value::object(std::vector<Member>{}));
  if (!body) return error_response(body.error());
  auto cancelled = call.parts.engine->cancel(call.arguments[0], call.principal, std::string(body->string_or("reason", "")));
  if (!cancelled) return error_response(cancelled.error());
  return respond(call.parts.query->instance(call.arguments[0]));
}

Response suspend_instance(const Call& call) {
  auto body = body_value(call.request, Value::object(std::vector<Member>{}));
  if (!body) return error_response(body.error());
  auto suspended = call.parts.engine->suspend(call.arguments[0], call.principal, std::string(body->string_or("reason", "")));
  if (!suspended) return error_response(suspended.error());
  return respond(call.parts.query->instance(call.arguments[0]));
}

Response resume_instance(const Call& call) {
  auto resumed = call.parts.engine->resume(call.arguments[0], call.principal);
  if (!resumed) return error_response(resumed.error());
  return respond(call.parts.query->instance(call.arguments[0]));
}

namespace {

// {"task": ...} of the body, or empty.
Result<std::string> task_to_go_on_from(const Call& call) {
  const Value body = TRY(body_value(call.request, Value::object(std::vector<Member>{})));
  const Value* task = body.find("task");
  if (task == nullptr) return std::string();
  if (task->is_string()) return std::string(task->as_string());
  return Error{Code::invalid_argument, "/task: expected the name of a task, or its reference such as /do/2/pay"};
}

Result<Value> go_on(const Call& call, decltype(&engine::Engine::fork) how) {
  const std::string task = TRY(task_to_go_on_from(call));
  const std::string key = TRY(idempotency_key(call));
  return (call.parts.engine->*how)(call.arguments[0], task, call.principal, key);
}

}  // namespace

Response retry_instance(const Call& call) { return respond(go_on(call, &engine::Engine::retry), 201); }

Response fork_instance(const Call& call) { return respond(go_on(call, &engine::Engine::fork), 201); }

Response list_schedules(const Call& call) {
  auto rows = call.parts.engine->schedules();
  if (!rows) return error_response(rows.error());
  return page_response({rows->items(), ""});
}

Response show_effect(const Call& call) { return respond(call.parts.query->effect(call.arguments[0])); }

Response receive_events(const Call& call) { return respond(receive(call), 202); }

Response list_events(const Call& call) {
  auto page = page_request(call.request);
  if (!page) return error_response(page.error());
  return respond(call.parts.query->cloud_events(*page));
}

}  // namespace gantry::server
