#include "engine/timer_queue.h"

#include <gmock/gmock.h>

namespace gantry::engine {
namespace {

TimerKey key_at(int second, const std::string& instance, const std::string& name = "w") {
  return {Timestamp(std::chrono::seconds(second)), instance, TimerKey::Purpose::workflow, name, 0};
}

TEST(TimerQueue, GivesWhatIsDueInTheOrderOfTimeThenName) {
  TimerQueue queue;
  for (const auto& key : {key_at(3, "a"), key_at(1, "b"), key_at(2, "c"), key_at(1, "a")}) queue.arm(key);
  EXPECT_EQ(queue.next_due(), Timestamp(std::chrono::seconds(1)));
  EXPECT_THAT(queue.take_due(Timestamp(std::chrono::seconds(2)), 10),
              ::testing::ElementsAre(key_at(1, "a"), key_at(1, "b"), key_at(2, "c")));
  EXPECT_EQ(queue.next_due(), Timestamp(std::chrono::seconds(3)));
  EXPECT_TRUE(queue.take_due(Timestamp(std::chrono::seconds(2)), 10).empty());
}

TEST(TimerQueue, ForgetsWhatIsDisarmedAndArmsTwiceOnce) {
  TimerQueue queue;
  queue.arm(key_at(1, "a"));
  queue.arm(key_at(1, "a"));
  queue.arm(key_at(1, "a", "other"));
  EXPECT_EQ(queue.size(), 2u);
  queue.disarm(key_at(1, "a"));
  queue.disarm(key_at(9, "unknown"));
  EXPECT_THAT(queue.take_due(Timestamp(std::chrono::seconds(1)), 10), ::testing::ElementsAre(key_at(1, "a", "other")));
  EXPECT_EQ(queue.next_due(), std::nullopt);
}

TEST(TimerQueue, TakesNoMoreThanAsked) {
  TimerQueue queue;
  for (int i = 0; i < 5; ++i) queue.arm(key_at(i, "a"));
  EXPECT_EQ(queue.take_due(Timestamp(std::chrono::seconds(9)), 3).size(), 3u);
  EXPECT_EQ(queue.size(), 2u);
}

journal::StoredTimer stored_at(int second, std::int64_t place, const std::string& instance) {
  return {.position = {.due = Timestamp(std::chrono::seconds(second)), .place = place, .name = "w"},
          .instance = instance};
}

TEST(TimerQueue, FetchesWhatIsInTheJournalWhenItsTimeComesNear) {
  TimerQueue queue;
  queue.fetch_all_later();
  queue.arm(key_at(5, "a"));
  EXPECT_EQ(queue.size(), 0u) << "it is in the journal, and comes from there";
  const Timestamp now{std::chrono::seconds(0)};
  EXPECT_LT(queue.next_due(), now);
  auto after = queue.wants_fetch(now);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->due, Timestamp::min());
  queue.fetched({stored_at(5, 1, "a"), stored_at(6, 2, "b")}, false);
  EXPECT_EQ(queue.next_due(), Timestamp(std::chrono::seconds(5)));
  EXPECT_FALSE(queue.wants_fetch(now));
  queue.arm(key_at(7, "c"));
  queue.arm(key_at(4, "d"));
  EXPECT_EQ(queue.size(), 3u) << "only what comes before the horizon is kept";
  EXPECT_EQ(queue.take_due(Timestamp(std::chrono::seconds(9)), 10).size(), 3u);
  EXPECT_EQ(queue.next_due(), Timestamp(std::chrono::seconds(6)));
  after = queue.wants_fetch(Timestamp(std::chrono::seconds(9)));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->place, 2);
  queue.fetched({stored_at(7, 3, "c")}, true);
  queue.arm(key_at(99, "e"));
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_FALSE(queue.wants_fetch(Timestamp(std::chrono::seconds(99))));
}

TEST(TimerQueue, KeepsTheEarliestAndTheEnginesOwn) {
  TimerQueue queue(4);
  TimerKey again = key_at(50, "z");
  again.purpose = TimerKey::Purpose::send_again;
  queue.arm(again);
  for (int second : {9, 3, 7, 5, 1}) queue.arm(key_at(second, "a"));
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_THAT(queue.take_due(Timestamp(std::chrono::seconds(99)), 10),
              ::testing::ElementsAre(key_at(1, "a"), key_at(3, "a"), again));
  const auto after = queue.wants_fetch(Timestamp(std::chrono::seconds(5)));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->due, Timestamp(std::chrono::seconds(5)));
  EXPECT_LT(after->place, 0) << "the one at that very time is fetched, too";
}

}  // namespace
}  // namespace gantry::engine
