// What an InstanceState holds, for the interpreter's own files only.
//
// A running instance is a tree: a Branch is one line of execution, a stack of Frames; a Frame is the activation of one
// task (the bottom frame of the root branch has no task: it is the workflow). The frame of a `fork` is the top of its
// branch while its own branches run. At any moment a branch either is in `ready` (the interpreter can go on with it) or
// its top frame waits for something outside, which `pending` finds by id.
//
// Everything here but `pending`, `listens`, `Branch::parent` and the pointers to tasks is part of the serialised form.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "definition/workflow.h"
#include "engine/event_match.h"
#include "engine/interpreter.h"

namespace gantry::engine {

struct Branch;

// How far a frame has come.
enum class Phase : std::uint8_t {
  entering,  // `if`, `input`
  body,      // the task itself; the only phase in which `try` catches
  handler,   // of `try`: catch.do
  resting,   // of `try`: the delay before a retry
  closing,   // `output`, `export`, or being interrupted
  before,    // the `before` lists of the task's extensions, after `if`
  after,     // their `after` lists; the task's output is known
};

struct ForProgress {
  Value items;
  std::size_t iteration = 0;
};
struct TryProgress {
  std::uint64_t retries = 0;    // so far
  bool caught = false;          // the last attempt ended in a caught error
  Timestamp started_at{};       // of the first attempt
  std::string attempt_timer{};  // limit.attempt.duration
  std::string retry_timer{};
};
struct ForkProgress {
  std::vector<std::unique_ptr<Branch>> branches;  // in declaration order
};
struct ListenProgress {
  ConsumptionProgress taken;
  std::vector<Value> results;  // the events as they are read; with `foreach` what became of them
  std::deque<Value> queue;     // with `foreach`: events that wait for their turn
  std::size_t count = 0;       // events taken so far
  std::size_t bytes = 0;       // of these, written as JSON
  std::size_t iteration = 0;   // with `foreach`: the index of the event at hand, or of the next one
  bool processing = false;     // with `foreach`: an event is at hand
  bool closed = false;         // no more events are taken
};
// The frame waits for one answer from outside.
struct Waiting {
  enum class For : std::uint8_t { effect, timer, person, child } kind = For::effect;
  std::string id;
  std::size_t decider = 0;  // for person: which of the decision's deciders
};

// The extensions of a task at work. They have a place in their list of their own: the task's own lies in the frame.
struct ExtensionProgress {
  std::vector<std::size_t> chosen;  // of the task's extensions, those whose `when` held
  std::size_t at = 0;               // index in `chosen` of the one whose list runs
  std::size_t position = 0;         // in that list: the next task
  Value value;                      // what flows into it
  Value output;                     // in `after`: of the extended task
};

struct Frame {
  const definition::Task* task = nullptr;  // null: the workflow itself
  Phase phase = Phase::entering;
  Value raw_input, input;
  Value value;               // of a list: what flows into its next task
  std::size_t position = 0;  // of a list: the next task; of a switch: the case taken
  Timestamp started_at{};
  std::string timeout_timer;
  std::optional<ExtensionProgress> extension;
  std::variant<std::monostate, ForProgress, TryProgress, ForkProgress, Waiting, ListenProgress> progress;
};

struct Branch {
  // What the top frame has to deal with next.
  enum class Signal : std::uint8_t {
    none,    // go on with the list; for a branch without frames: start
    output,  // the task has produced `value`
    error,   // `value` is an error on its way out
    ended,   // of a fork branch: `value` is its output
  };
  std::uint64_t id = 0;  // unique within the instance
  Branch* parent = nullptr;
  std::size_t index = 0;         // among the branches of the parent's fork
  Value context;                 // $context; a fork branch works on its own copy
  std::vector<Value> variables;  // of the enclosing scopes, outermost first
  std::vector<std::unique_ptr<Frame>> frames;
  Signal signal = Signal::none;
  Value value;
};

// Where an outside answer goes.
struct Pending {
  Branch* branch = nullptr;
  Frame* frame = nullptr;
};

struct Counters {
  std::uint64_t effects = 0, timers = 0, tasks = 0, children = 0, events = 0, branches = 0;
  std::uint64_t quarantine_millibits = 0;  // what quarantined answers have told, in thousandths of a bit
};

struct InstanceState::Data {
  Status status = Status::created;
  std::string instance;
  Timestamp started_at{};
  Value raw_input;  // $workflow.input
  Value output, error;
  Counters counters;
  std::uint64_t steps = 0;
  bool continuing = false;  // a Continue is out; nothing runs before instance_continued
  std::unique_ptr<Branch> root;
  std::deque<Branch*> ready;
  std::unordered_map<std::string, Pending> pending;
  std::vector<Pending> listens;  // the frames that take events, in no order
};

// Whether the frame runs lists of extensions now.
inline bool in_extension_phase(const Frame& frame) {
  return frame.phase == Phase::before || frame.phase == Phase::after;
}
// The position in list_of(), and what flows into the task there.
struct ListCursor {
  std::size_t& position;
  Value& value;
};
inline ListCursor cursor_of(Frame& frame) {
  if (in_extension_phase(frame)) return {frame.extension->position, frame.extension->value};
  return {frame.position, frame.value};
}

// The list of tasks that the frame works through now; null for tasks that are no lists.
const definition::TaskList* list_of(const Frame& frame, const definition::Workflow& workflow);

// The only door from the interpreter's files into the private parts of InstanceState.
struct StateAccess {
  using Data = InstanceState::Data;
  static Data& data(InstanceState& state) { return *state.data_; }
  static const Data& data(const InstanceState& state) { return *state.data_; }
};
using StateData = StateAccess::Data;

std::string serialise(const StateData& data);  // as InstanceState::serialise

}  // namespace gantry::engine
