// Runs instances of N steps on an engine of its own, so many at once, for a while, and says what that took.
#pragma once

#include <memory>

#include "base/random.h"
#include "engine/engine.h"
#include "measure.h"

namespace gantry::bench {

struct LoadOptions {
  std::size_t concurrency = 1;
  int steps = 100;  // of an instance
  std::chrono::milliseconds time{3'000};
  tool::Drivers drivers;
  std::string tool = echo_tool();
};

struct Load {
  double steps_per_second = 0;
  double processor_microseconds = 0;  // of a step, all threads of this process
  double syncs_per_step = 0;
  double rows_per_commit = 0, rows_per_step = 0;
  double bytes_per_step = 0;               // handed to write calls: the log's pages, and those copied back from it
  std::vector<double> instance_seconds{};  // sorted
};

// The journal stays at `folder.file(name)`.
Load run_load(const Folder& folder, const std::string& name, const LoadOptions& options);

// An engine with its store, its clock and its randomness.
struct OpenEngine {
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<journal::Store> store;
  std::unique_ptr<engine::Engine> engine;
};
std::unique_ptr<OpenEngine> open_engine(const std::string& url, tool::Drivers drivers, engine::EngineOptions options,
                                        const Clock* clock = nullptr);

// Starts it, waits for its end, and gives up when it does not complete.
void run_instance(engine::Engine& engine, const std::string& workflow);
std::string start_instance(engine::Engine& engine, const std::string& workflow);

}  // namespace gantry::bench
