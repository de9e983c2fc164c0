// What the expressions of each task read, found once per workflow, so that $task and $workflow are only built for
// those that look at them.
#pragma once

#include <unordered_map>

#include "definition/workflow.h"

namespace gantry::engine {

// Too much is harmless, too little would be wrong: a program "reads" $task when its text has a `$` and the word.
struct ArgumentNeeds {
  bool task = false;
  bool workflow = false;
};

struct Plan {
  std::unordered_map<const definition::Task*, ArgumentNeeds> tasks;
  ArgumentNeeds whole;  // of the workflow's own input and output

  // Of a task, or with null of the workflow itself.
  ArgumentNeeds needs_of(const definition::Task* task) const;
};

Plan make_plan(const definition::Workflow& workflow);

// Calls `visit` for each task of the list and of the lists within.
template <class Visit>
void visit_tasks(const definition::TaskList& list, const Visit& visit) {
  for (const definition::TaskPointer& task : list.tasks) {
    visit(*task);
    for (const definition::Extension& extension : task->extensions) {
      visit_tasks(extension.before, visit);
      visit_tasks(extension.after, visit);
    }
    if (const auto* sequence = std::get_if<definition::DoTask>(&task->body)) visit_tasks(sequence->tasks, visit);
    if (const auto* loop = std::get_if<definition::ForTask>(&task->body)) visit_tasks(loop->body, visit);
    if (const auto* fork = std::get_if<definition::ForkTask>(&task->body)) visit_tasks(fork->branches, visit);
    if (const auto* guarded = std::get_if<definition::TryTask>(&task->body)) {
      visit_tasks(guarded->body, visit);
      if (guarded->handler) visit_tasks(*guarded->handler, visit);
    }
    if (const auto* listen = std::get_if<definition::ListenTask>(&task->body); listen != nullptr && listen->each)
      visit_tasks(listen->each->body, visit);
  }
}

}  // namespace gantry::engine
