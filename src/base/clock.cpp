#include "base/clock.h"

#include <fmt/format.h>

#include <cctype>
#include <cstdint>
#include <limits>

namespace gantry {
namespace {

using std::chrono::days;
using std::chrono::seconds;

// Reads exactly `count` digits at `position`; -1 if they are not there.
int fixed_digits(std::string_view text, std::size_t position, std::size_t count) {
  if (position + count > text.size()) return -1;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    char digit = text[position + i];
    if (digit < '0' || digit > '9') return -1;
    value = value * 10 + (digit - '0');
  }
  return value;
}

std::string with_fraction(std::string text, std::int64_t microseconds) {
  if (microseconds == 0) return text;
  std::string digits = fmt::format("{:06}", microseconds);
  digits.erase(digits.find_last_not_of('0') + 1);
  return text + "." + digits;
}

// Reads ".123" at `position` if present; digits past the sixth are dropped.
bool read_fraction(std::string_view text, std::size_t& position, std::int64_t& microseconds) {
  microseconds = 0;
  if (position >= text.size() || (text[position] != '.' && text[position] != ',')) return true;
  ++position;
  std::int64_t scale = 100000;
  std::size_t start = position;
  for (; position < text.size() && text[position] >= '0' && text[position] <= '9'; ++position, scale /= 10)
    microseconds += (text[position] - '0') * scale;
  return position > start;
}

Error bad_timestamp(std::string_view text) {
  return {Code::invalid_argument, fmt::format("'{}' is not an RFC 3339 time; expected for example 2026-11-23T18:04:05Z", text.substr(0, 60))};
}

Error bad_duration(std::string_view text, const char* why) {
  return {Code::invalid_argument, fmt::format("'{}' is not an ISO 8601 duration ({}); expected for example PT1H30M or P2D", text.substr(0, 60), why)};
}

}  // namespace

std::string format_timestamp(Timestamp at) {
  auto day = std::chrono::floor<days>(at);
  std::chrono::year_month_day date{day};
  std::int64_t rest = (at - day).count();
  std::int64_t second = rest / 1000000;
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                                 static_cast<unsigned>(date.day()), second / 3600, second / 60 % 60, second % 60);
  return with_fraction(std::move(text), rest % 1000000) + "Z";
}

Result<Timestamp> parse_timestamp(std::string_view text) {
  int year = fixed_digits(text, 0, 4), month = fixed_digits(text, 5, 2), day = fixed_digits(text, 8, 2);
  int hour = fixed_digits(text, 11, 2), minute = fixed_digits(text, 14, 2), second = fixed_digits(text, 17, 2);
  if (year < 0 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 ||
      text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' || text[16] != ':')
    return bad_timestamp(text);
  std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)), std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return bad_timestamp(text);
  std::size_t position = 19;
  std::int64_t microseconds = 0;
  if (!read_fraction(text, position, microseconds)) return bad_timestamp(text);
  int offset_minutes = 0;
  std::string_view zone = text.substr(position);
  if (zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':') {
    int zone_hour = fixed_digits(zone, 1, 2), zone_minute = fixed_digits(zone, 4, 2);
    if (zone_hour < 0 || zone_hour > 23 || zone_minute < 0 || zone_minute > 59) return bad_timestamp(text);
    offset_minutes = (zone_hour * 60 + zone_minute) * (zone[0] == '-' ? -1 : 1);
  } else if (zone != "Z" && zone != "z") {
    return bad_timestamp(text);
  }
  return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute - offset_minutes) + seconds(second) +
         Duration(microseconds);
}

std::string format_duration(Duration duration) {
  std::int64_t total = duration.count();
  std::string text = total < 0 ? "-P" : "P";
  std::uint64_t rest = total < 0 ? 0 - static_cast<std::uint64_t>(total) : static_cast<std::uint64_t>(total);
  std::uint64_t second = rest / 1000000;
  if (second >= 86400) text += fmt::format("{}D", second / 86400);
  if (rest % 86400000000ULL == 0 && text.back() == 'D') return text;
  text += "T";
  if (second / 3600 % 24) text += fmt::format("{}H", second / 3600 % 24);
  if (second / 60 % 60) text += fmt::format("{}M", second / 60 % 60);
  if (second % 60 || rest % 1000000 || text.back() == 'T')
    text += with_fraction(fmt::format("{}", second % 60), static_cast<std::int64_t>(rest % 1000000)) + "S";
  return text;
}

Result<Duration> parse_duration(std::string_view text) {
  std::size_t position = 0;
  bool negative = !text.empty() && text[0] == '-';
  if (negative) ++position;
  if (position >= text.size() || text[position] != 'P') return bad_duration(text, "it starts with P");
  ++position;
  bool time_part = false, any = false;
  __int128 total = 0;
  std::size_t last_rank = 0;
  while (position < text.size()) {
    if (text[position] == 'T' && !time_part) {
      time_part = true;
      ++position;
      any = false;
      continue;
    }
    std::size_t start = position;
    std::int64_t whole = 0;
    for (; position < text.size() && std::isdigit(static_cast<unsigned char>(text[position])); ++position) {
      if (position - start >= 15) return bad_duration(text, "the number is too large");
      whole = whole * 10 + (text[position] - '0');
    }
    if (position == start) return bad_duration(text, "a number is expected before each unit");
    std::int64_t fraction = 0;
    bool has_fraction = position < text.size() && (text[position] == '.' || text[position] == ',');
    if (!read_fraction(text, position, fraction)) return bad_duration(text, "digits are expected after the decimal point");
    if (position >= text.size()) return bad_duration(text, "the unit is missing");
    char unit = text[position++];
    std::int64_t unit_seconds = 0;
    std::size_t rank = 0;
    if (!time_part && unit == 'W') unit_seconds = 604800, rank = 1;
    else if (!time_part && unit == 'D') unit_seconds = 86400, rank = 2;
    else if (time_part && unit == 'H') unit_seconds = 3600, rank = 3;
    else if (time_part && unit == 'M') unit_seconds = 60, rank = 4;
    else if (time_part && unit == 'S') unit_seconds = 1, rank = 5;
    else if (!time_part && (unit == 'Y' || unit == 'M')) return bad_duration(text, "years and months have no fixed length; use days");
    else return bad_duration(text, "units are W, D, then T with H, M, S");
    if (rank <= last_rank) return bad_duration(text, "units come once each, the largest first");
    if (has_fraction && unit != 'S') return bad_duration(text, "only seconds may have a fraction");
    last_rank = rank;
    total += static_cast<__int128>(whole) * unit_seconds * 1000000 + fraction;
    any = true;
  }
  if (!any) return bad_duration(text, "at least one number with its unit is expected");
  if (total > std::numeric_limits<std::int64_t>::max() / 4) return bad_duration(text, "it is longer than 70,000 years");
  return Duration(static_cast<std::int64_t>(negative ? -total : total));
}

Timestamp SystemClock::now() const { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

}  // namespace gantry
