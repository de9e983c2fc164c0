#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "value/json.h"
#include "value/number.h"

namespace gantry {
namespace {

// 0: copied as it is; 'u': \u00XX; else the letter after the backslash.
constexpr std::array<char, 256> escape_table = [] {
  std::array<char, 256> table{};
  for (std::size_t i = 0; i < 0x20; ++i) table[i] = 'u';
  table['\b'] = 'b';
  table['\t'] = 't';
  table['\n'] = 'n';
  table['\f'] = 'f';
  table['\r'] = 'r';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}();

// Whether one of eight bytes is a control character, a quote or a backslash: Mycroft's test for a byte below a limit,
// and for a zero byte after an exclusive or (H. Warren, Hacker's Delight, 6-1). It may also say so of a byte that comes
// after such a one, never the other way round.
bool may_need_escape(std::uint64_t eight) {
  constexpr std::uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
  const std::uint64_t quote = eight ^ (ones * '"'), backslash = eight ^ (ones * '\\');
  return (((eight - ones * 0x20) & ~eight) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & high;
}

void append_escaped(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::size_t run_start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    char escape = escape_table[byte];
    if (escape == 0) [[likely]]
      continue;
    out.append(text.substr(run_start, i - run_start));
    run_start = i + 1;
    out.push_back('\\');
    out.push_back(escape);
    if (escape == 'u') {
      out.append("00");
      out.push_back(hex[byte >> 4]);
      out.push_back(hex[byte & 15]);
    }
  }
  out.append(text.substr(run_start));
}

void append_text(std::string& out, std::string_view text) {
  out.push_back('"');
  std::size_t plain = 0;
  for (std::uint64_t eight; plain + sizeof eight <= text.size(); plain += sizeof eight) {
    std::memcpy(&eight, text.data() + plain, sizeof eight);
    if (may_need_escape(eight)) break;
  }
  out.append(text.substr(0, plain));
  append_escaped(out, text.substr(plain));
  out.push_back('"');
}

// A whole double within int64 prints all its digits: the shortest text would be read as another integer.
void append_number(std::string& out, const Value& number) {
  if (number.is_integer()) return append_integer(out, number.as_integer());
  double value = number.as_number();
  if (std::isnan(value)) {
    out.append("null");
    return;
  }
  bool whole_in_range = value >= -9223372036854775808.0 && value < 9223372036854775808.0 && value == std::trunc(value);
  if (whole_in_range && value != 0) return append_integer(out, static_cast<std::int64_t>(value));
  if (std::isinf(value)) value = std::copysign(std::numeric_limits<double>::max(), value);
  append_double(out, value);
}

// True for the kinds that print the same in every layout; what is left is arrays and objects.
bool append_scalar(std::string& out, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null:
      out.append("null");
      return true;
    case Value::Kind::boolean:
      out.append(value.as_boolean() ? "true" : "false");
      return true;
    case Value::Kind::integer:
    case Value::Kind::number:
      append_number(out, value);
      return true;
    case Value::Kind::string:
      append_text(out, value.as_string());
      return true;
    case Value::Kind::array:
    case Value::Kind::object:
      return false;
  }
  return false;
}

void append_compact(std::string& out, const Value& value) {
  if (append_scalar(out, value)) return;
  char separator = value.is_array() ? '[' : '{';
  if (value.size() == 0) out.push_back(separator);
  if (value.is_array()) {
    for (const Value& item : value.items()) {
      out.push_back(separator);
      separator = ',';
      append_compact(out, item);
    }
    out.push_back(']');
    return;
  }
  for (const Member& member : value.members()) {
    out.push_back(separator);
    separator = ',';
    append_text(out, member.key);
    out.push_back(':');
    append_compact(out, member.value);
  }
  out.push_back('}');
}

void append_line_break(std::string& out, std::size_t depth) {
  out.push_back('\n');
  out.append(2 * depth, ' ');
}

void append_pretty(std::string& out, const Value& value, std::size_t depth) {
  if (append_scalar(out, value)) return;
  if (value.size() == 0) {
    out.append(value.is_array() ? "[]" : "{}");
    return;
  }
  char separator = value.is_array() ? '[' : '{';
  auto next_line = [&] {
    out.push_back(separator);
    separator = ',';
    append_line_break(out, depth + 1);
  };
  if (value.is_array()) {
    for (const Value& item : value.items()) {
      next_line();
      append_pretty(out, item, depth + 1);
    }
  } else {
    for (const Member& member : value.members()) {
      next_line();
      append_text(out, member.key);
      out.append(": ");
      append_pretty(out, member.value, depth + 1);
    }
  }
  append_line_break(out, depth);
  out.push_back(value.is_array() ? ']' : '}');
}

// UTF-16 order is the byte order of UTF-8, except that code points from U+10000 (lead byte from 0xF0), being
// surrogates 0xD800 to 0xDFFF in UTF-16, come before U+E000 to U+FFFF (lead bytes 0xEE and 0xEF).
bool precedes_in_utf16(std::string_view left, std::string_view right) {
  auto [a, b] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
  if (a == left.end() || b == right.end()) return a == left.end() && b != right.end();
  auto x = static_cast<unsigned char>(*a), y = static_cast<unsigned char>(*b);
  if ((x >= 0xF0) != (y >= 0xF0) && x >= 0xEE && y >= 0xEE) return x >= 0xF0;
  return x < y;
}

void append_sorted(std::string& out, const Value& value) {
  if (value.is_number() && value.as_number() == 0) return out.push_back('0');  // also -0, which equals 0
  if (append_scalar(out, value)) return;
  char separator = value.is_array() ? '[' : '{';
  if (value.size() == 0) out.push_back(separator);
  if (value.is_array()) {
    for (const Value& item : value.items()) {
      out.push_back(separator);
      separator = ',';
      append_sorted(out, item);
    }
    out.push_back(']');
    return;
  }
  std::vector<const Member*> sorted;
  sorted.reserve(value.size());
  for (const Member& member : value.members()) sorted.push_back(&member);
  std::sort(sorted.begin(), sorted.end(),
            [](const Member* a, const Member* b) { return precedes_in_utf16(a->key.view(), b->key.view()); });
  for (const Member* member : sorted) {
    out.push_back(separator);
    separator = ',';
    append_text(out, member->key);
    out.push_back(':');
    append_sorted(out, member->value);
  }
  out.push_back('}');
}

}  // namespace

void append_json(std::string& out, const Value& value) {
  append_compact(out, value);
}

void append_json_text(std::string& out, std::string_view text) {
  append_text(out, text);
}

void append_canonical(std::string& out, const Value& value) {
  append_sorted(out, value);
}

std::string print_json(const Value& value) {
  std::string out;
  append_compact(out, value);
  return out;
}

std::string print_json_pretty(const Value& value) {
  std::string out;
  append_pretty(out, value, 0);
  return out;
}

std::string print_canonical(const Value& value) {
  std::string out;
  append_sorted(out, value);
  return out;
}

std::string print_number(const Value& number) {
  std::string out;
  append_number(out, number);
  return out;
}

}  // namespace gantry
