#include "server/api.h"

#include <algorithm>
#include <cctype>
#include <exception>

#include "base/log.h"
#include "definition/reader.h"
#include "server/authentication.h"
#include "tool/edifact.h"
#include "value/csv.h"
#include "value/json.h"
#include "value/utf8.h"
#include "value/yaml.h"

namespace gantry::server {
namespace {

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    std::string_view segment = path.substr(0, path.find('/'));
    segments.push_back(segment);
    path.remove_prefix(segment.size());
  }
  return segments;
}

// The values of the placeholders if `path` has the form of `pattern`.
std::optional<std::vector<std::string>> match_path(std::string_view pattern,
                                                   const std::vector<std::string_view>& path) {
  std::vector<std::string_view> expected = segments_of(pattern);
  if (expected.size() != path.size()) return std::nullopt;
  std::vector<std::string> arguments;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (expected[i].front() == '{') {
      if (path[i].empty() || path[i].size() > 200) return std::nullopt;
      arguments.emplace_back(path[i]);
    } else if (expected[i] != path[i]) {
      return std::nullopt;
    }
  }
  return arguments;
}

std::string_view media_type(const Request& request) {
  std::string_view type = request.header("content-type");
  return type.substr(0, type.find(';'));
}

bool is_yaml_type(std::string_view type) {
  return type == "application/yaml" || type == "application/x-yaml" || type == "text/yaml";
}

// CloudEvents say in ways of their own what their body is.
bool is_readable_body(const Request& request, const Route& route) {
  std::string_view type = media_type(request);
  return request.body.empty() || type.empty() || type == "application/json" || type.ends_with("+json") ||
         is_yaml_type(type) || type == "text/csv" || type == "application/edifact" || route.handle == receive_events;
}

// What is wrong with a body is the caller's, whichever limit it hits; Code::exhausted would say "try again later".
Error body_error(const Error& error) {
  return {error.code == Code::exhausted ? Code::invalid_argument : error.code,
          (std::isdigit(static_cast<unsigned char>(error.message[0])) != 0 ? "body:" : "body: ") + error.message};
}

std::string unknown_parameter(std::string_view name, const Route& route) {
  const std::string known = route.parameters.empty() ? "; there are none here"
                                                     : definition::suggestion(name, route.parameters);
  return "there is no query parameter '" + repaired_utf8(name.substr(0, 100)) + "' of " + route.method + " " +
         route.path + known;
}

Response call_route(const ApiParts& parts, const Request& request, const Route& route,
                    std::vector<std::string> arguments) {
  Call call{parts, request, {}, std::move(arguments)};
  if (route.role) {
    auto principal = authenticate(request.header("authorization"), *parts.query, parts.clock->now());
    if (!principal) {
      if (principal.error().code != Code::denied) return error_response(principal.error());
      Response refused = problem_response(401, "Not authenticated", principal.error().message);
      refused.headers.emplace_back("WWW-Authenticate", "Bearer");
      return refused;
    }
    call.principal = std::move(*principal);
    if (*route.role && !call.principal.has_role(route.role))
      return problem_response(
          403, "Not permitted",
          "this needs the role '" + std::string(route.role) + "'; " + call.principal.person + " does not hold it");
  }
  // One that is misspelt would be taken for one that was not asked for: all tasks in place of those of an instance.
  for (const auto& [name, value] : request.query)
    if (std::find(route.parameters.begin(), route.parameters.end(), name) == route.parameters.end())
      return problem_response(400, "The request is wrong", unknown_parameter(name, route));
  if (!is_readable_body(request, route))
    return problem_response(415, "Unsupported media type",
                            "expected application/json, application/yaml, text/csv or application/edifact, found '" +
                                std::string(media_type(request).substr(0, 100)) + "'");
  return route.handle(call);
}

bool is_method_of(const Route& route, const Request& request) {
  return request.method == route.method || (request.method == "HEAD" && std::string_view(route.method) == "GET");
}

Response dispatch(const ApiParts& parts, const Request& request) {
  std::vector<std::string_view> path = segments_of(request.path);
  if (path.empty() || std::any_of(path.begin(), path.end() - 1, [](std::string_view s) { return s.empty(); }))
    return problem_response(404, "Not found", "there is nothing at " + request.path);
  std::string allowed;
  for (const Route& route : routes()) {
    auto arguments = match_path(route.path, path);
    if (!arguments) continue;
    if (is_method_of(route, request))
      return call_route(parts, request, route, std::move(*arguments));
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  if (allowed.empty())
    return problem_response(404, "Not found", "there is nothing at " + request.path + "; see /api/v1/openapi.json");
  Response response =
      problem_response(405, "Method not allowed", request.method + " is not possible here; allowed: " + allowed);
  response.headers.emplace_back("Allow", allowed);
  return response;
}

}  // namespace

const std::vector<Route>& routes() {
  static const std::vector<Route> table{
      {"GET", "/healthz", "The process is alive.", nullptr, show_health},
      {"GET", "/readyz", "The store answers and a project is deployed.", nullptr, show_readiness},
      {"GET", "/metrics", "Counters in the Prometheus text format.", nullptr, show_metrics},
      {"GET", "/api/v1/openapi.json", "This description.", nullptr, show_openapi},
      {"GET", "/api/v1/me", "Who the token stands for.", "", show_caller},
      {"GET", "/api/v1/workflows", "The workflows of the newest project.", "", list_workflows, {"cursor", "limit"}},
      {"POST", "/api/v1/workflows", "Add or replace one workflow file (YAML or JSON).", "administrator",
       deploy_workflow},
      {"POST", "/api/v1/projects", "Deploy a whole project: {\"files\": {path: text}}.", "administrator",
       deploy_project},
      {"POST", "/api/v1/workflows/{namespace}/{name}/instances",
       "Start an instance; ?version=, ?wait=SECONDS, header Idempotency-Key.", "", start_instance, {"version", "wait"}},
      {"GET", "/api/v1/instances", "Instances, newest first; ?status=, ?workflow=NAMESPACE/NAME, ?cursor=, ?limit=.",
       "", list_instances, {"status", "workflow", "cursor", "limit"}},
      {"GET", "/api/v1/instances/{id}", "One instance with its effects, tasks and children.", "", show_instance},
      {"GET", "/api/v1/instances/{id}/journal", "The events of one instance, in order; ?cursor=, ?limit=.", "", show_journal, {"cursor", "limit"}},
      {"POST", "/api/v1/instances/{id}/cancel", "Cancel a running instance: {\"reason\": ...}.", "operator",
       cancel_instance},
      {"POST", "/api/v1/instances/{id}/suspend", "Suspend a running instance: {\"reason\": ...}.", "operator",
       suspend_instance},
      {"POST", "/api/v1/instances/{id}/resume", "Resume a suspended instance.", "operator", resume_instance},
      {"POST", "/api/v1/instances/{id}/retry",
       "Go on from the task that faulted it, or from {\"task\": ...}, in a new instance.", "operator", retry_instance},
      {"POST", "/api/v1/instances/{id}/fork", "Go on from {\"task\": ...} in a new instance; this one stays as it is.",
       "operator", fork_instance},
      {"POST", "/api/v1/migrations/plan",
       "What would become of each running instance: {\"workflow\": \"NAMESPACE/NAME\", \"from\", \"to\", \"mapping\"}; changes "
       "nothing.",
       "operator", plan_migration},
      {"POST", "/api/v1/migrations", "Move all that can to the other version, in one transaction; the body is that of the plan.",
       "operator", apply_migration},
      {"POST", "/api/v1/migrations/{id}/undo",
       "Move them back, unless something has happened to one of them; {\"partly\": true} moves back those that can.", "operator",
       undo_migration},
      {"GET", "/api/v1/schedules", "The schedules in force, and when they are due next.", "", list_schedules, {"cursor", "limit"}},
      {"GET", "/api/v1/effects/{id}", "One effect: arguments, verdict, approvals, outcome.", "", show_effect},
      {"GET", "/api/v1/tasks", "Human tasks that the caller's roles, own or lent, may act on; ?state=open|closed, ?instance=ID, ?all=true, ?cursor=, ?limit=.", "",
       list_tasks, {"state", "instance", "all", "cursor", "limit"}},
      {"GET", "/api/v1/tasks/{id}", "One human task: what is asked, the exact effect, who has voted, what is missing.",
       "", show_task},
      {"POST", "/api/v1/tasks/{id}/answer",
       "Answer: {\"approve\": true|false, \"comment\", \"digest\": the task's, as shown} for approvals, {\"answer\": "
       "...} for decisions and "
       "resolutions.",
       "", answer_task},
      {"GET", "/api/v1/audit",
       "Every event of the journal, oldest first; ?instance=, ?type=, ?person=, ?from=, ?to=, ?cursor=, ?limit=.", "auditor", list_audit, {"instance", "type", "person", "from", "to", "cursor", "limit"}},
      {"GET", "/api/v1/holds", "Legal holds: what retention does not remove.", "auditor", list_holds, {"cursor", "limit"}},
      {"POST", "/api/v1/holds",
       "Place or lift a legal hold: {\"action\": \"place\"|\"lift\", \"workflow\": \"NAMESPACE/NAME\" or \"instance\": ID, \"reason\"}.",
       "auditor", post_hold},
      {"POST", "/api/v1/approvals",
       "Approve several effects that mean the same, all or none: {\"tasks\": [{\"id\", \"digest\"}], \"comment\"}.", "",
       approve_tasks},
      {"GET", "/api/v1/gate", "What the gate is stopped for.", "", show_gate},
      {"POST", "/api/v1/gate/stop",
       "Let no such effect out from now on: {\"tool\", \"workflow\", \"principal\", \"reason\"}; without the first "
       "three, none "
       "at all.",
       "operator", stop_gate},
      {"POST", "/api/v1/gate/start", "Take a stop back: {\"tool\", \"workflow\", \"principal\"} as it was stopped.",
       "operator", start_gate},
      {"GET", "/api/v1/events", "CloudEvents received and emitted, newest first; ?cursor=, ?limit=.", "", list_events, {"cursor", "limit"}},
      {"POST", "/api/v1/events",
       "Receive CloudEvents in structured, batched or binary mode: {\"received\", \"duplicates\"}, durable and "
       "delivered when answered.",
       "", receive_events},
  };
  return table;
}

std::optional<MatchedRoute> match_route(const Request& request) {
  const std::vector<std::string_view> path = segments_of(request.path);
  for (const Route& route : routes()) {
    if (!is_method_of(route, request)) continue;
    if (auto arguments = match_path(route.path, path)) return MatchedRoute{&route, *std::move(arguments)};
  }
  return std::nullopt;
}

Response Api::handle(const Request& request) const {
  try {
    return dispatch(parts_, request);
  } catch (const std::exception& error) {
    log(LogLevel::error, "request failed" + log_field("path", request.path) + log_field("error", error.what()));
    return problem_response(500, "Internal error", "the request failed inside Gantry; the log has the details");
  }
}

int http_status(Code code) {
  switch (code) {
    case Code::invalid_argument:
      return 400;
    case Code::not_found:
      return 404;
    case Code::conflict:
      return 409;
    case Code::denied:
      return 403;
    case Code::exhausted:
      return 429;
    case Code::unavailable:
      return 503;
    case Code::timeout:
      return 504;
    case Code::cancelled:
      return 409;
    case Code::internal:
      return 500;
  }
  return 500;
}

Response problem_response(int status, std::string_view title, std::string_view detail) {
  // A detail may quote the start of a text, cut within a character.
  Value body = Value::object({{"type", "about:blank"}, {"status", status}, {"title", title}, {"detail", repaired_utf8(detail)}});
  return {status, print_json(body), "application/problem+json", {}};
}

Response error_response(const Error& error) {
  static constexpr std::pair<Code, std::string_view> titles[] = {{Code::invalid_argument, "The request is wrong"},
                                                                 {Code::not_found, "Not found"},
                                                                 {Code::conflict, "Conflict"},
                                                                 {Code::denied, "Not permitted"},
                                                                 {Code::exhausted, "A limit is reached"},
                                                                 {Code::unavailable, "Not available"},
                                                                 {Code::timeout, "Too slow"},
                                                                 {Code::cancelled, "Cancelled"},
                                                                 {Code::internal, "Internal error"}};
  std::string_view title = titles[static_cast<std::size_t>(error.code)].second;
  return problem_response(http_status(error.code), title, error.message);
}

Response json_response(const Value& value, int status) {
  return {status, print_json(value), "application/json", {}};
}

Response page_response(const journal::Page& page) {
  Value next = page.next_cursor.empty() ? Value() : Value(page.next_cursor);
  return json_response(Value::object({{"items", Value::array(page.rows)}, {"next", next}}));
}

Result<journal::PageRequest> page_request(const Request& request) {
  journal::PageRequest page;
  page.cursor = std::string(request.parameter("cursor"));
  std::string_view limit = request.parameter("limit");
  if (limit.empty()) return page;
  page.limit = 0;
  for (char digit : limit) {
    if (digit < '0' || digit > '9' || page.limit > 1000)
      return Error{Code::invalid_argument,
                   "'limit' is a number from 1 to 1000, found '" + std::string(limit.substr(0, 20)) + "'"};
    page.limit = page.limit * 10 + static_cast<std::size_t>(digit - '0');
  }
  if (page.limit < 1 || page.limit > 1000)
    return Error{Code::invalid_argument, "'limit' is a number from 1 to 1000, found '" + std::string(limit) + "'"};
  return page;
}

Result<Value> body_value(const Request& request, const Value& fallback) {
  if (request.body.empty()) return fallback;
  std::string_view type = media_type(request);
  if (is_yaml_type(type)) {
    auto parsed = parse_yaml(request.body);
    if (const auto* error = std::get_if<YamlError>(&parsed))
      return Error{Code::invalid_argument, "body:" + std::to_string(error->place.line) + ":" +
                                               std::to_string(error->place.column) + ": " + error->message};
    return std::get<YamlDocument>(parsed).root;
  }
  auto value = type == "application/edifact" ? tool::read_edifact(request.body)
               : type == "text/csv"          ? parse_csv(request.body)
                                             : parse_json(request.body, {.limits = {}, .refuse_duplicate_keys = true});
  return value ? value : body_error(value.error());
}

}  // namespace gantry::server
