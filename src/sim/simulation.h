// One simulated life of an installation: the real engine, gate, interpreter and SQLite store, in one thread, under
// clocks, a disk, a network and people that a seed decides about. The same seed gives the same life, event by event.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace gantry::sim {

struct SimulationOptions {
  std::uint64_t seed = 1;
  std::size_t steps = 1'500;                              // with faults; then all is helped to its end
  std::function<void(std::string_view line)> trace = {};  // each thing that happens; may be empty
};

struct SimulationResult {
  std::vector<std::string> findings;  // what should never be; the life ends with the first
  Digest trace;                       // of all lines, in their order
  // What it was made of.
  std::size_t steps = 0, instances = 0, events = 0, effects = 0, acknowledged = 0;
  bool cut_short = false;  // it grew too large to be followed to its end: what an end shows was not checked
  std::size_t stops = 0, power_failures = 0, disk_errors = 0, syncs = 0, replays = 0;
};

SimulationResult simulate(const SimulationOptions& options);

}  // namespace gantry::sim
