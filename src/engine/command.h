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
struct DescribeSchedules {};
struct ReceiveRequest {
  Value cloud_event;  // checked
  definition::Principal from;
};
struct DeployRequest {
  definition::ProjectPointer project;
  definition::Principal by;
};
struct WaitRequest {
  std::string instance;
  std::chrono::steady_clock::time_point deadline;  // the caller's patience, so real time
  bool or_waiting = false;
  bool or_idle = false;
};

// --- By the engine
struct OutcomeArrived {
  std::string instance, effect;
  tool::Outcome outcome;
};
struct RecoverInstance {
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
                               WaitRequest, OutcomeArrived, TimerKey, ContinueLater, NotifyParent, CancelInstance,
                               RecoverInstance, NoteNotSent, FailInstance, NoteStuck, SuspendRequest, DescribeSchedules>;
  Request request;
  std::shared_ptr<std::promise<Result<Value>>> reply;  // null for the engine's own commands
};

}  // namespace gantry::engine
