// Parts that several kinds of definition have: schemas, durations, and checks of literal values against schemas.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "definition/expression_reader.h"

namespace gantry::definition {

// A JSON Schema written at `node`; its defects are reported at their places in the schema, ten at most.
std::optional<Schema> read_schema(const Node& node);
// The standard's form {format: json, document: {...}}.
std::optional<Schema> read_schema_reference(const Node& node);

// Reports where `node` can't satisfy the schema, whatever its ${ } expressions yield. `prefix` starts each message.
void check_literals(const Node& node, const Schema& schema, Severity severity = Severity::error,
                    std::string_view prefix = "");
// The part of check_literals that finds, and the part that reports.
std::vector<SchemaViolation> certain_violations(const Value& value, const Schema& schema);
void report_violations(const Node& node, std::vector<SchemaViolation> violations, Severity severity,
                       std::string_view prefix);
// Whether any string in it is a ${ } expression.
bool has_expressions(const Value& value);

// ISO 8601 text, an object {days, hours, minutes, seconds, milliseconds}, or an expression.
std::optional<DurationSource> read_duration(const Node& node, const Scope& scope);
// ISO 8601 text only, from `low` to `high`.
std::optional<Duration> read_fixed_duration(const Node& node, Duration low, Duration high);

// A list of {role, count}, not empty.
std::vector<ApproverRequirement> read_approvers(const Node& node);

}  // namespace gantry::definition
