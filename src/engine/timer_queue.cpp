#include "engine/timer_queue.h"

#include <algorithm>

#include "base/planted.h"

namespace gantry::engine {
namespace {

constexpr std::size_t fetch_below = 1'024;

}  // namespace

void TimerQueue::arm(TimerKey key) {
  if (!is_stored(key)) {
    own_.insert(std::move(key));
    return;
  }
  if (lies_beyond(key)) return;
  stored_.insert(std::move(key));
  if (stored_.size() > kept_max_) drop_latest();
}

void TimerQueue::disarm(const TimerKey& key) {
  (is_stored(key) ? stored_ : own_).erase(key);
}

// Of those at the very time of the horizon nobody knows on which side they are, unless the horizon comes before all of
// them; here twice is better than not at all.
bool TimerQueue::lies_beyond(const TimerKey& key) const {
  return horizon_ && (key.due > horizon_->due || (key.due == horizon_->due && horizon_->place < 0));
}

void TimerQueue::drop_latest() {
  auto first_dropped = stored_.begin();
  std::advance(first_dropped, static_cast<std::ptrdiff_t>(kept_max_ / 2));
  const Timestamp due = first_dropped->due;
  // All of the same time go, so that the horizon lies between two times.
  const auto from = std::lower_bound(stored_.begin(), stored_.end(), due,
                                     [](const TimerKey& key, Timestamp time) { return key.due < time; });
  stored_.erase(from, stored_.end());
  horizon_ = journal::TimerPosition{due, -1, {}};
}

std::optional<Timestamp> TimerQueue::next_due() const {
  std::optional<Timestamp> due;
  auto take = [&due](Timestamp time) { due = due ? std::min(*due, time) : time; };
  if (!stored_.empty()) take(stored_.begin()->due);
  if (!own_.empty()) take(own_.begin()->due);
  if (horizon_ && (stored_.empty() || horizon_->due == Timestamp::min())) take(horizon_->due);
  return due;
}

std::vector<TimerKey> TimerQueue::take_due(Timestamp now, std::size_t count_max) {
  std::vector<TimerKey> due;
  while (due.size() < count_max) {
    const bool own_first = !own_.empty() && (stored_.empty() || *own_.begin() < *stored_.begin());
    std::set<TimerKey>& keys = own_first ? own_ : stored_;
    const Duration early = GANTRY_PLANTED(fires_timers_early) ? Duration(1) : Duration(0);
    if (keys.empty() || keys.begin()->due > now + early) break;
    due.push_back(std::move(keys.extract(keys.begin()).value()));
  }
  return due;
}

std::optional<journal::TimerPosition> TimerQueue::wants_fetch(Timestamp now) const {
  if (!horizon_) return std::nullopt;
  const bool near = horizon_->due <= now || stored_.empty() || horizon_->due == Timestamp::min();
  if (stored_.size() >= fetch_below || !near) return std::nullopt;
  return horizon_;
}

void TimerQueue::fetched(const std::vector<journal::StoredTimer>& timers, bool complete) {
  for (const journal::StoredTimer& timer : timers) {
    const auto purpose = timer.is_expiry ? TimerKey::Purpose::expiry : TimerKey::Purpose::workflow;
    stored_.insert({timer.position.due, timer.instance, purpose, timer.position.name, 0});
  }
  if (complete)
    horizon_.reset();
  else
    horizon_ = timers.back().position;
}

}  // namespace gantry::engine
