#include "value/yaml_scalar.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "value/number.h"

namespace gantry {
namespace {

constexpr std::string_view core_tag_prefix = "tag:yaml.org,2002:";

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (std::string_view word : words)
    if (text == word) return true;
  return false;
}

std::optional<Value> core_null(std::string_view text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return Value();
  return std::nullopt;
}

std::optional<Value> core_boolean(std::string_view text) {
  if (is_one_of(text, {"true", "True", "TRUE"})) return Value(true);
  if (is_one_of(text, {"false", "False", "FALSE"})) return Value(false);
  return std::nullopt;
}

std::size_t count_digits(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  return count;
}

// 0o17 and 0x1F. Beyond int64 the nearest double.
std::optional<Value> core_based_integer(std::string_view text) {
  if (text.size() < 3 || text[0] != '0' || (text[1] != 'o' && text[1] != 'x')) return std::nullopt;
  int base = text[1] == 'o' ? 8 : 16;
  std::int64_t exact = 0;
  std::string_view digits = text.substr(2);
  if (digits[0] == '-') return std::nullopt;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exact, base);
  if (end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc()) return Value(exact);
  double number = 0;
  for (char c : digits) number = number * base + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  return Value(std::min(number, 1.7976931348623157e308));
}

// The forms that JSON lacks (+1, 007, .5, 1.) are rewritten to JSON's before the digits are read.
std::optional<Value> core_decimal(std::string_view text) {
  std::string literal;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    if (text[0] == '-') literal = "-";
    text.remove_prefix(1);
  }
  std::size_t whole = count_digits(text);
  std::string_view whole_digits = text.substr(0, whole);
  while (whole_digits.size() > 1 && whole_digits[0] == '0') whole_digits.remove_prefix(1);
  literal += whole_digits.empty() ? "0" : whole_digits;
  text.remove_prefix(whole);
  if (!text.empty() && text[0] == '.') {
    std::size_t fraction = count_digits(text.substr(1));
    if (whole + fraction == 0) return std::nullopt;
    literal.append(".").append(fraction ? text.substr(1, fraction) : "0");
    text.remove_prefix(1 + fraction);
  } else if (whole == 0) {
    return std::nullopt;
  }
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    std::size_t sign = text.size() > 1 && (text[1] == '+' || text[1] == '-') ? 1 : 0;
    std::size_t exponent = count_digits(text.substr(1 + sign));
    if (exponent == 0) return std::nullopt;
    literal.append(text.substr(0, 1 + sign + exponent));
    text.remove_prefix(1 + sign + exponent);
  }
  if (!text.empty()) return std::nullopt;
  return number_from_literal(literal);
}

std::optional<Value> core_number(std::string_view text) {
  if (auto based = core_based_integer(text)) return based;
  return core_decimal(text);
}

bool is_not_finite(std::string_view text) {
  if (is_one_of(text, {".nan", ".NaN", ".NAN"})) return true;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  return is_one_of(text, {".inf", ".Inf", ".INF"});
}

Error not_finite(std::string_view text) {
  return {Code::invalid_argument, fmt::format("'{}' is no number that JSON can hold; quote it if text is meant", text)};
}

Result<Value> plain_scalar(std::string_view text) {
  if (is_not_finite(text)) return not_finite(text);
  char first = text.empty() ? '\0' : text[0];
  bool may_be_number = (first >= '0' && first <= '9') || first == '-' || first == '+' || first == '.';
  if (may_be_number) {
    if (auto number = core_number(text)) return *number;
    return Value(text);
  }
  if (auto null = core_null(text)) return *null;
  if (auto boolean = core_boolean(text)) return *boolean;
  return Value(text);
}

}  // namespace

Result<Value> yaml_scalar(std::string_view tag, std::string_view text) {
  if (tag == "?" || tag.empty()) return plain_scalar(text);
  if (tag == "!") return Value(text);
  std::string_view name =
      tag.substr(0, core_tag_prefix.size()) == core_tag_prefix ? tag.substr(core_tag_prefix.size()) : "";
  std::optional<Value> value;
  if (name == "str") {
    value = Value(text);
  } else if (name == "null") {
    value = core_null(text);
  } else if (name == "bool") {
    value = core_boolean(text);
  } else if (name == "int" || name == "float") {
    if (is_not_finite(text)) return not_finite(text);
    value = core_number(text);
    if (value && name == "int" && !value->is_integer() && text.find_first_of(".eE") != std::string_view::npos)
      value.reset();
  } else {
    return Error{Code::invalid_argument,
                 fmt::format("the tag '{}' is not one of YAML's core tags (!!str, !!int, !!float, !!bool, "
                             "!!null, !!seq, !!map); remove it",
                             tag.substr(0, 100))};
  }
  if (value) return *value;
  return Error{Code::invalid_argument, fmt::format("'{}' is not a value of the tag !!{}", text.substr(0, 60), name)};
}

}  // namespace gantry
