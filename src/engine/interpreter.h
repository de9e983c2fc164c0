// The pure interpreter: state and an input event in, state and actions out. No clock, no I/O, no randomness, no
// threads; replaying an instance's input events gives the same state byte for byte.
//
// The engine (engine.h) turns actions into journal events and outside work, and outside answers into input events.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "definition/project.h"
#include "engine/interpreter_admission.h"
#include "journal/event.h"

namespace gantry::engine {

// Ask the gate for this effect; answer with effect_done, effect_failed or effect_denied carrying `effect`.
struct CallEffect {
  std::string effect;  // id: "<instance>-e<number>"
  std::string task;    // reference
  std::string tool, operation;
  Value arguments;
};
// The workflow no longer waits for this effect (timeout, cancelled): its answer will be ignored; an approval that is
// still open is withdrawn.
struct AbandonEffect {
  std::string effect;
};
struct SetTimer {
  std::string timer;  // id: "<instance>-w<number>"
  Timestamp due;
  std::string purpose;  // "wait", "timeout", "retry"
};
struct CancelTimer {
  std::string timer;
};
// Rules answered a decision: for the record.
struct RecordDecision {
  std::string decision, digest, task, decider;  // decider: "rules" or "person"
  std::vector<std::string> rules;
  Value answer;
  std::uint64_t millibits = 0;  // charged for a quarantined answer, in thousandths of a bit
};
// No rule answered and a person is next: create a human task; answer with task_answered.
struct AskPerson {
  std::string human_task;  // id: "<instance>-t<number>"; the engine numbers its own tasks from the same counter
  std::string task;        // reference
  std::string decision;
  std::string question;
  std::vector<std::string> roles;
  Value input, answer_schema;
};
// People vote: create a human task; answer with task_answered carrying {approved, outcome, votes}.
struct AskApproval {
  std::string human_task;  // as in AskPerson
  std::string task;        // reference
  std::string question;
  std::vector<definition::ApproverRequirement> approvers;
  bool requester_excluded = true;
  Timestamp expires{};
  Value context;
};
struct WithdrawTask {
  std::string human_task;
};
struct EmitEvent {
  Value event;  // CloudEvent with id, source, time filled in
  std::string task;
};
// Start another workflow; when `await`, answer with child_ended.
struct StartChild {
  std::string child;  // instance id: "<instance>-c<number>"
  std::string task;
  definition::WorkflowName workflow;
  Value input;
  bool await = true;
  std::uint64_t quarantine_millibits = 0;  // what this run has been told already: the child goes on from there
};
// The workflow no longer waits for this child (timeout, cancelled): cancel it; its end will be ignored.
struct CancelChild {
  std::string child;
};
struct Complete {
  Value output;
};
struct Fault {
  Value error;  // RFC 7807
};
struct Cancelled {};
// The step budget of one turn is used up: answer with instance_continued.
struct Continue {};

using Action = std::variant<CallEffect, AbandonEffect, SetTimer, CancelTimer, RecordDecision, AskPerson, AskApproval, WithdrawTask,
                            EmitEvent, StartChild, CancelChild, Complete, Fault, Cancelled, Continue>;

// What happened to tasks, for `run --json`, `show` and lifecycle events; recomputed by replay, never journaled.
struct TaskTrace {
  std::string reference, name;
  // correlating, correlated: a `listen` begins to take events, has taken all.
  enum class Status { started, completed, faulted, skipped, cancelled, retried, correlating, correlated } status =
      Status::started;
  Timestamp at{};
  Value detail = {};  // faulted: the error; correlated: the correlation keys
};

struct Turn {
  std::vector<Action> actions;
  std::vector<TaskTrace> trace;
};

struct InterpreterLimits {
  std::uint64_t steps_per_turn = 20'000;   // task executions before Continue
  std::uint64_t steps_max = 10'000'000;    // per instance; more is a fault that no `try` catches
  std::size_t nesting_max = 200;           // tasks within tasks, across fork branches
  std::uint64_t retries_default = 100;     // of a retry policy without any limit
  std::uint64_t retries_max = 10'000;      // of a retry policy that only its limit.duration bounds
  std::size_t listen_events_max = 10'000;  // taken by one listen task
  std::size_t listen_queue_max = 1'000;    // of these, waiting for their turn in a `foreach`
  expression::Limits expression;
  ValueLimits value;  // of each value that a task computes
};

struct Plan;

// The state of one instance. Move-only; one thread at a time. It refers to the tasks of the workflow that it was
// started or parsed with, which must outlive it.
class InstanceState {
 public:
  InstanceState();
  InstanceState(InstanceState&&) noexcept;
  InstanceState& operator=(InstanceState&&) noexcept;
  ~InstanceState();

  enum class Status { created, running, completed, faulted, cancelled };
  Status status() const;
  bool waiting() const;  // running, and nothing happens before an outside answer
  const Value& output() const;
  const Value& error() const;
  // What it listens to, one for each `listen` that takes events; valid until the next event is applied.
  std::vector<const definition::EventConsumption*> listens() const;
  std::uint64_t quarantine_millibits() const;  // that quarantined answers have told it and the runs that it ran
  std::vector<std::string> active_tasks() const;  // references of the tasks that have started and not ended
  std::uint64_t take_task_number();  // next number for a human task id ("t"), shared with AskPerson

  // Canonical text with labels; parse(serialise()) == the same state, and equal states give equal bytes.
  std::string serialise() const;
  // Errors: invalid_argument when the text is no state of this workflow.
  static Result<InstanceState> parse(std::string_view text, const definition::Workflow& workflow);

 private:
  friend class Interpreter;
  friend struct StateAccess;
  struct Data;
  std::unique_ptr<Data> data_;
};

// Whether a turn says which tasks have begun and ended in it.
enum class Traced : bool { no, yes };

// Keeps the state as it is right before a task starts, each time anew, so the last time counts. Only in the main line:
// while a branch of a `fork` or the `foreach` of a `listen` is at work, more is open than one place in the workflow.
struct StartWatch {
  const definition::Task* task = nullptr;
  std::string state;  // serialised; empty: it has not started
  bool in_main_line = true;  // false: it has started, but never there
};

class Interpreter {
 public:
  // `project` and `workflow` are those the instance is pinned to.
  Interpreter(definition::ProjectPointer project, std::shared_ptr<const definition::Workflow> workflow,
              InterpreterLimits limits = {});

  // Applies one event. Events that the state does not wait for (late, twice, of the wrong kind) change nothing.
  // Event types that are no inputs are ignored.
  Turn apply(InstanceState& state, const journal::Event& event, StartWatch* watch = nullptr,
             Traced traced = Traced::yes) const;

  const InterpreterLimits& limits() const { return limits_; }

  // Whether event_delivered with this CloudEvent would be taken, at this time. The state stays as it is.
  bool wants(InstanceState& state, const Value& cloud_event, Timestamp now) const;

 private:
  definition::ProjectPointer project_;
  std::shared_ptr<const definition::Workflow> workflow_;
  InterpreterLimits limits_;
  std::shared_ptr<const Plan> plan_;  // what each task's expressions read
};

}  // namespace gantry::engine
