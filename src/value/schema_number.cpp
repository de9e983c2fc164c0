#include "value/schema_number.h"

#include <charconv>
#include <cstdint>
#include <string>

#include "value/json.h"

namespace gantry::json_schema {
namespace {

// digits * 10^exponent; the sign is of no interest. 64 bits hold int64 and the 17 digits of any double.
struct Decimal {
  std::uint64_t digits = 0;
  int exponent = 0;
};

Decimal decimal_of(const Value& number) {
  Decimal decimal;
  std::string text = print_number(number);
  bool after_point = false;
  int zeros = 0;  // not yet multiplied in, so that "1" with twenty zeros fits
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '-') continue;
    if (c == '.') {
      after_point = true;
    } else if (c == 'e') {
      const char* start = text.data() + i + (text[i + 1] == '+' ? 2 : 1);
      int exponent = 0;
      std::from_chars(start, text.data() + text.size(), exponent);
      decimal.exponent += exponent;
      break;
    } else {
      if (after_point) --decimal.exponent;
      ++zeros;
      if (c == '0') continue;
      for (; zeros > 0; --zeros) decimal.digits *= 10;
      decimal.digits += static_cast<std::uint64_t>(c - '0');
    }
  }
  decimal.exponent += zeros;
  return decimal;
}

}  // namespace

bool is_multiple(const Value& number, const Value& divisor) {
  Decimal a = decimal_of(number), b = decimal_of(divisor);
  if (a.digits == 0) return true;
  if (b.digits == 0) return false;
  int shift = a.exponent - b.exponent;
  unsigned __int128 remainder = a.digits, modulus = b.digits;
  for (; shift < 0; ++shift) {  // the divisor has the larger exponent: scale it up until it exceeds the number
    modulus *= 10;
    if (modulus > a.digits) return false;
  }
  remainder %= modulus;
  for (; shift > 0 && remainder != 0; --shift) remainder = remainder * 10 % modulus;
  return remainder == 0;
}

}  // namespace gantry::json_schema
