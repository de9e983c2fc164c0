#include "definition/uri_template.h"

#include <fmt/format.h>

#include <algorithm>

#include "value/json.h"

namespace gantry::definition {
namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_encoded(std::string& uri, std::string_view text) {
  for (char c : text) {
    if (is_unreserved(c))
      uri += c;
    else
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
}

Result<std::string> template_text(const Value& value, std::string_view name) {
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_boolean() || value.is_number()) return print_json(value);
  if (value.is_null()) return std::string();
  return Error{Code::invalid_argument,
               fmt::format("'{{{}}}' in the URI: expected text, a number, true, false or null, found {}", name.substr(0, 60),
                           value.is_array() ? "a list" : "an object")};
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  std::string result;
  append_encoded(result, text);
  return result;
}

Result<Value> expand_uri_template(std::string_view uri_template, const Value& input) {
  std::string uri;
  Label label;
  while (!uri_template.empty()) {
    std::size_t open = uri_template.find('{');
    std::size_t close = open == std::string_view::npos ? open : uri_template.find('}', open);
    uri += uri_template.substr(0, close == std::string_view::npos ? close : open);
    if (close == std::string_view::npos) break;
    std::string_view name = uri_template.substr(open + 1, close - open - 1);
    label = join(label, input.label());
    if (input.is_object()) {
      Value value = input.member(name);
      label = join(label, value.label());
      const std::string text = TRY(template_text(value, name));
      append_encoded(uri, text);
    }
    uri_template.remove_prefix(close + 1);
  }
  return Value(uri).labelled(label);
}

Result<Value> with_expanded_endpoint(Value arguments, const Value& input) {
  if (!arguments.is_object()) return arguments;
  Value endpoint = arguments.member("endpoint");
  if (endpoint.is_string()) {
    Value whole = TRY(expand_uri_template(endpoint.as_string(), input));
    return std::move(arguments).with_member("endpoint", std::move(whole).labelled(endpoint.label()));
  }
  if (!endpoint.is_object()) return arguments;
  Value uri = endpoint.member("uri");
  if (!uri.is_string()) return arguments;
  Value expanded = TRY(expand_uri_template(uri.as_string(), input));
  expanded = std::move(expanded).labelled(uri.label());
  return std::move(arguments).with_member("endpoint", std::move(endpoint).with_member("uri", std::move(expanded)));
}

Status check_uri_template(std::string_view uri_template) {
  auto wrong = [](std::string message) { return Error{Code::invalid_argument, std::move(message)}; };
  for (std::size_t at = 0; (at = uri_template.find_first_of("{}", at)) != std::string_view::npos;) {
    if (uri_template[at] == '}') return wrong("'}' without '{' in the URI");
    std::size_t close = uri_template.find('}', at);
    if (close == std::string_view::npos) return wrong("'{' without '}' in the URI");
    std::string_view name = uri_template.substr(at + 1, close - at - 1);
    bool simple = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return is_unreserved(c); });
    if (!simple)
      return wrong(
          fmt::format("'{{{}}}' in the URI: only the name of a top-level member of the task's input is supported",
                      name.substr(0, 60)));
    at = close + 1;
  }
  return done();
}

std::string_view dotted_name(std::string_view uri_template) {
  for (std::size_t at = 0; (at = uri_template.find('{', at)) != std::string_view::npos; ++at) {
    const std::size_t close = uri_template.find('}', at);
    if (close == std::string_view::npos) break;
    const std::string_view name = uri_template.substr(at + 1, close - at - 1);
    if (name.find('.') != std::string_view::npos) return name;
  }
  return {};
}

}  // namespace gantry::definition
