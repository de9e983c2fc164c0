#include "engine/interpreter_plan.h"

namespace gantry::engine {

namespace {

// Gathers what the programs given to it read.
class NeedsFinder {
 public:
  ArgumentNeeds found;

  void add(const definition::Expression& expression) { add_text(expression.text); }
  void add(const definition::Template& source) {
    if (!source.is_literal()) add_strings(source.source());
  }
  void add(const definition::DurationSource& source) { add(source.computed); }
  void add(const definition::DataFlow& flow) { add(flow.transform); }
  template <class Part>
  void add(const std::optional<Part>& part) {
    if (part) add(*part);
  }

  void add(const definition::DoTask&) {}
  void add(const definition::SetTask& task) { add(task.value); }
  void add(const definition::SwitchTask& task) {
    for (const definition::SwitchCase& one : task.cases) add(one.when);
  }
  void add(const definition::ForTask& task) {
    add(task.in);
    add(task.while_);
  }
  void add(const definition::ForkTask&) {}
  void add(const definition::TryTask& task) {
    add(task.when);
    add(task.except_when);
    if (!task.retry) return;
    add(task.retry->when);
    add(task.retry->except_when);
    add(task.retry->delay);
    add(task.retry->jitter_from);
    add(task.retry->jitter_to);
    add(task.retry->attempt_duration);
    add(task.retry->total_duration);
  }
  void add(const definition::RaiseTask& task) {
    add(task.error.type);
    add(task.error.status);
    add(task.error.title);
    add(task.error.detail);
  }
  void add(const definition::EmitTask& task) { add(task.event); }
  void add(const definition::WaitTask& task) { add(task.duration); }
  void add(const definition::CallTask& task) { add(task.arguments); }
  void add(const definition::DecideTask& task) { add(task.input); }
  void add(const definition::RunWorkflowTask& task) { add(task.input); }
  void add(const definition::ApprovalTask& task) {
    add(task.question);
    add(task.context);
    add(task.expires);
  }
  void add(const definition::GuardrailTask& task) {
    add(task.value);
    add(task.condition);
    add(task.message);
  }
  void add(const definition::OpenApiTask& task) {
    add(task.document);
    add(task.arguments);
  }

  void add(const definition::ListenTask& task) {
    add(task.to);
    if (!task.each) return;
    add(task.each->output);
    add(task.each->export_);
  }
  void add(const definition::EventConsumption& consumption) {
    add(consumption.until);
    if (consumption.until_consumed) add(*consumption.until_consumed);
    for (const definition::EventFilter& filter : consumption.filters) {
      for (const definition::EventAttribute& attribute : filter.with) add(attribute.expected);
      for (const definition::EventCorrelation& correlation : filter.correlate) {
        add(correlation.from);
        add(correlation.expect);
      }
    }
  }

  void add(const definition::Task& task) {
    add(task.condition);
    add(task.input);
    add(task.output);
    add(task.export_);
    add(task.timeout);
    for (const definition::Extension& extension : task.extensions) add(extension.when);
    std::visit([this](const auto& body) { add(body); }, task.body);
  }

 private:
  void add_text(std::string_view text) {
    if (text.find('$') == std::string_view::npos) return;
    found.task = found.task || text.find("task") != std::string_view::npos;
    found.workflow = found.workflow || text.find("workflow") != std::string_view::npos;
  }

  void add_strings(const Value& value) {
    if (value.is_string()) add_text(value.as_string());
    if (value.is_array()) {
      for (const Value& item : value.items()) add_strings(item);
    }
    if (value.is_object()) {
      for (const Member& member : value.members()) add_strings(member.value);
    }
  }
};

}  // namespace

ArgumentNeeds Plan::needs_of(const definition::Task* task) const {
  if (task == nullptr) return whole;
  const auto found = tasks.find(task);
  return found == tasks.end() ? ArgumentNeeds{.task = true, .workflow = true} : found->second;
}

Plan make_plan(const definition::Workflow& workflow) {
  Plan plan;
  NeedsFinder own;
  own.add(workflow.input);
  own.add(workflow.output);
  own.add(workflow.timeout);
  plan.whole = own.found;
  visit_tasks(workflow.tasks, [&plan](const definition::Task& task) {
    NeedsFinder finder;
    finder.add(task);
    plan.tasks.emplace(&task, finder.found);
  });
  return plan;
}

}  // namespace gantry::engine
