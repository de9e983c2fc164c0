#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

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

// Where a text is put together: faster than a string, which looks after its end at each character.
class Sheet {
 public:
  void push(char character) { *room(1) = character, ++size_; }
  void append(std::string_view text) {
    std::memcpy(room(text.size()), text.data(), text.size());
    size_ += text.size();
  }
  void append(std::size_t times, char character) {
    std::memset(room(times), character, times);
    size_ += times;
  }
  // Copies up to the first byte that needs an escape; how many those are.
  std::size_t append_plain(std::string_view text);
  std::string_view text() const { return {bytes_.get(), size_}; }

  // The thread's own, empty. What was large is not kept.
  static Sheet& empty() {
    constexpr std::size_t kept_bytes_max = 1 << 20;
    thread_local Sheet sheet;
    sheet.size_ = 0;
    if (sheet.capacity_ > kept_bytes_max) sheet = Sheet();
    return sheet;
  }

 private:
  char* room(std::size_t bytes) {
    if (capacity_ - size_ < bytes) [[unlikely]]
      grow(bytes);
    return bytes_.get() + size_;
  }
  void grow(std::size_t bytes) {
    const std::size_t capacity = std::max<std::size_t>({4'096, 2 * capacity_, size_ + bytes});
    std::unique_ptr<char[]> larger(new char[capacity]);
    if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
    bytes_ = std::move(larger);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0, capacity_ = 0;
};

std::size_t Sheet::append_plain(std::string_view text) {
  char* to = room(text.size());
  std::size_t plain = 0;
  for (std::uint64_t eight; plain + sizeof eight <= text.size(); plain += sizeof eight) {
    std::memcpy(&eight, text.data() + plain, sizeof eight);
    if (may_need_escape(eight)) break;
    std::memcpy(to + plain, &eight, sizeof eight);
  }
  for (; plain < text.size() && escape_table[static_cast<unsigned char>(text[plain])] == 0; ++plain)
    to[plain] = text[plain];
  size_ += plain;
  return plain;
}

void append_escape(Sheet& out, unsigned char byte) {
  static constexpr char hex[] = "0123456789abcdef";
  const char escape = escape_table[byte];
  out.push('\\');
  out.push(escape);
  if (escape != 'u') return;
  out.append("00");
  out.push(hex[byte >> 4]);
  out.push(hex[byte & 15]);
}

void append_text(Sheet& out, std::string_view text) {
  out.push('"');
  while (true) {
    text.remove_prefix(out.append_plain(text));
    if (text.empty()) break;
    append_escape(out, static_cast<unsigned char>(text.front()));
    text.remove_prefix(1);
  }
  out.push('"');
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

void append_number_text(Sheet& out, const Value& number) {
  std::string digits;
  append_number(digits, number);
  out.append(digits);
}

// True for the kinds that print the same in every layout; what is left is arrays and objects.
bool append_scalar(Sheet& out, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null:
      out.append("null");
      return true;
    case Value::Kind::boolean:
      out.append(value.as_boolean() ? "true" : "false");
      return true;
    case Value::Kind::integer:
    case Value::Kind::number:
      append_number_text(out, value);
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

void append_compact(Sheet& out, const Value& value) {
  if (append_scalar(out, value)) return;
  char separator = value.is_array() ? '[' : '{';
  if (value.size() == 0) out.push(separator);
  if (value.is_array()) {
    for (const Value& item : value.items()) {
      out.push(separator);
      separator = ',';
      append_compact(out, item);
    }
    out.push(']');
    return;
  }
  for (const Member& member : value.members()) {
    out.push(separator);
    separator = ',';
    append_text(out, member.key);
    out.push(':');
    append_compact(out, member.value);
  }
  out.push('}');
}

void append_line_break(Sheet& out, std::size_t depth) {
  out.push('\n');
  out.append(2 * depth, ' ');
}

void append_pretty(Sheet& out, const Value& value, std::size_t depth) {
  if (append_scalar(out, value)) return;
  if (value.size() == 0) {
    out.append(value.is_array() ? "[]" : "{}");
    return;
  }
  char separator = value.is_array() ? '[' : '{';
  auto next_line = [&] {
    out.push(separator);
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
  out.push(value.is_array() ? ']' : '}');
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

void append_sorted(Sheet& out, const Value& value) {
  if (value.is_number() && value.as_number() == 0) return out.push('0');  // also -0, which equals 0
  if (append_scalar(out, value)) return;
  char separator = value.is_array() ? '[' : '{';
  if (value.size() == 0) out.push(separator);
  if (value.is_array()) {
    for (const Value& item : value.items()) {
      out.push(separator);
      separator = ',';
      append_sorted(out, item);
    }
    out.push(']');
    return;
  }
  std::array<const Member*, 16> few;
  std::vector<const Member*> many(value.size() > few.size() ? value.size() : 0);
  const std::span<const Member*> sorted = many.empty() ? std::span(few).first(value.size()) : std::span(many);
  std::transform(value.members().begin(), value.members().end(), sorted.begin(),
                 [](const Member& member) { return &member; });
  std::sort(sorted.begin(), sorted.end(),
            [](const Member* a, const Member* b) { return precedes_in_utf16(a->key.view(), b->key.view()); });
  for (const Member* member : sorted) {
    out.push(separator);
    separator = ',';
    append_text(out, member->key);
    out.push(':');
    append_sorted(out, member->value);
  }
  out.push('}');
}

}  // namespace

void append_json(std::string& out, const Value& value) {
  Sheet& sheet = Sheet::empty();
  append_compact(sheet, value);
  out.append(sheet.text());
}

void append_json_text(std::string& out, std::string_view text) {
  Sheet& sheet = Sheet::empty();
  append_text(sheet, text);
  out.append(sheet.text());
}

void append_canonical(std::string& out, const Value& value) {
  Sheet& sheet = Sheet::empty();
  append_sorted(sheet, value);
  out.append(sheet.text());
}

std::string print_json(const Value& value) {
  Sheet& sheet = Sheet::empty();
  append_compact(sheet, value);
  return std::string(sheet.text());
}

std::string print_json_pretty(const Value& value) {
  Sheet& sheet = Sheet::empty();
  append_pretty(sheet, value, 0);
  return std::string(sheet.text());
}

std::string print_canonical(const Value& value) {
  Sheet& sheet = Sheet::empty();
  append_sorted(sheet, value);
  return std::string(sheet.text());
}

std::string print_number(const Value& number) {
  std::string out;
  append_number(out, number);
  return out;
}

}  // namespace gantry
