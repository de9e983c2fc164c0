// call: mcp. Where the server is and what is asked of it; the address keeps the form of call: http, so that secrets are
// left for the driver. Which program runs is written out: it is never computed.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "definition/mcp_method.h"
#include "definition/workflow_reader.h"

namespace gantry::definition {
namespace {

bool is_expression(const Value& value) {
  return value.is_string() && expression::embedded_expression(value.as_string()).has_value();
}

// Text without any expression in it.
std::optional<std::string> literal_text(const Node& node, std::string_view what) {
  auto text = node.text(what);
  if (!text || text->find("${") == std::string::npos) return text;
  node.problem(fmt::format("{} may not be computed: which program runs is said by the author alone", what));
  return std::nullopt;
}

std::optional<const McpMethod*> read_method(ObjectReader& reader) {
  auto node = reader.require("method");
  if (!node) return std::nullopt;
  std::vector<std::string_view> names;
  for (const McpMethod& method : mcp_methods) names.push_back(method.name);
  auto index = read_choice_index(*node, names);
  if (!index) return std::nullopt;
  return &mcp_methods[*index];
}

}  // namespace

CallTask WorkflowReader::read_mcp(const Node& with, const Scope& scope) {
  CallTask call;
  call.tool = "mcp";
  ObjectReader reader(with, "the arguments of 'mcp'");
  if (auto method = read_method(reader)) call.operation = (*method)->operation;
  std::size_t before = with.file().problems().count();
  std::vector<Member> arguments;
  if (auto revision = reader.find("protocolVersion")) {
    auto text = revision->text("a revision of the protocol");
    const auto* known = text ? std::find(mcp_revisions.begin(), mcp_revisions.end(), *text) : nullptr;
    if (known == mcp_revisions.end())
      revision->problem(fmt::format("expected one of {}, found '{}'", fmt::join(mcp_revisions, ", "), *text));
    arguments.push_back({Text("protocolVersion"), revision->value()});
  }
  if (auto parameters = reader.find("parameters")) {
    if (!parameters->value().is_object() && !is_expression(parameters->value()))
      parameters->expected("an object of parameters, or one ${ expression }");
    read_template(*parameters, scope);
    arguments.push_back({Text("parameters"), parameters->value()});
  }
  if (auto timeout = reader.find("timeout")) {
    auto duration = read_duration(*timeout, scope);
    if (duration && !duration->fixed)
      timeout->problem("expected a fixed duration; for a computed one use the task's 'timeout'");
    if (duration && duration->fixed) arguments.push_back({Text("timeout"), format_duration(*duration->fixed)});
  }
  if (auto client = reader.find("client")) {
    ObjectReader who(*client, "a client");
    for (const char* key : {"name", "version"})
      if (auto field = who.require(key); field && field->text("text")) read_template(*field, scope);
    arguments.push_back({Text("client"), client->value()});
  }
  if (auto transport = reader.require("transport")) read_mcp_transport(*transport, scope, call, arguments);
  if (with.file().problems().count() == before && reader.is_object())
    call.arguments = build_template(with, Value::object(std::move(arguments)), scope);
  return call;
}

void WorkflowReader::read_mcp_transport(const Node& node, const Scope& scope, CallTask& call,
                                        std::vector<Member>& arguments) {
  ObjectReader reader(node, "a transport");
  reader.refuse("options", "'options' of a transport are not supported yet");
  auto http = reader.find("http"), stdio = reader.find("stdio");
  if (reader.is_object() && http.has_value() == stdio.has_value()) node.problem("expected one of http, stdio");
  if (http) {
    ObjectReader server(*http, "'http'");
    if (auto endpoint = server.require("endpoint")) {
      if (auto read = read_endpoint(*endpoint, scope, call.expands_endpoint))
        arguments.push_back({Text("endpoint"), *read});
    }
    if (auto headers = server.find("headers")) {
      check_http_headers(*headers);
      read_template(*headers, scope);
      arguments.push_back({Text("headers"), headers->value()});
    }
  } else if (stdio) {
    ObjectReader program(*stdio, "'stdio'");
    if (auto command = program.require("command")) literal_text(*command, "the command");
    if (auto words = program.find("arguments"); words && words->is_array("a list of arguments"))
      for (const Node& each : words->items()) literal_text(each, "an argument of the command");
    if (auto environment = program.find("environment")) read_mcp_environment(*environment, scope);
    arguments.push_back({Text("stdio"), stdio->value()});
  }
}

// NAME: text, or ${ $secrets.NAME }, which the driver resolves.
void WorkflowReader::read_mcp_environment(const Node& node, const Scope& scope) {
  if (!node.value().is_object()) node.expected("an object of NAME: text");
  for (const Node& each : node.members()) {
    if (!each.text("text")) continue;
    if (read_template(each, scope, SecretUse::allowed).is_literal()) continue;
    const std::string text(expression::embedded_expression(each.value().as_string())->text);
    const std::size_t first = text.find_first_not_of(' ');
    if (first == std::string::npos || text.compare(first, 9, "$secrets.") != 0)
      each.problem("expected text, or ${ $secrets.NAME }: what a program gets is said by the author alone");
    check_secret_references(each);
  }
}

}  // namespace gantry::definition
