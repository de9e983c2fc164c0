// The operations of the built-in tool "mcp", and the one that every tool with the driver mcp has without declaring it.
#include "tool/mcp_standard_call.h"

#include <map>

#include "base/assert.h"
#include "definition/mcp_method.h"
#include "value/json.h"

namespace gantry::tool {
namespace {

constexpr std::string_view standard_mcp_schema = R"({
  "type": "object",
  "additionalProperties": false,
  "oneOf": [{"required": ["endpoint"]}, {"required": ["stdio"]}],
  "properties": {
    "protocolVersion": {"type": "string"},
    "parameters": {"type": ["object", "null"]},
    "timeout": {"type": "string"},
    "client": {"type": "object", "required": ["name", "version"], "additionalProperties": false,
      "properties": {"name": {"type": "string", "maxLength": 200}, "version": {"type": "string", "maxLength": 200}}},
    "endpoint": {"anyOf": [
      {"type": "string", "minLength": 1},
      {"type": "object", "required": ["uri"], "additionalProperties": false, "properties": {
        "uri": {"type": "string", "minLength": 1}, "authentication": {"type": "object"}}}]},
    "headers": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
    "stdio": {"type": "object", "required": ["command"], "additionalProperties": false, "properties": {
      "command": {"type": "string", "minLength": 1},
      "arguments": {"type": "array", "items": {"type": "string"}},
      "environment": {"type": "object", "additionalProperties": {"anyOf": [
        {"type": "string"}, {"type": "object", "required": ["$secret"], "additionalProperties": false,
                             "properties": {"$secret": {"type": "string"}}}]}}}}
  }})";

definition::Operation built_in(std::string_view name, std::string_view description, std::string_view schema_text) {
  Result<Value> schema = parse_json(schema_text);
  GANTRY_ASSERT(schema.ok(), "the schema of a built-in operation must parse");
  Result<Schema> compiled = Schema::compile(*schema);
  GANTRY_ASSERT(compiled.ok(), "the schema of a built-in operation must compile");
  definition::Operation operation;
  operation.name = name;
  operation.description = description;
  operation.effect_class = definition::EffectClass::egress_read;
  operation.arguments_schema = *std::move(schema);
  operation.arguments = *std::move(compiled);
  // Anybody's server: nothing is known in favour of what it says.
  operation.result_label =
      Label::of({.integrity = Integrity::untrusted, .secrecy = Secrecy::internal, .sources = {}, .compartments = {}});
  return operation;
}

using Operations = std::map<std::string_view, definition::Operation>;

Operations build_standard_mcp_operations() {
  Operations operations;
  for (const definition::McpMethod& method : definition::mcp_methods) {
    definition::Operation operation = built_in(method.operation, "The standard's call: mcp.", standard_mcp_schema);
    if (!method.reads) operation.effect_class = definition::EffectClass::write;
    operations.emplace(method.operation, std::move(operation));
  }
  return operations;
}

definition::Operation build_listing() {
  definition::Operation operation =
      built_in(mcp_listing_operation_name, "What tools the server has.", R"({"type": "object", "maxProperties": 0})");
  operation.binding = Value::object({{"method", "tools/list"}});
  return operation;
}

}  // namespace

const definition::Operation* standard_mcp_operation(std::string_view name) {
  static const Operations operations = build_standard_mcp_operations();
  const auto found = operations.find(name);
  return found == operations.end() ? nullptr : &found->second;
}

const definition::Operation& mcp_listing_operation() {
  static const definition::Operation operation = build_listing();
  return operation;
}

}  // namespace gantry::tool
