// What a message becomes; and the real ones, where they are there.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tool/edifact_fixture.h"

namespace gantry::tool {
namespace {

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
