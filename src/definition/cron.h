// Times by a crontab expression: minute, hour, day of month, month, day of week, in UTC.
//
// The five fields and the rule for days are those of POSIX.1-2017, `crontab`, "INPUT FILES"; steps (`*/5`, `8-18/2`),
// names (`mon`, `jan`), 7 for Sunday and the words `@hourly` ... are those of crontab(5) of Vixie cron, which Debian
// has. A day fits when day of month and day of week both fit; when neither of the two contains a `*`, one of them is
// enough.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace gantry::definition {

class CronExpression {
 public:
  // Errors: invalid_argument, naming the field, what was found and what is expected; also for an expression that no
  // day ever fits, such as the 30th of February.
  static Result<CronExpression> parse(std::string_view text);

  // The first time after `at`, and the last one that is not after `at`. Nothing beyond the years 1970 to 9999.
  std::optional<Timestamp> next_after(Timestamp at) const;
  std::optional<Timestamp> last_until(Timestamp at) const;

 private:
  bool fits(std::chrono::sys_days day) const;
  // The first fitting minute of the day at or after `from`; the last one at or before it.
  std::optional<int> first_minute(int from) const;
  std::optional<int> last_minute(int from) const;

  // Bit n stands for the value n.
  std::uint64_t minutes_ = 0;
  std::uint32_t hours_ = 0, days_ = 0, months_ = 0, weekdays_ = 0;  // weekdays: Sunday is 0
  bool either_day_ = false;
};

}  // namespace gantry::definition
