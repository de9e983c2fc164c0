// Waiting for the outside, and giving up on it: every timer, effect, human task and child that a frame holds is
// released exactly once, whichever way the frame ends.
#include <algorithm>

#include "engine/interpreter_execution.h"

namespace gantry::engine {

namespace {

// Longer waits are cut to this, so that a due time can always be written down.
constexpr Duration wait_max = std::chrono::hours(24 * 366 * 100);

}  // namespace

void Execution::wake(Branch& branch) {
  if (std::find(state_.ready.begin(), state_.ready.end(), &branch) == state_.ready.end()) {
    state_.ready.push_back(&branch);
  }
}

void Execution::block(Branch& branch) {
  std::erase(state_.ready, &branch);
}

void Execution::trace(const Frame& frame, TaskTrace::Status status, Value detail) {
  if (frame.task == nullptr || setting_.traced == Traced::no) return;
  // The task itself starts when its extensions let it; whatever ends before that has started and ended.
  if (frame.phase == Phase::before && status != TaskTrace::Status::started) trace(frame, TaskTrace::Status::started);
  turn_.trace.push_back({.reference = frame.task->reference, .name = frame.task->name, .status = status, .at = now_, .detail = std::move(detail)});
}

std::string Execution::set_timer(Branch& branch, Frame& frame, Duration after, const char* purpose) {
  std::string timer = state_.instance + "-w" + std::to_string(++state_.counters.timers);
  const Timestamp due = now_ + std::clamp(after, Duration::zero(), wait_max);
  turn_.actions.emplace_back(SetTimer{.timer = timer, .due = due, .purpose = purpose});
  state_.pending[timer] = {.branch = &branch, .frame = &frame};
  return timer;
}

void Execution::cancel_timer(std::string& timer) {
  if (timer.empty()) return;
  state_.pending.erase(timer);
  turn_.actions.emplace_back(CancelTimer{.timer = std::move(timer)});
  timer.clear();
}

void Execution::wait_for(Branch& branch, Frame& frame, Waiting waiting) {
  state_.pending[waiting.id] = {.branch = &branch, .frame = &frame};
  frame.progress = std::move(waiting);
  block(branch);
}

Branch* Execution::awake(Waiting::For kind, const std::string& id) {
  const auto found = state_.pending.find(id);
  if (found == state_.pending.end()) return nullptr;
  const Pending pending = found->second;
  const auto* waiting = std::get_if<Waiting>(&pending.frame->progress);
  if (waiting == nullptr || waiting->kind != kind || waiting->id != id) return nullptr;
  state_.pending.erase(found);
  pending.frame->progress = std::monostate{};
  wake(*pending.branch);
  return pending.branch;
}

void Execution::release(Frame& frame) {
  cancel_timer(frame.timeout_timer);
  if (auto* progress = std::get_if<TryProgress>(&frame.progress)) {
    cancel_timer(progress->attempt_timer);
    cancel_timer(progress->retry_timer);
  }
  if (auto* progress = std::get_if<ForkProgress>(&frame.progress)) {
    for (const std::unique_ptr<Branch>& branch : progress->branches) cancel_branch(*branch);
    progress->branches.clear();
  }
  if (std::holds_alternative<ListenProgress>(frame.progress)) {
    stop_listening(frame);
    frame.progress = std::monostate{};
  }
  auto* waiting = std::get_if<Waiting>(&frame.progress);
  if (waiting == nullptr) return;
  state_.pending.erase(waiting->id);
  switch (waiting->kind) {
    case Waiting::For::effect:
      turn_.actions.emplace_back(AbandonEffect{.effect = waiting->id});
      break;
    case Waiting::For::timer:
      turn_.actions.emplace_back(CancelTimer{.timer = waiting->id});
      break;
    case Waiting::For::person:
      turn_.actions.emplace_back(WithdrawTask{.human_task = waiting->id});
      break;
    case Waiting::For::child:
      turn_.actions.emplace_back(CancelChild{.child = waiting->id});
      break;
  }
  frame.progress = std::monostate{};
}

void Execution::cancel_branch(Branch& branch) {
  while (!branch.frames.empty()) {
    Frame& frame = *branch.frames.back();
    release(frame);
    trace(frame, TaskTrace::Status::cancelled);
    branch.frames.pop_back();
  }
  block(branch);
}

void Execution::cut_down_to(Branch& branch, const Frame& frame) {
  while (branch.frames.back().get() != &frame) {
    release(*branch.frames.back());
    trace(*branch.frames.back(), TaskTrace::Status::cancelled);
    branch.frames.pop_back();
  }
}

// Stops the task of `frame` and all within it; the error goes out from there, past its own `catch`.
void Execution::interrupt(Branch& branch, Frame& frame, Value error) {
  cut_down_to(branch, frame);
  release(frame);
  frame.phase = Phase::closing;
  raise(branch, std::move(error));
  wake(branch);
}

void Execution::timer_fired(const std::string& timer) {
  const auto found = state_.pending.find(timer);
  if (found == state_.pending.end()) return;
  Branch& branch = *found->second.branch;
  Frame& frame = *found->second.frame;
  const std::string place = frame.task != nullptr ? frame.task->reference : "/timeout";
  const auto timed_out = [&](const char* detail) { return make_error(ErrorKind::timeout, "Timed out", detail, place); };
  if (frame.timeout_timer == timer) {
    state_.pending.erase(found);
    frame.timeout_timer.clear();
    return interrupt(branch, frame,
                     timed_out(frame.task != nullptr ? "The task did not end within its timeout."
                                                     : "The workflow did not end within its timeout."));
  }
  if (auto* progress = std::get_if<TryProgress>(&frame.progress)) {
    state_.pending.erase(found);
    if (progress->attempt_timer == timer) {
      progress->attempt_timer.clear();
      cut_down_to(branch, frame);
      raise(branch, timed_out("The attempt did not end within limit.attempt.duration."));
    } else {
      progress->retry_timer.clear();
      start_attempt(branch, frame);
    }
    return wake(branch);
  }
  if (awake(Waiting::For::timer, timer) != nullptr) complete(branch, frame.input);
}

}  // namespace gantry::engine
