// Where a run may be: the control state of the interpreter with terms for values, and what the invariant needs to know
// of the past.
//
// The state is one stack although forks run side by side: branches share nothing but what they hand over at their end,
// and an invariant asks for order and counts only. So a fork's branches are followed one after the other, each with
// only its own past; a branch may also stop for ever while the others go on ("broken": then the fork can't end by
// itself). Every order in which effects can happen breaks an invariant only if one of these does. The same holds for a
// workflow that is run without waiting for it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "definition/workflow.h"
#include "engine/state.h"
#include "prove/condition.h"

namespace gantry::prove {

// What the replay of a path tells the interpreter, in this order.
struct TraceEvent {
  enum class Kind : std::uint8_t {
    none,
    start,
    done,
    failed,
    denied,
    timer,
    answered,
    child_failed,
    event
  } kind = Kind::none;
  std::string instance{};  // references of the tasks that ran the workflow, outermost first, joined by " "
  std::string task{};      // reference
  TermPointer value = nullptr;
  const char* purpose = "";  // of a timer
};

// One step of a path, linked backwards.
struct Trace {
  std::shared_ptr<const Trace> before;
  const definition::Workflow* workflow = nullptr;
  const definition::Task* task = nullptr;
  std::string text;  // "tos.status answers", empty when there is nothing to tell
  TraceEvent event;
  std::vector<Constraint> known;  // what was found out in this step
  bool is_blurred = false;        // values before and after may not be the same: loops were taken together
};

enum class Signal : std::uint8_t {
  none,    // go on with the list
  output,  // the top task has produced `value`
  error,   // `value` is an error on its way out
  ending,  // `then: end`: `value` is the raw output of the workflow
};

enum class Wait : std::uint8_t { none, effect, document, timer, rest, person, approval, child, listen };

struct ProofFrame {
  const definition::Task* task = nullptr;  // null: the workflow itself
  engine::Phase phase = engine::Phase::entering;
  Wait wait = Wait::none;
  TermPointer raw_input = nullptr, input = nullptr, value = nullptr;
  std::size_t position = 0;  // of a list: the next task; of a switch: the case taken
  bool caught = false;
  bool denied = false;        // the gate has refused the effect that it waits for
  std::uint64_t retries = 0;  // counted up to retries_followed
  // for, and listen with foreach
  TermPointer items = nullptr;
  std::size_t iteration = 0;
  // extensions
  bool extended = false;
  std::vector<std::size_t> chosen;
  std::size_t at = 0, extension_position = 0;
  TermPointer extension_value = nullptr, extension_output = nullptr;
  // fork: its branches; run: the workflow. What runs on top of the frame is one of them.
  bool runs_inner = false;
  std::size_t branch = 0;            // the one that runs, or the next one
  bool broken = false;               // a branch has stopped for ever
  Signal conclusion = Signal::none;  // how the whole ends when all branches have had their turn
  TermPointer conclusion_value = nullptr;
  std::vector<TermPointer> outputs;
  TermPointer outer_context = nullptr, outer_workflow_input = nullptr;
  std::vector<TermPointer> outer_variables;
  const definition::Workflow* outer_workflow = nullptr;
};

struct ProofState {
  std::vector<ProofFrame> frames;
  TermPointer context = nullptr;
  std::vector<TermPointer> variables;
  Signal signal = Signal::none;
  TermPointer value = nullptr;
  const definition::Workflow* workflow = nullptr;
  TermPointer workflow_input = nullptr;
  std::size_t count = 0;  // effects that the invariant speaks of, permitted so far
  bool excused = false;   // one of `unless` is there: nothing can break the invariant on this line any more
  Condition condition;
  std::shared_ptr<const Trace> trace;

  ProofFrame& top() { return frames.back(); }
  const ProofFrame& top() const { return frames.back(); }
};

// Text that is equal for two states exactly when they differ only in the names of symbols (and in their past).
// Forgets constraints about values that the state no longer has.
std::string canonical_text(ProofState& state);
// The part of it without values: which tasks are at work, and how far.
std::string control_text(const ProofState& state);

// A state that covers both: where they differ, values are new symbols. `older` and `newer` have the same control text.
ProofState generalise(Terms& terms, const ProofState& older, const ProofState& newer);

}  // namespace gantry::prove
