// What is due when: timers of workflows, the expiry of approvals, the next attempt of an effect. Ordered by due time,
// then by name, so that the order in which timers fire never depends on the order in which they were set.
// A key that is no longer of interest may stay: whoever gets it finds nothing to do. One thread.
//
// The first two kinds are in the journal, too. Of these only the earliest are kept here: what lies beyond the horizon
// is fetched when its time comes near, so that a million sleeping instances cost no memory.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "journal/store.h"

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
  // So many are kept; more are dropped and fetched later. A fetch brings `fetch_count` at most.
  explicit TimerQueue(std::size_t kept_max = 100'000) : kept_max_(kept_max) {}

  void arm(TimerKey key);
  void disarm(const TimerKey& key);
  // The time of the next one, or a time at which there may be one.
  std::optional<Timestamp> next_due() const;
  // Takes out what is due, earliest first, at most `count_max`.
  std::vector<TimerKey> take_due(Timestamp now, std::size_t count_max);
  std::size_t size() const { return stored_.size() + own_.size(); }

  // At the start: whatever is in the journal is to be fetched from there.
  void fetch_all_later() { horizon_ = journal::TimerPosition{Timestamp::min(), -1, {}}; }
  // The position after which the journal's timers are to be fetched now, because few or none are left before it.
  std::optional<journal::TimerPosition> wants_fetch(Timestamp now) const;
  // What the journal has after that position; `complete`: all of it.
  void fetched(const std::vector<journal::StoredTimer>& timers, bool complete);

 private:
  static bool is_stored(const TimerKey& key) { return key.purpose <= TimerKey::Purpose::expiry; }
  bool lies_beyond(const TimerKey& key) const;
  void drop_latest();

  std::size_t kept_max_;
  std::set<TimerKey> stored_;                      // also in the journal; all that are due before the horizon
  std::set<TimerKey> own_;                         // the engine's, in no journal
  std::optional<journal::TimerPosition> horizon_;  // none: nothing is beyond
};

}  // namespace gantry::engine
