// The parameters of an OpenAPI operation: what the document says of each, and how a value is written for it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace gantry::definition {

struct OpenApiParameter {
  enum class In { path, query, header, cookie, form, body };
  // The styles of OpenAPI 3 and, as `form` to `tabs`, the collection formats of Swagger 2.0.
  enum class Style { simple, label, matrix, form, spaces, pipes, tabs, deep_object };
  std::string name;
  In in = In::query;
  Style style = Style::form;
  bool explode = false;
  bool required = false;
  bool keeps_reserved = false;  // allowReserved: reserved characters of a query go out as they are
  bool is_json = false;         // `content` instead of `schema`: written as JSON text
};

// `described` is a parameter object whose `$ref` is resolved. Errors: conflict.
Result<OpenApiParameter> read_openapi_parameter(const Value& described, bool is_swagger);

// The text for a path, header or cookie; percent-encoded but for headers. Empty for an empty list or object.
// Errors: invalid_argument when the value can't be written in this style.
Result<std::string> openapi_text(const OpenApiParameter& parameter, const Value& value);
// "name=value" pieces for a query or a form, percent-encoded.
Result<std::vector<std::string>> openapi_pairs(const OpenApiParameter& parameter, const Value& value);

// The part of a media type before ';', in lower case.
std::string media_type_of(std::string_view text);
bool is_json_media_type(std::string_view type);

}  // namespace gantry::definition
