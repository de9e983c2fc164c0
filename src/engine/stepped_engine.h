// The engine without its thread: whoever holds it is the thread. It is the same loop over the same store; nothing
// happens but in step(). For the simulator, which brings its own clocks and executor (Engine::Parts).
//
// Destroying it is the death of the process: nothing more is written. One thread.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>

#include "engine/command.h"
#include "engine/engine.h"

namespace gantry::engine {

class SteppedEngine {
 public:
  // Opens and recovers, as Engine::open; what follows from it is done by the first steps.
  static Result<std::unique_ptr<SteppedEngine>> open(Engine::Parts parts, EngineOptions options = {});
  ~SteppedEngine();

  // Puts a request into the inbox; answered by a later step, when it is durable. Errors: those of Inbox::post.
  Result<std::future<Result<Value>>> post(Command::Request request);

  // One turn of the loop, without waiting: takes what is in the inbox and what is due, commits it, answers, dispatches.
  void step();
  bool is_settled() const;  // nothing is decided that the journal does not say yet
  bool has_work() const;    // the next step has something to do, whatever the time is
  // The time at which something falls due, by Clock; and until when the journal is left alone, by SteadyClock.
  std::optional<Timestamp> next_due() const;
  SteadyTime paused_until() const;
  // The orderly end, as that of a server that is asked to stop. Only destroy it afterwards.
  void stop();

  EngineStatistics statistics() const;
  definition::ProjectPointer current_project() const;

  // --- For comparing, in the form of snapshots: what it holds in memory, if it does, and what the journal gives.
  std::optional<std::string> serialised(const std::string& instance) const;
  // From the latest snapshot and what follows it, or from the events alone.
  Result<std::string> rebuilt(const std::string& instance, bool from_snapshot);

 private:
  SteppedEngine();
  std::unique_ptr<Engine> engine_;
};

}  // namespace gantry::engine
