#include "engine/inbox.h"

#include <gtest/gtest.h>

#include <thread>

namespace gantry::engine {
namespace {

constexpr auto long_ago = std::chrono::steady_clock::time_point{};

TEST(Inbox, IsBoundedForCallersAndHasRoomForWorkers) {
  Inbox inbox(2);
  EXPECT_TRUE(inbox.post({CancelRequest{"a", {}, ""}, nullptr}).ok());
  EXPECT_TRUE(inbox.post({CancelRequest{"b", {}, ""}, nullptr}).ok());
  EXPECT_EQ(inbox.post({CancelRequest{"c", {}, ""}, nullptr}).error().code, Code::exhausted);
  inbox.post_outcome({});
  EXPECT_EQ(inbox.size(), 2u);
  const auto first = inbox.take(long_ago, 1);
  ASSERT_EQ(first.commands.size(), 1u);
  EXPECT_EQ(std::get<CancelRequest>(first.commands[0].request).instance, "a");
  EXPECT_EQ(first.outcomes.size(), 1u);
  EXPECT_TRUE(inbox.post({CancelRequest{"c", {}, ""}, nullptr}).ok());
  EXPECT_EQ(inbox.take(long_ago, 10).commands.size(), 2u);
}

TEST(Inbox, TakesNothingNewWhenStopped) {
  Inbox inbox(2);
  ASSERT_TRUE(inbox.post({CancelRequest{"a", {}, ""}, nullptr}).ok());
  inbox.stop();
  EXPECT_EQ(inbox.post({CancelRequest{"b", {}, ""}, nullptr}).error().code, Code::unavailable);
  const auto taken = inbox.take(std::chrono::steady_clock::time_point::max(), 10);
  EXPECT_TRUE(taken.stopping);
  EXPECT_EQ(taken.commands.size(), 1u);
}

TEST(Inbox, WakesWhoWaits) {
  Inbox inbox(2);
  std::jthread poster([&] { inbox.post_outcome({}); });
  EXPECT_EQ(inbox.take(std::chrono::steady_clock::now() + std::chrono::minutes(1), 10).outcomes.size(), 1u);
}

}  // namespace
}  // namespace gantry::engine
