// RFC 3986 (URI), RFC 3987 (IRI) and RFC 6570 (URI template).
#include <algorithm>

#include "value/schema_format.h"
#include "value/schema_uri.h"

namespace gantry::json_schema {
namespace {

bool is_uri_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_uri_letter(char c) {
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
bool is_uri_hex(char c) {
  return is_uri_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}
bool is_unreserved(char c) {
  return is_uri_letter(c) || is_uri_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
bool is_sub_delimiter(char c) {
  return c != '\0' && std::string_view("!$&'()*+,;=").find(c) != std::string_view::npos;
}

// Non-characters, private use and specials are no part of `ucschar`.
bool is_ucschar(char32_t code) {
  if (code < 0xA0 || (code >= 0xE000 && code < 0xF900) || (code >= 0xFDD0 && code < 0xFDF0) ||
      (code >= 0xFFF0 && code < 0x10000))
    return false;
  return code < 0xE0000 ? (code & 0xFFFE) != 0xFFFE : code >= 0xE1000 && code < 0xEFFFE;
}
bool is_iprivate(char32_t code) {
  return (code >= 0xE000 && code < 0xF900) || (code >= 0xF0000 && code < 0xFFFFE) ||
         (code >= 0x100000 && code < 0x10FFFE);
}

enum class Script { ascii, unicode, unicode_with_private_use };

// All characters are unreserved, sub-delimiters, percent escapes or one of `more`.
bool consists_of(std::string_view text, std::string_view more, Script script) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !is_uri_hex(text[i + 1]) || !is_uri_hex(text[i + 2])) return false;
      i += 2;
    } else if ((c & 0x80) != 0) {
      if (script == Script::ascii) return false;
    } else if (!is_unreserved(c) && !is_sub_delimiter(c) && (c == '\0' || more.find(c) == std::string_view::npos)) {
      return false;
    }
  }
  if (script == Script::ascii) return true;
  for (char32_t code : to_code_points(text))
    if (code >= 0x80 && !is_ucschar(code) && !(script == Script::unicode_with_private_use && is_iprivate(code)))
      return false;
  return true;
}

bool is_ip_future(std::string_view text) {
  if (text.empty() || (text[0] | 0x20) != 'v') return false;
  std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot < 2 || dot + 1 == text.size()) return false;
  for (char c : text.substr(1, dot - 1))
    if (!is_uri_hex(c)) return false;
  std::string_view rest = text.substr(dot + 1);
  return rest.find('%') == std::string_view::npos && consists_of(rest, ":", Script::ascii);
}

bool is_authority(std::string_view text, Script script) {
  if (std::size_t at = text.find('@'); at != std::string_view::npos) {
    if (!consists_of(text.substr(0, at), ":", script)) return false;
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    std::size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    std::string_view address = text.substr(1, close - 1);
    if (!is_ipv6(address) && !is_ip_future(address)) return false;
    port = text.substr(close + 1);
  } else {
    std::size_t colon = std::min(text.find(':'), text.size());
    if (!consists_of(text.substr(0, colon), "", script)) return false;
    port = text.substr(colon);
  }
  if (port.empty()) return true;
  if (port[0] != ':') return false;
  for (char c : port.substr(1))
    if (!is_uri_digit(c)) return false;
  return true;
}

bool is_reference(std::string_view text, Script script, bool needs_scheme) {
  UriParts parts = split_uri(text);
  if (needs_scheme && !parts.scheme) return false;
  if (parts.authority && !is_authority(*parts.authority, script)) return false;
  if (!consists_of(parts.path, ":@/", script)) return false;
  if (!parts.scheme && !parts.authority &&
      parts.path.substr(0, parts.path.find('/')).find(':') != std::string_view::npos)
    return false;
  Script query_script = script == Script::unicode ? Script::unicode_with_private_use : script;
  if (parts.query && !consists_of(*parts.query, ":@/?", query_script)) return false;
  return !parts.fragment || consists_of(*parts.fragment, ":@/?", script);
}

// One variable of an expression: name, then ":3" or "*".
bool is_variable(std::string_view text) {
  if (text.ends_with('*')) {
    text.remove_suffix(1);
  } else if (std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    std::string_view length = text.substr(colon + 1);
    if (length.empty() || length.size() > 4 || length[0] == '0') return false;
    for (char c : length)
      if (!is_uri_digit(c)) return false;
    text = text.substr(0, colon);
  }
  bool after_dot = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !is_uri_hex(text[i + 1]) || !is_uri_hex(text[i + 2])) return false;
      i += 2;
    } else if (c == '.' ? after_dot : !is_uri_letter(c) && !is_uri_digit(c) && c != '_') {
      return false;
    }
    after_dot = c == '.';
  }
  return !after_dot;
}

bool is_template_expression(std::string_view text) {
  if (!text.empty() && std::string_view("+#./;?&=,!@|").find(text[0]) != std::string_view::npos) text.remove_prefix(1);
  while (true) {
    std::size_t comma = text.find(',');
    if (!is_variable(text.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

bool is_uri(std::string_view text) {
  return is_reference(text, Script::ascii, true);
}
bool is_uri_reference(std::string_view text) {
  return is_reference(text, Script::ascii, false);
}
bool is_iri(std::string_view text) {
  return is_reference(text, Script::unicode, true);
}
bool is_iri_reference(std::string_view text) {
  return is_reference(text, Script::unicode, false);
}

bool is_uri_template(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '{') {
      std::size_t close = text.find('}', i);
      if (close == std::string_view::npos || !is_template_expression(text.substr(i + 1, close - i - 1))) return false;
      i = close;
    } else if (c == '%') {
      if (i + 2 >= text.size() || !is_uri_hex(text[i + 1]) || !is_uri_hex(text[i + 2])) return false;
      i += 2;
    } else if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F ||
               std::string_view("\"<>\\^`|}").find(c) != std::string_view::npos) {
      return false;
    }
  }
  return true;
}

}  // namespace gantry::json_schema
