#include "definition/cron.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "definition/problem.h"

namespace gantry::definition {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr std::size_t text_bytes_max = 1'000;
constexpr int minutes_of_day = 24 * 60;
// A 29th of February comes at least every eight years; with a step over the weekdays at the latest after 40.
constexpr int search_days_max = 41 * 366;
constexpr sys_days first_day = sys_days(std::chrono::year(1970) / 1 / 1);
constexpr sys_days last_day = sys_days(std::chrono::year(9999) / 12 / 31);

struct Field {
  const char* name;
  int low, high;
  std::array<const char*, 12> names;  // of the values from `names_from` on
  int names_from;
};
constexpr std::array<Field, 5> fields = {{
    {"minute", 0, 59, {}, 0},
    {"hour", 0, 23, {}, 0},
    {"day of month", 1, 31, {}, 0},
    {"month", 1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}, 1},
    {"day of week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, 0},
}};

struct Word {
  std::string_view name, expression;
};
constexpr std::array<Word, 7> words = {{{"@yearly", "0 0 1 1 *"},
                                        {"@annually", "0 0 1 1 *"},
                                        {"@monthly", "0 0 1 * *"},
                                        {"@weekly", "0 0 * * 0"},
                                        {"@daily", "0 0 * * *"},
                                        {"@midnight", "0 0 * * *"},
                                        {"@hourly", "0 * * * *"}}};

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Error wrong(const Field& field, std::string_view found, std::string_view why) {
  return {Code::invalid_argument, fmt::format("cron: {} '{}': {}", field.name, found.substr(0, 40), why)};
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

Result<int> read_value(const Field& field, std::string_view text) {
  const std::string name = lower(text);
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < field.names.size() && field.names[i] != nullptr; ++i) {
    if (name == field.names[i]) return field.names_from + static_cast<int>(i);
    names.emplace_back(field.names[i]);
  }
  int value = -1;
  if (!text.empty() && text.size() <= 4 && text.find_first_not_of("0123456789") == std::string_view::npos)
    value = std::stoi(std::string(text));
  if (value >= field.low && value <= field.high) return value;
  const std::string_view near = names.empty() ? std::string_view() : nearest_name(name, names);
  return wrong(field, text,
               fmt::format("expected {} to {}{}{}", field.low, field.high, names.empty() ? "" : ", or a name such as ",
                           names.empty()  ? ""
                           : near.empty() ? std::string(names.front())
                                          : fmt::format("'{}'", near)));
}

// "*", "5", "1-5", "*/10", "8-18/2"
Result<std::uint64_t> read_element(const Field& field, std::string_view text) {
  const std::vector<std::string_view> halves = split(text, "/");
  const std::vector<std::string_view> ends = split(halves[0], "-");
  if (halves.size() > 2 || ends.size() > 2) return wrong(field, text, "expected for example 5, 1-5, * or */10");
  int low = field.low, high = field.high, step = 1;
  if (halves[0] != "*") {
    low = TRY(read_value(field, ends[0]));
    high = low;
    if (ends.size() == 2) high = TRY(read_value(field, ends[1]));
    if (high < low) return wrong(field, text, "the range ends before it begins; write two ranges");
  }
  if (halves.size() == 2) {
    if (halves[0] != "*" && ends.size() == 1)
      return wrong(field, text, fmt::format("a step needs a range: {}-{}/N", low, field.high));
    const bool digits = !halves[1].empty() && halves[1].size() <= 3 &&
                        halves[1].find_first_not_of("0123456789") == std::string_view::npos;
    step = digits ? std::stoi(std::string(halves[1])) : 0;
    if (step < 1) return wrong(field, text, "a step is a number from 1");
  }
  std::uint64_t bits = 0;
  for (int value = low; value <= high; value += step) bits |= std::uint64_t{1} << value;
  return bits;
}

Result<std::uint64_t> read_field(const Field& field, std::string_view text) {
  std::uint64_t bits = 0;
  for (std::string_view element : split(text, ",")) {
    const std::uint64_t some = TRY(read_element(field, element));
    bits |= some;
  }
  return bits;
}

Result<std::vector<std::string_view>> fields_of(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::string_view part : split(text, " \t"))
    if (!part.empty()) parts.push_back(part);
  if (parts.size() == fields.size()) return parts;
  const bool seconds = parts.size() == 6 || parts.size() == 7;
  return Error{Code::invalid_argument,
               fmt::format("cron: expected five fields (minute, hour, day of month, month, day of week), found {}{}",
                           parts.size(), seconds ? "; there are no seconds and no years here" : "")};
}

std::string known_words() {
  std::string text;
  for (const Word& word : words) text += (text.empty() ? "" : ", ") + std::string(word.name);
  return text;
}

}  // namespace

Result<CronExpression> CronExpression::parse(std::string_view text) {
  if (text.size() > text_bytes_max)
    return Error{Code::invalid_argument, fmt::format("cron: longer than {} characters", text_bytes_max)};
  std::string_view expression = text;
  if (!text.empty() && text.front() == '@') {
    const auto word = std::find_if(words.begin(), words.end(), [&](const Word& each) { return each.name == text; });
    if (word == words.end()) {
      return Error{Code::invalid_argument,
                   fmt::format("cron: no word '{}'; known: {}", text.substr(0, 40), known_words())};
    }
    expression = word->expression;
  }
  const std::vector<std::string_view> parts = TRY(fields_of(expression));
  std::array<std::uint64_t, fields.size()> bits{};
  for (std::size_t i = 0; i < fields.size(); ++i) bits[i] = TRY(read_field(fields[i], parts[i]));
  CronExpression cron;
  cron.minutes_ = bits[0];
  cron.hours_ = static_cast<std::uint32_t>(bits[1]);
  cron.days_ = static_cast<std::uint32_t>(bits[2]);
  cron.months_ = static_cast<std::uint32_t>(bits[3]);
  cron.weekdays_ = static_cast<std::uint32_t>((bits[4] | bits[4] >> 7) & 0x7f);  // 7 is Sunday, too
  cron.either_day_ =
      parts[2].find('*') == std::string_view::npos && parts[4].find('*') == std::string_view::npos;
  if (!cron.next_after(Timestamp(first_day)))
    return Error{Code::invalid_argument, fmt::format("cron: '{}' never comes: no month has such a day", text)};
  return cron;
}

bool CronExpression::fits(sys_days day) const {
  const std::chrono::year_month_day date(day);
  if ((months_ >> static_cast<unsigned>(date.month()) & 1) == 0) return false;
  const bool of_month = (days_ >> static_cast<unsigned>(date.day()) & 1) != 0;
  const bool of_week = (weekdays_ >> std::chrono::weekday(day).c_encoding() & 1) != 0;
  return either_day_ ? of_month || of_week : of_month && of_week;
}

std::optional<int> CronExpression::first_minute(int from) const {
  for (int at = from; at < minutes_of_day; ++at) {
    const bool hour = (hours_ >> (at / 60) & 1) != 0;
    if (hour && (minutes_ >> (at % 60) & 1) != 0) return at;
  }
  return std::nullopt;
}

std::optional<int> CronExpression::last_minute(int from) const {
  for (int at = from; at >= 0; --at) {
    const bool hour = (hours_ >> (at / 60) & 1) != 0;
    if (hour && (minutes_ >> (at % 60) & 1) != 0) return at;
  }
  return std::nullopt;
}

std::optional<Timestamp> CronExpression::next_after(Timestamp at) const {
  sys_days day = std::chrono::floor<days>(at);
  int from = static_cast<int>(std::chrono::floor<std::chrono::minutes>(at - Timestamp(day)).count()) + 1;
  for (int i = 0; i < search_days_max && day <= last_day; ++i, day += days(1), from = 0) {
    if (day < first_day || !fits(day)) continue;
    if (const auto minute = first_minute(from)) return Timestamp(day) + std::chrono::minutes(*minute);
  }
  return std::nullopt;
}

std::optional<Timestamp> CronExpression::last_until(Timestamp at) const {
  sys_days day = std::chrono::floor<days>(at);
  int from = static_cast<int>(std::chrono::floor<std::chrono::minutes>(at - Timestamp(day)).count());
  for (int i = 0; i < search_days_max && day >= first_day; ++i, day -= days(1), from = minutes_of_day - 1) {
    if (day > last_day || !fits(day)) continue;
    if (const auto minute = last_minute(from)) return Timestamp(day) + std::chrono::minutes(*minute);
  }
  return std::nullopt;
}

}  // namespace gantry::definition
