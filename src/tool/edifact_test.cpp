#include "tool/edifact.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "value/json.h"

namespace gantry::tool {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string plan_start =
    "UNB+UNOA:2+SENDER+RECIPIENT+261123:0600+77'"
    "UNH+1+BAPLIE:D:95B:UN:SMDG20'"
    "BGM++4711+9'"
    "DTM+137:2611230600:201'"
    "TDT+20+042W+++XYZ:172:20+++9VAB1:103:ZZZ:MV EXAMPLE'"
    "LOC+5+NLRTM:139:6'"
    "LOC+61+DEHAM:139:6'"
    "RFF+VON:042W'";
const std::string one_container =
    "LOC+147+0010082::5'"
    "MEA+WT++KGM:23200'"
    "LOC+9+NLRTM:139:6'"
    "LOC+11+DEHAM:139:6'"
    "RFF+BM:1'"
    "EQD+CN+IPXU 3013510+22G1+++5'"
    "NAD+CA+XYZ:172:20'";
const std::string plan_end = "UNT+15+1'UNZ+1+77'";

Value read(std::string_view text) {
  auto result = read_edifact(text);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  return result.ok() ? *result : Value();
}
const Value& message_of(const Value& document, std::size_t index = 0) {
  return *document.find("messages")->find(index);
}
const Value& container_of(const Value& document, std::size_t index = 0) {
  return *message_of(document).find("containers")->find(index);
}
std::int64_t count_of(const Value& document, std::string_view name) {
  return document.find("counts")->integer_or(name, -1);
}
std::string problems_of(const Value& document) {
  return print_json(*document.find("problems"));
}

TEST(Edifact, ReadsABayPlanOfOneContainer) {
  const Value document = read(plan_start + one_container + plan_end);
  EXPECT_EQ(problems_of(document), "[]");
  const Value& message = message_of(document);
  EXPECT_EQ(message.string_or("type", ""), "BAPLIE");
  EXPECT_EQ(message.string_or("association", ""), "SMDG20");
  EXPECT_EQ(message.integer_or("segmentCount", 0), 15);
  EXPECT_EQ(message.integer_or("declaredSegmentCount", 0), 15);
  EXPECT_TRUE(message.boolean_or("complete", false));
  EXPECT_EQ(print_json(*message.find("vessel")),
            R"({"name":"MV EXAMPLE","callSign":"9VAB1","voyage":"042W","operator":"XYZ"})");
  EXPECT_EQ(message.string_or("departurePort", ""), "NLRTM");
  EXPECT_EQ(message.string_or("nextPort", ""), "DEHAM");
  EXPECT_EQ(print_json(*message.find("times")), R"({"prepared":"2026-11-23T06:00"})");
  EXPECT_EQ(document.find("interchange")->string_or("preparedAt", ""), "2026-11-23T06:00");
  EXPECT_EQ(print_json(container_of(document)),
            R"({"slot":"0010082","bay":1,"row":0,"tier":82,"id":"IPXU3013510","idAsWritten":"IPXU 3013510",)"
            R"("sizeType":"22G1","full":true,"weightKg":23200,"loadPort":"NLRTM","dischargePort":"DEHAM",)"
            R"("carrier":"XYZ","dangerousGoods":[],"references":{"BM":"1"},"segment":9,"other":[]})");
}

TEST(Edifact, GivesTheSameForEveryCutIntoChunks) {
  const std::string text = "UNA:+.? '\r\n" + plan_start + one_container + plan_end;
  const std::string whole = print_json(read(text));
  for (const std::size_t size : {1u, 2u, 3u, 7u, 64u}) {
    EdifactReader reader;
    for (std::size_t at = 0; at < text.size(); at += size)
      ASSERT_TRUE(reader.feed(std::string_view(text).substr(at, size)));
    auto result = reader.finish();
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(print_json(*result), whole) << "chunks of " << size;
  }
}

TEST(Edifact, ReadsTheOldDialectWithItsOwnPlaceCodesAndVesselElement) {
  const Value document = read(
      "UNB+UNOA:1+A+B+100112:1823+7'UNH+9+BAPLIE:1:911:UN:SMDG15'BGM++9+9'"
      "TDT+20+1002++9VAB2:103::MV OTHER:772++680:172:20'"
      "LOC+147+0020218::5'MEA+WT++KGM:15900'DIM+9+CM:::135'LOC+6+CNSHA'LOC+12+ESALG'EQD+CN+CRTU 7606221+4260+++4'"
      "UNT+10+9'UNZ+1+7'");
  EXPECT_EQ(problems_of(document), "[]");
  EXPECT_EQ(print_json(*message_of(document).find("vessel")),
            R"({"name":"MV OTHER","callSign":"9VAB2","voyage":"1002","operator":"680"})");
  const Value& container = container_of(document);
  EXPECT_EQ(container.string_or("loadPort", ""), "CNSHA");
  EXPECT_EQ(container.string_or("dischargePort", ""), "ESALG");
  EXPECT_FALSE(container.boolean_or("full", true));
  EXPECT_EQ(print_json(*container.find("overdimension")), R"({"heightCm":135})");
}

TEST(Edifact, ReadsReefersAndDangerousGoods) {
  const Value document = read(plan_start +
                              "LOC+147+0030084::5'FTX+AAA+++BANANAS'MEA+VGM++TNE:24,5'TMP+2+-004:FAH'RNG+4+CEL:-21:-18'"
                              "EQD+CN+IPXU3013510+45R1+++5'"
                              "DGS+IMD+3:12+1993+23:CEL+2+F-ES-D'FTX+AAD+++FLAMMABLE:LIQUID'DGS+IMD+8+2923'"
                              "UNT+17+1'UNZ+1+77'");
  EXPECT_EQ(problems_of(document), "[]");
  const Value& container = container_of(document);
  EXPECT_EQ(container.find("temperatureC")->as_number(), -20.0);
  EXPECT_EQ(print_json(*container.find("temperatureRangeC")), R"({"minimum":-21,"maximum":-18})");
  EXPECT_EQ(container.find("vgmKg")->as_number(), 24500);
  EXPECT_EQ(print_json(*container.find("dangerousGoods")),
            R"([{"regulations":"IMD","class":"3","un":"1993","page":"12","flashPointC":23,"packingGroup":"2",)"
            R"("ems":"F-ES-D","segment":15,"remarks":[{"qualifier":"AAD","text":"FLAMMABLE LIQUID"}]},)"
            R"({"regulations":"IMD","class":"8","un":"2923","segment":17}])");
  EXPECT_EQ(print_json(*container.find("remarks")), R"([{"qualifier":"AAA","text":"BANANAS"}])");
}

TEST(Edifact, KeepsWhatItDoesNotKnowAndCountsIt) {
  const Value document =
      read(plan_start +
           "LOC+147+0010082::5'GID+1'LOC+11+DEHAM:139:6+CTA:TER:ZZZ'EQD+CN+IPXU3013510+22G1+++5'XYZ+1:2'"
           "UNT+14+1'UNZ+1+77'");
  EXPECT_EQ(print_json(*container_of(document).find("other")),
            R"([["GID",["1"]],["LOC",["11"],["DEHAM","139","6"],["CTA","TER","ZZZ"]],["XYZ",["1","2"]]])");
  EXPECT_EQ(container_of(document).string_or("dischargePort", ""), "DEHAM");
  EXPECT_EQ(print_json(*message_of(document).find("otherSegments")), R"({"GID":1,"LOC":1,"XYZ":1})");
}

TEST(Edifact, ListsPositionsWithoutEquipmentApart) {
  const Value document = read(plan_start + "LOC+147+0010082::5'" + "UNT+10+1'UNZ+1+77'");
  EXPECT_EQ(message_of(document).integer_or("containerCount", -1), 0);
  EXPECT_EQ(message_of(document).find("emptySlots")->size(), 1u);
}

TEST(Edifact, ReadsOtherMessagesAsTheirSegments) {
  const Value document = read(
      "UNB+UNOA:2+A+B+160204:1728+5'UNH+1+COARRI:D:95B:UN:ITG13'BGM+44+35+9'EQD+CN+FCIU9908030'"
      "UNT+4+1'UNZ+1+5'");
  EXPECT_EQ(problems_of(document), "[]");
  EXPECT_EQ(print_json(*message_of(document).find("segments")),
            R"([["BGM",["44"],["35"],["9"]],["EQD",["CN"],["FCIU9908030"]]])");
}

TEST(Edifact, TakesSeparatorsAndDecimalMarkFromTheServiceStringAdvice) {
  const Value document =
      read("UNA|*,! ~UNB*UNOA|2*S*R*261123|0600*7~\nUNH*1*IFTSTA|D|00B|UN~FTX*AAA***A!*B!!'+|C~UNT*3*1~UNZ*1*7~");
  EXPECT_EQ(problems_of(document), "[]");
  EXPECT_EQ(print_json(*message_of(document).find("segments")), R"([["FTX",["AAA"],[""],[""],["A*B!'+","C"]]])");
}

TEST(Edifact, UnderstandsReleasedSeparators) {
  const Value document = read(
      "UNB+UNOA:2+S+R+261123:0600+7'UNH+1+COPRAR:D:95B:UN'FTX+AAA+++PLASTICS?:ARTICLES?+MORE?'S?"
      "?'"
      "UNT+3+1'UNZ+1+7'");
  EXPECT_EQ(print_json(*message_of(document).find("segments")),
            R"([["FTX",["AAA"],[""],[""],["PLASTICS:ARTICLES+MORE'S?"]]])");
}

TEST(Edifact, ConvertsLatin1ToUtf8) {
  const Value document = read("UNB+UNOC:3+M\xFCLLER+R+261123:0600+7'UNH+1+IFTSTA:D:00B:UN'UNT+2+1'UNZ+1+7'");
  EXPECT_EQ(problems_of(document), "[]");
  EXPECT_EQ(document.find("interchange")->string_or("sender", ""), "M\xC3\xBCLLER");
}

TEST(Edifact, KeepsValidUtf8AndReplacesTheRest) {
  const Value document = read("UNB+UNOY:4+M\xC3\xBCLLER+R\xFF+20261123:0600+7'UNH+1+IFTSTA:D:00B:UN'UNT+2+1'UNZ+1+7'");
  EXPECT_EQ(document.find("interchange")->string_or("sender", ""), "M\xC3\xBCLLER");
  EXPECT_EQ(document.find("interchange")->string_or("recipient", ""), "R\xEF\xBF\xBD");
  EXPECT_EQ(document.find("interchange")->string_or("preparedAt", ""), "2026-11-23T06:00");
}

// Malformed input: what is wrong is said with its segment and byte, and the rest is still read.

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

// Input that is refused.

std::string refusal(std::string_view text, const EdifactLimits& limits = {}) {
  auto result = read_edifact(text, limits);
  return result.ok() ? "not refused" : std::string(name_of(result.error().code)) + ": " + result.error().message;
}

TEST(EdifactRefuses, AnEmptyInput) {
  EXPECT_THAT(refusal(""), HasSubstr("invalid_argument: edifact: the input is empty"));
  EXPECT_THAT(refusal(" \r\n "), HasSubstr("the input is empty"));
  EXPECT_THAT(refusal("UN"), HasSubstr("ends after 2 bytes"));
  EXPECT_THAT(refusal("UNA:+.?"), HasSubstr("inside the first segment"));
}

TEST(EdifactRefuses, WhatIsNoEdifact) {
  EXPECT_THAT(refusal("{\"a\": 1}"), HasSubstr("expected UNA, UNB or UNH"));
  EXPECT_THAT(refusal(std::string("\0\1\2\3", 4)), HasSubstr("\\x00\\x01\\x02"));
}

TEST(EdifactRefuses, SeparatorsThatAreNotDistinct) {
  EXPECT_THAT(refusal("UNA++.? 'UNB+UNOA"), HasSubstr("they must differ"));
  EXPECT_THAT(refusal("UNA:+.? AUNB+UNOA"), HasSubstr("no letters or digits"));
}

TEST(EdifactRefuses, ASegmentWithoutEnd) {
  const std::string text = "UNB+UNOA:2+S" + std::string(20'000, 'X');
  EXPECT_THAT(refusal(text), HasSubstr("exhausted: edifact: segment 1 at byte 0 has no terminator within 16384 bytes"));
}

TEST(EdifactRefuses, InputBeyondEachLimit) {
  const std::string text = plan_start + one_container + plan_end;
  EXPECT_THAT(refusal(text, {.bytes_max = 100}), HasSubstr("larger than 100 bytes"));
  EXPECT_THAT(refusal(text, {.segments_max = 5}), HasSubstr("more than 5 segments"));
  EXPECT_THAT(refusal(text, {.components_max = 20}), HasSubstr("20 data elements"));
}

// Feeds up to 200 MB in chunks of 64 KiB made by `fill` and says how many bytes were taken before the refusal.
template <class Fill>
std::size_t bytes_until_refused(std::string_view start, Fill fill) {
  constexpr std::size_t total = 200u << 20, chunk_size = 64u << 10;
  EdifactReader reader;
  EXPECT_TRUE(reader.feed(start).ok());
  std::string chunk(chunk_size, '\0');
  for (std::size_t taken = 0; taken < total; taken += chunk_size) {
    for (char& byte : chunk) byte = fill();
    if (!reader.feed(chunk).ok()) {
      EXPECT_FALSE(reader.feed("UNZ'").ok()) << "an error must stay";
      EXPECT_FALSE(reader.finish().ok());
      return taken + chunk_size;
    }
  }
  return total;
}

TEST(EdifactRefuses, TwoHundredMegabytesOfGarbageWithinTheFirstChunks) {
  std::uint32_t state = 12345;
  const auto random_byte = [&state] {
    state = state * 1664525u + 1013904223u;
    return static_cast<char>(state >> 24);
  };
  EXPECT_LE(bytes_until_refused("UNB+UNOA:2+S+R+261123:0600+7'", random_byte), 128u << 10);
  EXPECT_LE(bytes_until_refused("UNB+UNOA:2+S+R+261123:0600+7'", [] { return '\''; }), 128u << 10);
  EXPECT_LE(bytes_until_refused("UNB+UNOA:2+S+R+261123:0600+7'", [] { return 'A'; }), 128u << 10);
}

TEST(EdifactRefuses, TwoHundredMegabytesOfBlanksAtTheByteLimit) {
  EXPECT_LE(bytes_until_refused("UNB+UNOA:2+S+R+261123:0600+7'", [] { return '\n'; }), (32u << 20) + (64u << 10));
}

TEST(EdifactRefuses, AMessageOfEndlessTinySegmentsAtTheSegmentLimit) {
  std::size_t at = 0;
  const std::string segment = "BGM'";
  EdifactLimits limits;
  EXPECT_LE(bytes_until_refused("UNB+UNOA:2+S+R+261123:0600+7'UNH+1+IFTSTA:D:00B:UN'",
                                [&] { return segment[at++ % segment.size()]; }),
            limits.segments_max * segment.size() + (128u << 10));
}

// Real messages, where they are there.

std::optional<std::string> shared_file(const std::string& name) {
  const std::string path = std::string(GANTRY_SHARED_DIR) + "/data/port/edifact/" + name;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void expect_real_plan(const std::string& name, std::int64_t containers, std::int64_t segments) {
  const auto text = shared_file(name);
  if (!text) GTEST_SKIP() << name << " is not under ../shared/data/port/edifact";
  const Value document = read(*text);
  EXPECT_EQ(count_of(document, "structureProblems"), 0) << problems_of(document);
  EXPECT_EQ(count_of(document, "contentProblems"), 0) << problems_of(document);
  EXPECT_EQ(count_of(document, "containers"), containers);
  const Value& message = message_of(document);
  EXPECT_EQ(message.integer_or("containerCount", 0), containers);
  EXPECT_EQ(message.integer_or("segmentCount", 0), segments);
  EXPECT_EQ(message.integer_or("declaredSegmentCount", 0), segments);
  for (const Value& container : message.find("containers")->items()) {
    ASSERT_EQ(container.string_or("id", "").size(), 11u) << print_json(container);
    ASSERT_FALSE(container.find("weightKg")->is_null());
    ASSERT_FALSE(container.find("dischargePort")->is_null());
    ASSERT_FALSE(container.find("bay")->is_null());
  }
}

TEST(EdifactRealFiles, ThePlanOf4053ContainersIsReadInFull) {
  expect_real_plan("baplie_caroline_maersk_d95b_smdg20.edi", 4053, 35249);
}
TEST(EdifactRealFiles, ThePlanOf5609ContainersIsReadInFull) {
  expect_real_plan("baplie_estelle_maersk_911_smdg15.edi", 5609, 39484);
}

TEST(EdifactRealFiles, TheSmallSamplesGiveTheirKnownDefectsAndNoOthers) {
  const struct {
    const char* name;
    std::int64_t messages, containers, structure_problems;
  } samples[] = {{"baplie_small_oocl_beijing.edi", 1, 3, 0},
                 {"coarri_cosco_africa_d95b_itg13.edi", 2, 0, 0},
                 {"d00b_iftsta.edi", 1, 0, 1},  // its UNZ really has another control reference than its UNB,
                 {"d04b_baplie.edi", 1, 1, 0},
                 {"d95b_coprar.edi", 1, 0, 2}};  // a message without an interchange, and its UNT count is wrong
  for (const auto& sample : samples) {
    const auto text = shared_file(sample.name);
    if (!text) GTEST_SKIP() << sample.name << " is not under ../shared/data/port/edifact";
    const Value document = read(*text);
    EXPECT_EQ(count_of(document, "messages"), sample.messages) << sample.name;
    EXPECT_EQ(count_of(document, "containers"), sample.containers) << sample.name;
    EXPECT_EQ(count_of(document, "structureProblems"), sample.structure_problems)
        << sample.name << problems_of(document);
  }
}

}  // namespace
}  // namespace gantry::tool
