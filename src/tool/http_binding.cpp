#include "tool/http_binding.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "value/pointer.h"

namespace gantry::tool {
namespace {

constexpr std::size_t header_value_bytes_max = 8u << 10;
constexpr std::size_t path_bytes_max = 2u << 10;

Error wrong(std::string_view pointer, std::string_view message) {
  return {Code::invalid_argument, fmt::format("{}: {}", pointer, message)};
}

Status only_keys(const Value& object, std::string_view pointer, std::initializer_list<std::string_view> known) {
  if (!object.is_object()) return wrong(pointer, fmt::format("expected an object, found a {}", object.kind_name()));
  for (const Member& member : object.members()) {
    if (std::find(known.begin(), known.end(), member.key.view()) != known.end()) continue;
    return wrong(fmt::format("{}/{}", pointer, pointer_token(member.key.view())),
                 fmt::format("unknown key; expected one of {}", fmt::join(known, ", ")));
  }
  return done();
}

Result<std::string> http_text(const Value& object, std::string_view key, std::string_view pointer) {
  const Value* found = object.find(key);
  if (found == nullptr || !found->is_string() || found->size() == 0) {
    return wrong(fmt::format("{}/{}", pointer, key), "expected text that is not empty");
  }
  return std::string(found->as_string());
}

Result<std::vector<std::string>> http_names(const Value& list, std::string_view pointer) {
  std::vector<std::string> names;
  if (!list.is_array()) return wrong(pointer, "expected a list of argument names");
  for (const Value& item : list.items()) {
    if (!item.is_string()) return wrong(pointer, "expected a list of argument names");
    names.emplace_back(item.as_string());
  }
  return names;
}

// Header name -> text; the text is a literal or an argument's name.
Result<std::map<std::string, std::string>> header_map(const Value& object, std::string_view pointer) {
  std::map<std::string, std::string> headers;
  if (!object.is_object()) return wrong(pointer, "expected an object of header names and texts");
  for (const Member& member : object.members()) {
    const std::string at = fmt::format("{}/{}", pointer, pointer_token(member.key.view()));
    if (!is_free_header_name(member.key.view())) return wrong(at, "this header can't be set here");
    if (!member.value.is_string() || !is_header_value(member.value.as_string()))
      return wrong(at, "expected text of one line");
    headers.emplace(member.key.view(), member.value.as_string());
  }
  return headers;
}

Result<HttpAuthentication> read_authentication(const Value& value) {
  TRY(only_keys(value, "/authentication", {"bearer", "basic", "header"}));
  if (value.size() != 1) return wrong("/authentication", "expected exactly one of bearer, basic, header");
  HttpAuthentication authentication;
  if (const Value* bearer = value.find("bearer")) {
    authentication.kind = HttpAuthentication::Kind::bearer;
    TRY(only_keys(*bearer, "/authentication/bearer", {"secret"}));
    authentication.secret = TRY(http_text(*bearer, "secret", "/authentication/bearer"));
  } else if (const Value* basic = value.find("basic")) {
    authentication.kind = HttpAuthentication::Kind::basic;
    TRY(only_keys(*basic, "/authentication/basic", {"username", "passwordSecret"}));
    authentication.username = TRY(http_text(*basic, "username", "/authentication/basic"));
    authentication.secret = TRY(http_text(*basic, "passwordSecret", "/authentication/basic"));
  } else if (const Value* header = value.find("header")) {
    authentication.kind = HttpAuthentication::Kind::header;
    TRY(only_keys(*header, "/authentication/header", {"name", "secret"}));
    authentication.header = TRY(http_text(*header, "name", "/authentication/header"));
    authentication.secret = TRY(http_text(*header, "secret", "/authentication/header"));
    if (!is_free_header_name(authentication.header))
      return wrong("/authentication/header/name", "this header can't be set here");
  }
  return authentication;
}

Status read_path(const Value& value, HttpBinding& binding) {
  binding.path = TRY(http_text(value, "path", ""));
  const std::string& path = binding.path;
  if (path.front() != '/' || path.size() > path_bytes_max || path.find_first_of("?#") != std::string::npos) {
    return wrong("/path", "expected a path that starts with / and has neither ? nor #");
  }
  for (std::size_t open = path.find_first_of("{}"); open != std::string::npos;
       open = path.find_first_of("{}", open + 1)) {
    const std::size_t close = path.find_first_of("{}", open + 1);
    if (path[open] != '{' || close == std::string::npos || path[close] != '}' || close == open + 1) {
      return wrong("/path", "expected placeholders as {argument}");
    }
    binding.placeholders.push_back(path.substr(open + 1, close - open - 1));
    open = close;
  }
  return done();
}

Status read_body(const Value& value, HttpBinding& binding) {
  const Value* body = value.find("body");
  const bool has_body = binding.method != "GET" && binding.method != "HEAD";
  if (body == nullptr) {
    binding.body = has_body ? HttpBinding::Body::rest : HttpBinding::Body::none;
    return done();
  }
  if (!has_body) return wrong("/body", "GET and HEAD have no body");
  if (body->is_string() && body->as_string() == "rest") {
    binding.body = HttpBinding::Body::rest;
  } else if (body->is_object()) {
    TRY(only_keys(*body, "/body", {"argument"}));
    binding.body = HttpBinding::Body::whole;
    binding.body_arguments = {TRY(http_text(*body, "argument", "/body"))};
  } else {
    binding.body = HttpBinding::Body::named;
    binding.body_arguments = TRY(http_names(*body, "/body"));
  }
  return done();
}

// Names that the binding uses but the operation's schema doesn't have.
void check_names(const definition::Operation& operation, const HttpBinding& binding, const std::string& pointer,
                 std::vector<std::string>& problems) {
  const Value* properties =
      operation.arguments_schema.is_object() ? operation.arguments_schema.find("properties") : nullptr;
  const auto check = [&](const std::string& name, std::string_view where) {
    if (properties != nullptr && properties->is_object() && properties->find(name) != nullptr) return;
    problems.push_back(fmt::format("{}/{}: the operation has no argument \"{}\"", pointer, where, name));
  };
  for (const std::string& name : binding.placeholders) check(name, "path");
  if (binding.query) {
    for (const std::string& name : *binding.query) check(name, "query");
  }
  for (const std::string& name : binding.body_arguments) check(name, "body");
  for (const auto& [header, name] : binding.headers) check(name, "headers/" + pointer_token(header));
}

}  // namespace

bool is_free_header_name(std::string_view name) {
  static constexpr std::string_view reserved[] = {
      "host",    "content-length", "transfer-encoding", "connection",          "expect",        "upgrade", "te",
      "trailer", "keep-alive",     "proxy-connection",  "proxy-authorization", "http2-settings"};
  if (name.empty() || name.size() > 100) return false;
  std::string lower(name);
  for (char& byte : lower) {
    const bool token = std::isalnum(static_cast<unsigned char>(byte)) != 0 ||
                       std::string_view("!#$%&'*+-.^_`|~").find(byte) != std::string_view::npos;
    if (!token) return false;
    byte = static_cast<char>(std::tolower(static_cast<unsigned char>(byte)));
  }
  return std::find(std::begin(reserved), std::end(reserved), lower) == std::end(reserved);
}

bool is_header_value(std::string_view value) {
  return value.size() <= header_value_bytes_max && std::all_of(value.begin(), value.end(), [](char byte) {
           const auto code = static_cast<unsigned char>(byte);
           return code == '\t' || (code >= ' ' && code != 0x7F);
         });
}

Result<HttpSettings> read_http_settings(const Value& settings) {
  TRY(only_keys(settings, "", {"baseUrl", "timeout", "headers", "authentication", "idempotencyHeader"}));
  HttpSettings result;
  const std::string base_url = TRY(http_text(settings, "baseUrl", ""));
  Result<HttpUrl> url = parse_url(base_url);
  if (!url) return wrong("/baseUrl", url.error().message);
  if (base_url.find_first_of("?#") != std::string::npos) return wrong("/baseUrl", "no query may stand in it");
  result.base_url = *std::move(url);
  if (settings.find("timeout") != nullptr) {
    const std::string text = TRY(http_text(settings, "timeout", ""));
    const Result<Duration> timeout = parse_duration(text);
    if (!timeout || *timeout <= Duration::zero()) return wrong("/timeout", "expected a duration such as PT10S");
    result.timeout = *timeout;
  }
  if (const Value* headers = settings.find("headers")) result.headers = TRY(header_map(*headers, "/headers"));
  if (const Value* authentication = settings.find("authentication")) {
    result.authentication = TRY(read_authentication(*authentication));
  }
  if (settings.find("idempotencyHeader") != nullptr) {
    result.idempotency_header = TRY(http_text(settings, "idempotencyHeader", ""));
    if (!is_free_header_name(result.idempotency_header))
      return wrong("/idempotencyHeader", "this header can't be set here");
  }
  return result;
}

Result<HttpBinding> read_http_binding(const Value& binding) {
  TRY(only_keys(binding, "", {"method", "path", "query", "body", "headers"}));
  HttpBinding result;
  result.method = TRY(http_text(binding, "method", ""));
  for (char& byte : result.method) byte = static_cast<char>(std::toupper(static_cast<unsigned char>(byte)));
  static constexpr std::string_view methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  if (std::find(std::begin(methods), std::end(methods), result.method) == std::end(methods)) {
    return wrong("/method", fmt::format("expected one of {}", fmt::join(methods, ", ")));
  }
  TRY(read_path(binding, result));
  if (const Value* query = binding.find("query")) result.query = TRY(http_names(*query, "/query"));
  TRY(read_body(binding, result));
  if (const Value* headers = binding.find("headers")) result.headers = TRY(header_map(*headers, "/headers"));
  return result;
}

std::vector<std::string> check_http_tool(const definition::Tool& tool) {
  std::vector<std::string> problems;
  if (const auto settings = read_http_settings(tool.settings); !settings) {
    problems.push_back("/settings" + settings.error().message);
  }
  for (const auto& [name, operation] : tool.operations) {
    const std::string pointer = fmt::format("/operations/{}/binding", pointer_token(name));
    const auto binding = read_http_binding(operation.binding);
    if (!binding) {
      problems.push_back(pointer + binding.error().message);
      continue;
    }
    check_names(operation, *binding, pointer, problems);
    const bool reads = operation.effect_class == definition::EffectClass::read ||
                       operation.effect_class == definition::EffectClass::egress_read;
    const bool method_reads = binding->method == "GET" || binding->method == "HEAD" || binding->method == "OPTIONS";
    // A search may well be a POST; the other methods always change something.
    if (reads ? !method_reads && binding->method != "POST" : method_reads) {
      problems.push_back(fmt::format("{}/method: {} does not fit the class {}", pointer, binding->method,
                                     definition::name_of(operation.effect_class)));
    }
  }
  return problems;
}

}  // namespace gantry::tool
