#include "tool/mcp_call.h"

#include <fmt/format.h>

#include "base/version.h"
#include "definition/mcp_method.h"
#include "tool/http_credential.h"
#include "tool/mcp_client.h"
#include "value/pointer.h"

namespace gantry::tool {
namespace {

Status set_endpoint(McpCall& call, HttpRequest&& request, const Egress& egress) {
  McpHttpEndpoint endpoint;
  endpoint.route = TRY(egress.route(request.url));
  endpoint.headers = std::move(request.headers);
  if (request.credential) endpoint.headers.push_back(*request.credential);
  endpoint.secrets = request.secrets;
  call.target = request.url.host;
  call.secrets = std::move(request.secrets);
  call.endpoint = std::move(endpoint);
  return done();
}

Status set_server(McpCall& call, const McpSettings& settings, std::string_view tool, const Secrets& secrets,
                  const Egress& egress) {
  HttpRequest request;
  request.method = "POST";
  request.url = *settings.url;
  for (const auto& header : settings.headers) request.headers.push_back(header);
  TRY(add_credential(request, settings.authentication, tool, secrets));
  return set_endpoint(call, std::move(request), egress);
}

Status set_program(McpCall& call, const McpSettings& settings, std::string_view tool, const Secrets& secrets) {
  call.program.command = settings.command;
  call.program.folders = settings.folders;
  call.target = settings.command.front().substr(settings.command.front().rfind('/') + 1);
  for (const auto& [name, variable] : settings.environment) {
    std::string text = variable.text;
    if (!variable.secret.empty()) {
      text = TRY(secrets.reveal(variable.secret, {.tool = tool, .host = ""}));
      call.secrets.push_back(text);
    }
    call.program.environment.emplace(name, std::move(text));
  }
  return done();
}

Result<McpCall> call_of_tool(const Effect& effect, const CallContext& context, const Secrets& secrets,
                             const Egress& egress, Duration timeout_default) {
  const McpSettings settings = TRY(read_mcp_settings(context.tool->settings));
  McpCall call;
  call.binding = TRY(read_mcp_binding(context.operation->binding));
  call.timeout = settings.timeout.value_or(timeout_default);
  call.revision = settings.revision;
  call.params = effect.arguments;
  if (call.binding.method == "tools/call") {
    Value arguments = effect.arguments;
    if (const std::string& key = call.binding.key_argument; !key.empty()) {
      arguments = std::move(arguments).with_member(key, effect.key);
    }
    call.params = Value::object({{"name", call.binding.tool}, {"arguments", arguments}});
  }
  if (settings.url) {
    TRY(set_server(call, settings, effect.tool, secrets, egress));
  } else {
    TRY(set_program(call, settings, effect.tool, secrets));
  }
  return call;
}

// Which program runs is the author's to say, never that of data from outside.
Status set_standard_program(McpCall& call, const Value& stdio, std::string_view tool, const Secrets& secrets) {
  if (stdio.deep_label().content().integrity > Integrity::internal) {
    return Error{Code::denied, "transport/stdio: the program, its arguments and environment may not come from outside"};
  }
  Value environment = Value::object({});
  if (const Value* given = stdio.find("environment"); given != nullptr && given->is_object()) {
    for (const Member& member : given->members()) {
      const Value* reference = member.value.is_object() ? member.value.find("$secret") : nullptr;
      environment = std::move(environment)
                        .with_member(member.key.view(),
                                     reference == nullptr ? member.value : Value::object({{"secret", *reference}}));
    }
  }
  std::vector<Value> command = {stdio.member("command")};
  if (const Value* given = stdio.find("arguments"); given != nullptr && given->is_array()) {
    command.insert(command.end(), given->items().begin(), given->items().end());
  }
  const McpSettings settings = TRY(
      read_mcp_settings(Value::object({{"command", Value::array(std::move(command))}, {"environment", environment}})));
  return set_program(call, settings, tool, secrets);
}

Status set_standard_server(McpCall& call, const Value& arguments, const Secrets& secrets, const Egress& egress) {
  // The address and its authentication mean what they do for call: http.
  Value like_http = Value::object({{"method", "POST"}, {"endpoint", arguments.member("endpoint")}});
  if (const Value* headers = arguments.find("headers"))
    like_http = std::move(like_http).with_member("headers", *headers);
  HttpRequest request = TRY(request_for_standard_call(like_http, secrets));
  std::vector<Member> names;
  for (const auto& [name, value] : request.headers) names.push_back({Text(name), value});
  TRY(read_mcp_settings(Value::object({{"url", request.url.text}, {"headers", Value::object(std::move(names))}})));
  return set_endpoint(call, std::move(request), egress);
}

Result<McpCall> call_of_standard(const Effect& effect, const Secrets& secrets, const Egress& egress,
                                 Duration timeout_default) {
  const Value& arguments = effect.arguments;
  const definition::McpMethod* method = definition::find_mcp_operation(effect.operation);
  if (method == nullptr || !arguments.is_object()) return Error{Code::invalid_argument, "no such method"};
  McpCall call;
  call.binding.method = method->name;
  call.params = arguments.member("parameters");
  if (call.params.is_null()) call.params = Value::object({});
  if (!call.params.is_object()) return Error{Code::invalid_argument, "parameters: expected an object"};
  call.timeout = timeout_default;
  if (const Value* timeout = arguments.find("timeout"); timeout != nullptr && timeout->is_string()) {
    const Result<Duration> given = parse_duration(timeout->as_string());
    if (!given || *given <= Duration::zero())
      return Error{Code::invalid_argument, "timeout: expected a duration such as PT10S"};
    call.timeout = *given;
  }
  call.revision = arguments.string_or("protocolVersion", "");
  if (!call.revision.empty() && !is_mcp_revision(call.revision)) {
    return Error{Code::conflict,
                 fmt::format("protocolVersion: revision \"{}\" is not supported", mcp_excerpt(call.revision))};
  }
  const Value client = arguments.member("client");
  call.client_name = client.string_or("name", "");
  call.client_version = client.string_or("version", "");
  if (const Value* stdio = arguments.find("stdio")) {
    TRY(set_standard_program(call, stdio->labelled(arguments.label()), effect.tool, secrets));
  } else {
    TRY(set_standard_server(call, arguments, secrets, egress));
  }
  return call;
}

}  // namespace

Result<McpCall> mcp_call_for(const Effect& effect, const CallContext& context, const Secrets& secrets,
                             const Egress& egress, Duration timeout_default) {
  McpCall call = TRY(context.tool == nullptr ? call_of_standard(effect, secrets, egress, timeout_default)
                                             : call_of_tool(effect, context, secrets, egress, timeout_default));
  if (call.client_name.empty()) call.client_name = "gantry";
  if (call.client_version.empty()) call.client_version = version_number();
  return call;
}

}  // namespace gantry::tool
