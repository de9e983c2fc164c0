// From the arguments of an effect to the HTTP request that carries it out.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tool/driver.h"
#include "tool/http_binding.h"
#include "tool/http_url.h"
#include "tool/secrets.h"

namespace gantry::tool {

struct HttpRequest {
  std::string method;
  HttpUrl url;  // as the definition says, before any host override
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<std::pair<std::string, std::string>> credential;  // the header that carries it; never shown
  std::optional<std::string> body;
  std::vector<std::string> secrets;  // texts that may not appear in anything that comes back
  bool redirect_is_success = false;
  bool wants_raw = false;  // the standard call's `output: raw`
};

// Errors: invalid_argument = the arguments don't make a request; denied = a secret is missing; conflict = the
// definition asks for something that this driver can't do. No message holds a secret.
Result<HttpRequest> request_for_operation(const HttpSettings& settings, const HttpBinding& binding,
                                          const Effect& effect, const Secrets& secrets);
Result<HttpRequest> request_for_standard_call(const Value& arguments, const Secrets& secrets);

// Every occurrence of a secret replaced by "[redacted]".
std::string redacted(std::string text, const std::vector<std::string>& secrets);
Value redacted(Value value, const std::vector<std::string>& secrets);

}  // namespace gantry::tool
