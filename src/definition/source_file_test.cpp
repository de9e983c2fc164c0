#include "definition/source_file.h"

#include <gmock/gmock.h>

namespace gantry::definition {
namespace {

// The place of the byte `offset` of the scalar that starts at `start`, as "line:column".
std::string at(std::string_view text, SourcePlace start, std::size_t offset) {
  SourcePlace place = place_in_scalar(text, start, offset);
  return std::to_string(place.line) + ":" + std::to_string(place.column);
}

TEST(PlaceInScalar, CountsPlainTextFromItsStart) {
  EXPECT_EQ(at("if: .a + .b", {1, 5}, 0), "1:5");
  EXPECT_EQ(at("if: .a + .b", {1, 5}, 5), "1:10");
}

TEST(PlaceInScalar, SkipsQuotesAndEscapes) {
  EXPECT_EQ(at("if: '.a'", {1, 5}, 0), "1:6");
  EXPECT_EQ(at("if: 'it''s .a'", {1, 5}, 5), "1:12");
  EXPECT_EQ(at(R"(if: "\"\u00e9\" .a")", {1, 5}, 5), "1:17");
}

TEST(PlaceInScalar, SkipsEscapedLineBreaksAndSurrogatePairs) {
  EXPECT_EQ(at("if: \"${ .a \\\n    + .b }\"", {1, 5}, 8), "2:7");
  EXPECT_EQ(at("if: \"${ .a \\\r\n    + .b }\"", {1, 5}, 8), "2:7");
  EXPECT_EQ(at(R"(if: "\ud83d\ude00 .a")", {1, 5}, 5), "1:19");
}

TEST(PlaceInScalar, FollowsFoldedLinesOfFlowScalars) {
  EXPECT_EQ(at("if: .a\n  + .b", {1, 5}, 3), "2:3");
  EXPECT_EQ(at("if: '.a   \n\n  + .b'", {1, 5}, 3), "3:3");
}

TEST(PlaceInScalar, StartsBlockScalarsInTheNextLine) {
  EXPECT_EQ(at("if: |\n  .a\n  + .b\n", {1, 5}, 0), "2:3");
  EXPECT_EQ(at("if: |\n  .a\n  + .b\n", {1, 5}, 3), "3:3");
  EXPECT_EQ(at("if: |-\n\n  .a\n    + .b\n", {1, 5}, 6), "4:5");
  EXPECT_EQ(at("if: >\n  .a\n  + .b\n", {1, 5}, 5), "3:5");
}

TEST(PlaceInScalar, StaysInTheTextWhenTheOffsetIsTooLarge) {
  EXPECT_EQ(at("a", {1, 1}, 100), "1:2");
  EXPECT_EQ(at("a", {9, 9}, 100), "9:9");
  EXPECT_EQ(at("|", {1, 1}, 3), "1:1");
  EXPECT_EQ(at("|\n  a", {1, 1}, 100), "2:4");
}

TEST(ProblemSink, SortsAndGivesEachProblemOnce) {
  ProblemSink sink;
  sink.add({"b", {1, 1}, "x"});
  sink.add({"a", {2, 1}, "x"});
  sink.add({"a", {1, 9}, "x"});
  sink.add({"a", {2, 1}, "x"});
  EXPECT_EQ(sink.count(), 4U);
  Problems problems = sink.take();
  ASSERT_EQ(problems.size(), 3U);
  EXPECT_EQ(format(problems[0]), "a:1:9: x");
  EXPECT_EQ(format(problems[1]), "a:2:1: x");
  EXPECT_EQ(format(problems[2]), "b:1:1: x");
}

TEST(ProblemSink, KeepsAThousandAtMost) {
  ProblemSink sink;
  for (int i = 0; i < 5'000; ++i) sink.add({"a", {i, 1}, "x"});
  EXPECT_EQ(sink.count(), 5'000U);
  EXPECT_EQ(sink.take().size(), 1'000U);
}

}  // namespace
}  // namespace gantry::definition
