// Instances that only wait for time or for people: they may leave memory, and are read again when they go on.
#include "base/log.h"
#include "engine/loop.h"

namespace gantry::engine {
namespace {

constexpr std::size_t timers_per_fetch = 4'096;

}  // namespace

// In the transaction of the events that made it so: after a crash it is known without a look at the instance.
void Engine::Loop::note_resting(const std::string& instance, Slot& slot, Turn& turn) {
  const bool rests = slot.record->rests();
  if (rests == slot.rests) return;
  slot.rests = rests;
  turn.batch.rests.push_back({instance, rests});
}

bool Engine::Loop::may_leave(const std::string& instance, const Slot& slot) const {
  return slot.rests && slot.record->rests() && !waiters_.contains(instance) && !is_ahead(slot);
}

void Engine::Loop::let_rest(const std::string& instance, Slot& slot) {
  if (!may_leave(instance, slot)) return;
  ++slot.tickets;
  resting_.push_back(instance);
}

// Those that came to rest longest ago.
void Engine::Loop::make_room() {
  while (resting_.size() > options_.resting_kept_max) {
    const std::string instance = std::move(resting_.front());
    resting_.pop_front();
    const auto found = instances_.find(instance);
    if (found == instances_.end()) continue;
    Slot& slot = found->second;
    if (slot.tickets > 0) --slot.tickets;
    if (slot.tickets > 0 || !may_leave(instance, slot)) continue;
    instances_.erase(found);
    ++out_of_memory_;
  }
}

Result<bool> Engine::Loop::wake(const std::string& instance, bool rests) {
  if (instances_.contains(instance)) return true;
  if (out_of_memory_ == 0 || instance.empty() || stuck_.contains(instance)) return false;
  if (!rests && !TRY(store_.rests(instance))) return false;
  auto slot = load(instance);
  if (!slot && slot.error().code == Code::unavailable) return slot.error();
  if (slot && slot->record->ended()) return false;
  --out_of_memory_;
  if (!slot) {
    set_stuck(instance, slot.error(), "");
    return false;
  }
  slot->rests = true;
  instances_[instance] = *std::move(slot);
  return true;
}

void Engine::Loop::fetch_timers() {
  const auto after = timers_.wants_fetch(parts_.clock->now());
  if (!after) return;
  const auto timers = store_.timers_after(*after, timers_per_fetch);
  if (!timers) {
    log(LogLevel::error, "engine: the timers can't be read" + log_field("error", timers.error().message));
    return pause();
  }
  timers_.fetched(*timers, timers->size() < timers_per_fetch);
}

}  // namespace gantry::engine
