#include "definition/endless_runs.h"

#include <fmt/format.h>

#include <algorithm>

namespace gantry::definition {
namespace {

using RunTasks = std::vector<const Task*>;

bool goes_through(const TaskList& list, RunTasks& runs);

// Adds the runs of other workflows that the task can't do without; whether it is certain that it completes and that
// the list goes on, if nothing fails.
bool goes_on(const Task& task, RunTasks& runs) {
  if (task.condition || !task.extensions.empty()) return false;
  if (std::holds_alternative<RunWorkflowTask>(task.body)) runs.push_back(&task);
  if (const auto* body = std::get_if<DoTask>(&task.body); body && !goes_through(body->tasks, runs)) return false;
  if (const auto* fork = std::get_if<ForkTask>(&task.body)) {
    if (fork->compete) return false;
    for (const TaskPointer& branch : fork->branches.tasks)
      if (!goes_on(*branch, runs)) return false;
  }
  const bool may_turn_off = std::holds_alternative<SwitchTask>(task.body) || std::holds_alternative<TryTask>(task.body) ||
                            std::holds_alternative<RaiseTask>(task.body) || std::holds_alternative<ForTask>(task.body);
  return !may_turn_off;
}

bool goes_through(const TaskList& list, RunTasks& runs) {
  std::vector<bool> seen(list.tasks.size(), false);
  for (std::size_t i = 0; i < list.tasks.size();) {
    if (seen[i]) return false;
    seen[i] = true;
    const Task& task = *list.tasks[i];
    if (!goes_on(task, runs)) return false;
    if (task.then.kind == FlowDirective::Kind::proceed)
      ++i;
    else if (task.then.kind == FlowDirective::Kind::task)
      i = task.then.index;
    else
      return false;
  }
  return true;
}

struct Run {
  const Task* task;
  const Workflow* child;
};

}  // namespace

void find_endless_runs(const Project& project,
                       const std::function<void(const Workflow&, const Task&, std::string)>& report) {
  std::map<const Workflow*, std::vector<Run>> runs;
  for (const auto& [name, workflow] : project.workflows) {
    RunTasks tasks;
    goes_through(workflow->tasks, tasks);
    for (const Task* task : tasks) {
      const auto& run = std::get<RunWorkflowTask>(task->body);
      if (const auto child = project.find_workflow(run.namespace_, run.name, run.version))
        runs[workflow.get()].push_back({task, child.get()});
    }
  }
  // A workflow whose runs can all end is taken out, again and again; what is left can't end.
  std::map<const Workflow*, std::vector<const Workflow*>> parents;
  std::map<const Workflow*, std::size_t> endless_children;
  std::vector<const Workflow*> ending;
  for (const auto& [name, workflow] : project.workflows) {
    const auto found = runs.find(workflow.get());
    endless_children[workflow.get()] = found == runs.end() ? 0 : found->second.size();
    if (found == runs.end()) ending.push_back(workflow.get());
    else
      for (const Run& run : found->second) parents[run.child].push_back(workflow.get());
  }
  while (!ending.empty()) {
    const Workflow* workflow = ending.back();
    ending.pop_back();
    for (const Workflow* parent : parents[workflow])
      if (--endless_children[parent] == 0) ending.push_back(parent);
  }
  for (const auto& [name, workflow] : project.workflows) {
    if (endless_children[workflow.get()] == 0) continue;
    for (const Run& run : runs[workflow.get()]) {
      if (endless_children[run.child] == 0) continue;
      report(*workflow, *run.task,
             run.child == workflow.get()
                 ? fmt::format("task '{}' runs this workflow again, in every run: that never ends", run.task->name)
                 : fmt::format("task '{}' runs {}, of which every run runs others without end",
                               run.task->name, run.child->name.text()));
      break;
    }
  }
}

}  // namespace gantry::definition
