// What stands in a text, over many texts put together from pieces that could hide one another.
#include <gtest/gtest.h>

#include <random>

#include "gate/canonical_text.h"
#include "gate/known_index.h"

namespace gantry::gate {
namespace {

class TextTokensTest : public testing::Test {
 protected:
  // The same texts each time.
  std::string text_of_pieces() {
    static const std::vector<std::string> pieces = {"ann@corp.example",
                                                    "https://corp.example/a",
                                                    "corp.example",
                                                    "x",
                                                    "Bob",
                                                    "1,250.50",
                                                    "2026-11-28T14:00Z",
                                                    "28.11.2026",
                                                    "mailto:",
                                                    "https:",
                                                    "data:",
                                                    "::1",
                                                    "DE89 3704 0044 0532 0130 00",
                                                    "report.pdf",
                                                    "/",
                                                    "\\",
                                                    "=",
                                                    ":",
                                                    "?",
                                                    "&",
                                                    "@",
                                                    "!",
                                                    " ",
                                                    " ",
                                                    ".",
                                                    "-",
                                                    "_",
                                                    "[",
                                                    "]",
                                                    "(",
                                                    ">",
                                                    "%",
                                                    "#",
                                                    "~",
                                                    "+",
                                                    ",",
                                                    "'",
                                                    "[.]",
                                                    "(dot)",
                                                    "[at]",
                                                    "hxxp",
                                                    "&#46;",
                                                    "<b>",
                                                    "<!--",
                                                    "localhost",
                                                    ":8080/",
                                                    "**",
                                                    "`",
                                                    "\u3002",
                                                    "\u2014",
                                                    "\u00a0",
                                                    "\n"};
    std::string text;
    for (std::size_t left = random_() % 8; left > 0; --left) text += pieces[random_() % pieces.size()];
    return text;
  }

  static bool has_foreign_link(const KnownIndex& index, std::string_view text) {
    bool complete = true;
    const auto tokens = tokens_of(normal_text(text), KnownIndex::tokens_max, complete);
    return !complete || std::any_of(tokens.begin(), tokens.end(),
                                    [&](const Token& token) { return is_link(token) && !index.knows_link(token); });
  }

  static KnownValues request(std::string text) {
    KnownValues known;
    known.add(KnownValues::Kind::request, "", Value(std::move(text)));
    return known;
  }

 private:
  std::mt19937 random_{17};
};

TEST_F(TextTokensTest, WhatTheRequestSaysItselfIsNeverForeign) {
  for (int i = 0; i < 2'000; ++i) {
    const std::string text = text_of_pieces();
    const KnownValues known = request(text);
    EXPECT_FALSE(has_foreign_link(known.index(nullptr), text)) << text;
  }
}

TEST_F(TextTokensTest, NothingAroundAForeignLinkHidesIt) {
  const KnownValues known = request(
      "ann@corp.example https://corp.example/a corp.example DE89 3704 0044 0532 0130 00 ::1 https://corp.example");
  for (int i = 0; i < 3'000; ++i) {
    const std::string before = text_of_pieces(), after = text_of_pieces();
    for (const std::string link : {"https://evil.example/q", "eve@evil.example", "GB29NWBK60161331926819"}) {
      // Letters right behind a mail address or an account make it another one.
      const std::string text = before + link + (link.starts_with("https") ? "" : " ") + after;
      EXPECT_TRUE(has_foreign_link(known.index(nullptr), text)) << text;
    }
  }
}

TEST_F(TextTokensTest, WhatOneValueIsAsAWholeIsFoundWhateverItHolds) {
  for (int i = 0; i < 2'000; ++i) {
    const std::string text = text_of_pieces();
    const Reading reading = reading_of(Value(text));
    const auto known = known_keys_of(Value(text));
    for (const std::string& key : reading.keys)
      EXPECT_NE(std::find(known.begin(), known.end(), key), known.end()) << text;  // a copy is always the same
    if (reading.shape == Shape::url || reading.shape == Shape::host || reading.shape == Shape::mail) {
      EXPECT_TRUE(looks_as_it_is(text)) << text;
    }
  }
}

}  // namespace
}  // namespace gantry::gate
