// Any text as a cron expression: refused with a message, or one whose times come in order and agree in both directions.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "definition/cron.h"

using namespace gantry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto cron = definition::CronExpression::parse(text);
  if (!cron) {
    if (cron.error().message.empty()) std::abort();
    return 0;
  }
  Timestamp time = Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 11 / 28));
  for (int i = 0; i < 4; ++i) {
    const auto next = cron->next_after(time);
    if (!next || *next <= time) std::abort();
    if (cron->last_until(*next) != next) std::abort();
    if (i > 0 && cron->last_until(*next - Duration(1)) != time) std::abort();
    time = *next;
  }
  return 0;
}
