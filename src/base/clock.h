// Time comes from outside. The pure layers get a Timestamp as an argument; only the shells hold a Clock.
// All times are UTC with microsecond resolution. Text form: RFC 3339 ("2026-11-23T18:04:05.123456Z",
// trailing zeros of the fraction dropped). Durations: ISO 8601 ("PT1H30M", "P1DT2H", "PT0.5S"); years and
// months are refused because their length depends on the calendar.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gantry {

using Duration = std::chrono::microseconds;
using Timestamp = std::chrono::sys_time<Duration>;

std::string format_timestamp(Timestamp at);
Result<Timestamp> parse_timestamp(std::string_view text);
std::string format_duration(Duration duration);
Result<Duration> parse_duration(std::string_view text);

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;  // any thread
};

class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
};

// For tests and the simulator: stands still until told.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start) : now_(start) {}
  Timestamp now() const override { return now_; }
  void advance(Duration by) { now_ += by; }

 private:
  Timestamp now_;
};

}  // namespace gantry
