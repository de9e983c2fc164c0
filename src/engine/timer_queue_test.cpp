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

}  // namespace
}  // namespace gantry::engine
