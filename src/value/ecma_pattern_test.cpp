#include "value/ecma_pattern.h"

#include <gtest/gtest.h>

namespace gantry {
namespace {

bool pattern_matches(std::string_view pattern, std::string_view text) {
  auto compiled = EcmaPattern::compile(pattern);
  EXPECT_TRUE(compiled.ok()) << pattern << ": " << (compiled.ok() ? "" : compiled.error().message);
  return compiled.ok() && compiled->search(text) == EcmaPattern::Outcome::match;
}

std::string pattern_refusal(std::string_view pattern) {
  auto compiled = EcmaPattern::compile(pattern);
  return compiled.ok() ? "accepted" : compiled.error().message;
}

TEST(EcmaPattern, SearchesAnywhereAndAnchorsAtTheVeryEnds) {
  EXPECT_TRUE(pattern_matches("b", "abc"));
  EXPECT_TRUE(pattern_matches("", ""));
  EXPECT_FALSE(pattern_matches("^b", "a\nb"));
  EXPECT_FALSE(pattern_matches("b$", "b\n"));
  EXPECT_TRUE(pattern_matches("^a.c$", "aéc"));
  EXPECT_FALSE(pattern_matches("^a.c$", "a\nc"));
  EXPECT_TRUE(pattern_matches("^a[^]c$", "a\nc"));
  EXPECT_FALSE(pattern_matches("a[]", "a"));
}

TEST(EcmaPattern, TakesOnigurumasOwnSyntaxLiterally) {
  EXPECT_TRUE(pattern_matches("^[[]$", "["));
  EXPECT_TRUE(pattern_matches("^[a&&b]+$", "a&b"));
  EXPECT_TRUE(pattern_matches("^[^[a]$", "b"));
  EXPECT_TRUE(pattern_matches("^#x y$", "#x y"));
  EXPECT_TRUE(pattern_matches("^\\/\\-\\@$", "/-@"));
  EXPECT_TRUE(pattern_matches("^[\\w.-]+$", "a.b-c"));
  EXPECT_TRUE(pattern_matches("^[\\w-.]+$", "a.b-c"));
  EXPECT_TRUE(pattern_matches("^a{,3}$", "a{,3}"));
  EXPECT_TRUE(pattern_matches("^a{$", "a{"));
  EXPECT_TRUE(pattern_matches("^}]$", "}]"));
  EXPECT_TRUE(pattern_matches("[:alpha:]", "l"));
  EXPECT_FALSE(pattern_matches("^[:alpha:]$", "b"));
}

TEST(EcmaPattern, RepeatsAsEcmaDoes) {
  EXPECT_TRUE(pattern_matches("^a{2}?$", "aa"));
  EXPECT_FALSE(pattern_matches("^a{2}?$", ""));
  EXPECT_TRUE(pattern_matches("^(?:ab){1,2}?c", "ababc"));
  EXPECT_TRUE(pattern_matches("^a{2,}$", "aaaa"));
}

TEST(EcmaPattern, KnowsGroupsAndLookaround) {
  EXPECT_TRUE(pattern_matches("^(a)(?:b)\\1$", "aba"));
  EXPECT_TRUE(pattern_matches("^(?<x>a|b)\\k<x>$", "bb"));
  EXPECT_TRUE(pattern_matches("^(?<x>a)(b)\\2$", "abb"));
  EXPECT_TRUE(pattern_matches("(?<=a+)b", "aab"));
  EXPECT_TRUE(pattern_matches("^(?!x)y", "y"));
  EXPECT_TRUE(pattern_matches("\\bfoo\\b", "a foo b"));
  EXPECT_FALSE(pattern_matches("\\bfoo\\b", "afoo"));
  EXPECT_TRUE(pattern_matches("o\\B", "foo"));
}

TEST(EcmaPattern, KnowsEscapesAndProperties) {
  EXPECT_TRUE(pattern_matches("^\\u0041\\x42\\u{43}\\cJ\\0$", std::string_view("ABC\n\0", 5)));
  EXPECT_TRUE(pattern_matches("^\\ud83d\\ude00$", "😀"));
  EXPECT_TRUE(pattern_matches("^[\\ud83d\\ude00-\\ud83d\\ude02]$", "😁"));
  EXPECT_TRUE(pattern_matches("^\\p{Script=Greek}+$", "αβ"));
  EXPECT_TRUE(pattern_matches("^\\p{gc=Lu}\\P{Lu}$", "Aa"));
  EXPECT_TRUE(pattern_matches("^[\\d\\s]+$", "1 2"));
  EXPECT_TRUE(pattern_matches("^[^\\d]$", "x"));
  EXPECT_TRUE(pattern_matches("^[\\D]$", "x"));
}

TEST(EcmaPattern, RefusesWhatEcmaRefuses) {
  EXPECT_EQ(pattern_refusal("(a"), "a '(' is not closed (at byte 3 of the pattern)");
  EXPECT_EQ(pattern_refusal("a)"), "a ')' has no '(' (at byte 2 of the pattern)");
  EXPECT_EQ(pattern_refusal("[a"), "a '[' is not closed (at byte 3 of the pattern)");
  EXPECT_EQ(pattern_refusal("*a"), "there is nothing to repeat before this quantifier (at byte 1 of the pattern)");
  EXPECT_EQ(pattern_refusal("a**"), "there is nothing to repeat before this quantifier (at byte 3 of the pattern)");
  EXPECT_EQ(pattern_refusal("a{3,2}"), "the counts of a repetition are in the wrong order (at byte 2 of the pattern)");
  EXPECT_EQ(pattern_refusal("a{999999999}"), "a repetition count is at most 100000 (at byte 2 of the pattern)");
  EXPECT_EQ(pattern_refusal("\\a"), "'\\a' is no escape of ECMA 262 (at byte 2 of the pattern)");
  EXPECT_EQ(pattern_refusal("[z-a]"), "the ends of a range are in the wrong order (at byte 5 of the pattern)");
  EXPECT_EQ(pattern_refusal("\\ud83d"), "half of a surrogate pair matches nothing (at byte 7 of the pattern)");
  for (const char* pattern : {"\\", "\\u{110000}", "\\u12", "\\p{}", "\\p{NoSuchThing}", "\\pL", "\\k<x>", "\\1",
                              "(?i)a", "(?>a)", "(?#x)", "(?<1>a)", "a++", "\\cé", "\xFF"})
    EXPECT_NE(pattern_refusal(pattern), "accepted") << pattern;
}

TEST(EcmaPattern, StopsPatternsThatExplode) {
  std::string text = std::string(40, 'a') + "!";
  EXPECT_EQ(EcmaPattern::compile("^(a|a)*$")->search(text), EcmaPattern::Outcome::too_expensive);
  EXPECT_EQ(EcmaPattern::compile("^(a+)+$")->search(text), EcmaPattern::Outcome::too_expensive);
  EXPECT_TRUE(pattern_matches("^[a-z ]+$", std::string(500'000, 'a')));
  EXPECT_EQ(EcmaPattern::compile("a")->search("\xFF"), EcmaPattern::Outcome::no_match);
  EXPECT_NE(pattern_refusal(std::string(200, '(')), "accepted");
  EXPECT_EQ(EcmaPattern::compile(std::string(30'000, 'a')).error().code, Code::exhausted);
}

}  // namespace
}  // namespace gantry
