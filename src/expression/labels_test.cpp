// Labels through expressions: what may be known of a labelled value from an output is labelled too.
#include <gtest/gtest.h>

#include "expression/expression.h"
#include "value/json.h"

namespace gantry::expression {
namespace {

Label secret() {
  return Label::of({Integrity::trusted, Secrecy::secret, {"vault"}, {}});
}
Label untrusted() {
  return Label::of({Integrity::untrusted, Secrecy::public_, {"mail"}, {}});
}

// {"secret": 5 (secret), "mail": "hi" (untrusted), "open": 1, "list": [1, 7 (secret), 3]}
Value labelled_input() {
  return Value::object({{"secret", Value(5).labelled(secret())},
                        {"mail", Value("hi").labelled(untrusted())},
                        {"open", Value(1)},
                        {"list", Value::array({Value(1), Value(7).labelled(secret()), Value(3)})}});
}

Value first(std::string_view text, const Value& input) {
  auto program = compile(text);
  EXPECT_EQ(program.index(), 0u) << text;
  auto value = evaluate_first(*std::get<0>(program), input, {});
  EXPECT_TRUE(value) << text << ": " << (value ? "" : value.error().message);
  return value ? *value : Value();
}
Label deep(std::string_view text) {
  return first(text, labelled_input()).deep_label();
}
Label root(std::string_view text) {
  return first(text, labelled_input()).label();
}

TEST(ExpressionLabels, ComeFromWhatTheValueWasComputedFrom) {
  EXPECT_EQ(deep(".secret"), secret());
  EXPECT_EQ(deep(".secret + 1"), secret());
  EXPECT_EQ(deep(".open + 1"), Label());
  EXPECT_EQ(deep("\"\\(.mail) and \\(.secret)\""), join(secret(), untrusted()));
  EXPECT_EQ(deep(".secret | tostring | length"), secret());
  EXPECT_EQ(deep(".mail | ascii_upcase | split(\"\") | join(\"-\")"), untrusted());
  EXPECT_EQ(deep(".list | tojson"), secret());
  EXPECT_EQ(deep(".list | add"), secret());
  EXPECT_EQ(deep(".secret as $x | [$x, 1] | .[0]"), secret());
  EXPECT_EQ(deep(".mail | test(\"h\")"), untrusted());
  EXPECT_EQ(deep(".mail | sub(\"h\"; \"H\")"), untrusted());
  EXPECT_EQ(deep("@base64 \"\\(.secret)\""), secret());
  EXPECT_EQ(deep(".list == [1]"), secret());
}

TEST(ExpressionLabels, ComeFromConditions) {
  EXPECT_EQ(root("if .secret > 3 then 1 else 2 end"), secret());
  EXPECT_EQ(root("if .open > 0 then 1 else 2 end"), Label());
  EXPECT_EQ(root("select(.secret > 3) | 1"), secret());
  EXPECT_EQ(root("select(.open > 0) | 1"), Label());
  EXPECT_EQ(root(".secret // 1"), secret());
  EXPECT_EQ(root("(.secret | not) // 1"), secret());
  EXPECT_EQ(root(".secret == 5 and true"), secret());
  EXPECT_EQ(root("(.secret == 6) or true"), secret());
  EXPECT_EQ(root("(.secret == 5) or true"), secret());
  EXPECT_EQ(root("[.list[] | select(. > 3) | 1]"), secret());
  EXPECT_EQ(root("[.list[] | select(. > 30)]"), secret());
  EXPECT_EQ(root("reduce .list[] as $x (0; if $x > 3 then . + 1 else . end)"), secret());
  EXPECT_EQ(root("reduce (.list[] | select(. > 3)) as $x (0; . + 1)"), secret());
  EXPECT_EQ(root("first((.list[] | select(. > 30)), 1)"), secret());
  EXPECT_EQ(root("any(.list[]; . > 100)"), secret());
  EXPECT_EQ(root(".list | map(select(. > 3)) | length"), secret());
  EXPECT_EQ(root("limit(.secret; 1)"), secret());
  EXPECT_EQ(root("[range(.secret)] | length"), secret());
  EXPECT_EQ(root("try error(.secret) catch 1"), secret());
  EXPECT_EQ(root("try (if .secret > 3 then error(\"x\") else 1 end) catch 2"), secret());
  EXPECT_EQ(root("label $out | if .secret > 3 then 1, break $out else 2 end"), secret());
  EXPECT_EQ(root("1 | until(. > 3; . + 1)"), Label());
  EXPECT_EQ(root(".secret as $s | 1 | until(. > $s; . + 1)"), secret());
}

TEST(ExpressionLabels, StayWithTheMembersOfAContainer) {
  Value object = first("{a: .secret, b: .open, c: [.mail]}", labelled_input());
  EXPECT_EQ(object.label(), Label());
  EXPECT_EQ(object.member("a").label(), secret());
  EXPECT_EQ(object.member("b").deep_label(), Label());
  EXPECT_EQ(object.member("c").label(), Label());
  EXPECT_EQ(object.member("c").item(0).label(), untrusted());

  Value conditional = first("{a: (if .secret > 3 then 1 else 2 end), b: .open}", labelled_input());
  EXPECT_EQ(conditional.label(), Label());
  EXPECT_EQ(conditional.member("a").label(), secret());
  EXPECT_EQ(conditional.member("b").label(), Label());

  Value list = first("[.list[] | . + 1]", labelled_input());
  EXPECT_EQ(list.label(), Label());
  EXPECT_EQ(list.item(0).label(), Label());
  EXPECT_EQ(list.item(1).label(), secret());

  EXPECT_EQ(root(".open = 2"), Label());
  EXPECT_EQ(first(".open = .secret", labelled_input()).member("open").label(), secret());
  EXPECT_EQ(first(".open |= . + 1", labelled_input()).member("open").label(), Label());
  EXPECT_EQ(first(".list[1] += 1", labelled_input()).member("list").item(1).label(), secret());
  EXPECT_EQ(root("keys"), Label());
  EXPECT_EQ(root("length"), Label());
  EXPECT_EQ(root("del(.open)"), Label());
  EXPECT_EQ(first("{x: 1} + {y: .secret}", labelled_input()).member("x").label(), Label());
}

TEST(ExpressionLabels, OfTheOrderComeFromAllKeys) {
  EXPECT_EQ(root(".list | sort"), secret());
  EXPECT_EQ(root("[{k: .secret, v: 1}, {k: .open, v: 2}] | sort_by(.k) | .[0].v"), secret());
  EXPECT_EQ(root("[{k: .secret, v: 1}, {k: .open, v: 2}] | sort_by(.v) | .[0].v"), Label());
  EXPECT_EQ(root(".list | max"), secret());
  EXPECT_EQ(root(".list | unique | length"), secret());
  EXPECT_EQ(root(".list | group_by(.) | length"), secret());
}

TEST(ExpressionLabels, OfAContainerCoverItsParts) {
  Value covered = Value::object({{"a", Value::array({Value(1), Value(2)})}}).labelled(untrusted());
  for (const char* text : {".a",
                           ".a[0]",
                           "[.a[]]",
                           ".a | length",
                           "keys",
                           "length",
                           "to_entries",
                           ".. | numbers",
                           "[paths] | length",
                           ".a[0:1]",
                           "[.a[] | 1] | length",
                           ".b",
                           "has(\"a\")",
                           "type",
                           "map(1)",
                           "with_entries(.)",
                           "getpath([\"a\", 0])",
                           "walk(.)",
                           "[tostream] | length",
                           ".a | first",
                           ".a | reverse",
                           ".a | flatten",
                           "reduce .a[] as $x (0; . + 1)",
                           "isempty(.a[])"})
    EXPECT_EQ(first(text, covered).label(), untrusted()) << text;
}

TEST(ExpressionLabels, AreOnErrorsToo) {
  EXPECT_EQ(root("try (.mail + 1) catch ."), untrusted());
  EXPECT_EQ(root("try ({a: .mail} | - .) catch ."), untrusted());
  EXPECT_EQ(root("try (.mail | tonumber) catch ."), untrusted());
  EXPECT_EQ(root("try (.mail as $m | 1 | .[$m]) catch ."), untrusted());
  EXPECT_EQ(root("try error(.mail) catch \"x\""), untrusted());
  EXPECT_EQ(root("try (.mail | strptime(\"%Y\")) catch ."), untrusted());
  for (const char* text : {".secret + {}", ".secret | test(\"x\")", "error(\"key \\(.secret)\")", "error({a: .secret})",
                           "[.secret] | @sh | error"}) {
    auto failed = evaluate_first(*std::get<0>(compile(text)), labelled_input(), {});
    ASSERT_FALSE(failed) << text;
    EXPECT_EQ(failed.error().message.find('5'), std::string::npos) << failed.error().message;
    EXPECT_NE(failed.error().message.find("withheld"), std::string::npos) << failed.error().message;
  }
}

TEST(ExpressionLabels, AreNotWidenedWithoutNeed) {
  EXPECT_EQ(root(".secret as $x | .open"), Label());
  EXPECT_EQ(root("[.secret, .open] | .[1]"), Label());
  EXPECT_EQ(root("{a: .secret} | .b = 1 | .b"), Label());
  EXPECT_EQ(root("(.secret | 1)"), Label());
  EXPECT_EQ(root("[.list[0], .list[2]] | add"), Label());
  EXPECT_EQ(root("{a: (.list | map(select(. > 3)) | length), b: 1}"), Label());
}

}  // namespace
}  // namespace gantry::expression
