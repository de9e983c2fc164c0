#include "value/utf8.h"

#include <simdjson.h>

namespace gantry {
namespace {

constexpr std::uint32_t replacement = 0xFFFD;
bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Length of a well-formed character at the start of `text`, or 0.
std::size_t well_formed_length(std::string_view text, std::uint32_t& code) {
  auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) {
    code = first;
    return 1;
  }
  std::size_t length = first >= 0xF0 && first < 0xF5   ? 4
                       : first >= 0xE0 && first < 0xF0 ? 3
                       : first >= 0xC2 && first < 0xE0 ? 2
                                                       : 0;
  if (length == 0 || text.size() < length) return 0;
  code = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return 0;
    code = (code << 6) | (static_cast<unsigned char>(text[i]) & 0x3F);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least[length] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return 0;
  return length;
}

}  // namespace

std::optional<std::size_t> find_bad_utf8(std::string_view text) {
  if (simdjson::validate_utf8(text.data(), text.size())) return std::nullopt;
  std::size_t position = 0;
  while (position < text.size()) {
    auto lead = static_cast<unsigned char>(text[position]);
    std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    std::string_view character = text.substr(position, length);
    if (lead >= 0x80 && !simdjson::validate_utf8(character.data(), character.size())) break;
    position += length;
  }
  return position;
}

void append_utf8(std::string& out, std::uint32_t code) {
  auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (char c : text) count += is_continuation(c) ? 0 : 1;
  return count;
}

std::size_t character_length(std::string_view text) {
  std::uint32_t code = 0;
  std::size_t length = well_formed_length(text, code);
  return length == 0 ? 1 : length;
}

bool is_valid_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

std::string repaired_utf8(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  while (!text.empty()) append_character(repaired, take_character(text));
  return repaired;
}

std::uint32_t take_character(std::string_view& text) {
  std::uint32_t code = replacement;
  std::size_t length = well_formed_length(text, code);
  if (length == 0) {
    code = replacement;
    length = 1;
    while (length < text.size() && length < 4 && is_continuation(text[length])) ++length;
  }
  text.remove_prefix(length);
  return code;
}

std::size_t byte_offset(std::string_view text, std::size_t characters) {
  std::size_t at = 0;
  while (at < text.size() && characters > 0) {
    ++at;
    while (at < text.size() && is_continuation(text[at])) ++at;
    --characters;
  }
  return at;
}

int hexadecimal_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_character(std::string& text, std::uint32_t code) {
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) code = replacement;
  append_utf8(text, code);
}

}  // namespace gantry
