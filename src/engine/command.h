// What the engine's thread is asked to do: by callers, who wait for an answer, and by the engine itself, whose
// commands are kept until they are done.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <variant>

#include "engine/engine.h"
#include "engine/instance_record.h"
#include "engine/timer_queue.h"

namespace gantry::engine {

// --- By callers
struct CancelRequest {
  std::string instance;
  definition::Principal by;
  std::string reason;
};
struct SuspendRequest {
  std::string instance;
  definition::Principal by;
  std::string reason;
  bool suspend = true;  // false: resume
};
struct ForkRequest {
  std::string instance;
  std::string task;  // reference or name; empty: the one that faulted it
  bool retry = false;  // only what has faulted or was cancelled
  definition::Principal by;
  std::string key;  // idempotency key; empty: none
};
struct DescribeSchedules {};
struct ReceiveRequest {
  Value cloud_event;  // checked
  definition::Principal from;
};
struct DeployRequest {
  definition::ProjectPointer project;
  definition::Principal by;
  std::string effect;  // policy.change that permits it; empty: none was needed
};
struct GateRequest {
  GateStop stop;
  bool stops = true;  // else starts
  std::string reason;
  definition::Principal by;
};
struct FollowRequest {
  HomeChange change;
};
// Work on the store that writes events of its own: retention, holds. Alone in its turn.
struct MaintainRequest {
  std::function<Result<Value>(journal::Store&)> work;
};
struct WaitRequest {
  std::string instance;
  SteadyTime deadline;  // the caller's patience
  bool or_waiting = false;
  bool or_idle = false;
};

// --- By the engine
struct OutcomeArrived {
  tool::SharedEffect effect;
  tool::Outcome outcome;
};
struct RecoverInstance {
  std::string instance;
};
// The permitted effect policy.change of `effect`: makes the saved project the newest.
struct ChangePolicy {
  std::string project;
  std::string base;  // digest of the project that it is to follow; empty in older journals
  std::string from, instance, effect;
};
// Policies have changed: are its open approvals still what they were?
struct ReconsiderApprovals {
  std::string instance;
};
struct NoteNotSent {
  std::string instance, effect;
};
// What had to be recorded can't be, for another reason than a full disk.
struct FailInstance {
  std::string instance, reason;
};

// An instance can't be rebuilt from its events, or (`reason` empty) it can again.
struct NoteStuck {
  std::string instance, reason;
};

struct Command {
  using Request = std::variant<StartRequest, VoteRequest, AnswerRequest, CancelRequest, ReceiveRequest, DeployRequest,
                               MaintainRequest, WaitRequest, OutcomeArrived, TimerKey, ContinueLater, NotifyParent, CancelInstance,
                               RecoverInstance, NoteNotSent, FailInstance, NoteStuck, BatchVoteRequest, GateRequest, ChangePolicy,
                               ReconsiderApprovals, SuspendRequest, ForkRequest, DescribeSchedules,
                               MigrationRequest, UndoMigrationRequest, FollowRequest>;
  Request request;
  std::shared_ptr<std::promise<Result<Value>>> reply;  // null for the engine's own commands
};

}  // namespace gantry::engine
