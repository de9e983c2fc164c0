// Time that nobody sets: how long callers are waited for, and when the journal is tried again. Not for anything that is
// recorded; that is Clock's.
#pragma once

#include <chrono>

namespace gantry::engine {

using SteadyTime = std::chrono::steady_clock::time_point;

class SteadyClock {
 public:
  virtual ~SteadyClock() = default;
  virtual SteadyTime now() const = 0;  // any thread
};

// The machine's.
class MachineSteadyClock final : public SteadyClock {
 public:
  SteadyTime now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace gantry::engine
