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
#include "engine/lifecycle.h"
#include "engine/schedules.h"
#include "engine/steady_clock.h"
#include "gate/gate.h"
#include "journal/store.h"

namespace gantry::engine {

class EffectExecutor;
class Inbox;

struct EngineOptions {
  std::size_t inbox_max = 65'536;         // commands waiting
  std::size_t batch_events_max = 4'096;   // per transaction
  // With so many commands at hand, one half of them is decided while the other half is being written; 0: never.
  std::size_t overlap_commands_min = 48;
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
  std::size_t snapshot_bytes_per_event = 4'096;  // a larger state waits longer, so that storage grows with the events
  std::size_t migration_instances_max = 10'000;  // looked at and moved by one migration; the oldest first
  std::size_t event_batch_max = 1'000;       // CloudEvents in one call of receive()
  std::size_t event_listeners_max = 10'000;  // instances that one CloudEvent may be delivered to
  ScheduleLimits schedules;
  bool run_schedules = true;                 // false: nothing is started by the clock or by events
  Lifecycle record_lifecycle;                // lifecycle events to keep in the journal, whoever listens for them
  std::size_t event_window = 20'000;         // received CloudEvents that are known again by source and id
  // Of a journal that is one of several (journal/partition.h). Ids of instances and migrations are drawn until this
  // accepts them; one of so many as there are partitions passes. Empty: any.
  std::function<bool(std::string_view id)> accepts_id = {};
  // Asked about each project before it is deployed; its error refuses it. Empty: any.
  std::function<Status(const definition::Project& project)> admits = {};
};

// What another journal, the home of several, has decided for all: a project_deployed, gate_stopped or gate_started of it.
struct HomeChange {
  journal::Event event;
  std::string files;  // of the project that was deployed, as Store::project_files has them
};

struct StartRequest {
  std::string namespace_, name, version;  // version empty: the newest
  Value input;
  definition::Principal principal;
  std::string key;  // idempotency key, the principal's own; a second start with it answers the first instance
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
  std::string shown_digest;  // the task's `digest` as it was shown; required
};
// Several approvals at once, all or none: only where all mean the same.
struct BatchVoteRequest {
  struct Item {
    std::string human_task, shown_digest;
  };
  std::vector<Item> items;
  definition::Principal voter;
  std::string comment;
};
// Which effects the gate lets nothing through of. Empty members mean any; all empty: every effect.
struct GateStop {
  std::string tool;       // TOOL or TOOL.OPERATION
  std::string workflow;   // NAMESPACE/NAME, with all that it runs
  std::string principal;  // PERSON
  auto operator<=>(const GateStop&) const = default;
};
struct Deployed {
  // deployed; waiting: the change of policy is effect of `instance`, and people must agree first
  std::string status, instance;
};
struct AnswerRequest {
  std::string human_task;
  definition::Principal person;
  Value answer;  // for resolution tasks: {"outcome": "done" | "not_done", "result"?: ...}
};

// The running instances of workflow `namespace_`/`name` in version `from` are to go on under version `to`.
struct MigrationRequest {
  std::string namespace_, name, from, to;
  Value mapping;  // {mapping: NAME, tasks?, context?}, see migration.h; null: none
  bool apply = false;  // false: only say what would become of each
  definition::Principal by;
};
struct UndoMigrationRequest {
  std::string migration;
  bool partly = false;  // those that nothing has happened to since; else all, or none
  definition::Principal by;
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
    journal::Store* store = nullptr;  // outlives the engine, which alone writes events
    tool::Drivers drivers;
    const Clock* clock = nullptr;
    Random* random = nullptr;
    // Called on the engine's thread for every turn, before the commit; for `run --json`. May be empty.
    std::function<void(const std::string& instance, const std::vector<TaskTrace>&)> trace;
    // Called on the engine's thread, again and again, while nothing is to be done before this time (or before somebody
    // asks): for clocks that jump where others wait. May be empty.
    std::function<void(std::optional<Timestamp> next_due)> when_idle = {};
    // As follow(), before anything is recovered, so that nothing is sent that the home has stopped meanwhile.
    std::vector<HomeChange> home_changes = {};
    // --- For the simulator (stepped_engine.h)
    const SteadyClock* steady_clock = nullptr;  // null: the machine's
    // Empty: threads of the engine's own. See effect_executor.h.
    std::function<std::unique_ptr<EffectExecutor>(std::shared_ptr<const gate::Gate>, std::shared_ptr<Inbox>)>
        make_executor = {};
  };

  // Opens, recovers all unfinished instances from the store, resolves what is ambiguous, and starts the loop.
  static Result<std::unique_ptr<Engine>> open(Parts parts, EngineOptions options = {});
  ~Engine();  // stops: finishes the current batch, waits up to 5 s for effects in flight

  // Makes the project the newest. Where the policies in force govern `policy.change` and it changes policies, the
  // change is an effect that passes the gate. Errors: conflict when a workflow of the same name and version has another
  // digest; denied when policy says so.
  Result<Deployed> deploy(definition::ProjectPointer project, const definition::Principal& by);
  definition::ProjectPointer current_project() const;  // null when nothing was deployed

  Result<Started> start(StartRequest request);
  Result<Value> vote(VoteRequest request);  // {"task", "state", "missing"}
  // {"tasks": [{"task", "state", "missing"}]}. Errors: as vote; invalid_argument when they don't all mean the same.
  Result<Value> vote_batch(BatchVoteRequest request);
  // The kill switch: from the moment this returns, no effect that the stop is about goes out, until it is started
  // again. Journaled. Stopping twice is fine. Errors of start_gate: not_found when there is no such stop.
  Status stop_gate(const GateStop& stop, const std::string& reason, const definition::Principal& by);
  Status start_gate(const GateStop& stop, const definition::Principal& by);
  // Does what the home of several journals has done, in its order; durable when it returns. Changes nothing where it is so
  // already, so that doing some again does no harm. No policy is asked: the home's was.
  Status follow(std::vector<HomeChange> changes);
  Value gate_state() const;                     // {"stops": [{tool, workflow, principal, reason, by, at}]}
  Result<Value> answer(AnswerRequest request);  // {"task", "state"}
  Status cancel(const std::string& instance, const definition::Principal& by, const std::string& reason);
  // What happens from outside while it is suspended is recorded, and taken when it is resumed: no task goes on in
  // between. Effects that were permitted before are still settled, and time goes on: what has fallen due strikes at once
  // when it is resumed. Errors: not_found; conflict when it has ended, is suspended already, or is not suspended.
  Status suspend(const std::string& instance, const definition::Principal& by, const std::string& reason);
  Status resume(const std::string& instance, const definition::Principal& by);
  // A new instance that goes on from a task of another one, as that stood right before the task started the last time:
  // {"instance", "continues", "existed", "task"} ("task" only of a new one). What came before the task is not done again; what comes from it on is, with new
  // effects that pass the gate anew. The other instance stays as it is. `task` is a reference, or a name that one
  // task has; for `retry` it may be empty: the task that faulted it. All events of the other instance are replayed
  // for it on the engine's thread. Errors: not_found; conflict when `retry` and it
  // has neither faulted nor been cancelled, or its content was erased; invalid_argument when the task runs beside others.
  // A second request with the same idempotency `key` about the same instance is answered with the first one's new instance.
  Result<Value> fork(const std::string& instance, const std::string& task, const definition::Principal& by,
                     const std::string& key = {});
  Result<Value> retry(const std::string& instance, const std::string& task, const definition::Principal& by,
                      const std::string& key = {});
  // What would become of each running instance of a version in another one, and with `apply` the move: all that can move do,
  // in one transaction, and the others stay as they are. {workflow, from, to, migration, moved, compatible, convertible,
  // stuck, movable, more, instances: [{instance, class, movable, task?, reason?, needs?}]}; `more`: there are others than
  // these, for another migration. On the engine's thread, which does nothing else meanwhile. Errors: not_found when a version
  // is not there; invalid_argument when the mapping is wrong.
  Result<Value> migrate(MigrationRequest request);
  // {migration, undone, stay: [{instance, reason}]}. Errors: not_found; conflict when something has happened to one of them
  // since, which is named: then none moves back, unless `partly`.
  Result<Value> undo_migration(UndoMigrationRequest request);
  Result<Value> schedules();  // what is in force: see Schedules::describe
  // Takes CloudEvents from outside: durable when it returns, together with their delivery to every instance that
  // listens for them. Errors: invalid_argument when one is no CloudEvent, then none is taken; exhausted when too many
  // instances listen for one. On any other error some may have been taken; sending all again does no harm.
  Result<Received> receive(std::vector<Value> cloud_events, const definition::Principal& from);

  // Runs `work` on the engine's thread, between two batches: it may append events of the installation by itself (see
  // journal/retention.h). All instances wait meanwhile, so it must be short.
  Result<Value> maintain(std::function<Result<Value>(journal::Store&)> work);

  // Waits until the instance has ended, or waits for a person (when `or_waiting`), or nothing can happen any more in
  // this engine by itself (when `or_idle`), or the time is over.
  Result<InstanceOutcome> wait(const std::string& instance, Duration at_most, bool or_waiting = false,
                               bool or_idle = false);
  EngineStatistics statistics() const;

 private:
  friend class SteppedEngine;
  Engine();
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace gantry::engine
