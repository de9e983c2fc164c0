// How numbers, dates, times of day and account numbers are written, brought into the keys that canonical_text.h speaks
// of. For the sources of canonical_text.h. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::gate::written {

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
inline bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
inline bool is_wide(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}
std::string lower(std::string_view text);  // ASCII letters

// Keys are short: a long text is known by its hash.
std::string key_of(char kind, std::string_view text);
std::string number_key(double number);
std::optional<int> whole(std::string_view text);  // not negative, digits only

// "1250.5", "1,250.50", "1.250,50", "1'250": every number that it may mean.
struct WrittenNumber {
  double value = 0;
  std::string plain;  // the digits as written, nothing between thousands, '.' before decimals, no '+'
};
std::vector<WrittenNumber> numbers_of(std::string_view text);

int month_of(std::string_view word);                                          // 1 to 12, 0: it is no month's name
void add_date(std::vector<std::string>& keys, int year, int month, int day);  // where there is such a date
// 2026-11-28, 28.11.2026, 28/11/2026 or 11/28/2026.
std::vector<std::string> date_keys(std::string_view text);
// 14:00, 14:00:30, 2pm, 10:15am -> "14:00:00".
std::optional<std::string> time_of_day(std::string_view text);
// A date with a time: the key has both, in the offset that is written.
std::optional<std::string> moment_key(std::string_view text);

// Two letters, two digits, 11 to 30 letters and digits, blanks and hyphens aside, in capitals. Check digits are not
// looked at: a wrong one is still an account to somebody.
std::optional<std::string> iban_of(std::string_view text);
// Whether one begins at the start of the text, however it is grouped and whatever follows: of a country that has them,
// as long as there (ISO 13616), with the right check digits. `length`: how many bytes it takes.
std::optional<std::string> valid_iban_at(std::string_view text, std::size_t& length);

}  // namespace gantry::gate::written
