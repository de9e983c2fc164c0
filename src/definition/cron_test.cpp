#include "definition/cron.h"

#include <gmock/gmock.h>

namespace gantry::definition {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Timestamp time_at(std::string_view text) {
  return *parse_timestamp(text);
}

// The next `count` times after `from`, without what is the same in all timestamps.
std::vector<std::string> next(const char* expression, const char* from, int count) {
  auto cron = CronExpression::parse(expression);
  EXPECT_TRUE(cron.ok()) << cron.error().message;
  std::vector<std::string> found;
  std::optional<Timestamp> time = time_at(from);
  for (int i = 0; i < count && cron.ok(); ++i) {
    time = cron->next_after(*time);
    if (!time) break;
    found.push_back(format_timestamp(*time).substr(0, 16));
  }
  return found;
}

std::string problem(const char* expression) {
  auto cron = CronExpression::parse(expression);
  return cron.ok() ? "none" : cron.error().message;
}

TEST(Cron, FieldsAreMinuteHourDayMonthWeekday) {
  EXPECT_THAT(next("0 0 * * *", "2026-11-28T03:30:00Z", 2), ElementsAre("2026-11-29T00:00", "2026-11-30T00:00"));
  EXPECT_THAT(next("30 6 1 1 *", "2026-11-28T03:30:00Z", 2), ElementsAre("2027-01-01T06:30", "2028-01-01T06:30"));
  EXPECT_THAT(next("5 4 * * sun", "2026-11-28T00:00:00Z", 2), ElementsAre("2026-11-29T04:05", "2026-12-06T04:05"));
}

TEST(Cron, ListsRangesAndStepsCombine) {
  EXPECT_THAT(next("*/20 8-10/2 * * *", "2026-11-28T08:30:00Z", 5),
              ElementsAre("2026-11-28T08:40", "2026-11-28T10:00", "2026-11-28T10:20", "2026-11-28T10:40",
                          "2026-11-29T08:00"));
  EXPECT_THAT(next("0,59 23 31 dec,JAN *", "2026-11-28T00:00:00Z", 3),
              ElementsAre("2026-12-31T23:00", "2026-12-31T23:59", "2027-01-31T23:00"));
}

TEST(Cron, SundayIsZeroAndSeven) {
  EXPECT_EQ(next("0 0 * * 7", "2026-11-28T00:00:00Z", 3), next("0 0 * * 0", "2026-11-28T00:00:00Z", 3));
  EXPECT_THAT(next("0 0 * * 5-7", "2026-11-23T00:00:00Z", 4),
              ElementsAre("2026-11-27T00:00", "2026-11-28T00:00", "2026-11-29T00:00", "2026-12-04T00:00"));
}

// POSIX: with both given, either is enough. Vixie cron: a star in either makes it both.
TEST(Cron, OfTwoGivenDaysOneIsEnough) {
  EXPECT_THAT(next("0 0 1,15 * wed", "2026-11-28T00:00:00Z", 4),
              ElementsAre("2026-12-01T00:00", "2026-12-02T00:00", "2026-12-09T00:00", "2026-12-15T00:00"));
  EXPECT_THAT(next("0 0 */7 * tue", "2026-11-28T00:00:00Z", 2), ElementsAre("2026-12-01T00:00", "2026-12-08T00:00"));
}

TEST(Cron, LeapDaysComeWhenTheyCome) {
  EXPECT_THAT(next("0 12 29 2 *", "2026-11-28T00:00:00Z", 2), ElementsAre("2028-02-29T12:00", "2032-02-29T12:00"));
  EXPECT_THAT(next("0 12 29 2 *", "2096-03-01T00:00:00Z", 1), ElementsAre("2104-02-29T12:00"));
}

TEST(Cron, WordsStandForExpressions) {
  EXPECT_EQ(next("@hourly", "2026-11-28T03:30:00Z", 3), next("0 * * * *", "2026-11-28T03:30:00Z", 3));
  EXPECT_EQ(next("@weekly", "2026-11-28T03:30:00Z", 3), next("0 0 * * sun", "2026-11-28T03:30:00Z", 3));
  EXPECT_EQ(next("@yearly", "2026-11-28T03:30:00Z", 2), next("0 0 1 1 *", "2026-11-28T03:30:00Z", 2));
}

TEST(Cron, TheLastTimeIsTheNextOneSeenFromBehind) {
  for (const char* expression : {"*/7 3,15 * * *", "0 0 1,15 * wed", "59 23 31 * *", "0 12 29 2 *", "0 0 */7 * tue"}) {
    auto cron = CronExpression::parse(expression);
    ASSERT_TRUE(cron.ok());
    Timestamp time = time_at("2026-01-01T00:00:00Z");
    for (int i = 0; i < 50; ++i) {
      const auto later = cron->next_after(time);
      ASSERT_TRUE(later.has_value());
      EXPECT_EQ(cron->last_until(*later), later) << expression;
      EXPECT_EQ(cron->last_until(*later + std::chrono::seconds(59)), later) << expression;
      if (i > 0) {
        EXPECT_EQ(cron->last_until(*later - Duration(1)), time) << expression;
      }
      time = *later;
    }
  }
}

TEST(Cron, ATimeIsNeverItsOwnNext) {
  EXPECT_THAT(next("* * * * *", "2026-11-28T03:30:59.999999Z", 1), ElementsAre("2026-11-28T03:31"));
  EXPECT_THAT(next("* * * * *", "2026-11-28T03:30:00Z", 1), ElementsAre("2026-11-28T03:31"));
  EXPECT_THAT(next("0 0 * * *", "9999-12-31T00:00:00Z", 1), ElementsAre());
}

TEST(Cron, MistakesNameTheFieldAndWhatIsExpected) {
  EXPECT_EQ(problem("0 0 * *"),
            "cron: expected five fields (minute, hour, day of month, month, day of week), found 4");
  EXPECT_EQ(problem("0 0 0 * * *"),
            "cron: expected five fields (minute, hour, day of month, month, day of week), found 6; there are no seconds "
            "and no years here");
  EXPECT_EQ(problem("60 0 * * *"), "cron: minute '60': expected 0 to 59");
  EXPECT_EQ(problem("0 24 * * *"), "cron: hour '24': expected 0 to 23");
  EXPECT_EQ(problem("0 0 0 * *"), "cron: day of month '0': expected 1 to 31");
  EXPECT_EQ(problem("0 0 * jnu *"), "cron: month 'jnu': expected 1 to 12, or a name such as 'jun'");
  EXPECT_EQ(problem("0 0 * * monday"), "cron: day of week 'monday': expected 0 to 7, or a name such as sun");
  EXPECT_EQ(problem("10-5 0 * * *"), "cron: minute '10-5': the range ends before it begins; write two ranges");
  EXPECT_EQ(problem("5/10 0 * * *"), "cron: minute '5/10': a step needs a range: 5-59/N");
  EXPECT_EQ(problem("*/0 0 * * *"), "cron: minute '*/0': a step is a number from 1");
  EXPECT_EQ(problem("1,,2 0 * * *"), "cron: minute '': expected 0 to 59");
  EXPECT_EQ(problem("0 0 30 2 *"), "cron: '0 0 30 2 *' never comes: no month has such a day");
  EXPECT_THAT(problem("@dayly"), HasSubstr("cron: no word '@dayly'; known: @yearly"));
  EXPECT_THAT(problem(""), HasSubstr("found 0"));
}

}  // namespace
}  // namespace gantry::definition
