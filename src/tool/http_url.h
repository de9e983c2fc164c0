// A URL as it will be sent. Taken apart by the same library that connects, so that what is checked is what is used.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gantry::tool {

struct HttpUrl {
  std::string scheme;  // "http" or "https"
  std::string host;    // lower case, no trailing dot; IPv6 without brackets
  std::uint16_t port = 0;
  std::string text;  // the whole, normalised, without fragment
};

// Only http and https, ASCII hosts, no user information, no backslashes or control characters. Blanks and non-ASCII
// bytes after the host are percent-encoded. At most 8 KiB. Errors: invalid_argument.
Result<HttpUrl> parse_url(std::string_view text);

// The URL with scheme, host and port of another one.
Result<HttpUrl> with_origin(const HttpUrl& url, const HttpUrl& origin);

// All bytes but letters, digits and "-._~" become %XX.
std::string percent_encode(std::string_view text);

}  // namespace gantry::tool
