// Mirrors engine/task_extension.cpp.
#include "prove/machine.h"

namespace gantry::prove {

using engine::Phase;

void Machine::next_before(ProofState state) {
  ProofFrame& frame = state.top();
  state.signal = Signal::none;
  while (frame.at < frame.chosen.size() && frame.task->extensions[frame.chosen[frame.at]].before.tasks.empty())
    ++frame.at;
  if (frame.at == frame.chosen.size()) {
    frame.phase = Phase::entering;
    return start_body(std::move(state));
  }
  frame.extension_position = 0;
  frame.extension_value = frame.raw_input;
  go(std::move(state));
}

void Machine::next_after(ProofState state) {
  ProofFrame& frame = state.top();
  state.signal = Signal::none;
  state.value = nullptr;
  while (frame.at > 0) {
    --frame.at;
    if (frame.task->extensions[frame.chosen[frame.at]].after.tasks.empty()) continue;
    frame.extension_position = 0;
    frame.extension_value = frame.extension_output;
    return go(std::move(state));
  }
  frame.phase = Phase::closing;
  TermPointer output = frame.extension_output;
  leave_task(std::move(state), output);
}

void Machine::extension_list_done(ProofState state) {
  if (state.top().phase == Phase::after) return next_after(std::move(state));
  ++state.top().at;
  next_before(std::move(state));
}

void Machine::leave_extension_list(ProofState state) {
  ProofFrame& frame = state.top();
  if (frame.phase == Phase::after) return next_after(std::move(state));
  frame.chosen.resize(frame.at);
  frame.phase = Phase::closing;
  frame.input = frame.raw_input;
  if (const auto* choice = std::get_if<definition::SwitchTask>(&frame.task->body))
    frame.position = choice->cases.size();
  note(state, "is replaced by its extension");
  TermPointer value = state.top().extension_value;
  complete(std::move(state), value);
}

}  // namespace gantry::prove
