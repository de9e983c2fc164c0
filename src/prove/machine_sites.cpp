// Which tasks can break the invariant at all, whatever happens before them: most can't, and then nothing need be
// searched.
#include <algorithm>
#include <limits>
#include <set>

#include "engine/interpreter_plan.h"
#include "prove/machine.h"
#include "tool/standard_call.h"

namespace gantry::prove {

namespace {

// What a task calls. Each kind of task is named here, so that a new one is not forgotten.
struct Calls {
  std::vector<std::pair<std::string, std::string>> operations;
  std::vector<definition::WorkflowName> workflows;

  void operator()(const definition::CallTask& task) { operations.emplace_back(task.tool, task.operation); }
  void operator()(const definition::OpenApiTask&) {
    operations.emplace_back(tool::standard_http_tool, tool::standard_http_operation_name);
  }
  void operator()(const definition::RunWorkflowTask& task) {
    workflows.push_back({task.namespace_, task.name, task.version});
  }
  void operator()(const definition::DoTask&) {}
  void operator()(const definition::SetTask&) {}
  void operator()(const definition::SwitchTask&) {}
  void operator()(const definition::ForTask&) {}
  void operator()(const definition::ForkTask&) {}
  void operator()(const definition::TryTask&) {}
  void operator()(const definition::RaiseTask&) {}
  void operator()(const definition::EmitTask&) {}
  void operator()(const definition::WaitTask&) {}
  void operator()(const definition::DecideTask&) {}
  void operator()(const definition::ListenTask&) {}
  void operator()(const definition::ApprovalTask&) {}
  void operator()(const definition::GuardrailTask&) {}
};

}  // namespace

bool Machine::may_break(const definition::Workflow& workflow, const Task& task, const std::string& tool,
                        const std::string& operation) {
  const std::string name = workflow.name.namespace_ + "/" + workflow.name.name;
  const auto& only = invariant_.workflows;
  if (!only.empty() && std::find(only.begin(), only.end(), name) == only.end()) return false;
  const definition::Operation* found = tool::find_operation(project_, tool, operation);
  if (found == nullptr) return false;
  if (found->read_back && invariant_.covers(tool, found->read_back->operation, definition::EffectClass::read))
    return true;
  TermPointer arguments = terms_.symbol("the arguments", label_of_outside(), type_object);
  const std::size_t approvers =
      invariant_.approvers > 0 ? invariant_.approvers : std::numeric_limits<std::size_t>::max();
  EffectView view = view_of(workflow, task, tool, operation, *found, arguments);
  for (definition::EffectClass each : classes_of_call(tool, operation, arguments)) {
    if (!invariant_.covers(tool, operation, each)) continue;
    view.effect_class = each;
    Condition bounded;
    if (!assume_schema(terms_, bounded, found->arguments_schema, arguments)) return false;
    TermPointer facts = policies_.facts(view, bounded);
    std::vector<Condition> matching{bounded};
    if (invariant_.when) matching = policies_.ask(*invariant_.when, facts, bounded).yes_or_failed();
    for (const Condition& condition : matching) {
      for (const Condition& permitted : policies_.permitted_with_fewer(view, approvers, condition, facts))
        if (evaluator_.may_hold(permitted)) return true;
    }
  }
  return false;
}

bool Machine::may_break(const definition::Workflow& workflow) {
  std::set<const definition::Workflow*> seen;
  std::vector<const definition::Workflow*> open{&workflow};
  bool may = false;
  while (!open.empty()) {
    const definition::Workflow& at = *open.back();
    open.pop_back();
    if (!seen.insert(&at).second) continue;
    engine::visit_tasks(at.tasks, [&](const Task& task) {
      Calls calls;
      std::visit(calls, task.body);
      for (const auto& [tool, operation] : calls.operations) may = may || may_break(at, task, tool, operation);
      for (const definition::WorkflowName& name : calls.workflows) {
        const auto found = project_.find_workflow(name.namespace_, name.name, name.version);
        if (found != nullptr) open.push_back(found.get());
      }
    });
  }
  return may;
}

}  // namespace gantry::prove
