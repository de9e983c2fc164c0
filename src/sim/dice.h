// Chance with a seed: the same seed gives the same throws. Each part of a simulation has dice of its own, so that what
// one part throws more or less often does not change the others.
#pragma once

#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "base/random.h"

namespace gantry::sim {

class Dice {
 public:
  // `part` tells the parts of one simulation apart.
  Dice(std::uint64_t seed, std::uint64_t part) : random_(seed * 0x9E3779B97F4A7C15u + part * 0xD1B54A32D192ED03u + 1) {}

  std::uint64_t next() { return random_.next(); }
  // From 0 to `count` - 1.
  std::size_t below(std::size_t count) {
    GANTRY_ASSERT(count > 0, "a throw among nothing");
    return static_cast<std::size_t>(next() % count);
  }
  std::size_t between(std::size_t least, std::size_t most) { return least + below(most - least + 1); }
  bool chance(unsigned per_mille) { return next() % 1'000 < per_mille; }
  Duration time(Duration least, Duration most) {
    return least + Duration(static_cast<std::int64_t>(next() % static_cast<std::uint64_t>((most - least).count() + 1)));
  }
  template <class Item>
  const Item& pick(const std::vector<Item>& items) {
    return items[below(items.size())];
  }

 private:
  SeededRandom random_;
};

}  // namespace gantry::sim
