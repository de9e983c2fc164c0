#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

bool needs_escape(char byte) {
  return escape_table[static_cast<unsigned char>(byte)] != 0;
}

// Whether one of eight bytes is a control character, a quote or a backslash: Mycroft's test for a byte below a limit,
// and for a zero byte after an exclusive or (H. Warren, Hacker's Delight, 6-1). It may also say so of a byte that comes
// after such a one, never the other way round.
bool may_need_escape(std::uint64_t eight) {
  constexpr std::uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
  const std::uint64_t quote = eight ^ (ones * '"'), backslash = eight ^ (ones * '\\');
  return (((eight - ones * 0x20) & ~eight) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & high;
}

#ifdef __SSE2__
// The same of sixteen bytes, exactly: a byte is below 0x20 when it is the smaller one of itself and 0x1f.
bool need_escape(__m128i sixteen) {
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(sixteen, _mm_set1_epi8(0x1f)), sixteen);
  const __m128i quote = _mm_cmpeq_epi8(sixteen, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(sixteen, _mm_set1_epi8('\\'));
  return _mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))) != 0;
}
#endif

// Copies all of a text, unless one of its bytes may need an escape. What is left after the last eight bytes is copied
// together with some that were copied already.
bool copy_plain(char* to, std::string_view text) {
  const char* from = text.data();
  const std::size_t size = text.size();
#ifdef __SSE2__
  if (size >= 16) {
    for (std::size_t at = 0;; at = std::min(at + 16, size - 16)) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at));
      if (need_escape(bytes)) return false;
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + at), bytes);
      if (at + 16 == size) return true;
    }
  }
#endif
  std::uint64_t bytes = 0;
  if (size >= sizeof bytes) {
    for (std::size_t at = 0;; at = std::min(at + sizeof bytes, size - sizeof bytes)) {
      std::memcpy(&bytes, from + at, sizeof bytes);
      if (may_need_escape(bytes)) return false;
      std::memcpy(to + at, &bytes, sizeof bytes);
      if (at + sizeof bytes == size) return true;
    }
  }
  if (size >= 4) {
    std::uint32_t first, last;
    std::memcpy(&first, from, sizeof first);
    std::memcpy(&last, from + size - sizeof last, sizeof last);
    if (may_need_escape(first | std::uint64_t{last} << 32)) return false;
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + size - sizeof last, &last, sizeof last);
    return true;
  }
  for (std::size_t at = 0; at < size; ++at) {
    if (needs_escape(from[at])) return false;
    to[at] = from[at];
  }
  return true;
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
  // In quotes. False, and nothing is there, when a byte of it may need an escape.
  bool append_quoted(std::string_view text) {
    char* to = room(text.size() + 2);
    if (!copy_plain(to + 1, text)) return false;
    to[0] = to[text.size() + 1] = '"';
    size_ += text.size() + 2;
    return true;
  }
  // In quotes, with a colon.
  void append_plain_key(std::string_view key) {
    char* to = room(key.size() + 3);
    to[0] = '"';
    std::memcpy(to + 1, key.data(), key.size());
    std::memcpy(to + 1 + key.size(), "\":", 2);
    size_ += key.size() + 3;
  }
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
  if (out.append_quoted(text)) return;
  out.push('"');
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(std::find_if(text.begin(), text.end(), needs_escape) - text.begin());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    append_escape(out, static_cast<unsigned char>(text.front()));
    text.remove_prefix(1);
  }
  out.push('"');
}

void append_key(Sheet& out, const Text& key) {
  if (key.is_plain()) return out.append_plain_key(key.view());
  append_text(out, key);
  out.push(':');
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
    append_key(out, member.key);
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
