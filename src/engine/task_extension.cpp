// use.extensions, where the standard is silent: the extensions are chosen when the task starts, after its `if`, which
// sees no extension. Their `before` lists run in the order of the file, each on the task's raw input; then the task;
// then their `after` lists in the opposite order, each on the task's output. What a list gives is dropped, what it
// exports is kept. `then: exit` in `before` replaces the task: its output is the task's raw output, the lists of the
// extensions further inside don't run. Errors are the task's; `after` runs only when it completed. No extension applies
// to the tasks of extensions.
#include "engine/interpreter_execution.h"

namespace gantry::engine {

bool Execution::choose_extensions(Branch& branch, Frame& frame) {
  const auto& extensions = frame.task->extensions;
  std::vector<std::size_t> chosen;
  for (std::size_t index = 0; index < extensions.size(); ++index) {
    if (extensions[index].when) {
      const Site site{.field = "extension.when", .shows_definition = true};
      const std::optional<bool> holds = condition(branch, frame, site, *extensions[index].when, frame.raw_input);
      if (!holds) return false;
      if (!*holds) continue;
    }
    chosen.push_back(index);
  }
  if (!chosen.empty()) frame.extension = ExtensionProgress{.chosen = std::move(chosen), .value = {}, .output = {}};
  return true;
}

// From the extension at `at` on, the next one that has something to do; the task itself when there is none.
void Execution::next_before(Branch& branch, Frame& frame) {
  ExtensionProgress& progress = *frame.extension;
  branch.signal = Branch::Signal::none;
  while (progress.at < progress.chosen.size() &&
         frame.task->extensions[progress.chosen[progress.at]].before.tasks.empty()) {
    ++progress.at;
  }
  if (progress.at == progress.chosen.size()) {
    frame.phase = Phase::entering;
    return start_body(branch, frame);
  }
  progress.position = 0;
  progress.value = frame.raw_input;
}

void Execution::next_after(Branch& branch, Frame& frame) {
  ExtensionProgress& progress = *frame.extension;
  branch.signal = Branch::Signal::none;
  branch.value = Value();
  while (progress.at > 0) {
    --progress.at;
    if (frame.task->extensions[progress.chosen[progress.at]].after.tasks.empty()) continue;
    progress.position = 0;
    progress.value = progress.output;
    return;
  }
  frame.phase = Phase::closing;
  leave_task(branch, frame, std::move(progress.output));
}

void Execution::extension_list_done(Branch& branch, Frame& frame) {
  if (frame.phase == Phase::after) return next_after(branch, frame);
  ++frame.extension->at;
  next_before(branch, frame);
}

void Execution::leave_extension_list(Branch& branch, Frame& frame) {
  if (frame.phase == Phase::after) return next_after(branch, frame);
  ExtensionProgress& progress = *frame.extension;
  progress.chosen.resize(progress.at);
  frame.phase = Phase::closing;
  trace(frame, TaskTrace::Status::started);
  frame.input = frame.raw_input;
  // No case was taken: the task's own `then` counts.
  if (const auto* choice = std::get_if<definition::SwitchTask>(&frame.task->body))
    frame.position = choice->cases.size();
  complete(branch, std::move(progress.value));
}

}  // namespace gantry::engine
