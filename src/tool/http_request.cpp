#include "tool/http_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "tool/http_credential.h"
#include "tool/standard_call.h"
#include "value/json.h"
#include "value/pointer.h"

namespace gantry::tool {
namespace {

constexpr std::size_t http_headers_max = 100;
constexpr std::size_t http_request_body_max = 64u << 20;

Error argument_refused(std::string_view name, std::string_view why) {
  return {Code::invalid_argument, fmt::format("argument /{}: {}", pointer_token(name), why)};
}

// Text of a scalar as it stands in a path, query or header.
Result<std::string> scalar_text(const Value& value, std::string_view name) {
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_boolean()) return std::string(value.is_true() ? "true" : "false");
  if (value.is_number()) return print_number(value);
  return argument_refused(name, fmt::format("expected text, a number or a boolean, found a {}", value.kind_name()));
}

class ArgumentTaker {
 public:
  explicit ArgumentTaker(const Value& arguments) : arguments_(arguments) {}

  const Value* take(const std::string& name) {
    taken_.insert(name);
    return arguments_.find(name);
  }
  std::vector<Member> rest() const {
    std::vector<Member> members;
    for (const Member& member : arguments_.members()) {
      if (taken_.count(std::string(member.key.view())) == 0) members.push_back(member);
    }
    return members;
  }

 private:
  const Value& arguments_;
  std::set<std::string> taken_;
};

Result<std::string> filled_path(const HttpBinding& binding, ArgumentTaker& arguments) {
  std::string path;
  std::string_view rest = binding.path;
  for (const std::string& name : binding.placeholders) {
    const Value* value = arguments.take(name);
    if (value == nullptr) return argument_refused(name, "it is part of the path and may not be missing");
    const std::string text = TRY(scalar_text(*value, name));
    // "" and dots would turn the path into that of another resource.
    if (text.empty() || text == "." || text == "..")
      return argument_refused(name, "it may not be empty, \".\" or \"..\" in a path");
    const std::size_t open = rest.find('{');
    path += rest.substr(0, open);
    path += percent_encode(text);
    rest.remove_prefix(rest.find('}') + 1);
  }
  return path += rest;
}

Status append_query(std::string& url, std::string_view name, const Value& value) {
  if (value.is_null()) return done();
  if (value.is_array()) {
    for (const Value& item : value.items()) TRY(append_query(url, name, item));
    return done();
  }
  const std::string text = TRY(scalar_text(value, name));
  url += url.find('?') == std::string::npos ? '?' : '&';
  url += percent_encode(name) + "=" + percent_encode(text);
  return done();
}

Status add_header(HttpRequest& request, std::string_view header, const Value& value) {
  if (!is_free_header_name(header)) return argument_refused(header, "this header can't be set here");
  std::string text = TRY(scalar_text(value, header));
  if (!is_header_value(text)) return argument_refused(header, "a header is one line of at most 8 KiB");
  if (request.headers.size() >= http_headers_max) return argument_refused(header, "too many headers");
  request.headers.emplace_back(header, std::move(text));
  return done();
}

bool has_header(const HttpRequest& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(), [&](const auto& header) {
    return std::equal(header.first.begin(), header.first.end(), name.begin(), name.end(), [](char left, char right) {
      return std::tolower(static_cast<unsigned char>(left)) == std::tolower(static_cast<unsigned char>(right));
    });
  });
}

// Servers take these for the method that is meant, but the policies judged the one that is sent.
Status check_override(const HttpRequest& request) {
  const bool reads = request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
  for (const auto& [name, value] : request.headers) {
    std::string lower = name;
    for (char& byte : lower) byte = static_cast<char>(std::tolower(static_cast<unsigned char>(byte)));
    if (lower != "x-http-method-override" && lower != "x-http-method" && lower != "x-method-override") continue;
    std::string meant = value;
    for (char& byte : meant) byte = static_cast<char>(std::toupper(static_cast<unsigned char>(byte)));
    // What writes may name another method that writes; to destroy is a class of its own.
    if (reads || meant.find("DELETE") != std::string::npos)
      return argument_refused(name, "it names another method than the one that was judged; write it as the method");
  }
  return done();
}

Status set_body(HttpRequest& request, std::string body, std::string_view content_type) {
  if (body.size() > http_request_body_max) {
    return Error{Code::invalid_argument,
                 fmt::format("the request body has {} bytes, at most {}", body.size(), http_request_body_max)};
  }
  request.body = std::move(body);
  if (!has_header(request, "Content-Type")) request.headers.emplace_back("Content-Type", content_type);
  return done();
}

Status add_binding_body(HttpRequest& request, const HttpBinding& binding, ArgumentTaker& arguments) {
  std::vector<Member> members;
  switch (binding.body) {
    case HttpBinding::Body::none:
      return done();
    case HttpBinding::Body::rest:
      members = arguments.rest();
      for (const Member& member : members) arguments.take(std::string(member.key.view()));
      if (members.empty() && (binding.method == "DELETE" || binding.method == "OPTIONS")) return done();
      break;
    case HttpBinding::Body::named:
      for (const std::string& name : binding.body_arguments) {
        if (const Value* value = arguments.take(name)) members.push_back({Text(name), *value});
      }
      break;
    case HttpBinding::Body::whole: {
      const Value* value = arguments.take(binding.body_arguments.front());
      return value == nullptr ? done() : set_body(request, print_json(*value), "application/json");
    }
  }
  return set_body(request, print_json(Value::object(std::move(members))), "application/json");
}

Status add_standard_body(HttpRequest& request, const Value& arguments) {
  const Value* body = arguments.find("body");
  if (body == nullptr || body->is_null()) return done();
  if (body->is_string()) return set_body(request, std::string(body->as_string()), "text/plain; charset=utf-8");
  return set_body(request, print_json(*body), "application/json");
}

}  // namespace

Result<HttpRequest> request_for_operation(const HttpSettings& settings, const HttpBinding& binding,
                                          const Effect& effect, const Secrets& secrets) {
  if (!effect.arguments.is_object()) return Error{Code::invalid_argument, "the arguments are no object"};
  HttpRequest request;
  request.method = binding.method;
  ArgumentTaker arguments(effect.arguments);
  const std::string path = TRY(filled_path(binding, arguments));
  std::string url = settings.base_url.text;
  if (url.ends_with('/')) url.pop_back();
  url += path;

  for (const auto& [name, value] : settings.headers) TRY(add_header(request, name, value));
  for (const auto& [header, name] : binding.headers) {
    const Value* value = arguments.take(name);
    if (value != nullptr && !value->is_null()) TRY(add_header(request, header, *value));
  }
  if (binding.query) {
    for (const std::string& name : *binding.query) {
      if (const Value* value = arguments.take(name)) TRY(append_query(url, name, *value));
    }
  }
  if (!has_header(request, "Accept")) request.headers.emplace_back("Accept", "application/json, */*;q=0.5");
  TRY(add_binding_body(request, binding, arguments));
  for (const Member& member : arguments.rest()) {
    if (binding.query || binding.body != HttpBinding::Body::none) {
      return argument_refused(member.key.view(), "the binding has no place for it");
    }
    TRY(append_query(url, member.key.view(), member.value));
  }
  if (!is_read(effect.effect_class)) TRY(add_header(request, settings.idempotency_header, effect.key));
  request.url = TRY(parse_url(url));
  TRY(add_credential(request, settings.authentication, effect.tool, secrets));
  return request;
}

Result<HttpRequest> request_for_standard_call(const Value& arguments, const Secrets& secrets) {
  HttpRequest request;
  if (!arguments.is_object()) return Error{Code::invalid_argument, "the arguments are no object"};
  request.method = arguments.string_or("method", "");
  for (char& byte : request.method) byte = static_cast<char>(std::toupper(static_cast<unsigned char>(byte)));
  if (!is_free_header_name(request.method)) return argument_refused("method", "expected an HTTP method");
  const Value endpoint = arguments.member("endpoint");
  std::string url(endpoint.is_object()   ? endpoint.string_or("uri", "")
                  : endpoint.is_string() ? endpoint.as_string()
                                         : "");
  url = url.substr(0, url.find('#'));
  if (const Value query = arguments.member("query"); query.is_object()) {
    for (const Member& member : query.members()) TRY(append_query(url, member.key.view(), member.value));
  }
  request.url = TRY(parse_url(url));
  if (const Value headers = arguments.member("headers"); headers.is_object()) {
    for (const Member& member : headers.members()) TRY(add_header(request, member.key.view(), member.value));
  }
  TRY(check_override(request));
  TRY(add_standard_body(request, arguments));
  request.redirect_is_success = arguments.boolean_or("redirect", false);
  request.wants_raw = arguments.string_or("output", "content") == "raw";
  if (!endpoint.is_object() || endpoint.find("authentication") == nullptr) return request;
  TRY(add_standard_credential(request, endpoint, secrets));
  return request;
}

}  // namespace gantry::tool
