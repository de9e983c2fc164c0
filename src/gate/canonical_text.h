// Text in one form for comparison, so that "the same value" does not depend on how it is written: Unicode normal form
// C and single blanks; mail addresses and hosts without regard to case; account numbers without blanks; numbers and
// dates as numbers and dates. Private to the gate, and to trial/, whose attacker makes values of the same shape. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace gantry::gate {

// `url`: a web address; `link`: any other, and one that does not lead to where it seems to.
enum class Shape { text, url, host, mail, iban, number, date, boolean, null, link };
const char* name_of(Shape shape);

// NFC, every run of blanks one blank, none at the ends. Text that can't be normalised is returned as it is.
std::string normal_text(std::string_view text);
// NFKC without case, and without what can't be seen: equal for texts that only programs tell apart.
std::string folded_text(std::string_view text);
// What it looks like, by UTS 39: equal for texts that are easily taken for each other. Hosts in lower case.
std::string skeleton_of(std::string_view text);
// NFKC in lower case, ideographic full stops as '.', no dot at the end: how hosts are compared.
std::string canonical_host(std::string_view host);

// The keys under which a single value is known; two values are the same when they share one. `shape` is what the whole
// of it is. At least one key, none for an empty text.
struct Reading {
  Shape shape = Shape::text;
  std::vector<std::string> keys;
  bool exact = false;  // only the very same text is the same: it is not what it looks like
};
// Of a value that is sent: with the keys that make it the same for whoever gets it as it is.
Reading reading_of(const Value& leaf);
// Of a value that may be what is looked for: with all that it may mean.
std::vector<std::string> known_keys_of(const Value& leaf);

// Something in a text that can be known by itself.
struct Token {
  Shape shape = Shape::text;
  std::string text;  // as found
  std::vector<std::string> keys;
  std::string host;  // of url, mail and host: canonical
};
// Web and mail addresses, hosts, account numbers, numbers, dates and times of day in it, at most `tokens_max`, also links
// that are only seen in what the text may be taken for (undisguised.h, html_text.h, host_views.h), as they are there. `complete`
// turns false when not all of it was looked at.
std::vector<Token> tokens_of(std::string_view text, std::size_t tokens_max, bool& complete);
inline bool is_link(const Token& token) {
  return token.shape == Shape::url || token.shape == Shape::host || token.shape == Shape::mail ||
         token.shape == Shape::iban;
}

// Names of the characters in it that can't be seen or that change the direction of what follows, each once:
// "U+202E".
std::vector<std::string> hidden_characters(std::string_view text);

// Whether there is no blank at its ends and no line break, tab or hidden character in it.
bool looks_as_it_is(std::string_view text);

// Whether `part` stands in `whole` by itself: with no letter or digit right before or after it, and not as a part of a longer name,
// as "srv-1" is of "srv-1-old", "/var" of "/var/log" and "shop" of "shop.example.com". Both normal_text.
bool contains_words(std::string_view whole, std::string_view part);
// Where it first stands so, from `from` on; npos when it does not.
std::size_t word_place(std::string_view whole, std::string_view part, std::size_t from);

}  // namespace gantry::gate
