// call: http. The arguments keep the standard's form; a reference to use.authentications is replaced by what it names,
// while {use: SECRET} inside basic or bearer stays: the driver looks the secret up, so that it never is in an effect.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "definition/uri_template.h"
#include "definition/workflow_reader.h"

namespace gantry::definition {
namespace {

bool is_expression_text(const Value& value) {
  return value.is_string() && expression::embedded_expression(value.as_string()).has_value();
}

void check_http_method(const Node& node) {
  static constexpr std::array<std::string_view, 7> methods = {"get",   "head",   "post",   "put",
                                                              "patch", "delete", "options"};
  if (is_expression_text(node.value())) return;
  auto text = node.text("an HTTP method");
  if (!text) return;
  std::string lower = *text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (std::find(methods.begin(), methods.end(), lower) != methods.end()) return;
  const std::string_view near = nearest_name(lower, {methods.begin(), methods.end()});
  node.problem(fmt::format("expected one of {}, found {}{}", fmt::join(methods, ", "), describe_found(node.value()),
                           near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
}

// headers, query: an object of scalars, or one expression. Query parameters may be lists as well.
void check_http_pairs(const Node& node, std::string_view what, bool lists) {
  if (is_expression_text(node.value())) return;
  if (!node.value().is_object()) node.expected(fmt::format("{} as an object, or one ${{ expression }}", what));
  for (const Node& each : node.members())
    if (each.value().is_object() || each.value().is_null() || (each.value().is_array() && !lists))
      each.expected("text, a number, true or false");
}

// With a digit for every {name}, which may stand wherever a name may: in the host, as the port, in the path.
std::string with_digits(std::string_view uri_template) {
  std::string uri;
  for (std::size_t at = 0; at < uri_template.size();) {
    const std::size_t open = std::min(uri_template.find('{', at), uri_template.size());
    uri += uri_template.substr(at, open - at);
    if (open == uri_template.size()) break;
    uri += '1';
    at = uri_template.find('}', open) + 1;
  }
  return uri;
}

}  // namespace

void WorkflowReader::check_http_headers(const Node& node) {
  check_http_pairs(node, "headers", false);
  if (!known_.checks || !known_.checks->http_header) return;
  for (const Node& each : node.members()) {
    const Value& value = each.value();
    if (value.is_object() || value.is_array() || value.is_null()) continue;  // reported
    const std::string message = known_.checks->http_header(each.key(), has_expressions(value) ? Value("x") : value);
    if (!message.empty()) each.key_problem(message);
  }
}

void WorkflowReader::check_http_uri(const Node& node) {
  std::string_view uri = node.value().as_string();
  const std::size_t before = node.file().problems().count();
  if (auto checked = check_uri_template(uri); !checked) node.problem(checked.error().message);
  bool starts_open = uri.rfind("{", 0) == 0;
  bool absolute = uri.rfind("http://", 0) == 0 || uri.rfind("https://", 0) == 0 || starts_open;
  if (std::any_of(uri.begin(), uri.end(), [](char c) { return static_cast<unsigned char>(c) <= ' '; }))
    node.problem("a URI has no blanks");
  else if (!absolute)
    node.expected("a URI that starts with https:// or http://");
  if (node.file().problems().count() != before) return;
  if (const std::string_view name = dotted_name(uri); !name.empty())
    node.warning(fmt::format("'{{{0}}}' in the URI is the member of the input that is called '{0}', not a way into it; for that write "
                             "the whole URI as ${{ \"...\\(.{0})...\" }}", name.substr(0, 60)));
  if (starts_open || !known_.checks || !known_.checks->http_uri) return;
  if (const std::string message = known_.checks->http_uri(with_digits(uri)); !message.empty()) node.problem(message);
}

CallTask WorkflowReader::read_http(const Node& with, const Scope& scope) {
  CallTask call;
  call.tool = "http";
  call.operation = "request";
  ObjectReader reader(with, "the arguments of 'http'");
  if (auto method = reader.require("method")) check_http_method(*method);
  std::optional<Value> endpoint;
  if (auto node = reader.require("endpoint")) endpoint = read_endpoint(*node, scope, call.expands_endpoint);
  if (auto headers = reader.find("headers")) check_http_headers(*headers);
  if (auto query = reader.find("query")) check_http_pairs(*query, "query parameters", true);
  if (auto output = reader.find("output")) read_choice_index(*output, {"content", "raw", "response"});
  reader.find("body");
  reader.boolean("redirect");
  std::size_t before = with.file().problems().count();
  for (const Node& each : with.members())
    if (each.key() != "endpoint") read_template(each, scope);  // for its problems, each at its own place
  if (with.file().problems().count() == before && endpoint)
    call.arguments = build_template(with, Value(with.value()).with_member("endpoint", *endpoint), scope);
  return call;
}

std::optional<Value> WorkflowReader::read_endpoint(const Node& node, const Scope& scope, bool& expands) {
  auto read_uri = [&](const Node& uri) {
    if (is_expression_text(uri.value())) {
      read_template(uri, scope);
    } else if (uri.value().is_string() && uri.value().as_string().find("${") != std::string_view::npos) {
      read_template(uri, scope);  // reports the expression inside other text
    } else if (uri.text("a URI")) {
      check_http_uri(uri);
      expands = uri.value().as_string().find('{') != std::string_view::npos;
    }
  };
  if (node.value().is_string()) {
    read_uri(node);
    return node.value();
  }
  ObjectReader reader(node, "an endpoint");
  Value endpoint = node.value();
  if (auto uri = reader.require("uri")) read_uri(*uri);
  auto authentication = reader.find("authentication");
  if (!authentication) return endpoint;
  auto resolved = read_authentication(*authentication, scope);
  if (!resolved) return std::nullopt;
  return std::move(endpoint).with_member("authentication", *resolved);
}

std::optional<Value> WorkflowReader::read_authentication(const Node& node, const Scope& scope) {
  if (node.value().is_string()) {  // "the authentication policy, or the name of the authentication policy, to use"
    auto definition = resolve(node, authentications_, "authentications");
    return definition && !definition->value().is_string() ? read_authentication(*definition, scope) : std::nullopt;
  }
  ObjectReader reader(node, "an authentication");
  for (const char* key : {"digest", "oauth2", "oidc", "certificate"}) {
    reader.refuse(key, fmt::format("'{}' authentication is not supported yet; expected basic or bearer", key));
    if (reader.has(key)) return std::nullopt;
  }
  if (auto use = reader.find("use")) {
    if (node.value().size() > 1) node.problem("'use' names an authentication and stands alone");
    if (!use->text("the name of an authentication")) return std::nullopt;
    auto definition = resolve(*use, authentications_, "authentications");
    if (!definition || !definition->value().is_object() || definition->value().find("use")) {
      if (definition) definition->problem("an authentication under use.authentications can't refer to another");
      return std::nullopt;
    }
    return read_authentication(*definition, scope);
  }
  auto basic = reader.find("basic");
  auto bearer = reader.find("bearer");
  if (reader.is_object() && basic.has_value() == bearer.has_value()) node.problem("expected one of basic, bearer, use");
  if (!basic && !bearer) return std::nullopt;
  ObjectReader scheme(basic ? *basic : *bearer, basic ? "'basic'" : "'bearer'");
  if (auto secret = scheme.find("use")) {
    check_secret_name(*secret);
    return node.value();
  }
  for (const char* key : basic ? std::vector<const char*>{"username", "password"} : std::vector<const char*>{"token"})
    if (auto field = scheme.require(key); field && field->text("text or a ${ expression }"))
      if (!read_template(*field, scope, SecretUse::allowed).is_literal()) check_secret_references(*field);
  return node.value();
}

// The settings must say where the secret is; else every call that needs it would fail.
void WorkflowReader::check_secret_setting(const Node& node) {
  std::string_view name = node.value().as_string();
  if (!known_.secrets || known_.secrets->count(name) > 0) return;
  std::vector<std::string_view> names(known_.secrets->begin(), known_.secrets->end());
  node.problem(fmt::format("secret '{}' has no file under 'secrets' in gantry.yaml{}", name, suggestion(name, names)));
}

// $secrets.NAME in the strings of a value: the name must be under use.secrets, else it would read as null.
void WorkflowReader::check_secret_references(const Node& node) {
  for (const Node& each : node.items()) check_secret_references(each);
  for (const Node& each : node.members()) check_secret_references(each);
  if (!node.value().is_string()) return;
  constexpr std::string_view lead = "$secrets.";
  std::string_view text = node.value().as_string();
  for (std::size_t at = text.find(lead); at != std::string_view::npos; at = text.find(lead, at)) {
    at += lead.size();
    std::size_t end = at;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_')) ++end;
    std::string_view name = text.substr(at, end - at);
    if (name.empty() || secrets_.count(name) > 0) continue;
    std::vector<std::string_view> names(secrets_.begin(), secrets_.end());
    node.file().problem(node.file().text_place(node.pointer(), at),
                        fmt::format("no secret '{}' under use.secrets{}", name, suggestion(name, names)));
  }
}

void WorkflowReader::check_secret_name(const Node& node) {
  auto name = node.text("the name of a secret");
  if (!name || secrets_.count(*name) > 0) return;
  std::vector<std::string_view> names(secrets_.begin(), secrets_.end());
  node.problem(fmt::format("no secret '{}' under use.secrets{}", *name,
                           names.empty() ? "; nothing is defined there" : suggestion(*name, names)));
}

}  // namespace gantry::definition
