// Randomness comes from outside too: ids, tokens and jitter are drawn by the shells and recorded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/clock.h"

namespace gantry {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> bytes) = 0;
  std::uint64_t next();
};

// The operating system's generator (getrandom); fit for secrets. Any thread.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> bytes) override;
};

// Reproducible; for tests and the simulator only. One thread.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::byte> bytes) override;

 private:
  std::uint64_t state_;
};

// A new instance id: 26 characters of Crockford base 32, 48 bits of milliseconds then 80 random bits, so ids sort
// by time of creation (the ULID layout, https://github.com/ulid/spec).
std::string new_identifier(Timestamp now, Random& random);

}  // namespace gantry
