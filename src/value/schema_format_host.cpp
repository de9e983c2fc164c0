// Host names (RFC 1123, RFC 5890 to 5893) and mail addresses (RFC 5321, RFC 6531).
#include <algorithm>
#include <vector>

#include "value/schema_format.h"
#include "value/utf8.h"

namespace gantry::json_schema {
namespace {

constexpr std::size_t label_bytes_max = 63;
constexpr std::size_t name_bytes_max = 253;

bool is_ascii(const std::u32string& text) {
  return std::all_of(text.begin(), text.end(), [](char32_t code) { return code < 0x80; });
}

bool is_letter_digit_hyphen_label(const std::u32string& label) {
  auto letter_or_digit = [](char32_t c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); };
  if (label.empty() || label.size() > label_bytes_max || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [&](char32_t c) { return letter_or_digit(c) || c == '-'; });
}

std::string ascii_lower(const std::u32string& label) {
  std::string text;
  for (char32_t c : label) text.push_back(static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c));
  return text;
}

struct HostLabel {
  std::u32string unicode;
  bool plain = false;  // letters, digits and hyphens, not "xn--"
};

// An A-label must be what its Unicode form encodes to.
std::optional<HostLabel> read_label(const std::u32string& label, bool allow_unicode) {
  if (!is_ascii(label)) {
    if (!allow_unicode || label.size() > label_bytes_max || 4 + punycode_encoded(label).size() > label_bytes_max)
      return std::nullopt;
    return HostLabel{label, false};
  }
  if (!is_letter_digit_hyphen_label(label)) return std::nullopt;
  std::string lower = ascii_lower(label);
  if (!lower.starts_with("xn--")) return HostLabel{label, true};
  auto decoded = punycode_decoded(std::string_view(lower).substr(4));
  if (!decoded || is_ascii(*decoded) || punycode_encoded(*decoded) != lower.substr(4)) return std::nullopt;
  return HostLabel{std::move(*decoded), false};
}

bool is_name(const std::vector<std::u32string>& labels, bool allow_unicode) {
  std::vector<HostLabel> read;
  std::size_t bytes = labels.size() - 1;
  bool bidi = false;
  for (const std::u32string& label : labels) {
    auto one = read_label(label, allow_unicode);
    if (!one) return false;
    bytes += is_ascii(label) ? label.size() : 4 + punycode_encoded(label).size();
    bidi = bidi || has_right_to_left(one->unicode);
    read.push_back(std::move(*one));
  }
  if (bytes > name_bytes_max) return false;
  return std::all_of(read.begin(), read.end(), [&](const HostLabel& label) {
    return label.plain && !bidi ? true : is_unicode_label(label.unicode, bidi);
  });
}

std::vector<std::u32string> labels_of(std::string_view text, bool unicode_dots) {
  std::vector<std::u32string> labels(1);
  for (char32_t code : to_code_points(text)) {
    bool dot = code == '.' || (unicode_dots && (code == 0x3002 || code == 0xFF0E || code == 0xFF61));
    if (dot)
      labels.emplace_back();
    else
      labels.back().push_back(code);
  }
  return labels;
}

bool is_atom_character(char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
         (c != '\0' && std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos);
}

bool is_local_part(std::string_view text, bool allow_unicode) {
  constexpr std::size_t local_bytes_max = 64;
  if (text.empty() || text.size() > local_bytes_max) return false;
  bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  if (quoted) text = text.substr(1, text.size() - 2);
  bool after_dot = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if ((c & 0x80) != 0) {
      if (!allow_unicode) return false;
    } else if (quoted) {
      if (c == '\\')
        c = ++i < text.size() ? text[i] : '\0';
      else if (c == '"')
        return false;
      if (c < 0x20 || c > 0x7E) return false;
    } else if (c == '.' ? after_dot : !is_atom_character(c)) {
      return false;
    }
    after_dot = c == '.';
  }
  return quoted || !after_dot;
}

bool is_mail_address(std::string_view text, bool allow_unicode) {
  std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || !is_local_part(text.substr(0, at), allow_unicode)) return false;
  std::string_view domain = text.substr(at + 1);
  if (domain.starts_with('[') && domain.ends_with(']')) {
    domain = domain.substr(1, domain.size() - 2);
    return domain.starts_with("IPv6:") ? is_ipv6(domain.substr(5)) : is_ipv4(domain);
  }
  return allow_unicode ? is_idn_hostname(domain) : is_hostname(domain);
}

// Bounds the work before anything is decoded: 253 characters of at most 4 bytes.
bool may_be_name(std::string_view text) {
  return !text.empty() && text.size() <= 4 * name_bytes_max;
}

}  // namespace

std::u32string to_code_points(std::string_view utf8) {
  std::u32string out;
  for (std::size_t i = 0; i < utf8.size();) {
    auto lead = static_cast<unsigned char>(utf8[i]);
    std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
    for (std::size_t k = 1; k < length && i + k < utf8.size(); ++k)
      code = (code << 6) | (static_cast<unsigned char>(utf8[i + k]) & 0x3F);
    out.push_back(code);
    i += length;
  }
  return out;
}

bool is_hostname(std::string_view text) {
  return may_be_name(text) && is_name(labels_of(text, false), false);
}
bool is_idn_hostname(std::string_view text) {
  return may_be_name(text) && is_name(labels_of(text, true), true);
}
bool is_email(std::string_view text) {
  return is_mail_address(text, false);
}
bool is_idn_email(std::string_view text) {
  return is_mail_address(text, true);
}

}  // namespace gantry::json_schema
