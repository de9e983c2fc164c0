#include "engine/timer_queue.h"

namespace gantry::engine {

std::optional<Timestamp> TimerQueue::next_due() const {
  if (keys_.empty()) return std::nullopt;
  return keys_.begin()->due;
}

std::vector<TimerKey> TimerQueue::take_due(Timestamp now, std::size_t count_max) {
  std::vector<TimerKey> due;
  while (!keys_.empty() && due.size() < count_max && keys_.begin()->due <= now)
    due.push_back(std::move(keys_.extract(keys_.begin()).value()));
  return due;
}

}  // namespace gantry::engine
