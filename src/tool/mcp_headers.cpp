// Headers of Streamable HTTP that repeat what stands in the message (revision 2026-07-28, "Standard Request Headers"
// and "Custom Headers from Tool Parameters"), so that something between client and server can read it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "tool/base64.h"
#include "tool/http_binding.h"
#include "tool/mcp_client.h"
#include "value/json.h"

namespace gantry::tool {
namespace {

constexpr std::string_view header_mark = "x-mcp-header";
const std::string parameter_prefix = "Mcp-Param-";
constexpr std::size_t parameter_headers_max = 50;
constexpr std::size_t schema_depth_max = 32;
constexpr std::string_view base64_start = "=?base64?", base64_end = "?=";

struct Declaration {
  std::vector<std::string> path;
  std::string name;
};

Error wrong_schema(const std::vector<std::string>& path, std::string_view why) {
  std::string place;
  for (const std::string& key : path) place += "/" + key;
  return {Code::invalid_argument,
          fmt::format("the input schema at {}: x-mcp-header: {}", place.empty() ? "/" : place, why)};
}

class DeclarationReader {
 public:
  // `reachable`: a property of a property ... of the arguments.
  Status read(const Value& schema, std::vector<std::string>& path, bool reachable) {
    if (!schema.is_object()) return done();
    if (path.size() > schema_depth_max) return wrong_schema({}, "the schema is nested too deeply");
    if (const Value* name = schema.find(header_mark)) TRY(take(schema, *name, path, reachable));
    for (const Member& member : schema.members()) {
      if (member.key.view() == "properties") {
        TRY(read_each(member.value, path, reachable));
      } else if (member.value.is_object()) {
        TRY(read_below(member, path));
      } else if (member.value.is_array()) {
        for (const Value& item : member.value.items()) TRY(read(item, path, false));
      }
    }
    return done();
  }
  std::vector<Declaration> declarations;

 private:
  Status read_each(const Value& properties, std::vector<std::string>& path, bool reachable) {
    if (!properties.is_object()) return done();
    for (const Member& property : properties.members()) {
      path.emplace_back(property.key.view());
      TRY(read(property.value, path, reachable));
      path.pop_back();
    }
    return done();
  }

  // Under any other keyword there may be a schema, or an object of schemas; values that are none are not looked at.
  Status read_below(const Member& member, std::vector<std::string>& path) {
    static constexpr std::array<std::string_view, 4> values = {"default", "const", "examples", "enum"};
    static constexpr std::array<std::string_view, 4> maps = {"patternProperties", "dependentSchemas", "$defs",
                                                             "definitions"};
    const std::string_view key = member.key.view();
    if (std::find(values.begin(), values.end(), key) != values.end()) return done();
    if (std::find(maps.begin(), maps.end(), key) != maps.end()) return read_each(member.value, path, false);
    path.emplace_back(key);
    TRY(read(member.value, path, false));
    path.pop_back();
    return done();
  }

  Status take(const Value& schema, const Value& name, const std::vector<std::string>& path, bool reachable) {
    if (!reachable || path.empty()) return wrong_schema(path, "only properties of the arguments can have it");
    if (!name.is_string() || name.size() == 0 || !is_free_header_name(parameter_prefix + std::string(name.as_string())))
      return wrong_schema(path, "expected a header's name");
    const std::string_view type = schema.string_or("type", "");
    if (type != "string" && type != "integer" && type != "boolean") {
      return wrong_schema(path, "only text, integers and booleans can have it");
    }
    std::string lower(name.as_string());
    for (char& byte : lower) byte = byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
    if (!names_.insert(lower).second) return wrong_schema(path, "two properties have the same");
    if (declarations.size() >= parameter_headers_max) return wrong_schema(path, "too many");
    declarations.push_back({path, std::string(name.as_string())});
    return done();
  }

  std::set<std::string> names_;
};

const Value* value_at(const Value& arguments, const std::vector<std::string>& path) {
  const Value* at = &arguments;
  for (const std::string& key : path) {
    at = at->is_object() ? at->find(key) : nullptr;
    if (at == nullptr) return nullptr;
  }
  return at;
}

}  // namespace

std::string mcp_header_value(std::string_view text) {
  const bool plain =
      !text.empty() && text.front() != ' ' && text.front() != '\t' && text.back() != ' ' && text.back() != '\t' &&
      !(text.starts_with(base64_start) && text.ends_with(base64_end)) &&
      std::all_of(text.begin(), text.end(), [](char byte) { return byte == '\t' || (byte >= ' ' && byte < 0x7F); });
  return plain ? std::string(text) : fmt::format("{}{}{}", base64_start, encode_base64(std::string(text)), base64_end);
}

Result<std::vector<std::pair<std::string, std::string>>> mcp_parameter_headers(const Value& input_schema,
                                                                               const Value& arguments) {
  DeclarationReader reader;
  std::vector<std::string> path;
  TRY(reader.read(input_schema, path, true));
  std::vector<std::pair<std::string, std::string>> headers;
  for (const Declaration& declaration : reader.declarations) {
    const Value* value = value_at(arguments, declaration.path);
    if (value == nullptr) continue;
    std::string text;
    if (value->is_string()) {
      text = value->as_string();
    } else if (value->is_boolean()) {
      text = value->is_true() ? "true" : "false";
    } else if (value->is_integer()) {
      text = print_number(*value);
    } else {
      continue;
    }
    std::string header = mcp_header_value(text);
    if (!is_header_value(header)) return wrong_schema(declaration.path, "its value is too long for a header");
    headers.emplace_back(parameter_prefix + declaration.name, std::move(header));
  }
  return headers;
}

}  // namespace gantry::tool
