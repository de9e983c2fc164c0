#include "definition/event_attribute.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/clock.h"
#include "value/json.h"

namespace gantry::definition {
namespace {

constexpr std::size_t attribute_name_bytes_max = 64;
constexpr std::size_t attribute_bytes_max = 2'048;

Error event_wrong(std::string_view attribute, std::string_view why) {
  return {Code::invalid_argument, fmt::format("{}: {}", attribute, why)};
}

std::string event_text_cut_short(std::string text) {
  constexpr std::size_t bytes_max = 60;
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not inside a character
  return text.substr(0, end) + "...";
}

std::string event_found(const Value& value) {
  return value.is_string() ? event_text_cut_short(print_json(value)) : value.kind_name();
}

bool is_attribute_name(std::string_view name) {
  return !name.empty() && name.size() <= attribute_name_bytes_max &&
         std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

bool has_event_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

bool is_event_media_type(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() && text[slash + 1] != ';';
}

// A reference may be anything without blanks and such; what matters is that it can be compared and shown.
bool is_event_reference(std::string_view text) {
  return text.find_first_of(" \"<>\\^`") == std::string_view::npos;
}

bool is_event_base64(std::string_view text) {
  const std::size_t content = text.find_last_not_of('=') + 1;
  return text.size() % 4 == 0 && text.size() - content <= 2 &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(content), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
         });
}

Status check_event_text(std::string_view name, const Value& value) {
  if (!value.is_string()) return event_wrong(name, fmt::format("expected text, found {}", event_found(value)));
  if (value.size() == 0) return event_wrong(name, "expected text that is not empty");
  return done();
}

Status check_standard_attribute(std::string_view name, const Value& value) {
  TRY(check_event_text(name, value));
  const std::string_view text = value.as_string();
  if (name == "specversion" && text != "1.0")
    return event_wrong(name, fmt::format("expected \"1.0\", found {}", event_found(value)));
  if ((name == "source" || name == "dataschema") && !is_event_reference(text))
    return event_wrong(name, fmt::format("expected a URI, found {}", event_found(value)));
  if (name == "time" && !parse_timestamp(text))
    return event_wrong(name, fmt::format("expected a time such as 2026-01-31T12:00:00Z (RFC 3339), found {}", event_found(value)));
  if (name == "datacontenttype" && !is_event_media_type(text))
    return event_wrong(name, fmt::format("expected a media type such as application/json, found {}", event_found(value)));
  return done();
}

Status check_extension_attribute(std::string_view name, const Value& value) {
  if (!is_attribute_name(name)) {
    return event_wrong(fmt::format("attribute '{}'", event_text_cut_short(std::string(name))),
                 fmt::format("names have lower-case letters and digits only, at most {}", attribute_name_bytes_max));
  }
  if (value.is_boolean() || value.is_string()) return done();
  const bool fits = value.is_integer() && value.as_integer() >= std::numeric_limits<std::int32_t>::min() &&
                    value.as_integer() <= std::numeric_limits<std::int32_t>::max();
  if (fits) return done();
  return event_wrong(name, fmt::format("expected text, true, false or a whole number of 32 bits, found {}",
                                 value.is_number() ? print_json(value) : event_found(value)));
}

}  // namespace

Status check_event_attribute(std::string_view name, const Value& value) {
  static constexpr std::array<std::string_view, 8> standard = {
      "id", "source", "specversion", "type", "datacontenttype", "dataschema", "subject", "time"};
  if (name == "data") return done();
  if (name == "data_base64") {
    if (value.is_string() && is_event_base64(value.as_string())) return done();
    return event_wrong(name, fmt::format("expected text in base 64, found {}", event_found(value)));
  }
  const bool is_standard = std::find(standard.begin(), standard.end(), name) != standard.end();
  TRY(is_standard ? check_standard_attribute(name, value) : check_extension_attribute(name, value));
  if (!value.is_string()) return done();
  if (value.size() > attribute_bytes_max)
    return event_wrong(name, fmt::format("{} bytes; at most {}", value.size(), attribute_bytes_max));
  if (has_event_control_character(value.as_string())) return event_wrong(name, "control characters are not allowed");
  return done();
}

}  // namespace gantry::definition
