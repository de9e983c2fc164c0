#include "definition/data_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "definition/schema_loop.h"
#include "value/pointer.h"

namespace gantry::definition {
namespace {

constexpr std::size_t schema_defects_max = 10;  // reported of one schema
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

// The names that the reason of a member which is not allowed gives in quotes, as `'a', 'b' and 'c'`.
std::vector<std::string_view> quoted_names(std::string_view reason) {
  std::vector<std::string_view> names;
  for (std::size_t open = reason.find('\''); open != std::string_view::npos; open = reason.find('\'', open)) {
    const std::size_t close = reason.find('\'', open + 1);
    if (close == std::string_view::npos) break;
    names.push_back(reason.substr(open + 1, close - open - 1));
    open = close + 1;
  }
  return names;
}

// A member that is not allowed and nearly the name of another: which one is said, and that this other one is missing
// is not said as well.
void join_misspelt_members(std::vector<SchemaViolation>& violations) {
  std::set<std::pair<std::string, std::string>> meant;  // the object, the message of what it lacks
  for (SchemaViolation& violation : violations) {
    if (!violation.reason.starts_with("this member is not allowed")) continue;
    const auto tokens = parse_pointer(violation.instance);
    if (!tokens || tokens->empty()) continue;
    const std::string near(nearest_name(tokens->back(), quoted_names(violation.reason)));
    if (near.empty()) continue;
    violation.reason += fmt::format("; did you mean '{}'?", near);
    meant.emplace(violation.instance.substr(0, violation.instance.rfind('/')), fmt::format("expected the member '{}'", near));
  }
  std::erase_if(violations, [&](const SchemaViolation& violation) {
    return meant.count({violation.instance, violation.reason}) > 0;
  });
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

// The schema without what stands at the pointer; nothing when nothing stands there.
std::optional<Value> without_part(const Value& value, const std::vector<std::string>& tokens, std::size_t at) {
  if (at == tokens.size()) return std::nullopt;
  const bool is_last = at + 1 == tokens.size();
  bool found = false;
  if (value.is_object()) {
    std::vector<Member> members;
    for (const Member& each : value.members()) {
      if (each.key.view() != tokens[at]) {
        members.push_back(each);
        continue;
      }
      found = true;
      if (is_last) continue;
      auto inner = without_part(each.value, tokens, at + 1);
      if (!inner) return std::nullopt;
      members.push_back({each.key, *std::move(inner)});
    }
    return found ? std::optional(Value::object(std::move(members))) : std::nullopt;
  }
  if (!value.is_array()) return std::nullopt;
  std::vector<Value> items(value.items().begin(), value.items().end());
  for (std::size_t i = 0; i < items.size() && !found; ++i) {
    if (std::to_string(i) != tokens[at]) continue;
    found = true;
    auto inner = is_last ? std::optional(Value(true)) : without_part(items[i], tokens, at + 1);
    if (!inner) return std::nullopt;
    items[i] = *std::move(inner);
  }
  return found ? std::optional(Value::array(std::move(items))) : std::nullopt;
}

// The message starts with the pointer of the defect: "/properties/a/type: expected ...". Returns the pointer.
std::optional<std::string> report_schema_defect(const Node& node, const std::string& message) {
  std::size_t colon = message.find(": ");
  bool has_pointer = colon != std::string::npos && (colon == 0 || message[0] == '/');
  std::string pointer = has_pointer ? message.substr(0, colon) : "";
  std::string hint;
  const auto found = at_pointer(node.value(), pointer);
  if (pointer.ends_with("/type") && found && found->is_string()) {
    const std::string_view near = nearest_name(
        found->as_string(), {"null", "boolean", "integer", "number", "string", "array", "object"});
    if (!near.empty()) hint = fmt::format("; did you mean '{}'?", near);
  }
  node.file().problem(node.file().value_place(node.pointer() + pointer), "schema: " + message + hint);
  return has_pointer ? std::optional(pointer) : std::nullopt;
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
                   fmt::format("unknown key '{}' in a duration{}", each.key.view().substr(0, 60),
                               suggestion(each.key.view(), {"days", "hours", "minutes", "seconds", "milliseconds"}))};
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
  Value schema = node.value();
  // The compiler stops at a defect: what has it is taken out, so that the next one is found as well.
  for (std::size_t defects = 0; defects < schema_defects_max; ++defects) {
    auto compiled = Schema::compile(schema);
    if (compiled) {
      const auto loop = find_schema_loop(node.value());
      if (loop)
        node.file().problem(node.file().value_place(node.pointer() + *loop),
                            "schema: this comes back to itself with nothing in between, so that no value could be checked by it");
      return defects == 0 && !loop ? std::optional(*std::move(compiled)) : std::nullopt;
    }
    const auto pointer = report_schema_defect(node, compiled.error().message);
    auto tokens = pointer ? parse_pointer(*pointer) : Result<std::vector<std::string>>(Error{});
    if (!tokens || tokens->empty()) return std::nullopt;
    auto rest = without_part(schema, *tokens, 0);
    if (!rest) return std::nullopt;
    schema = *std::move(rest);
  }
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

std::vector<SchemaViolation> certain_violations(const Value& value, const Schema& schema) {
  std::vector<SchemaViolation> certain;
  for (SchemaViolation& violation : schema.validate(value)) {
    if (touches_expression(value, violation.instance)) {
      auto at = at_pointer(value, violation.instance);
      bool is_container = at && (at->is_object() || at->is_array());
      if (!is_container || !independent_of_members(violation.schema)) continue;
    }
    certain.push_back(std::move(violation));
  }
  return certain;
}

void check_literals(const Node& node, const Schema& schema, Severity severity, std::string_view prefix) {
  report_violations(node, certain_violations(node.value(), schema), severity, prefix);
}

void report_violations(const Node& node, std::vector<SchemaViolation> violations, Severity severity,
                       std::string_view prefix) {
  join_misspelt_members(violations);
  for (const SchemaViolation& violation : violations) {
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
