#include "expression/formats.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "expression/messages.h"
#include "value/json.h"
#include "value/utf8.h"

namespace gantry::expression {
namespace {

constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base32_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::array format_names{"text", "json", "html",   "uri",     "urid",   "csv",
                                  "tsv",  "sh",   "base64", "base64d", "base32", "base32d"};

struct Escape {
  char plain;
  std::string_view escaped;
};
constexpr Escape html_escapes[] = {{'<', "&lt;"}, {'>', "&gt;"}, {'&', "&amp;"}, {'\'', "&apos;"}, {'"', "&quot;"}};
constexpr Escape csv_escapes[] = {{'"', "\"\""}};
constexpr Escape tsv_escapes[] = {{'\t', "\\t"}, {'\r', "\\r"}, {'\n', "\\n"}, {'\\', "\\\\"}};
constexpr Escape shell_escapes[] = {{'\'', "'\\''"}};

void append_escaped(std::string& text, std::string_view plain, std::span<const Escape> escapes) {
  for (char c : plain) {
    const auto* found =
        std::find_if(escapes.begin(), escapes.end(), [c](const Escape& escape) { return escape.plain == c; }).base();
    if (found == escapes.data() + escapes.size())
      text += c;
    else
      text += found->escaped;
  }
}

// 3 bytes to 4 digits, or 5 bytes to 8: the digits of `bits` bits each, padded to whole groups.
std::string encode_digits(std::string_view bytes, std::string_view digits, unsigned bits, std::size_t group) {
  std::string text;
  std::uint32_t buffer = 0;
  unsigned held = 0;
  for (char c : bytes) {
    buffer = (buffer << 8) | static_cast<unsigned char>(c);
    for (held += 8; held >= bits; held -= bits) text += digits[(buffer >> (held - bits)) & ((1u << bits) - 1)];
    buffer &= (1u << held) - 1;
  }
  if (held > 0) text += digits[(buffer << (bits - held)) & ((1u << bits) - 1)];
  while (text.size() % group != 0) text += '=';
  return text;
}

// False when a character is no digit.
bool decode_digits(std::string_view text, std::string_view digits, unsigned bits, std::string& bytes,
                   std::size_t& used) {
  std::uint32_t buffer = 0;
  unsigned held = 0;
  for (char c : text) {
    if (c == '=') break;
    std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) return false;
    ++used;
    buffer = (buffer << bits) | static_cast<std::uint32_t>(digit);
    held += bits;
    if (held >= 8) {
      held -= 8;
      bytes += static_cast<char>((buffer >> held) & 0xFF);
    }
    buffer &= (1u << held) - 1;
  }
  return true;
}

// jq's way: U+FFFD for a byte that can start nothing, and one for a start with the continuations that came, when they
// are too few or mean nothing.
std::string text_of_bytes(std::string_view bytes) {
  if (is_valid_utf8(bytes)) return std::string(bytes);
  std::string text;
  while (!bytes.empty()) {
    const auto first = static_cast<unsigned char>(bytes[0]);
    const std::size_t wanted = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 && first < 0xF0 ? 3 : first >= 0xC2 && first < 0xE0 ? 2 : 1;
    std::size_t length = 1;
    while (length < std::min(wanted, bytes.size()) && (static_cast<unsigned char>(bytes[length]) & 0xC0) == 0x80) ++length;
    std::string_view character = bytes.substr(0, length);
    if (is_valid_utf8(character))
      text += character;
    else
      append_character(text, 0xFFFD);
    bytes.remove_prefix(length);
  }
  return text;
}

Got decode(Machine& machine, const Value& input, std::string_view digits, unsigned bits, const char* name,
           std::string& text) {
  std::string_view coded = input.as_string();
  std::string bytes;
  std::size_t used = 0;
  if (!decode_digits(coded, digits, bits, bytes, used))
    return machine.fail(kind_and_brief(input) + " is not valid " + name + " data", about(input));
  if (bits == 6 && used % 4 == 1)
    return machine.fail(kind_and_brief(input) + " trailing base64 byte found", about(input));
  text = text_of_bytes(bytes);
  return Got::value;
}

std::string encode_uri(std::string_view plain) {
  constexpr std::string_view hexadecimal = "0123456789ABCDEF";
  std::string text;
  for (char c : plain) {
    auto byte = static_cast<unsigned char>(c);
    bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                c == '.' || c == '~';
    if (kept) {
      text += c;
    } else {
      text += '%';
      text += hexadecimal[byte >> 4];
      text += hexadecimal[byte & 15];
    }
  }
  return text;
}

Got decode_uri(Machine& machine, const Value& input, std::string& text) {
  std::string_view coded = input.as_string();
  bool good = true;
  for (std::size_t i = 0; i < coded.size() && good; ++i) {
    if (coded[i] != '%') {
      text += coded[i];
      continue;
    }
    int high = i + 2 < coded.size() ? hexadecimal_digit(coded[i + 1]) : -1;
    int low = i + 2 < coded.size() ? hexadecimal_digit(coded[i + 2]) : -1;
    good = high >= 0 && low >= 0;
    text += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (good && is_valid_utf8(text)) return Got::value;
  return machine.fail(kind_and_brief(input) + " is not a valid uri encoding", about(input));
}

struct RowStyle {
  std::string_view name, separator, quote;
  std::span<const Escape> escapes;
};

Got format_row(Machine& machine, const Value& input, const RowStyle& style, std::string& text) {
  if (!input.is_array())
    return machine.fail(
        kind_and_brief(input) + " cannot be " + std::string(style.name) + "-formatted, only an array can be",
        about(input));
  for (std::size_t i = 0; i < input.size(); ++i) {
    const Value& item = input.items()[i];
    if (i > 0) text += style.separator;
    if (item.is_string()) {
      text += style.quote;
      append_escaped(text, item.as_string(), style.escapes);
      text += style.quote;
    } else if (item.is_boolean() || item.is_number()) {
      if (!item.is_number() || !std::isnan(item.as_number())) text += print_json(item);
    } else if (!item.is_null()) {
      return machine.fail(kind_and_brief(item) + " is not valid in a csv row", about(item));
    }
  }
  return Got::value;
}

Got format_shell(Machine& machine, const Value& input, std::string& text) {
  auto put = [&](const Value& item) {
    if (item.is_array() || item.is_object())
      return machine.fail(kind_and_brief(item) + " can not be escaped for shell", about(item));
    if (!item.is_string()) {
      text += print_json(item);
      return Got::value;
    }
    text += '\'';
    append_escaped(text, item.as_string(), shell_escapes);
    text += '\'';
    return Got::value;
  };
  if (!input.is_array()) return put(input);
  for (std::size_t i = 0; i < input.size(); ++i) {
    if (i > 0) text += ' ';
    if (put(input.items()[i]) != Got::value) return Got::failed;
  }
  return Got::value;
}

Got format_text(Machine& machine, const Value& input, std::string_view format, std::string& text) {
  if (format == "csv") return format_row(machine, input, {"csv", ",", "\"", csv_escapes}, text);
  if (format == "tsv") return format_row(machine, input, {"tsv", "\t", "", tsv_escapes}, text);
  if (format == "sh") return format_shell(machine, input, text);
  if (format == "json") {
    text = print_json(input);
    return Got::value;
  }
  Value plain = text_of(input);
  if (format == "html")
    append_escaped(text, plain.as_string(), html_escapes);
  else if (format == "uri")
    text = encode_uri(plain.as_string());
  else if (format == "urid")
    return decode_uri(machine, plain, text);
  else if (format == "base64")
    text = encode_digits(plain.as_string(), base64_digits, 6, 4);
  else if (format == "base32")
    text = encode_digits(plain.as_string(), base32_digits, 5, 8);
  else if (format == "base64d")
    return decode(machine, plain, base64_digits, 6, "base64", text);
  else if (format == "base32d")
    return decode(machine, plain, base32_digits, 5, "base32", text);
  else
    return machine.fail(std::string(format) + " is not a valid format");
  return Got::value;
}

}  // namespace

bool is_format(std::string_view name) {
  return std::find(format_names.begin(), format_names.end(), name) != format_names.end();
}

Value text_of(const Value& value) {
  if (value.is_string()) return value;
  Label label = value.is_array() || value.is_object() ? value.deep_label() : value.label();
  return Value(print_json(value)).labelled(label);
}

Got format_value(Machine& machine, const Value& input, std::string_view format, Value& output) {
  if (format == "text" && input.is_string()) {
    output = input;
    return Got::value;
  }
  std::string text;
  if (format == "text") {
    output = text_of(input);
    return machine.use_memory(output.size()) ? Got::value : Got::failed;
  }
  if (format_text(machine, input, format, text) != Got::value || !machine.use_memory(text.size())) return Got::failed;
  output = Value(text).labelled(input.deep_label());
  return Got::value;
}

}  // namespace gantry::expression
