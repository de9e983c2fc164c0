// RFC 3492; the constants are those of section 5.
#include "value/schema_format.h"
#include "value/utf8.h"

namespace gantry::json_schema {
namespace {

constexpr std::uint32_t digit_base = 36, t_min = 1, t_max = 26, skew = 38, damp = 700, initial_bias = 72,
                        initial_code = 128;

std::uint32_t adapted_bias(std::uint32_t delta, std::uint32_t count, bool first) {
  delta = first ? delta / damp : delta / 2;
  delta += delta / count;
  std::uint32_t k = 0;
  for (; delta > ((digit_base - t_min) * t_max) / 2; k += digit_base) delta /= digit_base - t_min;
  return k + (digit_base - t_min + 1) * delta / (delta + skew);
}

std::uint32_t threshold(std::uint32_t k, std::uint32_t bias) {
  if (k <= bias + t_min) return t_min;
  return k >= bias + t_max ? t_max : k - bias;
}

std::uint32_t digit_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0' + 26);
  char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'z' ? static_cast<std::uint32_t>(lower - 'a') : digit_base;
}

char digit_text(std::uint32_t value) {
  return static_cast<char>(value < 26 ? 'a' + value : '0' + (value - 26));
}

}  // namespace

std::optional<std::u32string> punycode_decoded(std::string_view text) {
  constexpr std::size_t bytes_max = 256;  // host names are shorter, and the algorithm is quadratic
  if (text.size() > bytes_max) return std::nullopt;
  std::u32string out;
  std::size_t dash = text.rfind('-');
  std::string_view plain = dash == std::string_view::npos ? std::string_view() : text.substr(0, dash);
  for (char c : plain) {
    if ((c & 0x80) != 0) return std::nullopt;
    out.push_back(static_cast<char32_t>(c));
  }
  std::size_t at = dash == std::string_view::npos ? 0 : dash + 1;
  std::uint32_t code = initial_code, bias = initial_bias;
  std::uint64_t position = 0;
  while (at < text.size()) {
    std::uint64_t before = position, weight = 1;
    for (std::uint32_t k = digit_base;; k += digit_base) {
      std::uint32_t digit = at < text.size() ? digit_value(text[at++]) : digit_base;
      if (digit >= digit_base) return std::nullopt;
      position += digit * weight;
      if (position > 0xFFFFFFFF) return std::nullopt;
      std::uint32_t t = threshold(k, bias);
      if (digit < t) break;
      weight *= digit_base - t;
      if (weight > 0xFFFFFFFF) return std::nullopt;
    }
    auto count = static_cast<std::uint32_t>(out.size() + 1);
    bias = adapted_bias(static_cast<std::uint32_t>(position - before), count, before == 0);
    std::uint64_t next_code = code + position / count;
    if (next_code > 0x10FFFF || (next_code >= 0xD800 && next_code <= 0xDFFF)) return std::nullopt;
    code = static_cast<std::uint32_t>(next_code);
    position %= count;
    out.insert(out.begin() + static_cast<std::ptrdiff_t>(position), static_cast<char32_t>(code));
    ++position;
  }
  return out;
}

std::string punycode_encoded(const std::u32string& text) {
  std::string out;
  for (char32_t code : text)
    if (code < 0x80) out.push_back(static_cast<char>(code));
  auto handled = static_cast<std::uint32_t>(out.size()), plain = handled;
  if (plain > 0) out.push_back('-');
  std::uint32_t code = initial_code, bias = initial_bias, delta = 0;
  while (handled < text.size()) {
    char32_t next = 0x10FFFF;
    for (char32_t candidate : text)
      if (candidate >= code && candidate < next) next = candidate;
    delta += (static_cast<std::uint32_t>(next) - code) * (handled + 1);
    code = static_cast<std::uint32_t>(next);
    for (char32_t candidate : text) {
      if (candidate < code) ++delta;
      if (candidate != code) continue;
      std::uint32_t rest = delta;
      for (std::uint32_t k = digit_base;; k += digit_base) {
        std::uint32_t t = threshold(k, bias);
        if (rest < t) break;
        out.push_back(digit_text(t + (rest - t) % (digit_base - t)));
        rest = (rest - t) / (digit_base - t);
      }
      out.push_back(digit_text(rest));
      bias = adapted_bias(delta, handled + 1, handled == plain);
      delta = 0;
      ++handled;
    }
    ++delta;
    ++code;
  }
  return out;
}

}  // namespace gantry::json_schema
