#include "definition/openapi_parameter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "definition/uri_template.h"
#include "value/json.h"

namespace gantry::definition {
namespace {

using In = OpenApiParameter::In;
using Style = OpenApiParameter::Style;

constexpr std::size_t parts_max = 10'000;  // items of a list or members of an object in one parameter

Error document_error(std::string message) {
  return {Code::conflict, std::move(message)};
}

Error parameter_error(const OpenApiParameter& parameter, std::string_view message) {
  return {Code::invalid_argument, fmt::format("parameter '{}': {}", parameter.name, message)};
}

template <class T>
struct Named {
  std::string_view name;
  T value;
};
template <class T, std::size_t Size>
const T* find_named(const std::array<Named<T>, Size>& all, std::string_view name) {
  auto found = std::find_if(all.begin(), all.end(), [&](const Named<T>& each) { return each.name == name; });
  return found == all.end() ? nullptr : &found->value;
}

constexpr std::array<Named<In>, 6> locations = {{{"path", In::path},
                                                 {"query", In::query},
                                                 {"header", In::header},
                                                 {"cookie", In::cookie},
                                                 {"formData", In::form},
                                                 {"body", In::body}}};
constexpr std::array<Named<Style>, 7> styles = {{{"simple", Style::simple},
                                                 {"label", Style::label},
                                                 {"matrix", Style::matrix},
                                                 {"form", Style::form},
                                                 {"spaceDelimited", Style::spaces},
                                                 {"pipeDelimited", Style::pipes},
                                                 {"deepObject", Style::deep_object}}};
constexpr std::array<Named<Style>, 5> collection_formats = {{{"csv", Style::form},
                                                             {"multi", Style::form},
                                                             {"ssv", Style::spaces},
                                                             {"tsv", Style::tabs},
                                                             {"pipes", Style::pipes}}};

bool fits(Style style, In in) {
  switch (style) {
    case Style::simple:
      return in == In::path || in == In::header;
    case Style::label:
    case Style::matrix:
      return in == In::path;
    case Style::form:
      return in == In::query || in == In::cookie || in == In::form;
    case Style::spaces:
    case Style::pipes:
    case Style::tabs:
    case Style::deep_object:
      return in == In::query || in == In::form;
  }
  return false;
}

// Swagger 2.0 joins the items of a list in a path or header the way its collectionFormat says; only commas are
// known there in OpenAPI 3, and here.
Status read_collection_format(const Value& described, OpenApiParameter& parameter) {
  const bool pairs = parameter.in == In::query || parameter.in == In::form;
  parameter.style = pairs ? Style::form : Style::simple;
  const std::string_view format = described.string_or("collectionFormat", "csv");
  const Style* style = find_named(collection_formats, format);
  if (style == nullptr || (!pairs && format != "csv"))
    return document_error(fmt::format("parameter '{}': collectionFormat '{}' is not supported in '{}'", parameter.name,
                                      format, described.string_or("in", "")));
  if (pairs) parameter.style = *style;
  parameter.explode = format == "multi";
  return done();
}

Status read_style(const Value& described, OpenApiParameter& parameter) {
  const bool pairs = parameter.in == In::query || parameter.in == In::cookie;
  parameter.style = pairs ? Style::form : Style::simple;
  if (described.find("style") != nullptr) {
    const Style* style = find_named(styles, described.string_or("style", ""));
    if (style == nullptr || !fits(*style, parameter.in))
      return document_error(fmt::format("parameter '{}': style '{}' is not supported in '{}'", parameter.name,
                                        described.string_or("style", "?"), described.string_or("in", "")));
    parameter.style = *style;
  }
  parameter.explode = described.boolean_or("explode", parameter.style == Style::form);
  parameter.keeps_reserved = described.boolean_or("allowReserved", false);
  if (const Value content = described.member("content"); content.is_object() && content.size() > 0) {
    parameter.is_json = true;
    const std::string type = media_type_of(content.members()[0].key.view());
    if (!is_json_media_type(type))
      return document_error(fmt::format("parameter '{}': content of type '{}' is not supported", parameter.name, type));
  }
  return done();
}

std::string encoded(const OpenApiParameter& parameter, std::string_view text) {
  if (parameter.in == In::header) return std::string(text);
  if (!parameter.keeps_reserved || parameter.in != In::query) return percent_encoded(text);
  // '&', '=', '+', '#' and '?' would change what the query says, whatever the document allows.
  std::string result;
  for (char c : text) {
    if (std::string_view(":/[]@!$'()*,;").find(c) != std::string_view::npos)
      result += c;
    else
      result += percent_encoded(std::string_view(&c, 1));
  }
  return result;
}

Result<std::string> scalar(const OpenApiParameter& parameter, const Value& value) {
  if (value.is_string()) return encoded(parameter, value.as_string());
  if (value.is_boolean() || value.is_number()) return encoded(parameter, print_json(value));
  return parameter_error(parameter, fmt::format("expected text, a number, true or false{}, found {}",
                                                value.is_null() ? "" : " inside", value.kind_name()));
}

// The items of a list, or names and values of an object, encoded. For a list the names are empty.
struct Part {
  std::string name, text;
};
Result<std::vector<Part>> parts_of(const OpenApiParameter& parameter, const Value& value) {
  std::vector<Part> parts;
  if (value.size() > parts_max) return parameter_error(parameter, fmt::format("more than {} items", parts_max));
  if (value.is_array()) {
    for (const Value& item : value.items()) parts.push_back({"", TRY(scalar(parameter, item))});
  } else {
    for (const Member& member : value.members()) {
      if (member.value.is_null()) continue;
      parts.push_back({encoded(parameter, member.key.view()), TRY(scalar(parameter, member.value))});
    }
  }
  return parts;
}

// "a,b" or "k,v,k,v"; exploded objects as "k=v,k=v".
std::string joined(const std::vector<Part>& parts, std::string_view separator, bool equals) {
  std::string result;
  for (const Part& part : parts) {
    if (!result.empty()) result += separator;
    if (!part.name.empty()) result += part.name + (equals ? "=" : std::string(separator));
    result += part.text;
  }
  return result;
}

}  // namespace

std::string media_type_of(std::string_view text) {
  std::string type(text.substr(0, text.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  for (char& c : type)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return type;
}

bool is_json_media_type(std::string_view type) {
  return type == "application/json" || type == "text/json" || type == "*/*" || type == "application/*" ||
         (type.size() > 5 && type.substr(type.size() - 5) == "+json");
}

Result<OpenApiParameter> read_openapi_parameter(const Value& described, bool is_swagger) {
  OpenApiParameter parameter;
  parameter.name = described.is_object() ? described.string_or("name", "") : "";
  if (parameter.name.empty()) return document_error("the document has a parameter without a name");
  const In* in = find_named(locations, described.string_or("in", ""));
  const bool only_swagger = in != nullptr && (*in == In::form || *in == In::body);
  if (in == nullptr || only_swagger > is_swagger)
    return document_error(fmt::format("parameter '{}': expected 'in' to be path, query, header or cookie, found '{}'",
                                      parameter.name, described.string_or("in", "")));
  parameter.in = *in;
  parameter.required = *in == In::path || described.boolean_or("required", false);
  if (*in == In::body) return parameter;
  if (*in == In::form && described.string_or("type", "") == "file")
    return document_error(fmt::format("parameter '{}': files are not supported", parameter.name));
  TRY(is_swagger ? read_collection_format(described, parameter) : read_style(described, parameter));
  return parameter;
}

Result<std::string> openapi_text(const OpenApiParameter& parameter, const Value& value) {
  if (parameter.is_json) return encoded(parameter, print_json(value));
  const std::string name = encoded(parameter, parameter.name);
  const std::string_view lead = parameter.style == Style::label ? "." : "";
  if (!value.is_array() && !value.is_object()) {
    const std::string text = TRY(scalar(parameter, value));
    return parameter.style == Style::matrix ? fmt::format(";{}={}", name, text) : fmt::format("{}{}", lead, text);
  }
  const std::vector<Part> parts = TRY(parts_of(parameter, value));
  if (parts.empty()) return std::string();
  if (parameter.style != Style::matrix)
    return fmt::format("{}{}", lead, joined(parts, parameter.explode && !lead.empty() ? "." : ",", parameter.explode));
  if (!parameter.explode) return fmt::format(";{}={}", name, joined(parts, ",", false));
  std::string result;
  for (const Part& part : parts) result += fmt::format(";{}={}", part.name.empty() ? name : part.name, part.text);
  return result;
}

Result<std::vector<std::string>> openapi_pairs(const OpenApiParameter& parameter, const Value& value) {
  const std::string name = percent_encoded(parameter.name);
  if (parameter.is_json)
    return std::vector<std::string>{fmt::format("{}={}", name, encoded(parameter, print_json(value)))};
  if (!value.is_array() && !value.is_object())
    return std::vector<std::string>{fmt::format("{}={}", name, TRY(scalar(parameter, value)))};
  const std::vector<Part> parts = TRY(parts_of(parameter, value));
  std::vector<std::string> pairs;
  if (parts.empty()) return pairs;
  if (parameter.style == Style::deep_object) {
    if (!value.is_object()) return parameter_error(parameter, "style deepObject is for objects only");
    for (const Part& part : parts) pairs.push_back(fmt::format("{}%5B{}%5D={}", name, part.name, part.text));
  } else if (parameter.explode) {
    for (const Part& part : parts)
      pairs.push_back(fmt::format("{}={}", part.name.empty() ? name : part.name, part.text));
  } else {
    const std::string_view separator = parameter.style == Style::spaces  ? "%20"
                                       : parameter.style == Style::pipes ? "%7C"
                                       : parameter.style == Style::tabs  ? "%09"
                                                                         : ",";
    pairs.push_back(fmt::format("{}={}", name, joined(parts, separator, false)));
  }
  return pairs;
}

}  // namespace gantry::definition
