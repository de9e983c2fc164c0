#include "engine/interpreter_execution.h"

namespace gantry::engine {

void Execution::begin(Branch& branch, Frame& frame, const definition::ForTask& task) {
  std::optional<Value> items =
      evaluate(branch, frame, {.field = "for.in", .input = &frame.input}, task.in, frame.input);
  if (!items) return;
  if (!items->is_array()) {
    const std::string detail = std::string("for.in: expected an array, found ") + items->kind_name() + ".";
    return raise(branch, make_error(ErrorKind::expression, "Not a list", detail, frame.task->reference));
  }
  frame.value = frame.input;
  frame.progress = ForProgress{.items = std::move(*items)};
  start_iteration(branch, frame);
}

// Also ends the loop, when no item is left or `while` no longer holds. An iteration counts as a step, so that a loop
// without a body has an end too.
void Execution::start_iteration(Branch& branch, Frame& frame) {
  const auto& task = std::get<definition::ForTask>(frame.task->body);
  const auto& progress = std::get<ForProgress>(frame.progress);
  if (progress.iteration >= progress.items.size()) return complete(branch, frame.value);
  if (!count_step()) return;
  branch.variables.resize(frame.task->scope_size);
  branch.variables.push_back(progress.items.item(progress.iteration));
  branch.variables.push_back(Value(progress.iteration).labelled(progress.items.label()));
  branch.signal = Branch::Signal::none;
  frame.position = 0;
  if (!task.while_) return;
  const Site site{.field = "for.while", .input = &frame.input, .more_scope = 2};
  const std::optional<bool> wanted = condition(branch, frame, site, *task.while_, frame.value);
  if (wanted && !*wanted) complete(branch, frame.value);
}

}  // namespace gantry::engine
