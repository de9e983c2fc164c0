// Malformed input: what is wrong is said with its segment and byte, and the rest is still read.
#include "tool/edifact_fixture.h"

namespace gantry::tool {
namespace {

using ::testing::HasSubstr;

TEST(EdifactProblems, LowerCaseUnderUnoaIsACharsetProblemAtItsByte) {
  const std::string text = "UNB+UNOA:2+Sx+R+261123:0600+7'UNH+1+IFTSTA:D:00B:UN'UNT+2+1'UNZ+1+7'";
  const Value document = read(text);
  EXPECT_EQ(count_of(document, "charsetProblems"), 1);
  EXPECT_EQ(count_of(document, "structureProblems"), 0);
  EXPECT_EQ(document.find("problems")->find(std::size_t{0})->integer_or("offset", 0),
            static_cast<std::int64_t>(text.find('x')));
}

TEST(EdifactProblems, AnUnsupportedCharacterSetIsSaid) {
  const Value document = read("UNB+UNOE:3+S+R+261123:0600+7'UNH+1+IFTSTA:D:00B:UN'UNT+2+1'UNZ+1+7'");
  EXPECT_THAT(problems_of(document), HasSubstr("is not supported"));
}

TEST(EdifactProblems, AWrongSegmentCountNamesBothNumbersAndThePlace) {
  const std::string text = plan_start + one_container + "UNT+99+1'UNZ+1+77'";
  const Value document = read(text);
  EXPECT_EQ(count_of(document, "structureProblems"), 1);
  const Value& problem = *document.find("problems")->find(std::size_t{0});
  EXPECT_EQ(problem.integer_or("segment", 0), 16);
  EXPECT_EQ(problem.integer_or("offset", 0), static_cast<std::int64_t>(text.find("UNT")));
  EXPECT_EQ(problem.string_or("message", ""), "UNT declares 99 segments in message \"1\", found 15");
}

TEST(EdifactProblems, AWrongMessageCountAndReferenceAreTwoProblems) {
  const Value document = read(plan_start + one_container + "UNT+15+1'UNZ+2+78'");
  EXPECT_EQ(count_of(document, "structureProblems"), 2);
  EXPECT_THAT(problems_of(document), HasSubstr("UNZ declares 2 messages, found 1"));
  EXPECT_THAT(problems_of(document), HasSubstr("UNZ has the control reference \\\"78\\\", UNB \\\"77\\\""));
}

TEST(EdifactProblems, AWrongMessageReferenceIsFound) {
  EXPECT_THAT(problems_of(read(plan_start + one_container + "UNT+15+2'UNZ+1+77'")),
              HasSubstr("UNT has the message reference"));
}

TEST(EdifactProblems, ACountThatIsNoNumberIsFound) {
  EXPECT_THAT(problems_of(read(plan_start + one_container + "UNT+many+1'UNZ+1+77'")),
              HasSubstr("the count is no number"));
}

TEST(EdifactProblems, EveryCutOfAPlanIsNoticed) {
  const std::string text = plan_start + one_container + plan_end;
  for (std::size_t length = 3; length < text.size(); ++length) {
    const Value document = read(text.substr(0, length));
    EXPECT_GT(count_of(document, "structureProblems"), 0) << "cut after " << length << " bytes";
  }
}

TEST(EdifactProblems, ACutKeepsTheContainersReadSoFarAndMarksTheMessageIncomplete) {
  const Value document = read(plan_start + one_container + "LOC+147+00100");
  EXPECT_EQ(message_of(document).integer_or("containerCount", 0), 1);
  EXPECT_EQ(count_of(document, "containers"), 1);
  EXPECT_FALSE(message_of(document).boolean_or("complete", true));
  EXPECT_THAT(problems_of(document), HasSubstr("the input is cut"));
  EXPECT_EQ(print_json(*document.find("other")), R"([["LOC",["147"],["00100"]]])");
}

TEST(EdifactProblems, AReleaseCharacterAtTheEndIsFound) {
  EXPECT_THAT(problems_of(read(plan_start + "FTX+AAA+++TEXT?")), HasSubstr("right after a release character"));
}

TEST(EdifactProblems, ANestedMessageEndsTheOuterOne) {
  const Value document =
      read("UNB+UNOA:2+S+R+261123:0600+7'UNH+1+IFTSTA:D:00B:UN'BGM+23'UNH+2+IFTSTA:D:00B:UN'UNT+2+2'UNZ+2+7'");
  EXPECT_EQ(document.find("messages")->size(), 2u);
  EXPECT_FALSE(message_of(document, 0).boolean_or("complete", true));
  EXPECT_TRUE(message_of(document, 1).boolean_or("complete", false));
  EXPECT_EQ(count_of(document, "structureProblems"), 1);
  EXPECT_THAT(problems_of(document), HasSubstr("another UNH comes before message"));
}

TEST(EdifactProblems, AMessageWithoutAnInterchangeIsReadAndSaid) {
  const Value document = read("UNH+638+COPRAR:D:95B:UN'BGM+45'UNT+3+638'");
  EXPECT_EQ(document.find("messages")->size(), 1u);
  EXPECT_EQ(count_of(document, "structureProblems"), 1);
  EXPECT_THAT(problems_of(document), HasSubstr("there is no interchange header"));
}

TEST(EdifactProblems, SegmentsOutsideOfMessagesAreKept) {
  const Value document = read("UNB+UNOA:2+S+R+261123:0600+7'BGM+1'UNH+1+IFTSTA:D:00B:UN'UNT+2+1'UNT+2+1'UNZ+1+7'");
  EXPECT_EQ(print_json(*document.find("other")), R"([["BGM",["1"]],["UNT",["2"],["1"]]])");
  EXPECT_EQ(count_of(document, "structureProblems"), 2);
}

TEST(EdifactProblems, WhatFollowsTheEndIsCounted) {
  const Value document = read("UNB+UNOA:2+S+R+261123:0600+7'UNH+1+IFTSTA:D:00B:UN'UNT+2+1'UNZ+1+7'BGM+1'BGM+2'");
  EXPECT_EQ(count_of(document, "segmentsAfterEnd"), 2);
  EXPECT_EQ(count_of(document, "structureProblems"), 1);
}

TEST(EdifactProblems, FunctionalGroupsAreCountedToo) {
  const std::string head =
      "UNB+UNOA:2+S+R+261123:0600+7'UNG+IFTSTA+A+B+261123:0600+5+UN+D:00B'UNH+1+IFTSTA:D:00B:UN'UNT+2+1'";
  EXPECT_EQ(problems_of(read(head + "UNE+1+5'UNZ+1+7'")), "[]");
  EXPECT_THAT(problems_of(read(head + "UNE+3+5'UNZ+1+7'")), HasSubstr("UNE declares 3 messages, found 1"));
}

TEST(EdifactProblems, FieldsThatCannotBeReadAreSaidAndKept) {
  const Value document =
      read(plan_start + "LOC+147+BAY7'MEA+WT++KGM:HEAVY'TMP+2+5:KEL'EQD+CN+IPXU3013510+22G1+++5'UNT+12+1'UNZ+1+77'");
  EXPECT_EQ(count_of(document, "contentProblems"), 3);
  EXPECT_EQ(count_of(document, "structureProblems"), 0);
  EXPECT_TRUE(container_of(document).find("bay")->is_null());
  EXPECT_EQ(container_of(document).string_or("slot", ""), "BAY7");
  EXPECT_EQ(container_of(document).find("other")->size(), 2u);
}

TEST(EdifactProblems, LineBreaksInsideASegmentAreLeftOutAndSaid) {
  const Value document = read("UNB+UNOA:2+S+R+261123:0600+7'UNH+1+IFTSTA:D:0\r\n0B:UN'UNT+2+1'UNZ+1+7'");
  EXPECT_EQ(message_of(document).string_or("release", ""), "00B");
  EXPECT_EQ(count_of(document, "charsetProblems"), 1);
}

TEST(EdifactProblems, AreListedUpToALimitAndAllCounted) {
  std::string text = "UNB+UNOA:2+S+R+261123:0600+7'UNH+1+IFTSTA:D:00B:UN'";
  for (int i = 0; i < 50; ++i) text += "FTX+lower'";
  text += "UNT+52+1'UNZ+1+7'";
  auto document = read_edifact(text, {.problems_max = 10});
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->find("problems")->size(), 10u);
  EXPECT_EQ(count_of(*document, "problems"), 50);
}

}  // namespace
}  // namespace gantry::tool
