#include "tool/standard_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/assert.h"
#include "tool/mcp_standard_call.h"
#include "value/json.h"

namespace gantry::tool {
namespace {

constexpr std::string_view standard_http_schema = R"({
  "type": "object",
  "required": ["method", "endpoint"],
  "additionalProperties": false,
  "properties": {
    "method": {"type": "string", "pattern": "^[A-Za-z]{1,16}$"},
    "endpoint": {"anyOf": [
      {"type": "string", "minLength": 1},
      {"type": "object", "required": ["uri"], "additionalProperties": false, "properties": {
        "uri": {"type": "string", "minLength": 1}, "authentication": {"type": "object"}}}]},
    "headers": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
    "query": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "array", "null"]}},
    "body": true,
    "output": {"enum": ["raw", "content", "response"]},
    "redirect": {"type": "boolean"}
  }})";

definition::Operation build_standard_http_operation() {
  Result<Value> schema = parse_json(standard_http_schema);
  GANTRY_ASSERT(schema.ok(), "the schema of call: http must parse");
  Result<Schema> compiled = Schema::compile(*schema);
  GANTRY_ASSERT(compiled.ok(), "the schema of call: http must compile");
  definition::Operation operation;
  operation.name = standard_http_operation_name;
  operation.description = "The standard's call: http.";
  operation.effect_class = definition::EffectClass::write;
  operation.arguments_schema = *std::move(schema);
  operation.arguments = *std::move(compiled);
  // Anybody's server: nothing is known in favour of what it says.
  operation.result_label = Label::of(definition::undeclared_label());
  return operation;
}

std::string upper_case(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char byte) { return static_cast<char>(std::toupper(byte)); });
  return upper;
}

}  // namespace

const definition::Operation& standard_http_operation() {
  static const definition::Operation operation = build_standard_http_operation();
  return operation;
}

const definition::Operation* find_operation(const definition::Project& project, std::string_view tool,
                                            std::string_view operation) {
  if (tool == standard_http_tool) {
    return operation == standard_http_operation_name ? &standard_http_operation() : nullptr;
  }
  if (tool == standard_mcp_tool) return standard_mcp_operation(operation);
  if (operation == mcp_listing_operation_name) {
    const auto found = project.tools.find(tool);
    return found != project.tools.end() && found->second->driver == "mcp" ? &mcp_listing_operation() : nullptr;
  }
  return project.find_operation(tool, operation);
}

definition::EffectClass class_of_call(const definition::Operation& operation, std::string_view tool,
                                      const Value& arguments) {
  if (tool == standard_mcp_tool && arguments.is_object() && arguments.find("stdio") != nullptr) {
    return definition::EffectClass::write;
  }
  if (tool != standard_http_tool) return operation.effect_class;
  const std::string method = upper_case(arguments.is_object() ? arguments.string_or("method", "") : "");
  if (method == "GET" || method == "HEAD" || method == "OPTIONS") return definition::EffectClass::egress_read;
  return method == "DELETE" ? definition::EffectClass::destroy : definition::EffectClass::write;
}

Digest tool_digest_of(const definition::Project& project, std::string_view tool) {
  if (is_standard_tool(tool)) return {};
  const auto found = project.tools.find(tool);
  return found == project.tools.end() ? Digest{} : found->second->digest;
}

namespace {

// As it is sent: what policies compare must not depend on how the author writes it.
void write_method_large(Effect& effect) {
  if (effect.tool != standard_http_tool || !effect.arguments.is_object()) return;
  const Value* method = effect.arguments.find("method");
  if (method == nullptr || !method->is_string()) return;
  const std::string large = upper_case(method->as_string());
  if (large == method->as_string()) return;
  Value written = Value(large).labelled(method->label());
  effect.arguments = std::move(effect.arguments).with_member("method", std::move(written));
}

}  // namespace

Status complete_effect(Effect& effect, const definition::Project& definitions) {
  write_method_large(effect);
  const definition::Operation* operation = find_operation(definitions, effect.tool, effect.operation);
  if (operation == nullptr) {
    return Error{Code::not_found,
                 fmt::format("effect {}: there is no operation {}.{}", effect.id, effect.tool, effect.operation)};
  }
  effect.effect_class = class_of_call(*operation, effect.tool, effect.arguments);
  effect.irreversible = operation->irreversible;
  effect.digest = digest_of(effect, tool_digest_of(definitions, effect.tool));
  return done();
}

}  // namespace gantry::tool
