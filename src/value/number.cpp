#include "value/number.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace gantry {
namespace {

bool is_integer_literal(std::string_view literal) {
  return literal.find_first_of(".eE") == std::string_view::npos;
}

// Whether a literal that is out of the range of double is too large rather than too small: decided by the power of ten
// of its first digit that is not zero.
bool overflows(std::string_view literal) {
  std::size_t exponent_at = literal.find_first_of("eE");
  std::string_view mantissa = literal.substr(0, exponent_at);
  if (!mantissa.empty() && mantissa[0] == '-') mantissa.remove_prefix(1);
  std::int64_t exponent = 0;
  if (exponent_at != std::string_view::npos) {
    std::string_view digits = literal.substr(exponent_at + 1);
    if (!digits.empty() && digits[0] == '+') digits.remove_prefix(1);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (error != std::errc()) return digits[0] != '-';
  }
  std::size_t point = mantissa.find('.');
  std::size_t first = mantissa.find_first_not_of("0.");
  if (first == std::string_view::npos) return false;
  auto whole_digits = static_cast<std::int64_t>(point == std::string_view::npos ? mantissa.size() : point);
  std::int64_t power = whole_digits - static_cast<std::int64_t>(first);
  if (exponent > 0 && power > std::numeric_limits<std::int64_t>::max() - exponent) return true;
  return power + exponent > 0;
}

double double_from_literal(std::string_view literal) {
  double number = 0;
  auto [end, error] = std::from_chars(literal.data(), literal.data() + literal.size(), number);
  bool negative = literal[0] == '-';
  if (error == std::errc::result_out_of_range) number = overflows(literal) ? HUGE_VAL : 0.0;
  if (std::isinf(number)) number = std::numeric_limits<double>::max();
  return std::copysign(number, negative ? -1.0 : 1.0);
}

}  // namespace

Value number_from_literal(std::string_view literal) {
  if (is_integer_literal(literal)) {
    std::int64_t whole = 0;
    auto [end, error] = std::from_chars(literal.data(), literal.data() + literal.size(), whole);
    if (error == std::errc() && (whole != 0 || literal[0] != '-')) return whole;
  }
  return double_from_literal(literal);
}

void append_integer(std::string& out, std::int64_t number) {
  char buffer[24];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, number);
  out.append(buffer, end);
}

void append_double(std::string& out, double number) {
  if (std::signbit(number)) {
    out.push_back('-');
    number = -number;
  }
  if (number == 0) {
    out.push_back('0');
    return;
  }
  // "d.ddde+XX" with the fewest digits; ECMAScript's layout is made from digits and exponent.
  char buffer[32];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific);
  std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  std::size_t exponent_at = text.find('e');
  int exponent = 0;
  std::size_t exponent_digits = exponent_at + (text[exponent_at + 1] == '+' ? 2 : 1);
  std::from_chars(text.data() + exponent_digits, text.data() + text.size(), exponent);
  char digits[32];
  std::size_t count = 0;
  for (char c : text.substr(0, exponent_at))
    if (c != '.') digits[count++] = c;

  std::string_view all(digits, count);
  int point = exponent + 1;  // the decimal point stands after this many digits
  auto digit_count = static_cast<int>(count);
  if (point > 21 || point <= -6) {
    out.push_back(digits[0]);
    if (count > 1) out.append(".").append(all.substr(1));
    out.append(exponent < 0 ? "e-" : "e+");
    append_integer(out, std::abs(exponent));
  } else if (point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-point), '0').append(all);
  } else if (digit_count <= point) {
    out.append(all).append(static_cast<std::size_t>(point - digit_count), '0');
  } else {
    auto whole = static_cast<std::size_t>(point);
    out.append(all.substr(0, whole)).append(".").append(all.substr(whole));
  }
}

}  // namespace gantry
