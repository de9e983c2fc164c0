#include "gate/addresses.h"

#include <algorithm>
#include <array>
#include <string>

#include "gate/host_views.h"
#include "gate/written_forms.h"

namespace gantry::gate {
namespace {

using written::is_digit;
using written::is_letter;
using written::is_wide;
using written::key_of;
using written::lower;

constexpr std::size_t local_bytes_max = 64, scheme_bytes_max = 20;

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The scheme in lower case; empty when the text doesn't start with one and a colon.
std::string scheme_of(std::string_view text) {
  const std::size_t colon = text.substr(0, scheme_bytes_max + 1).find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_letter(text.front())) return {};
  const std::string_view scheme = text.substr(0, colon);
  const bool valid = std::all_of(scheme.begin(), scheme.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
  return valid ? lower(scheme) : std::string();
}

// "intranet" is a host in "intranet:8080/login" only.
bool is_machine(std::string_view host) {
  return std::any_of(host.begin(), host.end(), is_letter) && std::all_of(host.begin(), host.end(), [](char c) {
           return is_letter(c) || is_digit(c) || c == '-';
         });
}

bool is_port_and_path(std::string_view text) {
  if (!text.starts_with(':')) return false;
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view port = text.substr(1, slash - 1);
  return (port == "80" || (port.size() >= 3 && port.size() <= 5)) && std::all_of(port.begin(), port.end(), is_digit);
}

}  // namespace

bool is_host_character(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || is_wide(c);
}

bool is_host(std::string_view host) {
  if (host.size() < 4 || host.size() > 253 || !std::all_of(host.begin(), host.end(), is_host_character)) return false;
  const std::size_t dot = host.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || host.find("..") != std::string_view::npos) return false;
  const std::string_view last = host.substr(dot + 1);
  if (std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; }))
    return std::count(host.begin(), host.end(), '.') == 3;
  if (last.starts_with("xn--")) return true;
  return last.size() >= 2 && last.size() <= 63 && is_all_letters(last);
}

bool is_file_name(std::string_view host) {
  constexpr std::array endings{"pdf", "txt",  "csv", "xls", "xlsx", "doc", "docx", "ppt", "pptx", "png",
                               "jpg", "jpeg", "gif", "svg", "json", "xml", "yaml", "yml", "log",  "edi",
                               "eml", "html", "htm", "exe", "dll",  "tar", "gz",   "bak", "ini",  "cfg"};
  const std::string ending = lower(host.substr(host.rfind('.') + 1));
  return std::any_of(endings.begin(), endings.end(), [&](const char* each) { return ending == each; });
}

std::optional<Token> url_of(std::string_view text) {
  const std::string scheme = scheme_of(text);
  if (scheme.empty()) return std::nullopt;
  std::string_view rest = text.substr(scheme.size() + 1);
  if (is_one_of(scheme, {"data", "javascript", "tel", "file", "vbscript"})) {
    if (rest.empty()) return std::nullopt;
    return Token{Shape::url, std::string(text), {key_of('u', scheme + ":" + std::string(rest))}, {}};
  }
  if (is_one_of(scheme, {"http", "https", "ws", "wss", "ftp"})) {
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of("/\\")));
  } else {
    if (!rest.starts_with("//") && !rest.starts_with("\\\\")) return std::nullopt;
    rest.remove_prefix(2);
  }
  const std::size_t end = rest.find_first_of("/?#\\");
  std::string_view authority = rest.substr(0, end), path = end == std::string_view::npos ? "" : rest.substr(end);
  const std::size_t at = authority.rfind('@');
  const std::string_view user = at == std::string_view::npos ? "" : authority.substr(0, at + 1);
  authority.remove_prefix(user.size());
  std::string_view port;
  if (const std::size_t place = authority.rfind(':');
      place != std::string_view::npos && authority.find(']', place) == std::string_view::npos) {
    port = authority.substr(place);
    authority = authority.substr(0, place);
  }
  if ((scheme == "http" && port == ":80") || (scheme == "https" && port == ":443") || port == ":") port = "";
  if (path == "/") path = "";
  std::string host = canonical_host(authority);
  if (host.empty()) return std::nullopt;
  std::string key = scheme + "://";
  key.append(user).append(host).append(port).append(path);
  return Token{Shape::url, std::string(text), {key_of('u', key)}, std::move(host)};
}

Token mail_token(std::string_view local, std::string_view host) {
  const std::string canonical = canonical_host(host);
  return {Shape::mail,
          std::string(local) + "@" + std::string(host),
          {key_of('a', lower(local) + "@" + canonical)},
          canonical};
}

std::optional<Token> mail_of(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || !is_host(canonical_host(text.substr(at + 1)))) return std::nullopt;
  const std::string_view local = text.substr(0, at);
  if (local.size() > local_bytes_max || local.find_first_of(" \t<>()[],;:\\\"/") != std::string_view::npos)
    return std::nullopt;
  return mail_token(local, text.substr(at + 1));
}

std::optional<Token> host_of(std::string_view text) {
  const std::size_t end = text.find_first_of("/:?#\\");
  std::string host = canonical_host(text.substr(0, end));
  if (!is_host(host) && host != "localhost" &&
      !(end != std::string_view::npos && is_machine(host) && is_port_and_path(text.substr(end))))
    return std::nullopt;
  if (end != std::string_view::npos)
    return Token{Shape::url, std::string(text), {key_of('u', host + std::string(text.substr(end)))}, host};
  if (is_file_name(host)) return std::nullopt;
  return Token{Shape::host, std::string(text), {key_of('h', host)}, host};
}

bool is_web_address(std::string_view text) {
  if (text.find('\\') != std::string_view::npos) return false;
  std::string_view rest = text;
  const std::size_t scheme = text.find("://");
  if (scheme != std::string_view::npos && scheme < text.find_first_of("/?#")) {
    if (!is_one_of(lower(text.substr(0, scheme)), {"http", "https"})) return false;
    rest.remove_prefix(scheme + 3);
  }
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  const std::string_view port = colon == std::string_view::npos ? "" : authority.substr(colon + 1);
  return !authority.empty() && authority.find('@') == std::string_view::npos && port.size() <= 5 &&
         std::all_of(port.begin(), port.end(), is_digit);
}

}  // namespace gantry::gate
