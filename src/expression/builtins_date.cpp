// Times: seconds since 1970 or "broken down" arrays [year, month from 0, day, hours, minutes, seconds, weekday, day of
// year]. All in UTC; `now` is the time given with the evaluation.
#include <clocale>
#include <cmath>
#include <ctime>

#include "expression/builtins.h"
#include "expression/messages.h"

namespace gantry::expression {
namespace {

constexpr std::size_t format_bytes_max = 4096;
constexpr std::size_t broken_down_size = 8;

// Names of days and months don't depend on the locale of the process.
locale_t plain_locale() {
  static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
  return locale;
}

Value broken_down(const std::tm& time, double fraction) {
  return Value::array({Value(static_cast<std::int64_t>(time.tm_year) + 1900), Value(time.tm_mon), Value(time.tm_mday),
                       Value(time.tm_hour), Value(time.tm_min), Value(time.tm_sec + fraction), Value(time.tm_wday),
                       Value(time.tm_yday)});
}

Got break_down(Machine& machine, const Value& input, const char* name, Value& output) {
  if (!input.is_number()) return machine.fail(std::string(name) + "() requires a number");
  double seconds = input.as_number();
  std::tm time{};
  auto whole = static_cast<std::time_t>(std::floor(std::isfinite(seconds) && std::fabs(seconds) < 1e17 ? seconds : 0));
  if (!std::isfinite(seconds) || std::fabs(seconds) >= 1e17 || !gmtime_r(&whole, &time))
    return machine.fail("error converting number of seconds since epoch to datetime");
  output = broken_down(time, seconds - std::floor(seconds));
  return Got::value;
}
Got gmtime_of(Machine& machine, Value input, Value*, Value& output) {
  return break_down(machine, input, "gmtime", output);
}
Got localtime_of(Machine& machine, Value input, Value*, Value& output) {
  return break_down(machine, input, "localtime", output);
}

// False when a field is no number or absurd.
bool to_calendar(const Value& input, std::tm& time) {
  int* fields[broken_down_size] = {&time.tm_year, &time.tm_mon, &time.tm_mday, &time.tm_hour,
                                   &time.tm_min,  &time.tm_sec, &time.tm_wday, &time.tm_yday};
  if (input.size() < 1) return false;
  for (std::size_t i = 0; i < broken_down_size && i < input.size(); ++i) {
    const Value& field = input.items()[i];
    if (!field.is_number() || !(std::fabs(field.as_number()) < 1e9)) return false;
    *fields[i] = static_cast<int>(std::floor(field.as_number()));
  }
  time.tm_year -= 1900;
  return true;
}

Got mktime_of(Machine& machine, Value input, Value*, Value& output) {
  if (!input.is_array()) return machine.fail("mktime requires array of 6 numbers");
  std::tm time{};
  time.tm_mday = 1;
  if (!to_calendar(input, time)) return machine.fail("mktime requires parsed datetime inputs");
  output = Value(static_cast<std::int64_t>(timegm(&time)));
  return Got::value;
}

Got format_time(Machine& machine, const Value& input, const Value& format, const std::string& name, Value& output) {
  Value parts = input;
  if (input.is_number() && break_down(machine, input, "gmtime", parts) != Got::value) return Got::failed;
  if (!parts.is_array()) return machine.fail(name + "/1 requires parsed datetime inputs");
  if (!format.is_string()) return machine.fail(name + "/1 requires a string format");
  std::tm time{};
  time.tm_mday = 1;
  if (!to_calendar(parts, time)) return machine.fail(name + "/1 requires parsed datetime inputs");
  // strftime reads tables by these, so they must be in range.
  bool sane = time.tm_mon >= 0 && time.tm_mon < 12 && time.tm_wday >= 0 && time.tm_wday < 7;
  if (!sane) return machine.fail(name + "/1 requires parsed datetime inputs");
  time.tm_gmtoff = 0;
  time.tm_zone = "UTC";
  std::string pattern(format.as_string());
  if (pattern.empty() || pattern.size() > format_bytes_max) {
    if (!pattern.empty()) return machine.fail(name + "/1: the format is too long");
    output = Value("");
    return Got::value;
  }
  pattern += ' ';  // so that no output is told from too much output
  std::string text(pattern.size() * 16 + 256, '\0');
  std::size_t length = strftime_l(text.data(), text.size(), pattern.c_str(), &time, plain_locale());
  if (length == 0) return machine.fail(name + "/1: unknown system failure");
  text.resize(length - 1);
  output = Value(text);
  return Got::value;
}
Got strftime_of(Machine& machine, Value input, Value* arguments, Value& output) {
  return format_time(machine, input, arguments[0], "strftime", output);
}
Got strflocaltime_of(Machine& machine, Value input, Value* arguments, Value& output) {
  return format_time(machine, input, arguments[0], "strflocaltime", output);
}

Got strptime_of(Machine& machine, Value input, Value* arguments, Value& output) {
  if (!input.is_string() || !arguments[0].is_string())
    return machine.fail("strptime/1 requires string inputs and arguments");
  std::string text(input.as_string()), format(arguments[0].as_string());
  std::tm time{};
  time.tm_wday = 8;  // marks: not set by the format
  time.tm_yday = 367;
  const char* end = strptime_l(text.c_str(), format.c_str(), &time, plain_locale());
  if (!end || end != text.c_str() + text.size())
    return machine.fail("date \"" + text + "\" does not match format \"" + format + "\"");
  if ((time.tm_wday == 8 || time.tm_yday == 367) && time.tm_mday >= 1 && time.tm_mday <= 31 && time.tm_mon >= 0 &&
      time.tm_mon <= 11) {
    std::tm whole = time;
    timegm(&whole);
    time.tm_wday = whole.tm_wday;
    time.tm_yday = whole.tm_yday;
  }
  output = broken_down(time, 0);
  return Got::value;
}

Got now_of(Machine& machine, Value, Value*, Value& output) {
  output = Value(static_cast<double>(machine.now().time_since_epoch().count()) / 1e6);
  return Got::value;
}

constexpr Builtin date_table[] = {
    {"gmtime", 0, Labelling::shallow, gmtime_of},
    {"localtime", 0, Labelling::shallow, localtime_of},
    {"mktime", 0, Labelling::deep, mktime_of},
    {"strftime", 1, Labelling::deep, strftime_of},
    {"strflocaltime", 1, Labelling::deep, strflocaltime_of},
    {"strptime", 1, Labelling::shallow, strptime_of},
    {"now", 0, Labelling::own, now_of},
};

}  // namespace

std::span<const Builtin> date_builtins() {
  return date_table;
}

}  // namespace gantry::expression
