#include "expression/messages.h"

#include "value/json.h"
#include "value/utf8.h"

namespace gantry::expression {
namespace {

constexpr std::size_t brief_bytes_max = 29;

// Stops soon after the text is longer than what will be shown.
void append_brief(std::string& text, const Value& value) {
  if (text.size() > brief_bytes_max) return;
  if (value.is_string()) {
    std::string_view whole = value.as_string();
    text += print_json(
        whole.size() <= 2 * brief_bytes_max ? value : Value(whole.substr(0, byte_offset(whole, brief_bytes_max + 1))));
  } else if (value.is_array()) {
    text += '[';
    for (std::size_t i = 0; i < value.size() && text.size() <= brief_bytes_max; ++i) {
      if (i > 0) text += ',';
      append_brief(text, *value.find(i));
    }
    text += ']';
  } else if (value.is_object()) {
    text += '{';
    for (const Member& member : value.members()) {
      if (text.size() > brief_bytes_max) break;
      if (text.back() != '{') text += ',';
      append_brief(text, Value(member.key));
      text += ':';
      append_brief(text, member.value);
    }
    text += '}';
  } else {
    text += print_json(value);
  }
}

}  // namespace

std::string brief(const Value& value) {
  std::string text;
  append_brief(text, value);
  if (text.size() <= brief_bytes_max) return text;
  std::string_view closing = value.is_string() ? "\"" : value.is_array() ? "]" : value.is_object() ? "}" : "";
  std::size_t keep = brief_bytes_max - 3 - closing.size();
  while (keep > 0 && (static_cast<unsigned char>(text[keep]) & 0xC0) == 0x80) --keep;
  return text.substr(0, keep) + "..." + std::string(closing);
}

std::string kind_and_brief(const Value& value) {
  return std::string(value.kind_name()) + " (" + brief(value) + ")";
}

std::string object_key_message(const Value& key) {
  return "Object keys must be strings, not " + kind_and_brief(key);
}

}  // namespace gantry::expression
