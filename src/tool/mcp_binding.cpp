#include "tool/mcp_binding.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "base/hash.h"
#include "definition/mcp_method.h"
#include "tool/mcp_client.h"
#include "value/json.h"
#include "value/pointer.h"

namespace gantry::tool {
namespace {

constexpr std::size_t mcp_name_bytes_max = 200;
constexpr std::size_t mcp_list_max = 100;

Error mcp_wrong(std::string_view pointer, std::string_view message) {
  return {Code::invalid_argument, fmt::format("{}: {}", pointer, message)};
}

Status only_known(const Value& object, std::initializer_list<std::string_view> known) {
  if (!object.is_object()) return mcp_wrong("", fmt::format("expected an object, found a {}", object.kind_name()));
  for (const Member& member : object.members()) {
    if (std::find(known.begin(), known.end(), member.key.view()) != known.end()) continue;
    return mcp_wrong("/" + pointer_token(member.key.view()),
                     fmt::format("unknown key; expected one of {}", fmt::join(known, ", ")));
  }
  return done();
}

Result<std::string> line_of_text(const Value& object, std::string_view key, std::size_t bytes_max) {
  const Value* found = object.find(key);
  const bool fits = found != nullptr && found->is_string() && found->size() > 0 && found->size() <= bytes_max &&
                    is_header_value(found->as_string());
  if (!fits)
    return mcp_wrong(fmt::format("/{}", key), fmt::format("expected one line of text of at most {} bytes", bytes_max));
  return std::string(found->as_string());
}

Result<std::vector<std::string>> texts_at(const Value& object, std::string_view key) {
  std::vector<std::string> texts;
  const Value* list = object.find(key);
  if (list == nullptr) return texts;
  const std::string pointer = fmt::format("/{}", key);
  if (!list->is_array() || list->size() == 0 || list->size() > mcp_list_max) {
    return mcp_wrong(pointer, fmt::format("expected a list of 1 to {} texts", mcp_list_max));
  }
  for (const Value& item : list->items()) {
    if (!item.is_string() || item.as_string().find('\0') != std::string_view::npos)
      return mcp_wrong(pointer, "expected texts");
    texts.emplace_back(item.as_string());
  }
  return texts;
}

Result<McpSettings::Variable> read_variable(const Value& value, const std::string& pointer) {
  McpSettings::Variable variable;
  if (value.is_string() && value.as_string().find('\0') == std::string_view::npos) {
    variable.text = value.as_string();
    return variable;
  }
  const Value* secret = value.is_object() && value.size() == 1 ? value.find("secret") : nullptr;
  if (secret == nullptr || !secret->is_string() || secret->size() == 0) {
    return mcp_wrong(pointer, "expected text or {secret: NAME}");
  }
  variable.secret = secret->as_string();
  return variable;
}

Status read_mcp_program(const Value& settings, McpSettings& result) {
  TRY(only_known(settings, {"transport", "command", "environment", "folders", "timeout", "protocol"}));
  if (settings.string_or("transport", "stdio") != "stdio") return mcp_wrong("/transport", "a command goes with stdio");
  result.command = TRY(texts_at(settings, "command"));
  if (result.command.empty() || result.command.front().empty())
    return mcp_wrong("/command", "expected a program and its arguments");
  result.folders = TRY(texts_at(settings, "folders"));
  for (const std::string& folder : result.folders) {
    const bool clean = folder.size() > 1 && folder.front() == '/' && (folder + "/").find("/../") == std::string::npos;
    if (!clean)
      return mcp_wrong("/folders", fmt::format("\"{}\": expected the absolute path of a folder, without ..", folder));
  }
  const Value* environment = settings.find("environment");
  if (environment == nullptr) return done();
  if (!environment->is_object()) return mcp_wrong("/environment", "expected an object of NAME: text or {secret: NAME}");
  for (const Member& member : environment->members()) {
    const std::string pointer = "/environment/" + pointer_token(member.key.view());
    if (!is_environment_name(member.key.view())) return mcp_wrong(pointer, "this variable can't be set here");
    result.environment.emplace(member.key.view(), TRY(read_variable(member.value, pointer)));
  }
  return done();
}

// What a server over HTTP has in common with the http driver's, read by the same rules.
Status read_mcp_server(const Value& settings, McpSettings& result) {
  TRY(only_known(settings, {"transport", "url", "headers", "authentication", "timeout", "protocol"}));
  if (settings.string_or("transport", "http") != "http") return mcp_wrong("/transport", "a url goes with http");
  const std::string url = TRY(line_of_text(settings, "url", 8u << 10));
  Result<HttpUrl> parsed = parse_url(url);
  if (!parsed) return mcp_wrong("/url", parsed.error().message);
  std::vector<Member> http = {{Text("baseUrl"), "http://unused.invalid"}};
  for (const char* key : {"headers", "authentication"}) {
    if (const Value* value = settings.find(key)) http.push_back({Text(key), *value});
  }
  HttpSettings shared = TRY(read_http_settings(Value::object(std::move(http))));
  for (const auto& [name, value] : shared.headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
    const bool ours =
        lower.starts_with("mcp-") || lower == "accept" || lower == "content-type" || lower == "last-event-id";
    if (ours) return mcp_wrong("/headers/" + pointer_token(name), "the protocol sets this header itself");
  }
  result.url = *std::move(parsed);
  result.headers = std::move(shared.headers);
  result.authentication = std::move(shared.authentication);
  return done();
}

bool has_class_of_reads(const definition::Operation& operation) {
  return operation.effect_class == definition::EffectClass::read ||
         operation.effect_class == definition::EffectClass::egress_read;
}

void check_mcp_operation(const definition::Tool& tool, const definition::Operation& operation,
                         std::vector<std::string>& problems) {
  const std::string pointer = fmt::format("/operations/{}", pointer_token(operation.name));
  const auto binding = read_mcp_binding(operation.binding);
  if (!binding) {
    problems.push_back(pointer + "/binding" + binding.error().message);
    return;
  }
  if (binding->method != "tools/call") {
    if (!has_class_of_reads(operation))
      problems.push_back(pointer + "/class: such a method only reads: expected read or egress_read");
    return;
  }
  if (binding->pin.empty()) {
    problems.push_back(
        fmt::format("{}/binding/pin: missing: look at what the server says of the tool (gantry mcp tools {}), then "
                    "gantry mcp pin {}",
                    pointer, tool.name, tool.name));
  }
  if (operation.idempotency == definition::Idempotency::key && binding->key_argument.empty()) {
    problems.push_back(pointer +
                       "/binding/keyArgument: missing: with 'idempotency: key', expected the argument of the "
                       "server's tool that takes the key");
  }
}

}  // namespace

bool is_environment_name(std::string_view name) {
  const bool form =
      !name.empty() && name.size() <= mcp_name_bytes_max && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
      std::all_of(name.begin(), name.end(), [](unsigned char byte) { return std::isalnum(byte) != 0 || byte == '_'; });
  // These change what is run.
  return form && !name.starts_with("LD_") && name != "PATH" && name != "HOME";
}

Result<McpSettings> read_mcp_settings(const Value& settings) {
  McpSettings result;
  if (!settings.is_object()) return mcp_wrong("", fmt::format("expected an object, found a {}", settings.kind_name()));
  if (settings.find("command") != nullptr) {
    TRY(read_mcp_program(settings, result));
  } else if (settings.find("url") != nullptr) {
    TRY(read_mcp_server(settings, result));
  } else {
    return mcp_wrong("", "expected a url, or a command");
  }
  if (settings.find("timeout") != nullptr) {
    const std::string text = TRY(line_of_text(settings, "timeout", mcp_name_bytes_max));
    const Result<Duration> timeout = parse_duration(text);
    if (!timeout || *timeout <= Duration::zero()) return mcp_wrong("/timeout", "expected a duration such as PT10S");
    result.timeout = *timeout;
  }
  if (settings.find("protocol") != nullptr) {
    const std::string text = TRY(line_of_text(settings, "protocol", mcp_name_bytes_max));
    if (text != "auto" && !is_mcp_revision(text)) {
      return mcp_wrong("/protocol", "expected auto, 2026-07-28, 2025-11-25, 2025-06-18, 2025-03-26 or 2024-11-05");
    }
    if (text != "auto") result.revision = text;
  }
  return result;
}

Result<McpBinding> read_mcp_binding(const Value& binding) {
  TRY(only_known(binding, {"tool", "pin", "keyArgument", "errors", "method"}));
  McpBinding result;
  if (binding.find("method") != nullptr) {
    result.method = TRY(line_of_text(binding, "method", mcp_name_bytes_max));
    if (definition::find_mcp_method(result.method) == nullptr) {
      std::vector<std::string_view> names;
      for (const definition::McpMethod& method : definition::mcp_methods) names.push_back(method.name);
      return mcp_wrong("/method", fmt::format("expected one of {}", fmt::join(names, ", ")));
    }
  }
  if (result.method != "tools/call") {
    if (binding.size() > 1) return mcp_wrong("", "a method other than tools/call stands alone");
    return result;
  }
  result.tool = TRY(line_of_text(binding, "tool", mcp_name_bytes_max));
  if (binding.find("pin") != nullptr) {
    result.pin = TRY(line_of_text(binding, "pin", mcp_name_bytes_max));
    const bool form = result.pin.starts_with("sha256:") && Digest::from_hex(result.pin.substr(7)).ok();
    if (!form) return mcp_wrong("/pin", "expected sha256: and 64 hexadecimal digits, as gantry mcp pin writes them");
  }
  if (binding.find("keyArgument") != nullptr)
    result.key_argument = TRY(line_of_text(binding, "keyArgument", mcp_name_bytes_max));
  if (const Value* errors = binding.find("errors")) {
    const std::string_view text = errors->is_string() ? errors->as_string() : "";
    if (text != "notDone" && text != "unknown") return mcp_wrong("/errors", "expected notDone or unknown");
    result.errors_mean_not_done = text == "notDone";
  }
  return result;
}

std::vector<std::string> check_mcp_tool(const definition::Tool& tool) {
  std::vector<std::string> problems;
  if (const auto settings = read_mcp_settings(tool.settings); !settings) {
    problems.push_back("/settings" + settings.error().message);
  }
  for (const auto& [name, operation] : tool.operations) check_mcp_operation(tool, operation, problems);
  return problems;
}

std::string mcp_pin_of(const Value& tool) {
  std::vector<Member> members;
  for (const char* key : {"name", "title", "description", "inputSchema", "outputSchema", "annotations"}) {
    if (const Value* value = tool.find(key)) members.push_back({Text(key), *value});
  }
  return "sha256:" + sha256(print_canonical(Value::object(std::move(members)))).hex();
}

}  // namespace gantry::tool
