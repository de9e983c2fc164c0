#include "server/share.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace gantry::server {
namespace {

using std::chrono::seconds;

constexpr Duration patience = seconds(4);

std::vector<PartitionState> states(const std::string& pattern) {  // m: mine, f: free, o: of others
  std::vector<PartitionState> all;
  for (const char each : pattern) all.push_back({each == 'm', each == 'f' ? Duration(seconds(1)) : Duration{}, {}});
  return all;
}

TEST(Share, AllNodesTogetherHaveEachPartitionOnce) {
  for (std::size_t count = 1; count <= 12; ++count) {
    for (std::size_t nodes = 1; nodes <= 15; ++nodes) {
      std::size_t sum = 0;
      for (std::size_t rank = 0; rank < nodes; ++rank) {
        const std::size_t share = fair_share(count, nodes, rank);
        EXPECT_LE(share, count / nodes + 1);
        EXPECT_GE(share, count / nodes);
        sum += share;
      }
      EXPECT_EQ(sum, count);
    }
  }
}

TEST(Share, ANodeTakesWhatIsFreeUpToItsShareAndNoMore) {
  const auto taken = next_move({"a", "b"}, "b", states("offo"), patience);
  ASSERT_TRUE(taken.has_value());
  EXPECT_TRUE(taken->takes);
  EXPECT_EQ(taken->partition, 2u);
  EXPECT_FALSE(next_move({"a", "b"}, "b", states("mmff"), patience).has_value());
}

TEST(Share, WhatNobodyTakesIsTakenBeyondTheShareAndKeptForAWhile) {
  auto all = states("mmfo");
  all[2].free_for = seconds(5);
  const auto taken = next_move({"a", "b"}, "a", all, patience);
  ASSERT_TRUE(taken.has_value());
  EXPECT_TRUE(taken->takes && taken->beyond);
  all = states("mmmo");
  all[2].beyond_for = seconds(10);
  all[1].beyond_for = all[0].beyond_for = seconds(10);
  EXPECT_FALSE(next_move({"a", "b"}, "a", all, patience).has_value());
  all[2].beyond_for = seconds(41);
  const auto given = next_move({"a", "b"}, "a", all, patience);
  ASSERT_TRUE(given.has_value());
  EXPECT_FALSE(given->takes);
}

TEST(Share, ANodeGivesBackItsLastWhenAnotherJoinsSoThatTheHomeStays) {
  const auto given = next_move({"a", "b"}, "a", states("mmmm"), patience);
  ASSERT_TRUE(given.has_value());
  EXPECT_FALSE(given->takes);
  EXPECT_EQ(given->partition, 3u);
  EXPECT_FALSE(next_move({"a", "b"}, "a", states("mmoo"), patience).has_value());
}

TEST(Share, ANodeThatIsNotAmongTheLivingDoesNothing) {
  EXPECT_FALSE(next_move({"b"}, "a", states("ffff"), patience).has_value());
}

// Whatever the start, moves one by one lead to fair shares and then stop.
TEST(Share, NodesThatComeAndGoSettleInFewMoves) {
  for (std::size_t nodes = 1; nodes <= 5; ++nodes) {
    const std::vector<std::string> all_names = {"a", "b", "c", "d", "e"};
    const std::vector<std::string> names(all_names.begin(), all_names.begin() + static_cast<std::ptrdiff_t>(nodes));
    std::vector<std::string> owners = {"a", "a", "a", "gone", "gone", "a", ""};
    std::size_t moves = 0;
    for (bool moved = true; moved;) {
      moved = false;
      for (const std::string& self : names) {
        std::vector<PartitionState> view;
        for (const std::string& owner : owners) {
          const bool lives = std::find(names.begin(), names.end(), owner) != names.end();
          view.push_back({owner == self, lives ? Duration{} : Duration(seconds(1)), {}});
        }
        const auto move = next_move(names, self, view, patience);
        if (!move) continue;
        owners[move->partition] = move->takes ? self : "";
        moved = true;
        ASSERT_LT(++moves, 30u);
      }
    }
    for (std::size_t rank = 0; rank < nodes; ++rank)
      EXPECT_EQ(static_cast<std::size_t>(std::count(owners.begin(), owners.end(), names[rank])),
                fair_share(owners.size(), nodes, rank));
  }
}

}  // namespace
}  // namespace gantry::server
