#include "base/random.h"

#include <gtest/gtest.h>

#include <set>

namespace gantry {
namespace {

TEST(Random, RepeatsFromTheSameSeedOnly) {
  SeededRandom first(7), second(7), other(8);
  for (int i = 0; i < 10; ++i) {
    std::uint64_t number = first.next();
    EXPECT_EQ(number, second.next());
    EXPECT_NE(number, other.next());
  }
}

TEST(Random, FillsEveryByte) {
  SeededRandom seeded(1);
  SystemRandom system;
  for (Random* random : std::initializer_list<Random*>{&seeded, &system}) {
    std::set<std::byte> seen;
    std::vector<std::byte> bytes(4'099);
    random->fill(bytes);
    seen.insert(bytes.begin(), bytes.end());
    EXPECT_GT(seen.size(), 250u);
    random->fill({});
  }
}

TEST(Identifier, SortsByTimeAndHasCrockfordsAlphabet) {
  SeededRandom random(3);
  Timestamp at = *parse_timestamp("2026-11-23T00:00:00Z");
  std::string before = new_identifier(at, random);
  std::string after = new_identifier(at + std::chrono::milliseconds(1), random);
  EXPECT_EQ(before.size(), 26u);
  EXPECT_LT(before, after);
  EXPECT_EQ(before.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ"), std::string::npos);
  EXPECT_NE(before, new_identifier(at, random));
}

TEST(Identifier, HoldsTheMillisecondsInItsFirstTenDigits) {
  SeededRandom random(3);
  // The example of the ULID specification: 1469918176385 is 01ARYZ6S41.
  EXPECT_EQ(new_identifier(Timestamp(std::chrono::milliseconds(1469918176385)), random).substr(0, 10), "01ARYZ6S41");
}

}  // namespace
}  // namespace gantry
