// A time zone by its name in the IANA database ("Europe/Berlin", "UTC"), read from the system's files once. Copies are
// cheap and refer to data that lives as long as the process. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace gantry {

class TimeZone {
 public:
  TimeZone() = default;  // UTC
  // Errors: invalid_argument when there is no such zone (or the system has no time zone data at all).
  static Result<TimeZone> find(std::string_view name);

  // What clocks in the zone show: microseconds since 1970-01-01T00:00 on those clocks.
  std::chrono::local_time<Duration> local(Timestamp at) const;
  std::string name() const;

 private:
  explicit TimeZone(const void* zone) : zone_(zone) {}
  const void* zone_ = nullptr;  // date::time_zone; null: UTC
};

}  // namespace gantry
