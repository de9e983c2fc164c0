#include <fmt/format.h>

#include "server/api.h"
#include "value/json.h"

namespace gantry::server {
namespace {

// One metric family of the Prometheus text format. Labels come from closed sets only.
void append_counts(std::string& text, std::string_view name, std::string_view help, std::string_view label, const Value& counts) {
  text += fmt::format("# HELP {} {}\n# TYPE {} gauge\n", name, help, name);
  if (!counts.is_object()) return;
  for (const Member& member : counts.members())
    if (member.value.is_number()) text += fmt::format("{}{{{}=\"{}\"}} {}\n", name, label, member.key.view(), print_number(member.value));
}

void append_number(std::string& text, std::string_view name, std::string_view type, std::string_view help, std::uint64_t value) {
  text += fmt::format("# HELP {} {}\n# TYPE {} {}\n{} {}\n", name, help, name, type, name, value);
}

std::vector<Value> path_parameters(std::string_view path) {
  std::vector<Value> parameters;
  for (std::size_t open = path.find('{'); open != std::string_view::npos; open = path.find('{', open + 1)) {
    std::string_view name = path.substr(open + 1, path.find('}', open) - open - 1);
    parameters.push_back(Value::object(
        {{"name", name}, {"in", "path"}, {"required", true}, {"schema", Value::object({{"type", "string"}})}}));
  }
  return parameters;
}

std::string lower_method(std::string_view method) {
  std::string lowered(method);
  for (char& letter : lowered) letter = static_cast<char>(letter - 'A' + 'a');
  return lowered;
}

Value operation_of(const Route& route) {
  Value problem = Value::object({{"description", "Problem details (RFC 7807)"},
                                 {"content", Value::object({{"application/problem+json", Value::object(std::vector<Member>{})}})}});
  Value success = Value::object({{"description", "Done"}});
  Value operation = Value::object({{"summary", route.summary}, {"responses", Value::object({{"2XX", success}, {"default", problem}})}});
  std::vector<Value> parameters = path_parameters(route.path);
  for (const std::string_view name : route.parameters)
    parameters.push_back(
        Value::object({{"name", name}, {"in", "query"}, {"schema", Value::object({{"type", "string"}})}}));
  if (!parameters.empty()) operation = std::move(operation).with_member("parameters", Value::array(std::move(parameters)));
  if (!route.role) return operation;
  Value none = Value::array({});
  operation = std::move(operation).with_member("security", Value::array({Value::object({{"bearer", none}})}));
  if (*route.role) operation = std::move(operation).with_member("x-required-role", route.role);
  return operation;
}

}  // namespace

std::string openapi_document(const std::string& version) {
  Value paths = Value::object(std::vector<Member>{});
  for (const Route& route : routes()) {
    const Value* known = paths.find(route.path);
    Value item = known ? *known : Value::object(std::vector<Member>{});
    paths = std::move(paths).with_member(route.path, std::move(item).with_member(lower_method(route.method), operation_of(route)));
  }
  Value bearer = Value::object({{"type", "http"}, {"scheme", "bearer"}});
  Value document = Value::object({{"openapi", "3.1.0"},
                                  {"info", Value::object({{"title", "Gantry"}, {"version", version}})},
                                  {"paths", std::move(paths)},
                                  {"components", Value::object({{"securitySchemes", Value::object({{"bearer", bearer}})}})}});
  return print_json(document);
}

Response show_openapi(const Call& call) { return {200, openapi_document(call.parts.version), "application/json", {}}; }

Response show_caller(const Call& call) {
  std::vector<Value> roles(call.principal.roles.begin(), call.principal.roles.end());
  return json_response(Value::object({{"person", call.principal.person}, {"roles", Value::array(std::move(roles))}}));
}

Response show_health(const Call& call) { return json_response(Value::object({{"status", "ok"}, {"version", call.parts.version}})); }

Response show_readiness(const Call& call) {
  auto totals = call.parts.query->totals();
  if (!totals) return error_response(totals.error());
  if (!call.parts.engine->current_project())
    return problem_response(503, "Not ready", "no project is deployed yet; use 'gantry deploy PATH' or 'gantry serve --dir PROJECT'");
  return json_response(Value::object({{"status", "ready"}}));
}

std::string metrics_text(const Value& totals, const engine::EngineStatistics& statistics) {
  std::string text;
  append_counts(text, "gantry_instances", "Instances by status.", "status", totals.member("instances"));
  append_counts(text, "gantry_effects", "Effects by state.", "state", totals.member("effects"));
  append_counts(text, "gantry_tasks", "Human tasks by state.", "state", totals.member("tasks"));
  append_number(text, "gantry_journal_bytes", "gauge", "Size of the store.", static_cast<std::uint64_t>(totals.integer_or("bytes", 0)));
  append_number(text, "gantry_journal_events_total", "counter", "Events in the journal.", static_cast<std::uint64_t>(totals.integer_or("events", 0)));
  append_number(text, "gantry_commits_total", "counter", "Journal transactions since start.", statistics.commits);
  append_number(text, "gantry_effects_sent_total", "counter", "Effects handed to drivers since start.", statistics.effects_sent);
  append_number(text, "gantry_running_instances", "gauge", "Instances in memory.", statistics.running);
  append_number(text, "gantry_inbox_commands", "gauge", "Commands waiting for the engine.", statistics.inbox);
  append_number(text, "gantry_effects_in_flight", "gauge", "Effects at drivers now.", statistics.in_flight);
  return text;
}

Response show_metrics(const Call& call) {
  auto totals = call.parts.query->totals();
  if (!totals) return error_response(totals.error());
  return {200, metrics_text(*totals, call.parts.engine->statistics()), "text/plain; version=0.0.4", {}};
}

}  // namespace gantry::server
