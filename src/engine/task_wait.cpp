#include "engine/interpreter_execution.h"

namespace gantry::engine {

void Execution::begin(Branch& branch, Frame& frame, const definition::WaitTask& task) {
  const std::optional<Duration> time = duration(branch, frame, {.field = "wait", .input = &frame.input}, task.duration);
  if (!time) return;
  if (*time <= Duration::zero()) return complete(branch, frame.input);
  std::string timer = set_timer(branch, frame, *time, "wait");
  wait_for(branch, frame, {.kind = Waiting::For::timer, .id = std::move(timer)});
}

}  // namespace gantry::engine
