#include "engine/interpreter_execution.h"

namespace gantry::engine {

// Each branch works on its own copy of the context, which ends with it.
void Execution::begin(Branch& branch, Frame& frame, const definition::ForkTask& task) {
  if (task.branches.tasks.empty()) return complete(branch, Value::array({}));
  ForkProgress progress;
  for (std::size_t index = 0; index < task.branches.tasks.size(); ++index) {
    auto line = std::make_unique<Branch>();
    line->id = ++state_.counters.branches;
    line->parent = &branch;
    line->index = index;
    line->context = branch.context;
    line->variables = branch.variables;
    line->variables.resize(frame.task->scope_size);
    line->value = frame.input;
    wake(*line);
    progress.branches.push_back(std::move(line));
  }
  frame.progress = std::move(progress);
  block(branch);
}

// `branch` is gone afterwards when it was the last, or the first of a competition.
void Execution::branch_ended(Branch& branch, Value output) {
  block(branch);
  branch.signal = Branch::Signal::ended;
  branch.value = std::move(output);
  Branch& parent = *branch.parent;
  Frame& frame = *parent.frames.back();
  auto& progress = std::get<ForkProgress>(frame.progress);
  Value result;
  if (std::get<definition::ForkTask>(frame.task->body).compete) {
    result = std::move(branch.value);
  } else {
    std::vector<Value> outputs;
    for (const std::unique_ptr<Branch>& line : progress.branches) {
      if (line->signal != Branch::Signal::ended) return;
      outputs.push_back(line->value);
    }
    result = Value::array(std::move(outputs));
  }
  for (const std::unique_ptr<Branch>& line : progress.branches) cancel_branch(*line);
  progress.branches.clear();
  wake(parent);
  std::optional<Value> admitted = admit(parent, frame, "fork", ErrorKind::runtime, std::move(result));
  if (admitted) complete(parent, std::move(*admitted));
}

}  // namespace gantry::engine
