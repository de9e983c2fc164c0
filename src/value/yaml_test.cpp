#include "value/yaml.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace gantry {
namespace {

std::string as_json(std::string_view yaml) {
  auto result = parse_yaml(yaml);
  if (auto* error = std::get_if<YamlError>(&result))
    return fmt::format("{}:{}: {}", error->place.line, error->place.column, error->message);
  return print_json(std::get<YamlDocument>(result).root);
}

std::string limited(std::string_view yaml, const ParseLimits& limits) {
  auto result = parse_yaml(yaml, limits);
  if (auto* error = std::get_if<YamlError>(&result))
    return fmt::format("{}:{}: {}", error->place.line, error->place.column, error->message);
  return "accepted";
}

SourceMap source_of(std::string_view yaml) {
  auto result = parse_yaml(yaml);
  EXPECT_TRUE(std::holds_alternative<YamlDocument>(result)) << as_json(yaml);
  return std::holds_alternative<YamlDocument>(result) ? std::get<YamlDocument>(result).source : SourceMap{};
}

std::string shown(SourcePlace place) {
  return fmt::format("{}:{}", place.line, place.column);
}

TEST(Yaml, FollowsTheCoreSchemaOfYaml12) {
  EXPECT_EQ(as_json("[on, off, yes, no, y, n, On, tRUE]"), R"(["on","off","yes","no","y","n","On","tRUE"])");
  EXPECT_EQ(as_json("[true, True, TRUE, false, False, FALSE]"), "[true,true,true,false,false,false]");
  EXPECT_EQ(as_json("[null, Null, NULL, ~, ]"), "[null,null,null,null]");
  EXPECT_EQ(as_json("[0o17, 0x1F, 0xff, 017, +12, -7, 1_000, 0b1, 0o8, 0xg, 12:30:45]"),
            R"([15,31,255,17,12,-7,"1_000","0b1","0o8","0xg","12:30:45"])");
  EXPECT_EQ(as_json("[1.0, .5, 1., 1e3, +1.5E-2, -.5, 1e, ., +, -, 1.2.3, 2026-11-23]"),
            R"([1,0.5,1,1000,0.015,-0.5,"1e",".","+","-","1.2.3","2026-11-23"])");
  EXPECT_EQ(as_json("[9223372036854775807, 9223372036854775808, 0xFFFFFFFFFFFFFFFF, 1e999]"),
            "[9223372036854775807,9223372036854776000,18446744073709552000,1.7976931348623157e+308]");
  EXPECT_EQ(as_json("['1', \"true\", 'null', '~', \"\"]"), R"(["1","true","null","~",""])");
}

TEST(Yaml, ReadsEveryEscapeOfDoubleQuotedText) {
  EXPECT_EQ(as_json(R"(- "\0\a\t\e\x41\u00e9\U0001F600\/\"\\")"), "[\"\\u0000\\u0007\\t\\u001bAé😀/\\\"\\\\\"]");
  EXPECT_EQ(as_json("- \"é\\N\\_\\L\\P\""), "[\"é\xC2\x85\xC2\xA0\xE2\x80\xA8\xE2\x80\xA9\"]");
}

TEST(Yaml, KeepsTheTextOfPlainKeys) {
  EXPECT_EQ(as_json("on: 1\n200: 2\nnull: 3\n~: 4\ntrue: 5\n1.50: 6\n<<: 7\n'a b': 8"),
            R"({"on":1,"200":2,"null":3,"~":4,"true":5,"1.50":6,"<<":7,"a b":8})");
}

TEST(Yaml, ReadsBlocksAndFlows) {
  EXPECT_EQ(as_json("do:\n  - a: |\n      x\n      y\n  - b: >-\n      folded\n      text\n  - {c: [1, 2], d}\n"),
            R"({"do":[{"a":"x\ny\n"},{"b":"folded text"},{"c":[1,2],"d":null}]})");
  EXPECT_EQ(as_json("%YAML 1.2\n---\na: 1\n...\n"), R"({"a":1})");
  EXPECT_EQ(as_json("\xEF\xBB\xBF"
                    "a: é€😎 # comment\r\nb: 2\r\n"),
            "{\"a\":\"é€😎\",\"b\":2}");
  EXPECT_EQ(as_json("just text"), "\"just text\"");
  EXPECT_EQ(as_json("--- # nothing but a document\n"), "null");
}

TEST(Yaml, AcceptsJson) {
  EXPECT_EQ(as_json("{\"a\":\"\\ud83d\\ude0e\\/\",\n\t\"b\":[1,-0.5,null]}"), "{\"a\":\"😎/\",\"b\":[1,-0.5,null]}");
  std::string long_key(3000, 'k');
  EXPECT_EQ(as_json("{\"" + long_key + "\":1}"), "{\"" + long_key + "\":1}");
  EXPECT_EQ(as_json("{\"a\":1, \"a\":2}"), "1:9: the key 'a' is already given at 1:2");
}

TEST(Yaml, AppliesCoreTagsAndRefusesOthers) {
  EXPECT_EQ(as_json("[!!str 1, !!int '7', !!float '1.5', !!bool 'true', !!null '', !!seq [1], !!map {a: 1}, ! 5]"),
            R"(["1",7,1.5,true,null,[1],{"a":1},"5"])");
  EXPECT_EQ(as_json("a: !secret x"),
            "1:4: the tag '!secret' is not one of YAML's core tags (!!str, !!int, !!float, !!bool, "
            "!!null, !!seq, !!map); remove it");
  EXPECT_EQ(as_json("a: !!int x"), "1:4: 'x' is not a value of the tag !!int");
  EXPECT_EQ(as_json("a: !!set {x}"), "1:4: the tag 'tag:yaml.org,2002:set' does not fit here; remove it");
  EXPECT_EQ(as_json("a: !!python/object:os.system x").substr(0, 14), "1:4: the tag '");
}

TEST(Yaml, RefusesWhatHasNoJsonMeaning) {
  EXPECT_EQ(as_json("a: .nan"), "1:4: '.nan' is no number that JSON can hold; quote it if text is meant");
  EXPECT_EQ(as_json("a: -.Inf"), "1:4: '-.Inf' is no number that JSON can hold; quote it if text is meant");
  EXPECT_EQ(as_json("? [a, b]\n: 1"), "1:3: a key must be text; lists and maps can't be keys");
  EXPECT_EQ(as_json(": 1"), "1:1: expected a key before ':'");
  EXPECT_EQ(as_json("a: 1\n---\nb: 2\n"), "2:1: a second YAML document starts here; a file holds one");
  EXPECT_EQ(as_json(""), "1:1: expected a YAML document, found an empty text");
  EXPECT_EQ(as_json("# only a comment\n"), "1:1: expected a YAML document, found an empty text");
}

TEST(Yaml, NamesBothPlacesOfADuplicateKey) {
  EXPECT_EQ(as_json("a: 1\nb:\n  c: 1\n  d: 2\n  'c': 3\n"), "5:3: the key 'c' is already given at 3:3");
}

TEST(Yaml, SaysWhereTheSyntaxIsWrong) {
  EXPECT_EQ(as_json("a: [1, 2\nb: 3"), "1:4: the list that is opened by '[' here is not closed by ']'");
  EXPECT_EQ(as_json("do:\n  - a: {set: {x: 1}\n  - b: {set: {y: 1}}\n"),
            "2:8: the map that is opened by '{' here is not closed by '}'");
  EXPECT_EQ(as_json("[1, [2"), "1:1: the list that is opened by '[' here is not closed by ']'");
  EXPECT_EQ(as_json("{\"a\": 1"), "1:1: the map that is opened by '{' here is not closed by '}'");
  EXPECT_EQ(as_json("a: b: c"), "1:5: a second ': ' in one line; quote the text that contains it");
  EXPECT_EQ(as_json("a: 'x").find("1:"), 0u);
  EXPECT_EQ(as_json("a: *nowhere").find("1:4: "), 0u);
  EXPECT_EQ(as_json("ok: 1\nbad: \"\xFF\"\n"), "2:7: expected UTF-8, found the byte 0xff");
  EXPECT_EQ(as_json(std::string_view("a: b\nc\0d: 1", 11)).substr(0, 26), "2:2: a control character c");
}

TEST(Yaml, SaysWhichQuoteIsNotClosed) {
  EXPECT_EQ(as_json("do:\n  - a: {set: {x: \"abc}}\n  - b: {set: {y: 1}}\n"),
            "2:18: the text that is opened by \" here is not closed by \"");
  EXPECT_EQ(as_json("a: 'x\nb: y\n"), "1:4: the text that is opened by ' here is not closed by '");
  EXPECT_EQ(as_json("a: \"x\nb: \"y\"\n"),
            "1:4: the text that is opened by \" here is closed only in line 2, where more follows; is a quote missing?");
  EXPECT_EQ(as_json("a: {x: \"${ \"v\" + .a }\"}\n"),
            "1:13: the text that is opened by \" at 1:8 is closed before this; write a \" inside of it as \\\", or put the "
            "whole text in '...'");
  EXPECT_EQ(as_json("a: 'it's'\n"), "1:8: the text that is opened by ' at 1:4 is closed before this; write a ' inside of it as ''");
}

TEST(Yaml, SaysWhatIsWrongWithBracketsColonsAndBlanks) {
  EXPECT_EQ(as_json("a: [1, 2}\n"), "1:9: expected ']' for the '[' at 1:4, found '}'");
  EXPECT_EQ(as_json("do: [{a: {set: {x: 1}}]\n"), "1:23: expected '}' for the '{' at 1:6, found ']'");
  EXPECT_EQ(as_json("a: {x: foo: bar}\n"),
            "1:11: a second ':' in one entry; quote the text that contains it, or is a ',' missing before the key?");
  EXPECT_EQ(as_json("a:\n  b: 1\n\tc: 2\n"), "3:1: a tab indents this line; YAML is indented with blanks only");
  EXPECT_EQ(as_json("a:\n  - b:\n\tset: {x: 1}\n"), "3:1: a tab indents this line; YAML is indented with blanks only");
  EXPECT_EQ(as_json("a:\n    x: 1\n   y: 2\n"),
            "3:4: this is indented differently from what it stands beside: the keys of one map, and the '-' of one list, "
            "start in the same column");
  // What only looks wrong to the second look: a block, a comment, quotes inside of plain text.
  EXPECT_EQ(as_json("a: |\n  it's {x: \"\nb: *no # it's\n"), "3:4: there is no anchor of this name (&name) before this alias");
  EXPECT_EQ(as_json("a: don't {\nb: *no\n"), "2:4: there is no anchor of this name (&name) before this alias");
}

TEST(Yaml, ReadsEscapesOfSurrogatePairsAsJsonDoes) {
  EXPECT_EQ(as_json("a: \"x\\ud83d\\ude0ey\""), "{\"a\":\"x\xF0\x9F\x98\x8Ey\"}");
  EXPECT_EQ(as_json("a: '\\ud83d\\ude0e'"), R"({"a":"\\ud83d\\ude0e"})");
  EXPECT_EQ(as_json("a: \"\\\\ud83d\\\\ude0e\""), R"({"a":"\\ud83d\\ude0e"})");
  EXPECT_EQ(as_json("a: \"\\ud83d\""),
            "1:11: the escape before this is half of a surrogate pair; write both halves, or the character itself");
  SourceMap source = source_of("x: {a: \"\\ud83d\\ude0e\\ud83d\\ude0e\", b: 1}\nc: 2\n");
  EXPECT_EQ(shown(source.value_at("/x/a")), "1:8");
  EXPECT_EQ(shown(source.key_at("/x/b")), "1:36");
  EXPECT_EQ(shown(source.value_at("/c")), "2:4");
}

TEST(Yaml, TakesACarriageReturnAloneForALineBreak) {
  EXPECT_EQ(as_json("a: 1\rb: 2\r"), R"({"a":1,"b":2})");
  EXPECT_EQ(shown(source_of("a: 1\rb: 2\r\nc: 3").value_at("/b")), "2:4");
}

TEST(Yaml, FindsTheMistakeOfAHostileTextSoon) {
  std::string quotes, brackets;
  for (int i = 0; i < 100'000; ++i) quotes += "- \"a\" \"\n", brackets += "[\n";
  EXPECT_NE(as_json(quotes).find("closed"), std::string::npos);
  EXPECT_NE(as_json(brackets), "");
  std::string pairs = "a: \"";
  for (int i = 0; i < 100'000; ++i) pairs += "\\ud83d\\ude0e";
  EXPECT_EQ(as_json(pairs + "\"").size(), 400'008u);
}

TEST(Yaml, KnowsThePlaceOfEveryKeyAndValue) {
  SourceMap source = source_of(
      "do:\n  - first:\n      set:\n        a/b: 1\n        c: |\n          text\n  - 'x': [10, 20]\nempty:\nlast: &q "
      "!!str |\n  z\n");
  EXPECT_EQ(shown(source.value_at("")), "1:1");
  EXPECT_EQ(shown(source.key_at("/do")), "1:1");
  EXPECT_EQ(shown(source.value_at("/do")), "2:3");
  EXPECT_EQ(shown(source.value_at("/do/0")), "2:5");
  EXPECT_EQ(shown(source.key_at("/do/0/first")), "2:5");
  EXPECT_EQ(shown(source.value_at("/do/0/first/set/a~1b")), "4:14");
  EXPECT_EQ(shown(source.key_at("/do/0/first/set/c")), "5:9");
  EXPECT_EQ(shown(source.value_at("/do/0/first/set/c")), "5:12");
  EXPECT_TRUE(source.places.at("/do/0/first/set/c").block_text);
  EXPECT_FALSE(source.places.at("/do/0/first/set/a~1b").block_text);
  EXPECT_EQ(shown(source.value_at("/do/1/x/1")), "7:15");
  EXPECT_EQ(shown(source.key_at("/do/1/x/1")), "7:15");
  EXPECT_EQ(shown(source.value_at("/empty")), "8:1");
  EXPECT_TRUE(source.places.at("/last").block_text);
  // What is missing has the place of its nearest parent.
  EXPECT_EQ(shown(source.value_at("/do/0/first/set/missing/deeper")), "4:9");
  EXPECT_EQ(shown(source.key_at("/nothing")), "1:1");
}

TEST(Yaml, CountsColumnsInBytesAlsoAfterWindowsLineEnds) {
  EXPECT_EQ(shown(source_of("x: 1\r\n'é€': two\r\n").value_at("/é€")), "2:10");
  EXPECT_EQ(shown(source_of("x: 1\r\nb: |\r\n  t\r\n").value_at("/b")), "2:4");
  EXPECT_TRUE(source_of("x: é\r\nb: |\r\n  t\r\n").places.at("/b").block_text);
}

TEST(Yaml, KnowsPlacesInJson) {
  SourceMap source = source_of("{ \"a\": [1, {\"b\\n\": \"x,]\"}],\n  \"c/d\": {} , \"e\":[]}");
  EXPECT_EQ(shown(source.value_at("")), "1:1");
  EXPECT_EQ(shown(source.key_at("/a")), "1:3");
  EXPECT_EQ(shown(source.value_at("/a")), "1:8");
  EXPECT_EQ(shown(source.value_at("/a/0")), "1:9");
  EXPECT_EQ(shown(source.value_at("/a/1")), "1:12");
  EXPECT_EQ(shown(source.key_at("/a/1/b\n")), "1:13");
  EXPECT_EQ(shown(source.value_at("/a/1/b\n")), "1:20");
  EXPECT_EQ(shown(source.key_at("/c~1d")), "2:3");
  EXPECT_EQ(shown(source.value_at("/c~1d")), "2:10");
  EXPECT_EQ(shown(source.value_at("/e")), "2:19");
  EXPECT_EQ(source.places.size(), 7u);
}

TEST(Yaml, ExpandsAliases) {
  EXPECT_EQ(as_json("base: &b {x: 1}\nuse: [*b, *b]\n"), R"({"base":{"x":1},"use":[{"x":1},{"x":1}]})");
  EXPECT_EQ(as_json("a: &n\nb: *n"), R"({"a":null,"b":null})");
  EXPECT_EQ(as_json("a: &a [*a]"), "1:8: this alias stands inside the value that it refers to");
  EXPECT_EQ(as_json("a: &a x\n*a : 1"), "2:1: an alias can't be a key; write the key out");
}

TEST(Yaml, DefusesAliasBombs) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += fmt::format("a{}: &a{} [", i, i);
    for (int j = 0; j < 9; ++j) bomb += fmt::format("*a{}{}", i - 1, j < 8 ? ", " : "]\n");
  }
  EXPECT_EQ(as_json(bomb).substr(3),
            "0: the document has more than 1000000 values with its aliases expanded, which is the limit");
  std::string heavy = "a: &a " + std::string(100'000, 'x') + "\nb:\n";
  for (int i = 0; i < 100; ++i) heavy += "- *a\n";
  EXPECT_EQ(as_json(heavy),
            "85:3: the document has more than 8388608 bytes with its aliases expanded, which is the limit");
  std::string deep = "a0: &a0 [[[[[[[[[[x]]]]]]]]]]\n";
  for (int i = 1; i < 20; ++i) deep += fmt::format("a{}: &a{} [[[[[[[[[*a{}]]]]]]]]]\n", i, i, i - 1);
  EXPECT_EQ(as_json(deep), "15:20: nested deeper than 128 levels, which is the limit");
}

TEST(Yaml, EnforcesEveryLimit) {
  EXPECT_EQ(limited("[1, 2, 3]", {.nodes_max = 3}),
            "1:8: the document has more than 3 values with its aliases expanded, which is the limit");
  EXPECT_EQ(limited("a: {b: {c: 1}}", {.depth_max = 2}), "1:8: nested deeper than 2 levels, which is the limit");
  EXPECT_EQ(limited("a: 1", {.bytes_max = 3}), "1:1: the text has 4 bytes; the limit is 3 bytes");
  for (std::string_view nest : {"[", "{a: ", "- ", "? "}) {
    std::string deep;
    for (int i = 0; i < 10'000; ++i) deep += nest;
    EXPECT_NE(as_json(deep).find("nested deeper"), std::string::npos) << nest << as_json(deep).substr(0, 100);
    EXPECT_EQ(limited(deep, {.depth_max = 100'000}).substr(0, 8) == "accepted", false) << nest;
  }
}

TEST(Yaml, KeepsFewPlacesWhenPointersAreAbsurdlyLong) {
  std::string yaml = std::string(100'000, 'k') + ":\n";
  for (int i = 0; i < 5'000; ++i) yaml += "- 1\n";
  SourceMap source = source_of("? " + yaml.substr(0, 100'000) + "\n" + yaml.substr(100'000));
  EXPECT_LT(source.places.size(), 400u);
  EXPECT_EQ(shown(source.value_at("/" + std::string(100'000, 'k') + "/4999")), "3:1");
}

}  // namespace
}  // namespace gantry
