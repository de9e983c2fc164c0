// run: workflow.
#include <algorithm>

#include "engine/interpreter_execution.h"

namespace gantry::engine {

void Execution::begin(Branch& branch, Frame& frame, const definition::RunWorkflowTask& task) {
  std::optional<Value> input =
      evaluate(branch, frame, {.field = "run.workflow.input", .input = &frame.input}, task.input, frame.input);
  if (!input) return;
  if (input->is_null()) input = Value::object(std::vector<Member>{}).labelled(input->label());
  const auto found =
      setting_.project == nullptr ? nullptr : setting_.project->find_workflow(task.namespace_, task.name, task.version);
  if (found == nullptr) {
    const std::string detail =
        "run.workflow: the project has no workflow " + task.namespace_ + "/" + task.name + ":" + task.version + ".";
    return raise(branch, make_error(ErrorKind::configuration, "Unknown workflow", detail, frame.task->reference));
  }
  std::string child = state_.instance + "-c" + std::to_string(++state_.counters.children);
  turn_.actions.emplace_back(StartChild{.child = child,
                                        .task = frame.task->reference,
                                        .workflow = found->name,
                                        .input = std::move(*input),
                                        .await = task.await,
                                        .quarantine_millibits = state_.counters.quarantine_millibits});
  if (!task.await) return complete(branch, frame.input);
  wait_for(branch, frame, {.kind = Waiting::For::child, .id = std::move(child)});
}

void Execution::child_ended(const Value& data) {
  const std::string child(data.string_or("child", ""));
  // What it was told counts for this one, too, whether or not anybody waits for it.
  state_.counters.quarantine_millibits +=
      static_cast<std::uint64_t>(std::max<std::int64_t>(data.integer_or("quarantineMillibits", 0), 0));
  Branch* branch = awake(Waiting::For::child, child);
  if (branch == nullptr) return;
  const std::string_view status = data.string_or("status", "");
  if (status == "completed") return complete(*branch, data.member("output"));
  const std::string& reference = branch->frames.back()->task->reference;
  if (status == "cancelled") {
    return raise(*branch, make_error(ErrorKind::runtime, "Child workflow cancelled",
                                     "The workflow instance " + child + " was cancelled.", reference));
  }
  raise(*branch, complete_error(data.member("error"), ErrorKind::runtime, "Child workflow faulted", reference));
}

}  // namespace gantry::engine
