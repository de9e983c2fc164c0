// Plants bugs of different kinds into the journal, the gate and the engine, one at a time, and runs simulated lives
// until each is found.
#include "base/planted.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "sim/simulation.h"

namespace gantry {

PlantedBug planted_bug = PlantedBug::none;

namespace {

constexpr std::uint64_t lives_max = 40;

struct Planting {
  PlantedBug bug;
  const char* name;
  const char* found_as;  // part of the finding
};

class PlantedBugs : public ::testing::TestWithParam<Planting> {
 protected:
  ~PlantedBugs() override { planted_bug = PlantedBug::none; }
};

TEST_P(PlantedBugs, AreFound) {
  planted_bug = GetParam().bug;
  for (std::uint64_t seed = 1; seed <= lives_max; ++seed) {
    const sim::SimulationResult result = sim::simulate({.seed = seed});
    if (result.findings.empty()) continue;
    std::printf("%s: found by seed %d: %s\n", GetParam().name, static_cast<int>(seed),
                result.findings.front().substr(0, 200).c_str());
    EXPECT_NE(result.findings.front().find(GetParam().found_as), std::string::npos) << result.findings.front();
    EXPECT_EQ(sim::simulate({.seed = seed}).trace.hex(), result.trace.hex()) << "a finding reproduces";
    return;
  }
  ADD_FAILURE() << GetParam().name << " was not found in " << lives_max << " lives";
}

// Otherwise the findings would be of something else.
TEST(PlantedBugs, AreTheOnlyOnes) {
  planted_bug = PlantedBug::none;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) EXPECT_TRUE(sim::simulate({.seed = seed}).findings.empty()) << seed;
}

INSTANTIATE_TEST_SUITE_P(
    Each, PlantedBugs,
    ::testing::Values(
        Planting{PlantedBug::answers_before_commit, "answers_before_commit", "was acknowledged"},
        Planting{PlantedBug::sends_before_commit, "sends_before_commit",
                 "the journal does not say that it is permitted"},
        Planting{PlantedBug::commits_without_sync, "commits_without_sync", "is gone"},
        Planting{PlantedBug::retries_under_another_key, "retries_under_another_key", "took place 2 times"},
        Planting{PlantedBug::fires_timers_early, "fires_timers_early", "before it was due"},
        Planting{PlantedBug::forgets_timers_in_snapshots, "forgets_timers_in_snapshots", "its journal does not give"},
        Planting{PlantedBug::overlooks_denials, "overlooks_denials", "denies"}),
    [](const auto& planting) { return std::string(planting.param.name); });

}  // namespace
}  // namespace gantry
