// The http driver's own part of a tool's definition: `settings` of the tool and `binding` of each operation.
// Form and meaning: docs/reference/http.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "definition/tool.h"
#include "tool/http_url.h"

namespace gantry::tool {

struct HttpAuthentication {
  enum class Kind { none, bearer, basic, header } kind = Kind::none;
  std::string secret;    // its name
  std::string username;  // basic
  std::string header;    // header
};

struct HttpSettings {
  HttpUrl base_url;
  std::optional<Duration> timeout;
  std::map<std::string, std::string> headers;
  HttpAuthentication authentication;
  std::string idempotency_header = "Idempotency-Key";
};

struct HttpBinding {
  enum class Body { none, rest, named, whole };
  std::string method;  // upper case
  std::string path;    // with {placeholders}
  std::vector<std::string> placeholders;
  std::optional<std::vector<std::string>> query;  // absent: for methods without a body, all that is left
  Body body = Body::none;
  std::vector<std::string> body_arguments;     // for named; one for whole
  std::map<std::string, std::string> headers;  // header name -> argument
};

// Errors: invalid_argument, "/pointer: message" with the pointer inside `settings` or `binding`.
Result<HttpSettings> read_http_settings(const Value& settings);
Result<HttpBinding> read_http_binding(const Value& binding);

// All problems of a tool that uses this driver, as Driver::check gives them.
std::vector<std::string> check_http_tool(const definition::Tool& tool);

// Whether a name may be set as a header by a definition: a token, and none that steers the connection itself.
bool is_free_header_name(std::string_view name);
// No control characters but the tab; at most 8 KiB.
bool is_header_value(std::string_view value);

}  // namespace gantry::tool
