// What stands in a text: addresses, account numbers, numbers, dates.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/hash.h"
#include "gate/canonical_text.h"
#include "value/json.h"

namespace gantry::gate {
namespace {

constexpr std::size_t key_text_max = 128, token_bytes_max = 4096;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_wide(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}
std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::string key_of(char kind, std::string_view text) {
  if (text.size() <= key_text_max) return fmt::format("{}:{}", kind, text);
  return fmt::format("{}#{}", kind, sha256(text).hex());
}
std::string number_key(double number) {
  return key_of('n', print_number(Value(number)));
}

// --- Numbers

// "1250.5", "1,250.50", "1.250,50", "1 250" (with no-break blanks gone): every number that it may mean.
std::vector<double> numbers_of(std::string_view text) {
  std::string sign;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    if (text.front() == '-') sign = "-";
    text.remove_prefix(1);
  }
  std::vector<double> numbers;
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
    if (failed == std::errc() && end == plain.data() + plain.size() &&
        std::find(numbers.begin(), numbers.end(), number) == numbers.end())
      numbers.push_back(number);
  };
  read('.');
  read(',');
  return numbers;
}

// --- Dates

constexpr std::array<std::string_view, 12> months = {"january", "february", "march",     "april",   "may",      "june",
                                                     "july",    "august",   "september", "october", "november", "december"};

int month_of(std::string_view word) {
  const std::string name = lower(word);
  if (name.size() < 3) return 0;
  for (std::size_t index = 0; index < months.size(); ++index)
    if (months[index] == name || (name.size() <= 4 && months[index].starts_with(name))) return static_cast<int>(index) + 1;
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

// 2026-11-28, 28.11.2026, 28/11/2026 or 11/28/2026.
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
    add_date(keys, *c, *b, *a);
    add_date(keys, *c, *a, *b);
  }
  return keys;
}

// 14:00, 14:00:30, 2pm, 10:15am -> "14:00:00".
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
  const auto minute = colon == std::string::npos ? std::optional<int>(0)
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

// A date with a time: the key has both, in the offset that is written.
std::optional<std::string> moment_key(std::string_view text) {
  if (text.size() < 16 || text.size() > 35 || (text[10] != 'T' && text[10] != ' ')) return std::nullopt;
  const auto date = date_keys(text.substr(0, 10));
  if (date.empty()) return std::nullopt;
  std::string_view rest = text.substr(11), zone;
  const std::size_t end = rest.find_first_not_of("0123456789:.");
  if (end != std::string_view::npos) {
    zone = rest.substr(end);
    rest = rest.substr(0, end);
  }
  if (const std::size_t fraction = rest.find('.'); fraction != std::string_view::npos) {
    if (rest.find_first_not_of('0', fraction + 1) != std::string_view::npos) return std::nullopt;
    rest = rest.substr(0, fraction);
  }
  const auto time = time_of_day(rest);
  if (!time) return std::nullopt;
  return "m:" + date.front().substr(2) + "T" + *time + (zone == "+00:00" ? "Z" : lower(zone) == "z" ? "Z" : std::string(zone));
}

// --- Account numbers

// Two letters, two digits, 11 to 30 letters and digits, blanks aside. Check digits are not looked at: a wrong one is
// still an account to somebody.
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

// --- Addresses

bool is_host_character(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || is_wide(c);
}

// A name with at least one dot whose last part is letters, or an IPv4 address.
bool is_host(std::string_view host) {
  if (host.size() < 4 || host.size() > 253 || !std::all_of(host.begin(), host.end(), is_host_character)) return false;
  const std::size_t dot = host.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || host.find("..") != std::string_view::npos) return false;
  const std::string_view last = host.substr(dot + 1);
  if (std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; }))
    return std::count(host.begin(), host.end(), '.') == 3;
  if (last.starts_with("xn--")) return true;
  return last.size() >= 2 && last.size() <= 63 &&
         std::all_of(last.begin(), last.end(), [](char c) { return is_letter(c) || is_wide(c); });
}

// Names of files are no hosts, where nobody sells the ending.
bool is_file_name(std::string_view host) {
  constexpr std::array endings{"pdf",  "txt", "csv", "xls",  "xlsx", "doc",  "docx", "ppt", "pptx", "png", "jpg",
                               "jpeg", "gif", "svg", "json", "xml",  "yaml", "yml",  "log", "edi",  "eml", "html",
                               "htm",  "exe", "dll", "tar",  "gz",   "bak",  "ini",  "cfg"};
  const std::string ending = lower(host.substr(host.rfind('.') + 1));
  return std::any_of(endings.begin(), endings.end(), [&](const char* each) { return ending == each; });
}

// Brings what can be written in several ways into one: scheme and host without case, no default port.
std::optional<Token> url_of(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 20 || !is_letter(text.front())) return std::nullopt;
  const std::string scheme = lower(text.substr(0, colon));
  if (!std::all_of(scheme.begin(), scheme.end(),
                   [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; }))
    return std::nullopt;
  Token token{Shape::url, std::string(text), {}, {}};
  if (scheme == "data" || scheme == "javascript" || scheme == "tel" || scheme == "file" || scheme == "vbscript") {
    if (text.substr(colon + 1, 2) != "//" && colon + 1 == text.size()) return std::nullopt;
    token.keys.push_back(key_of('u', scheme + std::string(text.substr(colon))));
    return token;
  }
  std::string_view rest = text.substr(colon + 1);
  if (!rest.starts_with("//") && !rest.starts_with("\\\\")) return std::nullopt;
  rest.remove_prefix(2);
  const std::size_t end = rest.find_first_of("/?#\\");
  std::string_view authority = rest.substr(0, end), path = end == std::string_view::npos ? "" : rest.substr(end);
  const std::size_t at = authority.rfind('@');
  const std::string user(at == std::string_view::npos ? "" : authority.substr(0, at + 1));
  if (at != std::string_view::npos) authority.remove_prefix(at + 1);
  std::string port;
  if (const std::size_t place = authority.rfind(':');
      place != std::string_view::npos && authority.find(']', place) == std::string_view::npos) {
    port = authority.substr(place);
    authority = authority.substr(0, place);
  }
  if ((scheme == "http" && port == ":80") || (scheme == "https" && port == ":443") || port == ":") port.clear();
  if (path == "/") path = "";
  token.host = canonical_host(authority);
  if (token.host.empty()) return std::nullopt;
  token.keys.push_back(key_of('u', scheme + "://" + user + token.host + port + std::string(path)));
  return token;
}

std::optional<Token> mail_of(std::string_view text) {
  if (text.size() > 7 && lower(text.substr(0, 7)) == "mailto:") text.remove_prefix(7);
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || text.find('@') != at) return std::nullopt;
  const std::string host = canonical_host(text.substr(at + 1));
  if (!is_host(host)) return std::nullopt;
  const std::string_view local = text.substr(0, at);
  if (local.size() > 64 || local.find_first_of(" \t<>()[],;:\\\"/") != std::string_view::npos) return std::nullopt;
  return Token{Shape::mail, std::string(text), {key_of('a', lower(local) + "@" + host)}, host};
}

std::optional<Token> host_of(std::string_view text) {
  const std::size_t end = text.find_first_of("/:?#");
  const std::string host = canonical_host(text.substr(0, end));
  if (!is_host(host)) return std::nullopt;
  if (end == std::string_view::npos) {
    if (is_file_name(host)) return std::nullopt;
    return Token{Shape::host, std::string(text), {key_of('h', host)}, host};
  }
  Token token{Shape::url, std::string(text), {key_of('u', host + std::string(text.substr(end)))}, host};
  return token;
}

// --- Reading on through a text

constexpr std::string_view separators = "<>\"'()[]{},;|`*";

bool separates(char c) {
  return static_cast<unsigned char>(c) <= ' ' || separators.find(c) != std::string_view::npos;
}

std::string_view without_ending(std::string_view word) {
  while (!word.empty() && std::string_view(".!?:,;").find(word.back()) != std::string_view::npos) word.remove_suffix(1);
  return word;
}

// What is round a number: a currency, a percent sign.
std::string_view bare_number(std::string_view word) {
  while (!word.empty() && !is_digit(word.front()) && word.front() != '-' && word.front() != '+') word.remove_prefix(1);
  while (!word.empty() && !is_digit(word.back())) word.remove_suffix(1);
  return word;
}

class Scanner {
 public:
  Scanner(std::string_view text, std::size_t tokens_max) : text_(text), tokens_max_(tokens_max) {}

  bool complete = true;
  std::vector<Token> tokens;

  void scan() {
    scan_accounts();
    std::string_view before, before_that;
    for (std::size_t at = 0; at < text_.size();) {
      if (separates(text_[at])) {
        ++at;
        continue;
      }
      std::size_t end = at;
      while (end < text_.size() && !separates(text_[end])) ++end;
      // A comma inside a number does not end it.
      while (end + 1 < text_.size() && (text_[end] == ',' || text_[end] == '\'') && is_digit(text_[end - 1]) &&
             is_digit(text_[end + 1])) {
        ++end;
        while (end < text_.size() && !separates(text_[end])) ++end;
      }
      const std::string_view word = without_ending(text_.substr(at, std::min(end - at, token_bytes_max)));
      if (!word.empty()) take(word, before, before_that);
      before_that = before;
      before = word;
      at = end;
    }
  }

 private:
  void add(Token token) {
    if (tokens.size() >= tokens_max_) {
      complete = false;
      return;
    }
    tokens.push_back(std::move(token));
  }

  void take(std::string_view word, std::string_view before, std::string_view before_that) {
    const bool may_be_address = word.find_first_of(".:@") != std::string_view::npos ||
                                std::any_of(word.begin(), word.end(), is_wide);
    if (may_be_address) {
      // "see:https://..." has the address behind its first part.
      const std::size_t scheme = word.find("://");
      if (scheme != std::string_view::npos) {
        std::size_t start = scheme;
        while (start > 0 && (is_letter(word[start - 1]) || is_digit(word[start - 1]) || word[start - 1] == '+')) --start;
        while (start < scheme && !is_letter(word[start])) ++start;
        if (auto url = url_of(word.substr(start))) return add(*std::move(url));
      }
      if (auto mail = mail_of(word)) return add(*std::move(mail));
      if (const std::size_t equals = word.find_last_of("=:"); equals != std::string_view::npos) {
        if (auto mail = mail_of(word.substr(equals + 1))) return add(*std::move(mail));
      }
      if (auto url = url_of(word)) return add(*std::move(url));
    }
    if (auto keys = date_keys(word); !keys.empty()) return add({Shape::date, std::string(word), std::move(keys), {}});
    if (auto key = moment_key(word)) {
      add({Shape::date, std::string(word), {*key, "d:" + key->substr(2, 10), "t:" + key->substr(13, 8)}, {}});
      return;
    }
    if (auto time = time_of_day(word)) return add({Shape::date, std::string(word), {"t:" + *time}, {}});
    if (const std::string half = lower(word); half == "am" || half == "pm") {
      if (auto time = time_of_day(std::string(before) + half)) return add({Shape::date, half, {"t:" + *time}, {}});
    }
    if (may_be_address) {
      // "//evil.example/a" is an address to a browser.
      const std::size_t start = word.find_first_not_of("/\\");
      if (start != std::string_view::npos)
        if (auto host = host_of(word.substr(start))) return add(*std::move(host));
    }
    take_number(word, before, before_that);
  }

  void take_number(std::string_view word, std::string_view before, std::string_view before_that) {
    const auto numbers = numbers_of(bare_number(word));
    if (!numbers.empty()) {
      Token token{Shape::number, std::string(word), {}, {}};
      for (const double number : numbers) token.keys.push_back(number_key(number));
      if (const auto year = whole(word); year && *year > 999) add_written_date(token.keys, before, before_that, *year);
      add(std::move(token));
    }
  }

  // "28 November 2026", "November 28, 2026", "28th of ..." is not read.
  static void add_written_date(std::vector<std::string>& keys, std::string_view before, std::string_view before_that,
                               int year) {
    auto day_of = [](std::string_view word) {
      while (!word.empty() && !is_digit(word.back())) word.remove_suffix(1);
      return whole(word).value_or(0);
    };
    if (const int month = month_of(before)) add_date(keys, year, month, day_of(before_that));
    if (const int month = month_of(before_that)) add_date(keys, year, month, day_of(before));
  }

  // Account numbers may have blanks in them, so they are looked for in the text as a whole.
  void scan_accounts() {
    for (std::size_t at = 0; at + 15 <= text_.size(); ++at) {
      if (!is_letter(text_[at]) || !is_letter(text_[at + 1]) || !is_digit(text_[at + 2]) || !is_digit(text_[at + 3]))
        continue;
      if (at > 0 && (is_letter(text_[at - 1]) || is_digit(text_[at - 1]))) continue;
      // The longest run of groups that is still one: each but the last has four characters.
      std::size_t end = at, best = 0, group = 0;
      for (; end < text_.size() && end - at < 48; ++end) {
        const char c = text_[end];
        if (is_letter(c) || is_digit(c)) {
          ++group;
          continue;
        }
        if (iban_of(text_.substr(at, end - at))) best = end;
        const bool joins = (c == ' ' || c == '-') && group == 4 && end + 1 < text_.size() &&
                           (is_letter(text_[end + 1]) || is_digit(text_[end + 1]));
        if (!joins) break;
        group = 0;
      }
      if (end == text_.size() && iban_of(text_.substr(at, end - at))) best = end;
      if (best == 0) continue;
      const std::string_view found = text_.substr(at, best - at);
      Token token{Shape::iban, std::string(found), {}, {}};
      // Words behind it may have been taken for groups: every cut that is an account number by itself counts.
      for (std::size_t cut = found.size(); cut >= 15; --cut) {
        if (cut < found.size() && found[cut] != ' ' && found[cut] != '-') continue;
        if (const auto plain = iban_of(found.substr(0, cut))) token.keys.push_back(key_of('i', *plain));
      }
      add(std::move(token));
      at += best - at - 1;
    }
  }

  std::string_view text_;
  std::size_t tokens_max_;
};

void read_text(std::string_view text, Reading& reading) {
  reading.keys.push_back(key_of('s', text));
  if (text.size() > token_bytes_max) return;
  auto take = [&](Shape shape, std::vector<std::string> keys) {
    reading.shape = shape;
    reading.keys.insert(reading.keys.end(), std::make_move_iterator(keys.begin()), std::make_move_iterator(keys.end()));
  };
  if (const auto iban = iban_of(text)) return take(Shape::iban, {key_of('i', *iban)});
  if (auto dates = date_keys(text); !dates.empty()) return take(Shape::date, std::move(dates));
  if (auto moment = moment_key(text)) return take(Shape::date, {*std::move(moment)});
  if (const auto time = time_of_day(text)) return take(Shape::date, {"t:" + *time});
  if (const auto numbers = numbers_of(text); !numbers.empty()) {
    std::vector<std::string> keys;
    for (const double number : numbers) keys.push_back(number_key(number));
    return take(Shape::number, std::move(keys));
  }
  if (text.find(' ') != std::string_view::npos) return;
  if (auto mail = mail_of(text)) return take(Shape::mail, std::move(mail->keys));
  if (auto url = url_of(text)) return take(Shape::url, std::move(url->keys));
  if (auto host = host_of(text)) return take(host->shape, std::move(host->keys));
}

}  // namespace

Reading reading_of(const Value& leaf) {
  Reading reading;
  if (leaf.is_null()) return {Shape::null, {"null"}};
  if (leaf.is_boolean()) return {Shape::boolean, {leaf.is_true() ? "true" : "false"}};
  if (leaf.is_number()) {
    reading.shape = Shape::number;
    if (leaf.is_integer() && std::abs(static_cast<double>(leaf.as_integer())) > 9e15)
      reading.keys.push_back(key_of('n', std::to_string(leaf.as_integer())));
    else
      reading.keys.push_back(number_key(leaf.as_number()));
    return reading;
  }
  if (!leaf.is_string()) return reading;
  const std::string text = normal_text(leaf.as_string());
  if (!text.empty()) read_text(text, reading);
  return reading;
}

std::vector<Token> tokens_of(std::string_view text, std::size_t tokens_max, bool& complete) {
  Scanner scanner(text, tokens_max);
  scanner.scan();
  complete = complete && scanner.complete;
  return std::move(scanner.tokens);
}

}  // namespace gantry::gate
