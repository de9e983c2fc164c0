// The HTTP API of DESIGN.md section 6.2: routes, authentication, JSON in and out. One table lists every route; the
// OpenAPI document is made from it. Any thread; holds no state of its own.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "journal/query.h"
#include "server/http_server.h"

namespace gantry::server {

struct ApiParts {
  engine::Engine* engine = nullptr;
  journal::Query* query = nullptr;
  const Clock* clock = nullptr;
  std::string version;
  bool write_enabled = true;
  // True once the engine is about to end: who waits for an instance is answered how it stands. Null: it never is.
  const std::atomic<bool>* is_closing = nullptr;
};

// What a handler of one route gets.
struct Call {
  const ApiParts& parts;
  const Request& request;
  definition::Principal principal;
  std::vector<std::string> arguments;  // the values of the {placeholders} in the route's path, in order
};

struct Route {
  const char* method;
  const char* path;     // "/api/v1/instances/{id}"
  const char* summary;  // one sentence, for OpenAPI
  const char* role;  // a role that the caller must hold, or "" for any authenticated caller, or nullptr for none at all
  Response (*handle)(const Call& call);
  std::vector<std::string_view> parameters = {};  // of the query; others are refused
};
const std::vector<Route>& routes();

struct MatchedRoute {
  const Route* route;
  std::vector<std::string> arguments;
};
// Nothing: there is no such path, or not with this method.
std::optional<MatchedRoute> match_route(const Request& request);

class Api {
 public:
  explicit Api(ApiParts parts) : parts_(std::move(parts)) {}
  // Never throws; every failure is an application/problem+json answer.
  Response handle(const Request& request) const;

 private:
  ApiParts parts_;
};

int http_status(Code code);
Response problem_response(int status, std::string_view title, std::string_view detail);
Response error_response(const Error& error);
Response json_response(const Value& value, int status = 200);
// {"items": [...], "next": cursor or null}
Response page_response(const journal::Page& page);
// `limit` (1..1000, default 100) and `cursor` of a list request.
Result<journal::PageRequest> page_request(const Request& request);
// The body as a Value by its content type: JSON (default), YAML, CSV, EDIFACT; an empty body is `fallback`.
Result<Value> body_value(const Request& request, const Value& fallback);

// In the Prometheus text format.
std::string metrics_text(const Value& totals, const engine::EngineStatistics& statistics);
std::string openapi_document(const std::string& version);

// The handlers, by area: api_instances.cpp, api_tasks.cpp, api_gate.cpp, api_definitions.cpp,
// api_migrations.cpp, api_audit.cpp, api_holds.cpp, api_status.cpp.
Response list_instances(const Call& call);
Response show_instance(const Call& call);
Response show_journal(const Call& call);
Response start_instance(const Call& call);
Response cancel_instance(const Call& call);
Response suspend_instance(const Call& call);
Response resume_instance(const Call& call);
Response retry_instance(const Call& call);
Response fork_instance(const Call& call);
Response plan_migration(const Call& call);
Response apply_migration(const Call& call);
Response undo_migration(const Call& call);
Response list_schedules(const Call& call);
Response show_effect(const Call& call);
Response receive_events(const Call& call);
Response list_events(const Call& call);
Response list_holds(const Call& call);
Response post_hold(const Call& call);
Response list_audit(const Call& call);
Response list_tasks(const Call& call);
Response show_task(const Call& call);
Response answer_task(const Call& call);
Response approve_tasks(const Call& call);
Response show_gate(const Call& call);
Response stop_gate(const Call& call);
Response start_gate(const Call& call);
Response deploy_workflow(const Call& call);
Response deploy_project(const Call& call);
Response list_workflows(const Call& call);
Response show_caller(const Call& call);
Response show_openapi(const Call& call);
Response show_health(const Call& call);
Response show_readiness(const Call& call);
Response show_metrics(const Call& call);

}  // namespace gantry::server
