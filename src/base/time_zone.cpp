#include "base/time_zone.h"

#include <date/tz.h>
#include <fmt/format.h>

namespace gantry {
namespace {

const date::time_zone& zone_of(const void* zone) {
  return *static_cast<const date::time_zone*>(zone);
}

}  // namespace

Result<TimeZone> TimeZone::find(std::string_view name) {
  if (name == "UTC") return TimeZone();
  try {
    return TimeZone(date::locate_zone(std::string(name)));
  } catch (const std::exception&) {
    return Error{Code::invalid_argument,
                 fmt::format("no time zone \"{}\"; expected a name such as Europe/Berlin or UTC", name)};
  }
}

std::chrono::local_time<Duration> TimeZone::local(Timestamp at) const {
  Duration offset{};
  if (zone_ != nullptr) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
    offset = zone_of(zone_).get_info(date::sys_seconds(seconds.time_since_epoch())).offset;
  }
  return std::chrono::local_time<Duration>(at.time_since_epoch() + offset);
}

std::string TimeZone::name() const {
  return zone_ == nullptr ? "UTC" : zone_of(zone_).name();
}

}  // namespace gantry
