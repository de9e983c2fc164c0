#include "engine/fork_point.h"

#include <fmt/format.h>

#include "engine/instance_record.h"
#include "engine/interpreter_plan.h"

namespace gantry::engine {
namespace {

using definition::Task;

Result<const Task*> find_named(const definition::Workflow& workflow, const std::string& name) {
  std::vector<const Task*> found;
  visit_tasks(workflow.tasks, [&](const Task& task) {
    if (task.reference == name || task.name == name) found.push_back(&task);
  });
  if (found.size() == 1) return found.front();
  if (found.empty())
    return Error{Code::not_found,
                 fmt::format("workflow {} has no task '{}'; expected a name, or a reference such as {}", workflow.name.text(), name,
                             workflow.tasks.tasks.empty() ? "/do/0/NAME" : workflow.tasks.tasks.front()->reference)};
  std::string all;
  for (const Task* task : found) all += (all.empty() ? "" : ", ") + task->reference;
  return Error{Code::invalid_argument, fmt::format("several tasks are called '{}': say which of {}", name, all)};
}

// "/do/0/f/fork/branches/1/b" -> "/do/0/f": what of the main line the task is in.
std::string main_line_of(const std::string& reference) {
  return reference.substr(0, std::min(reference.find("/fork/branches/"), reference.find("/foreach/")));
}

// The first task to fail in the turn that ended the instance: the others are what it is in.
Result<std::string> faulted_task(std::span<const journal::Event> events, InstanceRecord record, DefinitionSource& source) {
  for (const journal::Event& event : events) {
    const Turn turn = TRY(record.replay_turn(event, source));
    if (!record.ended()) continue;
    for (const TaskTrace& trace : turn.trace)
      if (trace.status == TaskTrace::Status::faulted) return main_line_of(trace.reference);
    break;
  }
  return Error{Code::invalid_argument, "no task has faulted this instance; say from which task to go on"};
}

}  // namespace

Result<ForkPoint> find_fork_point(std::span<const journal::Event> events, DefinitionSource& source,
                                  const std::string& name, const InterpreterLimits& limits) {
  const std::string& instance = events.front().instance;
  const Definitions first = TRY(find_definitions(source, instance, events.front().data));
  const auto begin = [&] { return InstanceRecord(instance, first.project, first.workflow, limits); };
  const std::string wanted = name.empty() ? TRY(faulted_task(events, begin(), source)) : name;
  InstanceRecord record = begin();
  StartWatch watch;
  // Each version that it ran under has tasks of its own; it goes on under the one in which the task has started last.
  auto found = find_named(*first.workflow, wanted);
  ForkPoint point;
  for (const journal::Event& event : events) {
    watch.task = found ? *found : nullptr;
    TRY(record.replay_turn(event, source, &watch));
    if (!watch.state.empty()) {
      point.task = watch.task->reference;
      point.definitions = record.definitions();
      point.continues = record.carried()
                            .with_member("instance", instance)
                            .with_member("task", point.task)
                            .with_member("sequence", static_cast<std::int64_t>(event.sequence))
                            .with_member("state", std::exchange(watch.state, {}));
    }
    if (is_migration(event.type)) found = find_named(*record.definitions().workflow, wanted);
  }
  if (!point.continues.is_null()) return point;
  if (!found) return found.error();
  const std::string& reference = (*found)->reference;
  if (!watch.in_main_line) {
    const std::string around = main_line_of(reference);
    return Error{Code::invalid_argument,
                 fmt::format("task {} is one of several that run side by side; go on from {} instead", reference,
                             around == reference ? "the fork or listen that it is in" : around)};
  }
  return Error{Code::not_found, fmt::format("task {} has not started in instance {}", reference, instance)};
}

}  // namespace gantry::engine
