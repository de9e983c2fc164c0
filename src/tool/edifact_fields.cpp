#include "tool/edifact_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace gantry::tool {
namespace {

constexpr std::size_t number_digits_max = 15;  // what a double keeps exactly

double rounded(double amount, double decimals) {
  return std::round(amount * decimals) / decimals;
}

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char byte) { return byte >= '0' && byte <= '9'; });
}

int digits_to_int(std::string_view digits) {
  int number = 0;
  for (const char digit : digits) number = number * 10 + (digit - '0');
  return number;
}

bool is_date(int year, int month, int day) {
  constexpr std::array<int, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1900 || year > 2199 || month < 1 || month > 12 || day < 1) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= days[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

}  // namespace

const char* name_of(EdifactProblemKind kind) {
  switch (kind) {
    case EdifactProblemKind::structure:
      return "structure";
    case EdifactProblemKind::charset:
      return "charset";
    case EdifactProblemKind::content:
      return "content";
  }
  return "structure";
}

std::optional<double> parse_edifact_number(std::string_view text, char decimal_mark) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  double number = 0, scale = 1;
  std::size_t digits = 0;
  bool fraction = false;
  for (const char byte : text) {
    if (byte >= '0' && byte <= '9') {
      if (++digits > number_digits_max) return std::nullopt;
      number = number * 10 + (byte - '0');
      if (fraction) scale *= 10;
    } else if (!fraction && (byte == decimal_mark || byte == '.' || byte == ',')) {
      fraction = true;
    } else {
      return std::nullopt;
    }
  }
  if (digits == 0) return std::nullopt;
  number /= scale;
  return negative ? -number : number;
}

std::optional<std::string> parse_edifact_time(std::string_view text, std::string_view format) {
  struct Shape {
    std::string_view code;
    std::size_t year_digits, time_digits;
  };
  static constexpr std::array<Shape, 5> shapes = {Shape{"101", 2, 0}, Shape{"102", 4, 0}, Shape{"201", 2, 4},
                                                  Shape{"203", 4, 4}, Shape{"204", 4, 6}};
  const auto* shape = std::find_if(shapes.begin(), shapes.end(), [&](const Shape& one) { return one.code == format; });
  if (shape == shapes.end() || !all_digits(text)) return std::nullopt;
  if (text.size() != shape->year_digits + 4 + shape->time_digits) return std::nullopt;

  int year = digits_to_int(text.substr(0, shape->year_digits));
  if (shape->year_digits == 2) year += year < 70 ? 2000 : 1900;
  text.remove_prefix(shape->year_digits);
  const int month = digits_to_int(text.substr(0, 2)), day = digits_to_int(text.substr(2, 2));
  if (!is_date(year, month, day)) return std::nullopt;
  std::string result = fmt::format("{:04}-{:02}-{:02}", year, month, day);
  if (shape->time_digits == 0) return result;

  const int hour = digits_to_int(text.substr(4, 2)), minute = digits_to_int(text.substr(6, 2));
  if (hour > 23 || minute > 59) return std::nullopt;
  result += fmt::format("T{:02}:{:02}", hour, minute);
  if (shape->time_digits == 6) {
    const int second = digits_to_int(text.substr(8, 2));
    if (second > 59) return std::nullopt;
    result += fmt::format(":{:02}", second);
  }
  return result;
}

std::optional<double> to_kilograms(double amount, std::string_view unit) {
  if (unit == "KGM") return amount;
  if (unit == "TNE") return rounded(amount * 1000, 1000);
  if (unit == "LBR") return rounded(amount * 0.45359237, 1000);
  return std::nullopt;
}

std::optional<double> to_celsius(double amount, std::string_view unit) {
  if (unit == "CEL") return amount;
  if (unit == "FAH") return rounded((amount - 32) * 5 / 9, 10);
  return std::nullopt;
}

std::optional<double> to_centimetres(double amount, std::string_view unit) {
  if (unit == "CMT" || unit == "CM") return amount;
  if (unit == "MTR") return rounded(amount * 100, 10);
  if (unit == "MMT") return rounded(amount / 10, 10);
  if (unit == "INH") return rounded(amount * 2.54, 10);
  return std::nullopt;
}

std::optional<StowagePosition> parse_stowage_position(std::string_view text) {
  if ((text.size() != 7 && text.size() != 6) || !all_digits(text)) return std::nullopt;
  const std::size_t bay_digits = text.size() - 4;
  return StowagePosition{.bay = digits_to_int(text.substr(0, bay_digits)),
                         .row = digits_to_int(text.substr(bay_digits, 2)),
                         .tier = digits_to_int(text.substr(bay_digits + 2, 2))};
}

void EdifactProblems::add(EdifactProblemKind kind, std::size_t segment, std::size_t offset, std::string message) {
  ++counts_[static_cast<std::size_t>(kind)];
  if (listed_.size() < listed_max_) listed_.push_back({segment, offset, std::move(message), kind});
}

Value EdifactProblems::to_value() const {
  std::vector<Value> problems;
  problems.reserve(listed_.size());
  for (const EdifactProblem& problem : listed_) {
    problems.push_back(Value::object({{"segment", problem.segment},
                                      {"offset", problem.offset},
                                      {"kind", name_of(problem.kind)},
                                      {"message", problem.message}}));
  }
  return Value::array(std::move(problems));
}

}  // namespace gantry::tool
