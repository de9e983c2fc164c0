#include "gate/written_forms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "base/hash.h"
#include "value/json.h"

namespace gantry::gate::written {
namespace {

constexpr std::size_t key_text_max = 128;

constexpr std::array<std::string_view, 12> months = {"january",   "february", "march",    "april",
                                                     "may",       "june",     "july",     "august",
                                                     "september", "october",  "november", "december"};

// Letters and length of each country's account numbers: the IBAN registry of ISO 13616, release 99.
constexpr std::string_view account_lengths =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22"
    "GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20"
    "MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26"
    "UA29VA22VG24XK20YE30";

std::size_t account_length(char first, char second) {
  for (std::size_t at = 0; at < account_lengths.size(); at += 4)
    if (account_lengths[at] == first && account_lengths[at + 1] == second)
      return static_cast<std::size_t>((account_lengths[at + 2] - '0') * 10 + account_lengths[at + 3] - '0');
  return 0;
}

// ISO 7064, modulus 97: the first four characters go to the end, letters count from 10.
bool has_right_check_digits(std::string_view account) {
  std::uint32_t rest = 0;
  for (std::size_t at = 0; at < account.size(); ++at) {
    const char c = account[(at + 4) % account.size()];
    rest = is_digit(c) ? rest * 10 + static_cast<std::uint32_t>(c - '0')
                       : rest * 100 + static_cast<std::uint32_t>(c - 'A' + 10);
    rest %= 97;
  }
  return rest == 1;
}

char capital(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::string key_of(char kind, std::string_view text) {
  if (text.size() <= key_text_max) {
    std::string key;
    key.reserve(text.size() + 2);
    key.push_back(kind);
    return key.append(":").append(text);
  }
  return fmt::format("{}#{}", kind, sha256(text).hex());
}
std::string number_key(double number) {
  return key_of('n', print_number(Value(number)));
}

std::vector<WrittenNumber> numbers_of(std::string_view text) {
  std::string sign;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    if (text.front() == '-') sign = "-";
    text.remove_prefix(1);
  }
  std::vector<WrittenNumber> numbers;
  if (text.empty() || text.size() > 40 || !is_digit(text.front()) || !is_digit(text.back())) return numbers;
  if (!std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.' || c == ',' || c == '\''; }))
    return numbers;
  auto read = [&](char point) {
    std::string plain = sign;
    std::size_t points = 0, since = 0;
    bool grouped = true, any_group = false;
    for (char c : text) {
      if (is_digit(c)) {
        plain.push_back(c);
        ++since;
        continue;
      }
      if (c == point) {
        ++points;
        plain.push_back('.');
        grouped = grouped && (!any_group || since == 3);
      } else {
        grouped = grouped && points == 0 && since > 0 && since <= 3 && (!any_group || since == 3);
        any_group = true;
      }
      since = 0;
    }
    if (points > 1 || !grouped || (any_group && points == 0 && since != 3)) return;
    double number = 0;
    const auto [end, failed] = std::from_chars(plain.data(), plain.data() + plain.size(), number);
    if (failed != std::errc() || end != plain.data() + plain.size()) return;
    for (const WrittenNumber& known : numbers)
      if (known.value == number && known.plain == plain) return;
    numbers.push_back({number, std::move(plain)});
  };
  // One reading, so that nobody can choose: 1,250 and 1.250 are what they are in English, 12,5 and 1.250,50 can only be the other.
  read('.');
  if (numbers.empty()) read(',');
  return numbers;
}

int month_of(std::string_view word) {
  const std::string name = lower(word);
  if (name.size() < 3) return 0;
  for (std::size_t index = 0; index < months.size(); ++index)
    if (months[index] == name || (name.size() <= 4 && months[index].starts_with(name)))
      return static_cast<int>(index) + 1;
  return 0;
}

std::optional<int> whole(std::string_view text) {
  int number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failed != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

void add_date(std::vector<std::string>& keys, int year, int month, int day) {
  if (year < 1000 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) return;
  std::string key = fmt::format("d:{:04}-{:02}-{:02}", year, month, day);
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(std::move(key));
}

std::vector<std::string> date_keys(std::string_view text) {
  std::vector<std::string> keys;
  if (text.size() < 8 || text.size() > 10) return keys;
  const std::size_t first = text.find_first_of("-./");
  if (first == std::string_view::npos) return keys;
  const std::size_t second = text.find(text[first], first + 1);
  if (second == std::string_view::npos) return keys;
  const auto a = whole(text.substr(0, first)), b = whole(text.substr(first + 1, second - first - 1)),
             c = whole(text.substr(second + 1));
  if (!a || !b || !c) return keys;
  if (first == 4) add_date(keys, *a, *b, *c);
  if (text.size() - second - 1 == 4) {
    // "11.12.2026" has the day first. With other signs it depends on the country: then it is no date, so that nobody can choose.
    const bool either = *a <= 12 && *b <= 12 && *a != *b;
    if (!either || text[first] == '.') add_date(keys, *c, *b, *a);
    if (!either) add_date(keys, *c, *a, *b);
  }
  return keys;
}

std::optional<std::string> time_of_day(std::string_view text) {
  std::string given = lower(text);
  int add_hours = 0;
  bool twelve = false;
  for (const std::string_view half : {"am", "pm"}) {
    if (!given.ends_with(half)) continue;
    twelve = true;
    add_hours = half == "pm" ? 12 : 0;
    given.resize(given.size() - 2);
  }
  if (given.empty() || given.size() > 8) return std::nullopt;
  const std::size_t colon = given.find(':');
  if (colon == std::string::npos && !twelve) return std::nullopt;
  const std::string_view view = given;
  const std::size_t next = colon == std::string::npos ? colon : view.find(':', colon + 1);
  auto hour = whole(view.substr(0, colon));
  const auto minute = colon == std::string::npos
                          ? std::optional<int>(0)
                          : whole(view.substr(colon + 1, next == std::string::npos ? next : next - colon - 1));
  const auto second = next == std::string::npos ? std::optional<int>(0) : whole(view.substr(next + 1));
  if (!hour || !minute || !second || *minute > 59 || *second > 60) return std::nullopt;
  if (twelve) {
    if (*hour < 1 || *hour > 12) return std::nullopt;
    *hour = *hour % 12 + add_hours;
  }
  if (*hour > 24) return std::nullopt;
  return fmt::format("{:02}:{:02}:{:02}", *hour, *minute, *second);
}

std::optional<std::string> moment_key(std::string_view text) {
  if (text.size() < 16 || text.size() > 35 || (text[10] != 'T' && text[10] != ' ')) return std::nullopt;
  const auto date = date_keys(text.substr(0, 10));
  if (date.empty()) return std::nullopt;
  std::string_view rest = text.substr(11), zone;
  const std::size_t end = rest.find_first_not_of("0123456789:.");
  if (end != std::string_view::npos) {
    zone = rest.substr(end);
    const bool offset = (zone[0] == '+' || zone[0] == '-') && zone.size() > 1 &&
                        zone.find_first_not_of("0123456789:", 1) == std::string_view::npos;
    if (!offset && lower(zone) != "z") return std::nullopt;
    rest = rest.substr(0, end);
  }
  if (const std::size_t fraction = rest.find('.'); fraction != std::string_view::npos) {
    if (rest.find_first_not_of('0', fraction + 1) != std::string_view::npos) return std::nullopt;
    rest = rest.substr(0, fraction);
  }
  const auto time = time_of_day(rest);
  if (!time) return std::nullopt;
  return "m:" + date.front().substr(2) + "T" + *time +
         (zone == "+00:00"     ? "Z"
          : lower(zone) == "z" ? "Z"
                               : std::string(zone));
}

std::optional<std::string> iban_of(std::string_view text) {
  std::string plain;
  for (char c : text) {
    if (c == ' ' || c == '-') continue;
    if (!is_digit(c) && !is_letter(c)) return std::nullopt;
    plain.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  }
  if (plain.size() < 15 || plain.size() > 34) return std::nullopt;
  if (!is_letter(plain[0]) || !is_letter(plain[1]) || !is_digit(plain[2]) || !is_digit(plain[3])) return std::nullopt;
  if (std::count_if(plain.begin(), plain.end(), is_digit) < 8) return std::nullopt;
  return plain;
}

std::optional<std::string> valid_iban_at(std::string_view text, std::size_t& length) {
  if (text.size() < 15 || !is_letter(text[0]) || !is_letter(text[1])) return std::nullopt;
  const std::size_t wanted = account_length(capital(text[0]), capital(text[1]));
  std::string plain;
  std::size_t between = 0;
  for (std::size_t at = 0; at < text.size() && plain.size() < wanted; ++at) {
    const char c = text[at];
    if (!is_digit(c) && !is_letter(c)) {
      // One sign between two, which may take three bytes, or a sign and a blank.
      if (++between > 3) return std::nullopt;
      continue;
    }
    between = 0;
    plain.push_back(capital(c));
    if ((plain.size() == 3 || plain.size() == 4) && !is_digit(c)) return std::nullopt;
    length = at + 1;
  }
  if (wanted == 0 || plain.size() != wanted || !has_right_check_digits(plain)) return std::nullopt;
  return plain;
}

}  // namespace gantry::gate::written
