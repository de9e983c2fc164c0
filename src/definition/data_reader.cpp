#include "definition/data_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "value/pointer.h"

namespace gantry::definition {
namespace {

constexpr Duration duration_max = std::chrono::hours(24 * 365 * 100);

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// True when `instance` is at, above or below a ${ } string of `value`.
bool touches_expression(const Value& value, const std::string& instance) {
  const Value* at = &value;
  auto tokens = parse_pointer(instance);
  if (!tokens) return true;
  for (const std::string& token : *tokens) {
    if (at->is_string()) return true;  // below an expression's result
    const Value* next = at->is_array() ? at->find(static_cast<std::size_t>(std::strtoull(token.c_str(), nullptr, 10)))
                                       : at->find(token);
    if (!next) return false;
    at = next;
  }
  return has_expressions(*at);
}

// Whether a violation at an object or list holds whatever its expressions yield: a member that is missing or unknown,
// required by a part of the schema that applies in any case.
bool independent_of_members(const std::string& schema_pointer) {
  static constexpr std::array conditional = {"/anyOf",   "/oneOf", "/not", "/if", "/then", "/else", "/dependentSchemas",
                                             "/contains"};
  for (const char* part : conditional)
    if (schema_pointer.find(part) != std::string::npos) return false;
  std::string keyword = schema_pointer.substr(schema_pointer.rfind('/') + 1);
  if (keyword == "required" || keyword == "additionalProperties") return true;
  // Some validators point at the property: /required/0.
  std::string above = schema_pointer.substr(0, schema_pointer.rfind('/'));
  return above.size() >= 9 && above.compare(above.size() - 9, 9, "/required") == 0;
}

Result<Duration> duration_from_object(const Value& value) {
  struct Unit {
    std::string_view name;
    double microseconds;
  };
  static constexpr std::array<Unit, 5> units = {
      {{"days", 86400e6}, {"hours", 3600e6}, {"minutes", 60e6}, {"seconds", 1e6}, {"milliseconds", 1e3}}};
  double total = 0;
  for (const Member& each : value.members()) {
    auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == each.key.view(); });
    if (unit == units.end())
      return Error{Code::invalid_argument,
                   fmt::format("unknown key '{}' in a duration; known: days, hours, minutes, seconds, milliseconds",
                               each.key.view().substr(0, 60))};
    if (!each.value.is_number() || !(each.value.as_number() >= 0))
      return Error{Code::invalid_argument, fmt::format("{}: expected a number that is not negative, found {}",
                                                       unit->name, describe_found(each.value))};
    total += each.value.as_number() * unit->microseconds;
  }
  if (value.size() == 0)
    return Error{Code::invalid_argument,
                 "a duration needs at least one of days, hours, minutes, seconds, milliseconds"};
  if (!(total <= static_cast<double>(duration_max.count())))
    return Error{Code::invalid_argument, "a duration of more than 100 years"};
  return Duration(static_cast<std::int64_t>(std::llround(total)));
}

}  // namespace

bool has_expressions(const Value& value) {
  if (value.is_string()) return expression::embedded_expression(value.as_string()).has_value();
  if (value.is_array()) return std::any_of(value.items().begin(), value.items().end(), has_expressions);
  if (value.is_object())
    return std::any_of(value.members().begin(), value.members().end(),
                       [](const Member& each) { return has_expressions(each.value); });
  return false;
}

std::optional<Schema> read_schema(const Node& node) {
  if (!node.value().is_object() && !node.value().is_boolean()) {
    node.expected("a JSON Schema (an object)");
    return std::nullopt;
  }
  auto compiled = Schema::compile(node.value());
  if (compiled) return *std::move(compiled);
  // The message starts with the pointer of the defect: "/properties/a/type: expected ...".
  const std::string& message = compiled.error().message;
  std::size_t colon = message.find(": ");
  bool has_pointer = colon != std::string::npos && (colon == 0 || message[0] == '/');
  std::string pointer = has_pointer ? message.substr(0, colon) : "";
  node.file().problem(node.file().value_place(node.pointer() + pointer), "schema: " + message);
  return std::nullopt;
}

std::optional<Schema> read_schema_reference(const Node& node) {
  ObjectReader reader(node, "a schema");
  if (auto format = reader.find("format")) {
    auto name = format->text();
    if (name && *name != "json" && !starts_with(*name, "json:"))
      format->problem(fmt::format("schema format '{}' is not supported yet; expected json", *name));
  }
  reader.refuse("resource", "a schema by 'resource' is not supported yet; write it inline under 'document'");
  if (reader.has("resource")) return std::nullopt;
  auto document = reader.require("document");
  return document ? read_schema(*document) : std::nullopt;
}

void check_literals(const Node& node, const Schema& schema, Severity severity, std::string_view prefix) {
  const Value& value = node.value();
  for (const SchemaViolation& violation : schema.validate(value)) {
    if (touches_expression(value, violation.instance)) {
      auto at = at_pointer(value, violation.instance);
      bool is_container = at && (at->is_object() || at->is_array());
      if (!is_container || !independent_of_members(violation.schema)) continue;
    }
    const std::string where = std::string(prefix) + (violation.instance.empty() ? "" : violation.instance + ": ");
    const SourcePlace place = node.file().value_place(node.pointer() + violation.instance);
    if (severity == Severity::error)
      node.file().problem(place, where + violation.reason);
    else
      node.file().warning(place, where + violation.reason);
  }
}

Result<Duration> duration_from(const Value& value) {
  if (value.is_object()) return duration_from_object(value);
  if (!value.is_string())
    return Error{Code::invalid_argument,
                 "expected a duration (ISO 8601 text such as PT30S, or an object such as {seconds: 30}), found " +
                     describe_found(value)};
  Duration duration = TRY(parse_duration(value.as_string()));
  if (duration < Duration::zero()) return Error{Code::invalid_argument, "a duration can't be negative"};
  if (duration > duration_max) return Error{Code::invalid_argument, "a duration of more than 100 years"};
  return duration;
}

std::optional<DurationSource> read_duration(const Node& node, const Scope& scope) {
  DurationSource source;
  if (has_expressions(node.value())) {
    source.computed = read_template(node, scope);
    return source;
  }
  auto fixed = duration_from(node.value());
  if (!fixed) {
    node.problem(fixed.error().message);
    return std::nullopt;
  }
  source.fixed = *fixed;
  return source;
}

std::optional<Duration> read_fixed_duration(const Node& node, Duration low, Duration high) {
  auto fixed = duration_from(node.value());
  if (!fixed) {
    node.problem(fixed.error().message);
  } else if (*fixed < low || *fixed > high) {
    node.problem(fmt::format("expected a duration from {} to {}, found {}", format_duration(low), format_duration(high),
                             format_duration(*fixed)));
  } else {
    return *fixed;
  }
  return std::nullopt;
}

std::vector<ApproverRequirement> read_approvers(const Node& node) {
  std::vector<ApproverRequirement> approvers;
  if (!node.is_array("a list of {role, count}")) return approvers;
  for (const Node& each : node.items()) {
    ObjectReader reader(each, "an approver");
    ApproverRequirement requirement;
    if (auto role = reader.require("role")) requirement.role = read_name(*role).value_or("");
    requirement.count = static_cast<std::size_t>(reader.integer("count", 1, 20).value_or(1));
    // A role that is named twice asks for so many people of it.
    const auto same = std::find_if(approvers.begin(), approvers.end(),
                                   [&](const auto& other) { return other.role == requirement.role; });
    if (same == approvers.end())
      approvers.push_back(std::move(requirement));
    else if ((same->count += requirement.count) > 20)
      each.problem(fmt::format("with this one, {} people of role '{}' would have to approve; at most 20", same->count,
                               same->role));
  }
  if (approvers.empty()) node.problem("expected at least one approver");
  return approvers;
}

}  // namespace gantry::definition
