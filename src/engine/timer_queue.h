// What is due when: timers of workflows, the expiry of approvals, the next attempt of an effect. Ordered by due time,
// then by name, so that the order in which timers fire never depends on the order in which they were set.
// A key that is no longer of interest may stay: whoever gets it finds nothing to do. One thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"

namespace gantry::engine {

struct TimerKey {
  enum class Purpose : std::uint8_t {
    workflow,    // `name` is a timer of the interpreter
    expiry,      // `name` is a human task of kind approval
    send_again,  // `name` is an effect that was sent `attempt` times
    read_back,   // `name` is an effect about which the system was asked `attempt` times
    escalation,  // `name` is a human task of kind approval; `attempt` counts its escalations, from 0
    schedule,    // `name` is one of schedules.h; there is no instance
  };
  Timestamp due{};
  std::string instance;
  Purpose purpose = Purpose::workflow;
  std::string name;
  int attempt = 0;
  auto operator<=>(const TimerKey&) const = default;
};

class TimerQueue {
 public:
  void arm(TimerKey key) { keys_.insert(std::move(key)); }
  void disarm(const TimerKey& key) { keys_.erase(key); }
  std::optional<Timestamp> next_due() const;
  // Takes out what is due, earliest first, at most `count_max`.
  std::vector<TimerKey> take_due(Timestamp now, std::size_t count_max);
  std::size_t size() const { return keys_.size(); }

 private:
  std::set<TimerKey> keys_;
};

}  // namespace gantry::engine
