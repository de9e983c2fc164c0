// The door into the engine's thread: a bounded queue for callers, and room for the answers of workers, whose number is
// bounded by the number of workers. Any thread may post; the engine's thread takes.
#pragma once

#include <condition_variable>
#include <mutex>
#include <vector>

#include "engine/command.h"

namespace gantry::engine {

class Inbox {
 public:
  explicit Inbox(std::size_t size_max) : size_max_(size_max) {}

  // Errors: exhausted when it is full, unavailable when the engine is stopping.
  Status post(Command command);
  void post_outcome(OutcomeArrived outcome);
  void post_outcomes(std::vector<OutcomeArrived> outcomes);

  struct Taken {
    std::vector<Command> commands;
    std::vector<OutcomeArrived> outcomes;
    bool stopping = false;
  };
  // Waits until something is there, it is woken or stopped, or the time is over.
  Taken take(SteadyTime until, std::size_t commands_max);
  // The same without waiting.
  Taken take_now(std::size_t commands_max);
  void stop();
  std::size_t size() const;  // commands
  bool has_any() const;      // commands or outcomes

 private:
  Taken take_locked(std::size_t commands_max);

  const std::size_t size_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_:
  std::vector<Command> commands_;
  std::vector<OutcomeArrived> outcomes_;
  bool stopping_ = false;
};

}  // namespace gantry::engine
