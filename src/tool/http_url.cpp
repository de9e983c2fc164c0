#include "tool/http_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <memory>

#include "tool/curl_library.h"
#include "value/utf8.h"

namespace gantry::tool {
namespace {

constexpr std::size_t url_bytes_max = 8u << 10;

struct UrlCleanup {
  void operator()(CURLU* url) const { curl().url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, UrlCleanup>;

std::string url_part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl().url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string copy(text);
  curl().free(text);
  return copy;
}

Error url_refused(std::string_view why) {
  return {Code::invalid_argument, fmt::format("URL: {}", why)};
}

void append_encoded(std::string& out, char byte) {
  out += fmt::format("%{:02X}", static_cast<unsigned char>(byte));
}

// `.` and `..`, also encoded, behind an encoded slash or backslash, or before a `;`: somebody on the way takes them out,
// so that another path is asked for than the one that was judged.
bool has_dot_segment(std::string_view path) {
  std::string decoded;
  for (std::size_t at = 0; at < path.size(); ++at) {
    const int high = path[at] == '%' && at + 2 < path.size() ? hexadecimal_digit(path[at + 1]) : -1;
    const int low = high < 0 ? -1 : hexadecimal_digit(path[at + 2]);
    if (low >= 0) at += 2;
    const char byte = low < 0 ? path[at] : static_cast<char>(high * 16 + low);
    decoded.push_back(byte == '\\' ? '/' : byte);
  }
  for (std::string_view rest = decoded; !rest.empty();) {
    const std::string_view segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(segment.size() + 1, rest.size()));
    const std::string_view name = segment.substr(0, segment.find(';'));
    if (name == "." || name == "..") return true;
  }
  return false;
}

// Refuses what parsers read differently, and encodes what may not stand in a path or query.
Result<std::string> cleaned(std::string_view text) {
  if (text.size() > url_bytes_max) return url_refused(fmt::format("{} bytes, at most {}", text.size(), url_bytes_max));
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return url_refused("it must start with http:// or https://");
  const std::size_t authority_end = std::min(text.find_first_of("/?#", scheme_end + 3), text.size());
  // libcurl forgives a third slash and takes what follows as the host.
  if (authority_end == scheme_end + 3) return url_refused("the host is missing");
  const std::string_view rest = text.substr(authority_end);
  if (has_dot_segment(rest.substr(0, rest.find_first_of("?#"))))
    return url_refused("its path has a '.' or '..' between slashes; write the path that is meant");
  std::string clean(text.substr(0, authority_end));
  for (const char byte : clean) {
    if (byte <= ' ' || byte >= 0x7F || byte == '\\' || byte == '%') {
      return url_refused("the host may only have ASCII letters, digits, dots and hyphens; write others as xn--");
    }
    if (byte == '@') return url_refused("no user name or password may stand in it; use authentication");
  }
  for (const char byte : text.substr(authority_end)) {
    if (byte == '#') break;
    const auto code = static_cast<unsigned char>(byte);
    if (code < ' ' || code == 0x7F || byte == '\\') return url_refused("it has a control character or a backslash");
    if (code >= 0x80 || std::string_view(" \"<>^`{|}").find(byte) != std::string_view::npos) {
      append_encoded(clean, byte);
    } else {
      clean += byte;
    }
  }
  return clean;
}

// What is left after libcurl has read it; IPv6 addresses without their brackets.
bool is_host(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
           std::string_view("-._:").find(byte) != std::string_view::npos;
  });
}

Result<HttpUrl> taken_apart(CURLU* url) {
  HttpUrl parts;
  parts.scheme = url_part(url, CURLUPART_SCHEME);
  parts.host = url_part(url, CURLUPART_HOST);
  std::transform(parts.host.begin(), parts.host.end(), parts.host.begin(),
                 [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
  if (parts.host.size() > 2 && parts.host.front() == '[') parts.host = parts.host.substr(1, parts.host.size() - 2);
  if (parts.host.size() > 1 && parts.host.back() == '.') parts.host.pop_back();
  if (parts.scheme != "http" && parts.scheme != "https") return url_refused("expected http or https");
  if (!is_host(parts.host)) return url_refused("the host is missing or wrong");
  const std::string port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), parts.port);
  if (parts.port == 0) return url_refused("the port is wrong");
  parts.text = url_part(url, CURLUPART_URL, CURLU_NO_DEFAULT_PORT);
  return parts;
}

}  // namespace

Result<HttpUrl> parse_url(std::string_view text) {
  // Most calls of an operation go to the same place as the one before.
  struct Parsed {
    std::string text;
    HttpUrl url;
  };
  thread_local Parsed last;
  if (!text.empty() && last.text == text) return last.url;
  const std::string clean = TRY(cleaned(text));
  const UrlHandle url(curl().url());
  if (url == nullptr) return Error{Code::exhausted, "URL: out of memory"};
  const CURLUcode code = curl().url_set(url.get(), CURLUPART_URL, clean.c_str(), CURLU_DISALLOW_USER);
  if (code != CURLUE_OK) return url_refused(curl().url_strerror(code));
  HttpUrl parsed = TRY(taken_apart(url.get()));
  last = {std::string(text), parsed};
  return parsed;
}

Result<HttpUrl> with_origin(const HttpUrl& url, const HttpUrl& origin) {
  const UrlHandle handle(curl().url());
  if (handle == nullptr) return Error{Code::exhausted, "URL: out of memory"};
  const bool six = origin.host.find(':') != std::string::npos;
  const std::string host = six ? "[" + origin.host + "]" : origin.host;
  const std::string port = std::to_string(origin.port);
  if (curl().url_set(handle.get(), CURLUPART_URL, url.text.c_str(), 0) != CURLUE_OK ||
      curl().url_set(handle.get(), CURLUPART_SCHEME, origin.scheme.c_str(), 0) != CURLUE_OK ||
      curl().url_set(handle.get(), CURLUPART_HOST, host.c_str(), 0) != CURLUE_OK ||
      curl().url_set(handle.get(), CURLUPART_PORT, port.c_str(), 0) != CURLUE_OK) {
    return url_refused("the host override does not fit");
  }
  return taken_apart(handle.get());
}

std::string percent_encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char byte : text) {
    const bool unreserved = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                            (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
    if (unreserved) {
      out += byte;
    } else {
      append_encoded(out, byte);
    }
  }
  return out;
}

}  // namespace gantry::tool
