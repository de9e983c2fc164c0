// Going on from a place in another instance of the same workflow: what is kept of it there, and how it begins.
#include "engine/interpreter_execution.h"

namespace gantry::engine {

void Execution::note_start(const Branch& branch, const definition::Task& task) {
  if (&task != setting_.watch->task) return;
  bool in_main_line = branch.parent == nullptr;
  for (const auto& frame : branch.frames)
    if (std::holds_alternative<ListenProgress>(frame->progress)) in_main_line = false;
  setting_.watch->in_main_line = in_main_line;
  if (in_main_line) setting_.watch->state = serialise(state_);
}

void Execution::start_from(const std::string& instance) {
  state_.instance = instance;
  state_.started_at = now_;
  const auto [branches, millibits] = std::pair(state_.counters.branches, state_.counters.quarantine_millibits);
  state_.counters = {};
  state_.counters.branches = branches;
  state_.counters.quarantine_millibits = millibits;
  state_.steps = 0;
  state_.pending.clear();  // the timers of the other instance
  for (const auto& frame : state_.root->frames)
    if (!restart_limits(*state_.root, *frame)) return;
}

bool Execution::restart_limits(Branch& branch, Frame& frame) {
  if (auto* progress = std::get_if<TryProgress>(&frame.progress)) {
    progress->retry_timer.clear();
    const bool limited = !progress->attempt_timer.empty();
    progress->attempt_timer.clear();
    if (limited && !limit_attempt(branch, frame)) return false;
  }
  if (frame.timeout_timer.empty()) return true;
  frame.timeout_timer.clear();
  return set_time_limit(branch, frame);
}

}  // namespace gantry::engine
