#include "engine/inbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace gantry::engine {

Status Inbox::post(Command command) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return Error{Code::unavailable, "the engine is stopping"};
    if (commands_.size() >= size_max_) {
      return Error{Code::exhausted,
                   fmt::format("the engine's inbox is full ({} commands); try again later", size_max_)};
    }
    commands_.push_back(std::move(command));
  }
  changed_.notify_one();
  return done();
}

void Inbox::post_outcome(OutcomeArrived outcome) {
  {
    std::lock_guard lock(mutex_);
    outcomes_.push_back(std::move(outcome));
  }
  changed_.notify_one();
}

void Inbox::post_outcomes(std::vector<OutcomeArrived> outcomes) {
  {
    std::lock_guard lock(mutex_);
    std::move(outcomes.begin(), outcomes.end(), std::back_inserter(outcomes_));
  }
  changed_.notify_one();
}

Inbox::Taken Inbox::take(SteadyTime until, std::size_t commands_max) {
  std::unique_lock lock(mutex_);
  auto ready = [&] { return stopping_ || !commands_.empty() || !outcomes_.empty(); };
  if (!ready()) changed_.wait_until(lock, until, ready);
  return take_locked(commands_max);
}

Inbox::Taken Inbox::take_now(std::size_t commands_max) {
  std::lock_guard lock(mutex_);
  return take_locked(commands_max);
}

Inbox::Taken Inbox::take_locked(std::size_t commands_max) {
  Taken taken;
  if (commands_.size() <= commands_max) {
    taken.commands.swap(commands_);
  } else {
    auto end = commands_.begin() + static_cast<std::ptrdiff_t>(commands_max);
    taken.commands.assign(std::make_move_iterator(commands_.begin()), std::make_move_iterator(end));
    commands_.erase(commands_.begin(), end);
  }
  taken.outcomes.swap(outcomes_);
  taken.stopping = stopping_;
  return taken;
}

void Inbox::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

bool Inbox::has_any() const {
  std::lock_guard lock(mutex_);
  return !commands_.empty() || !outcomes_.empty();
}

std::size_t Inbox::size() const {
  std::lock_guard lock(mutex_);
  return commands_.size();
}

}  // namespace gantry::engine
