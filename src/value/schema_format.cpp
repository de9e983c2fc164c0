#include "value/schema_format.h"

#include <algorithm>
#include <chrono>

#include "value/ecma_pattern.h"
#include "value/pointer.h"

namespace gantry::json_schema {
namespace {

bool is_decimal(char c) {
  return c >= '0' && c <= '9';
}
bool is_hexadecimal(char c) {
  return is_decimal(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

// Takes exactly two digits.
std::optional<int> take_two_digits(std::string_view& text) {
  if (text.size() < 2 || !is_decimal(text[0]) || !is_decimal(text[1])) return std::nullopt;
  int value = (text[0] - '0') * 10 + (text[1] - '0');
  text.remove_prefix(2);
  return value;
}

bool take_character(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

std::size_t take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_decimal(text[count])) ++count;
  text.remove_prefix(count);
  return count;
}

bool is_date(std::string_view text) {
  auto century = take_two_digits(text), decade = take_two_digits(text);
  if (!century || !decade || !take_character(text, '-')) return false;
  auto month = take_two_digits(text);
  if (!month || !take_character(text, '-')) return false;
  auto day = take_two_digits(text);
  if (!day || !text.empty()) return false;
  return std::chrono::year_month_day(std::chrono::year(*century * 100 + *decade),
                                     std::chrono::month(static_cast<unsigned>(*month)),
                                     std::chrono::day(static_cast<unsigned>(*day)))
      .ok();
}

// Minutes east of UTC.
std::optional<int> read_offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  auto hour = take_two_digits(text);
  if (!hour || *hour > 23 || !take_character(text, ':')) return std::nullopt;
  auto minute = take_two_digits(text);
  if (!minute || *minute > 59 || !text.empty()) return std::nullopt;
  return sign * (*hour * 60 + *minute);
}

bool is_time(std::string_view text) {
  auto hour = take_two_digits(text);
  if (!hour || *hour > 23 || !take_character(text, ':')) return false;
  auto minute = take_two_digits(text);
  if (!minute || *minute > 59 || !take_character(text, ':')) return false;
  auto second = take_two_digits(text);
  if (!second || *second > 60) return false;
  if (take_character(text, '.') && take_digits(text) == 0) return false;
  auto offset = read_offset(text);
  if (!offset) return false;
  int utc_minute = ((*hour * 60 + *minute - *offset) % 1440 + 1440) % 1440;
  return *second < 60 || utc_minute == 1439;  // leap seconds come at 23:59:60 UTC only
}

bool is_date_time(std::string_view text) {
  return text.size() > 10 && (text[10] == 'T' || text[10] == 't') && is_date(text.substr(0, 10)) &&
         is_time(text.substr(11));
}

// Units of one part of a duration: each once, in order and without a gap.
bool take_units(std::string_view& text, std::string_view units) {
  std::size_t next = std::string_view::npos;
  while (!text.empty() && is_decimal(text[0])) {
    take_digits(text);
    std::size_t unit = text.empty() ? std::string_view::npos : units.find(text[0]);
    if (unit == std::string_view::npos || (next != std::string_view::npos && unit != next)) return false;
    text.remove_prefix(1);
    next = unit + 1;
  }
  return next != std::string_view::npos;
}

bool is_duration(std::string_view text) {
  if (!take_character(text, 'P')) return false;
  if (text.ends_with('W')) return take_digits(text) > 0 && text == "W";
  if (!text.starts_with('T') && !take_units(text, "YMD")) return false;
  if (text.empty()) return true;
  return take_character(text, 'T') && take_units(text, "HMS") && text.empty();
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hexadecimal(text[i])) return false;
  }
  return true;
}

bool is_json_pointer(std::string_view text) {
  return parse_pointer(text).ok();
}

bool is_relative_json_pointer(std::string_view text) {
  bool zero = text.starts_with('0');
  std::size_t digits = take_digits(text);
  if (digits == 0 || (zero && digits > 1)) return false;
  return text == "#" || is_json_pointer(text);
}

bool is_regex(std::string_view text) {
  return EcmaPattern::compile(text).ok();
}

struct NamedFormat {
  std::string_view name;
  FormatCheck check;
};
constexpr NamedFormat formats[] = {{"date", is_date},
                                   {"date-time", is_date_time},
                                   {"duration", is_duration},
                                   {"email", is_email},
                                   {"hostname", is_hostname},
                                   {"idn-email", is_idn_email},
                                   {"idn-hostname", is_idn_hostname},
                                   {"ipv4", is_ipv4},
                                   {"ipv6", is_ipv6},
                                   {"iri", is_iri},
                                   {"iri-reference", is_iri_reference},
                                   {"json-pointer", is_json_pointer},
                                   {"regex", is_regex},
                                   {"relative-json-pointer", is_relative_json_pointer},
                                   {"time", is_time},
                                   {"uri", is_uri},
                                   {"uri-reference", is_uri_reference},
                                   {"uri-template", is_uri_template},
                                   {"uuid", is_uuid}};

}  // namespace

FormatCheck find_format(std::string_view name) {
  for (const NamedFormat& format : formats)
    if (format.name == name) return format.check;
  return nullptr;
}

bool is_ipv4(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && !take_character(text, '.')) return false;
    std::string_view start = text;
    std::size_t digits = take_digits(text);
    if (digits == 0 || digits > 3 || (digits > 1 && start[0] == '0')) return false;
    int value = 0;
    for (char c : start.substr(0, digits)) value = value * 10 + (c - '0');
    if (value > 255) return false;
  }
  return text.empty();
}

bool is_ipv6(std::string_view text) {
  int groups = 0;
  bool compressed = false;
  while (!text.empty()) {
    if (text.starts_with("::")) {
      if (compressed) return false;
      compressed = true;
      text.remove_prefix(2);
      if (text.empty()) break;
    } else if (groups > 0 && !take_character(text, ':')) {
      return false;
    }
    std::size_t digits = 0;
    while (digits < text.size() && is_hexadecimal(text[digits])) ++digits;
    if (digits < text.size() && text[digits] == '.') {  // the last 32 bits as an IPv4 address
      if (!is_ipv4(text)) return false;
      groups += 2;
      break;
    }
    if (digits == 0 || digits > 4) return false;
    text.remove_prefix(digits);
    ++groups;
  }
  return compressed ? groups <= 7 : groups == 8;
}

}  // namespace gantry::json_schema
