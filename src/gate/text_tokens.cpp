// What stands in a text: addresses, account numbers, numbers, dates.
#include <arpa/inet.h>

#include <algorithm>
#include <set>
#include <string>

#include "gate/addresses.h"
#include "gate/canonical_text.h"
#include "gate/host_views.h"
#include "gate/html_text.h"
#include "gate/undisguised.h"
#include "gate/written_forms.h"

namespace gantry::gate {
namespace {

using written::is_digit;
using written::is_letter;
using written::is_wide;
using written::key_of;

constexpr std::size_t word_bytes_max = 4096, account_bytes_max = 48, ipv6_bytes_max = 45;

constexpr std::string_view separators = "<>\"'()[]{},;|`*";

bool separates(char c) {
  return static_cast<unsigned char>(c) <= ' ' || separators.find(c) != std::string_view::npos;
}

std::string_view without_ending(std::string_view word) {
  while (!word.empty() && std::string_view(".!?:,;").find(word.back()) != std::string_view::npos) word.remove_suffix(1);
  return word;
}

// Whether what stands before the digits of a word can be a currency or the like, and is no name that goes on with a number:
// "EUR5", "$5", "Nr.5", not "srv-1", "v2" or "ward_3".
bool may_stand_before_number(std::string_view prefix) {
  if (std::none_of(prefix.begin(), prefix.end(), [](char c) { return is_letter(c); })) return true;
  if (prefix.find_first_of("-_/\\:@#+") != std::string_view::npos) return false;
  if (prefix.ends_with('.')) return prefix.size() <= 4;
  constexpr std::size_t currency_letters = 3;
  return std::count_if(prefix.begin(), prefix.end(), is_letter) <= static_cast<std::ptrdiff_t>(currency_letters) &&
         std::none_of(prefix.begin(), prefix.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

// What is round a number: a currency, a percent sign. Empty when it is a part of a name.
std::string_view bare_number(std::string_view word) {
  std::string_view rest = word;
  while (!rest.empty() && !is_digit(rest.front()) && rest.front() != '-' && rest.front() != '+') rest.remove_prefix(1);
  if (!may_stand_before_number(word.substr(0, word.size() - rest.size()))) return {};
  while (!rest.empty() && !is_digit(rest.back())) rest.remove_suffix(1);
  return rest;
}

bool names_this_machine(std::string_view word) {
  constexpr std::string_view name = "localhost";
  return std::search(word.begin(), word.end(), name.begin(), name.end(),
                     [](char c, char lower) { return (c | 0x20) == lower; }) != word.end();
}

bool may_hold_address(std::string_view word) {
  return word.find_first_of(".:@") != std::string_view::npos || std::any_of(word.begin(), word.end(), is_wide) ||
         names_this_machine(word);
}

bool is_scheme_character(char c) {
  return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
}

// The addresses in one word, from its start to its end: after a mail address the rest is read on, whatever is between;
// a web address has all that follows in it, so it is known only as a whole.
class AddressScanner {
 public:
  explicit AddressScanner(std::string_view word) : word_(word) {}

  std::vector<Token> found;

  void scan() {
    for (std::size_t at = 0; at < word_.size();) {
      const std::size_t next = take_mail(at);
      at = next > at ? next : take_run(at);
    }
  }

 private:
  static constexpr std::size_t none = std::string_view::npos;

  // Behind an address a sign is more likely to part two than to belong to the second.
  bool is_local_character(char c) const {
    if (is_letter(c) || is_digit(c) || is_wide(c)) return true;
    return std::string_view(found.empty() ? "!#$%&'+-=?^_{}~." : ".-_+%").find(c) != none;
  }

  // Where the mail address begins that the next @ belongs to, and that @: found once for each.
  void look_for_mail(std::size_t from) {
    if (at_sign_ != none && (from <= at_sign_ && looked_with_ == found.size())) return;
    if (looked_ && at_sign_ == none) return;
    looked_ = true;
    looked_with_ = found.size();
    at_sign_ = word_.find('@', from);
    local_ = at_sign_;
    while (at_sign_ != none && local_ > from && is_local_character(word_[local_ - 1])) --local_;
  }

  // Where to read on; `at` when no mail address begins there.
  std::size_t take_mail(std::size_t at) {
    look_for_mail(at);
    if (at_sign_ == none || at < local_ || at >= at_sign_) return at;
    std::size_t end = at_sign_ + 1;
    while (end < word_.size() && is_host_character(word_[end])) ++end;
    std::string_view host = word_.substr(at_sign_ + 1, end - at_sign_ - 1);
    while (!host.empty() && std::string_view("-_.").find(host.back()) != none) host.remove_suffix(1);
    if (!is_host(canonical_host(host))) return at;
    found.push_back(mail_token(word_.substr(at, at_sign_ - at), host));
    return end;
  }

  // A run of what names are made of, and what it begins.
  std::size_t take_run(std::size_t at) {
    std::size_t end = at;
    while (end < word_.size() && is_host_character(word_[end])) ++end;
    if (end == at) return word_[at] == ':' ? take_ipv6(at) : at + 1;
    if (end < word_.size() && word_[end] == ':' && take_url(at, end)) return word_.size();
    if (const std::size_t next = take_ipv6(at); next > at + 1) return next;
    return take_host(at, end);
  }

  bool take_url(std::size_t at, std::size_t colon) {
    std::size_t start = colon;
    while (start > at && is_scheme_character(word_[start - 1])) --start;
    while (start < colon && !is_letter(word_[start])) ++start;
    auto url = url_of(word_.substr(start));
    if (url) found.push_back(*std::move(url));
    return url.has_value();
  }

  std::size_t take_ipv6(std::size_t at) {
    std::size_t end = at;
    while (end < word_.size() && end - at <= ipv6_bytes_max &&
           std::string_view("0123456789abcdefABCDEF:.").find(word_[end]) != none)
      ++end;
    const std::string text(without_ending(word_.substr(at, end - at)));
    in6_addr address{};
    if (text.size() < 3 || text.size() > ipv6_bytes_max) return at + 1;
    if (inet_pton(AF_INET6, text.c_str(), &address) != 1) return at + 1;
    found.push_back({Shape::host, text, {key_of('h', written::lower(text))}, written::lower(text)});
    return end;
  }

  // In "a/b.c" it is a path's; in "//b.c" and "x://b.c" and behind another address it is a host.
  bool stands_for_itself(std::size_t at) const {
    if (at == 0 || !found.empty() || (word_[at - 1] != '/' && word_[at - 1] != '\\')) return true;
    const std::size_t before = word_.find_last_not_of("/\\", at - 1);
    return before == none || word_[before] == ':';
  }

  std::size_t take_host(std::size_t at, std::size_t end) {
    constexpr std::string_view around = "-_.";
    std::size_t first = at, last = end;
    while (first < last && around.find(word_[first]) != none) ++first;
    while (last > first && around.find(word_[last - 1]) != none) --last;
    if (!stands_for_itself(at)) return end;
    const bool more = end < word_.size() && std::string_view("/:?#\\").find(word_[end]) != none;
    auto host = host_of(more && last == end ? word_.substr(first) : word_.substr(first, last - first));
    if (!host) return end;
    const bool whole = host->shape == Shape::url;
    found.push_back(*std::move(host));
    return whole ? word_.size() : end;
  }

  std::string_view word_;
  std::size_t at_sign_ = none, local_ = none, looked_with_ = 0;
  bool looked_ = false;
};

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
      std::string_view word = without_ending(text_.substr(at, end - at));
      if (word.size() > word_bytes_max) {
        complete = complete && !may_hold_address(word);
        word = word.substr(0, word_bytes_max);
      }
      if (!word.empty()) take(word, before, before_that);
      before_that = before;
      before = word;
      at = end;
    }
  }

  // What is only seen when the text is looked at in another way. Its words are taken as they are, or told apart: then
  // what it has of a web address is a part of one that is known only as a whole.
  void add_links_of(std::string_view view, bool apart) {
    std::set<std::string, std::less<>> seen;
    for (const Token& token : tokens) seen.insert(token.keys.begin(), token.keys.end());
    const std::size_t found_before = tokens.size();
    const std::string words = apart ? with_words_apart(view) : std::string(view);
    Scanner scanner(words, tokens_max_);
    scanner.scripts_apart_ = apart;
    scanner.scan();
    complete = complete && scanner.complete;
    for (Token& token : scanner.tokens) {
      const bool is_new = std::none_of(token.keys.begin(), token.keys.end(),
                                       [&](const std::string& key) { return seen.contains(key); });
      if (!is_new || !is_link(token) || (apart && begins_an_address(token, found_before))) continue;
      seen.insert(token.keys.begin(), token.keys.end());
      add(std::move(token));
    }
  }

 private:
  bool begins_an_address(const Token& part, std::size_t count) const {
    return part.shape == Shape::url &&
           std::any_of(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(count), [&](const Token& whole) {
             return whole.shape == Shape::url && whole.text.starts_with(part.text);
           });
  }

  void add(Token token) {
    if (tokens.size() >= tokens_max_) {
      complete = false;
      return;
    }
    tokens.push_back(std::move(token));
  }

  // A Latin word between Chinese ones is a word; in a path it is a part of it.
  void take_scripts(std::string_view word) {
    for (std::size_t at = 0; at < word.size();) {
      const std::string_view before = word.substr(0, at), run = word.substr(at, script_run(word.substr(at)));
      at += run.size();
      const std::size_t slash = before.find_first_of("/\\");
      const bool in_path = slash != std::string_view::npos && slash > 0 && before[slash - 1] != ':';
      if (in_path || !may_hold_address(run)) continue;
      AddressScanner scanner(run);
      scanner.scan();
      const bool to_the_end = !scanner.found.empty() && scanner.found.back().shape == Shape::url;
      for (Token& token : scanner.found) add(std::move(token));
      if (to_the_end) return;
    }
  }

  void take(std::string_view word, std::string_view before, std::string_view before_that) {
    if (scripts_apart_) return take_scripts(word);
    if (may_hold_address(word)) {
      AddressScanner scanner(word);
      scanner.scan();
      for (Token& token : scanner.found) add(std::move(token));
      if (!scanner.found.empty()) return;
    }
    if (auto keys = written::date_keys(word); !keys.empty())
      return add({Shape::date, std::string(word), std::move(keys), {}});
    if (auto key = written::moment_key(word)) {
      add({Shape::date, std::string(word), {*key, "d:" + key->substr(2, 10), "t:" + key->substr(13, 8)}, {}});
      return;
    }
    if (auto time = written::time_of_day(word)) return add({Shape::date, std::string(word), {"t:" + *time}, {}});
    if (const std::string half = written::lower(word); half == "am" || half == "pm") {
      if (auto time = written::time_of_day(std::string(before) + half))
        return add({Shape::date, half, {"t:" + *time}, {}});
    }
    take_number(word, before, before_that);
  }

  void take_number(std::string_view word, std::string_view before, std::string_view before_that) {
    const std::string_view bare = bare_number(word);
    const auto numbers = written::numbers_of(bare);
    if (numbers.empty()) return;
    Token token{Shape::number, std::string(word), {key_of('s', bare)}, {}};
    for (const written::WrittenNumber& number : numbers) {
      token.keys.push_back(written::number_key(number.value));
      token.keys.push_back(key_of('s', number.plain));
    }
    if (const auto year = written::whole(word); year && *year > 999)
      add_written_date(token.keys, before, before_that, *year);
    add(std::move(token));
  }

  // "28 November 2026", "November 28, 2026", "28th of ..." is not read.
  static void add_written_date(std::vector<std::string>& keys, std::string_view before, std::string_view before_that,
                               int year) {
    auto day_of = [](std::string_view word) {
      while (!word.empty() && !is_digit(word.back())) word.remove_suffix(1);
      return written::whole(word).value_or(0);
    };
    if (const int month = written::month_of(before)) written::add_date(keys, year, month, day_of(before_that));
    if (const int month = written::month_of(before_that)) written::add_date(keys, year, month, day_of(before));
  }

  // Account numbers may have blanks in them, so they are looked for in the text as a whole.
  void scan_accounts() {
    for (std::size_t at = 0; at + 15 <= text_.size(); ++at) {
      if (!is_letter(text_[at]) || !is_letter(text_[at + 1])) continue;
      if (take_grouped_account(at)) {
        at += 3;  // another one may be among what was taken for its groups
        continue;
      }
      std::size_t length = 0;
      const auto valid = written::valid_iban_at(text_.substr(at, 2 * account_bytes_max), length);
      if (!valid) continue;
      add({Shape::iban, std::string(text_.substr(at, length)), {key_of('i', *valid)}, {}});
      at += length - 1;
    }
  }

  // In groups of four, or in one: also one with wrong check digits.
  bool take_grouped_account(std::size_t at) {
    if (!is_digit(text_[at + 2]) || !is_digit(text_[at + 3])) return false;
    if (at > 0 && (is_letter(text_[at - 1]) || is_digit(text_[at - 1]))) return false;
    // The longest run of groups that is still one: each but the last has four characters.
    std::size_t end = at, best = 0, group = 0;
    for (; end < text_.size() && end - at < account_bytes_max; ++end) {
      const char c = text_[end];
      if (is_letter(c) || is_digit(c)) {
        ++group;
        continue;
      }
      if (written::iban_of(text_.substr(at, end - at))) best = end;
      const bool joins = (c == ' ' || c == '-') && group == 4 && end + 1 < text_.size() &&
                         (is_letter(text_[end + 1]) || is_digit(text_[end + 1]));
      if (!joins) break;
      group = 0;
    }
    if (end == text_.size() && written::iban_of(text_.substr(at, end - at))) best = end;
    if (best == 0) return false;
    const std::string_view account = text_.substr(at, best - at);
    Token token{Shape::iban, std::string(account), {}, {}};
    // Words behind it may have been taken for groups: every cut that is an account number by itself counts.
    for (std::size_t cut = account.size(); cut >= 15; --cut) {
      if (cut < account.size() && account[cut] != ' ' && account[cut] != '-') continue;
      if (const auto plain = written::iban_of(account.substr(0, cut))) token.keys.push_back(key_of('i', *plain));
    }
    add(std::move(token));
    return true;
  }

  std::string_view text_;
  std::size_t tokens_max_;
  bool scripts_apart_ = false;
};

bool has_wide(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_wide);
}

// The text, and what else it may be taken for, each once: addresses are looked for in all of them.
std::vector<std::string> views_of(std::string_view text) {
  std::vector<std::string> views{std::string(text)};
  if (text.find_first_of("[({<&\\*`") == std::string_view::npos && !has_wide(text)) return views;
  auto add = [&](std::string view) {
    if (std::find(views.begin(), views.end(), view) == views.end()) views.push_back(std::move(view));
  };
  add(with_ascii_meant(text));
  for (std::size_t index = 0, count = views.size(); index < count; ++index) {
    add(undisguised(views[index]));
    add(undisguised(text_of_html(views[index])));
  }
  return views;
}

}  // namespace

std::vector<Token> tokens_of(std::string_view text, std::size_t tokens_max, bool& complete) {
  Scanner scanner(text, tokens_max);
  scanner.scan();
  const std::vector<std::string> views = views_of(text);
  for (const std::string& view : views) {
    if (&view != &views.front()) scanner.add_links_of(view, false);
    if (has_wide(view)) scanner.add_links_of(view, true);
  }
  complete = complete && scanner.complete;
  return std::move(scanner.tokens);
}

}  // namespace gantry::gate
