#include "base/clock.h"

#include <gtest/gtest.h>

namespace gantry {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::string again(std::string_view text) {
  auto at = parse_timestamp(text);
  return at.ok() ? format_timestamp(*at) : at.error().message;
}

std::string duration_again(std::string_view text) {
  auto duration = parse_duration(text);
  return duration.ok() ? format_duration(*duration) : duration.error().message;
}

TEST(Timestamp, ReadsAndWritesRfc3339) {
  EXPECT_EQ(again("2026-11-23T18:04:05Z"), "2026-11-23T18:04:05Z");
  EXPECT_EQ(again("2026-11-23t18:04:05.123456z"), "2026-11-23T18:04:05.123456Z");
  EXPECT_EQ(again("2026-11-23 18:04:05.5Z"), "2026-11-23T18:04:05.5Z");
  EXPECT_EQ(again("2026-11-23T18:04:05.1234569Z"), "2026-11-23T18:04:05.123456Z");
  EXPECT_EQ(again("2026-11-23T18:04:05+02:30"), "2026-11-23T15:34:05Z");
  EXPECT_EQ(again("2026-11-23T18:04:05-01:00"), "2026-11-23T19:04:05Z");
  EXPECT_EQ(again("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00Z");
  EXPECT_EQ(again("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00Z");
  EXPECT_EQ(again("1969-12-31T23:59:59.999999Z"), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(again("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z");
}

TEST(Timestamp, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2026", "2026-11-23", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-23T24:00:00Z",
        "2026-11-23T23:60:00Z", "2026-11-23T23:00:61Z", "2026-11-23T23:00:00", "2026-11-23T23:00:00.Z",
        "2026-11-23T23:00:00+0100", "2026-11-23T23:00:00+24:00", "2026-11-23T23:00:00Zx", "2026/11/23T23:00:00Z",
        "+026-11-23T23:00:00Z"}) {
    auto at = parse_timestamp(text);
    ASSERT_FALSE(at.ok()) << text;
    EXPECT_NE(at.error().message.find("RFC 3339"), std::string::npos);
  }
}

TEST(DurationText, ReadsAndWritesIso8601) {
  EXPECT_EQ(*parse_duration("PT1H30M"), hours(1) + minutes(30));
  EXPECT_EQ(*parse_duration("P1DT2H"), hours(26));
  EXPECT_EQ(*parse_duration("P2W"), hours(24 * 14));
  EXPECT_EQ(*parse_duration("PT0.5S"), std::chrono::milliseconds(500));
  EXPECT_EQ(*parse_duration("-PT5S"), seconds(-5));
  EXPECT_EQ(duration_again("PT90M"), "PT1H30M");
  EXPECT_EQ(duration_again("PT36H"), "P1DT12H");
  EXPECT_EQ(duration_again("PT86400S"), "P1D");
  EXPECT_EQ(duration_again("PT0S"), "PT0S");
  EXPECT_EQ(duration_again("PT0.000001S"), "PT0.000001S");
  EXPECT_EQ(duration_again("-P1DT0.5S"), "-P1DT0.5S");
}

TEST(DurationText, SaysWhyItIsRefused) {
  auto why = [](const char* text) { return duration_again(text); };
  EXPECT_NE(why("P1Y").find("years and months have no fixed length"), std::string::npos);
  EXPECT_NE(why("P1M").find("years and months"), std::string::npos);
  EXPECT_NE(why("1H").find("it starts with P"), std::string::npos);
  EXPECT_NE(why("P").find("at least one number"), std::string::npos);
  EXPECT_NE(why("P1DT").find("at least one number"), std::string::npos);
  EXPECT_NE(why("PT1").find("the unit is missing"), std::string::npos);
  EXPECT_NE(why("PTH").find("a number is expected"), std::string::npos);
  EXPECT_NE(why("PT1M1H").find("largest first"), std::string::npos);
  EXPECT_NE(why("PT1H1H").find("once each"), std::string::npos);
  EXPECT_NE(why("PT0.5H").find("only seconds"), std::string::npos);
  EXPECT_NE(why("PT1.S").find("digits are expected"), std::string::npos);
  EXPECT_NE(why("PT1111111111111111S").find("too large"), std::string::npos);
  EXPECT_NE(why("P999999999999999D").find("70,000 years"), std::string::npos);
  EXPECT_NE(why("-P999999999999999D").find("70,000 years"), std::string::npos);
}

TEST(ManualClock, StandsStillUntilTold) {
  Timestamp start = *parse_timestamp("2026-01-01T00:00:00Z");
  ManualClock clock(start);
  EXPECT_EQ(clock.now(), start);
  clock.advance(hours(2));
  EXPECT_EQ(format_timestamp(clock.now()), "2026-01-01T02:00:00Z");
}

}  // namespace
}  // namespace gantry
