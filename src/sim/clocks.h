// The two clocks of a simulation. Nothing but the simulation moves them.
#pragma once

#include "base/clock.h"
#include "engine/steady_clock.h"

namespace gantry::sim {

// The wall clock may be set, forwards and backwards; the other one counts what really passes.
class Clocks {
 public:
  explicit Clocks(Timestamp start) : wall_(start) {}
  Clocks(const Clocks&) = delete;
  Clocks& operator=(const Clocks&) = delete;

  Timestamp wall() const { return wall_; }
  engine::SteadyTime steady() const { return steady_; }
  void pass(Duration time) {
    wall_ += time;
    steady_ += time;
  }
  void set_wall(Duration by) { wall_ += by; }

  const Clock& wall_clock() const { return wall_view_; }
  const engine::SteadyClock& steady_clock() const { return steady_view_; }

 private:
  struct WallView final : Clock {
    const Clocks& clocks;
    explicit WallView(const Clocks& of) : clocks(of) {}
    Timestamp now() const override { return clocks.wall_; }
  };
  struct SteadyView final : engine::SteadyClock {
    const Clocks& clocks;
    explicit SteadyView(const Clocks& of) : clocks(of) {}
    engine::SteadyTime now() const override { return clocks.steady_; }
  };

  Timestamp wall_;
  engine::SteadyTime steady_{std::chrono::hours(1)};
  WallView wall_view_{*this};
  SteadyView steady_view_{*this};
};

}  // namespace gantry::sim
