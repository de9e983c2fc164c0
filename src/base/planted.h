// Bugs that a test plants, to show that the simulator finds each of them. Only the program of that test (tests/planted)
// is compiled with GANTRY_PLANT_BUGS; everywhere else GANTRY_PLANTED is the word false, and nothing of it is in the
// program.
#pragma once

#ifdef GANTRY_PLANT_BUGS

namespace gantry {

enum class PlantedBug {
  none,
  answers_before_commit,
  sends_before_commit,
  commits_without_sync,
  retries_under_another_key,
  fires_timers_early,
  forgets_timers_in_snapshots,
  overlooks_denials,
};
// The one that is planted now; one thread.
extern PlantedBug planted_bug;

}  // namespace gantry

#define GANTRY_PLANTED(bug) (::gantry::planted_bug == ::gantry::PlantedBug::bug)
#else
#define GANTRY_PLANTED(bug) false
#endif
