// The engine: owns all running instances, one thread, one loop: drain the inbox, apply, append the batch to the journal
// (one transaction for many instances), then reply to callers and dispatch effects to workers. Nothing leaves the
// process before it is in the journal.
//
// All public functions may be called from any thread; they post to a bounded inbox and wait for the durable result.
// Errors everywhere: exhausted = the inbox is full (HTTP 429), unavailable = the store can't take writes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "engine/interpreter.h"
#include "gate/gate.h"
#include "journal/store.h"

namespace gantry::engine {

struct EngineOptions {
  std::size_t inbox_max = 65'536;         // commands waiting
  std::size_t batch_events_max = 4'096;   // per transaction
  std::size_t workers = 16;               // effects in flight
  std::size_t instances_max = 10'000'000;  // running at once
  // Of those that only wait for time or people so many stay in memory; the others are read again when they go on.
  std::size_t resting_kept_max = 2'000;
  std::size_t children_depth_max = 32;    // workflows that run each other; deeper is a runtime error of the task
  // Drivers whose calls take microseconds and wait for nothing: performed without a worker.
  std::vector<std::string> immediate_drivers = {"echo"};
  int send_attempts_max = 8;              // of one effect with an idempotency key, with exponential backoff
  Duration send_backoff = std::chrono::milliseconds(200);
  InterpreterLimits interpreter;
  std::uint64_t snapshot_every_events = 500;
  std::size_t event_batch_max = 1'000;       // CloudEvents in one call of receive()
  std::size_t event_listeners_max = 10'000;  // instances that one CloudEvent may be delivered to
  std::size_t event_window = 20'000;         // received CloudEvents that are known again by source and id
};

struct StartRequest {
  std::string namespace_, name, version;  // version empty: the newest
  Value input;
  definition::Principal principal;
  std::string key;  // idempotency key; a second start with it answers the first instance
};
struct Started {
  std::string instance;
  bool existed = false;
};

struct VoteRequest {
  std::string human_task;
  definition::Principal voter;
  bool approve = false;
  std::string comment;
  std::string shown_digest;  // of the effect as it was shown; empty: as it is now
};
struct AnswerRequest {
  std::string human_task;
  definition::Principal person;
  Value answer;  // for resolution tasks: {"outcome": "done" | "not_done", "result"?: ...}
};

struct Received {
  std::size_t received = 0;
  std::size_t duplicates = 0;  // of these: same source and id as one of the last `event_window` before
};

// The end of an instance, or where it stands.
struct InstanceOutcome {
  std::string instance;
  std::string status;  // running waiting suspended stuck completed faulted cancelled
  Value output, error;
  bool stays = false;  // while it waits: only a person or an event from outside can bring it on
};

struct EngineStatistics {
  std::uint64_t commits = 0, events = 0, effects_sent = 0;
  std::size_t running = 0, inbox = 0, in_flight = 0;
  std::size_t in_memory = 0;  // of the running instances
};

class Engine {
 public:
  struct Parts {
    journal::Store* store = nullptr;  // outlives the engine; written by the engine's thread only
    tool::Drivers drivers;
    const Clock* clock = nullptr;
    Random* random = nullptr;
    // Called on the engine's thread for every turn, before the commit; for `run --json`. May be empty.
    std::function<void(const std::string& instance, const std::vector<TaskTrace>&)> trace;
  };

  // Opens, recovers all unfinished instances from the store, resolves what is ambiguous, and starts the loop.
  static Result<std::unique_ptr<Engine>> open(Parts parts, EngineOptions options = {});
  ~Engine();  // stops: finishes the current batch, waits up to 5 s for effects in flight

  // Makes the project the newest. Errors: conflict when a workflow of the same name and version has another digest.
  Status deploy(definition::ProjectPointer project, const definition::Principal& by);
  definition::ProjectPointer current_project() const;  // null when nothing was deployed

  Result<Started> start(StartRequest request);
  Result<Value> vote(VoteRequest request);      // {"task", "state", "missing"}
  Result<Value> answer(AnswerRequest request);  // {"task", "state"}
  Status cancel(const std::string& instance, const definition::Principal& by, const std::string& reason);
  // Takes CloudEvents from outside: durable when it returns, together with their delivery to every instance that
  // listens for them. Errors: invalid_argument when one is no CloudEvent, then none is taken; exhausted when too many
  // instances listen for one. On any other error some may have been taken; sending all again does no harm.
  Result<Received> receive(std::vector<Value> cloud_events, const definition::Principal& from);

  // Waits until the instance has ended, or waits for a person (when `or_waiting`), or nothing can happen any more in
  // this engine by itself (when `or_idle`), or the time is over.
  Result<InstanceOutcome> wait(const std::string& instance, Duration at_most, bool or_waiting = false,
                               bool or_idle = false);
  EngineStatistics statistics() const;

 private:
  Engine();
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace gantry::engine
