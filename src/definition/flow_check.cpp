#include "definition/flow_check.h"

#include <fmt/format.h>

#include <type_traits>

#include "definition/data_reader.h"
#include "value/pointer.h"

namespace gantry::definition {
namespace {

class FlowChecker {
 public:
  FlowChecker(const Workflow& workflow, const SourceFile& file) : document_(workflow.source), file_(file) {}

  // Whether a run may get past the list's end, or leave it with `exit`.
  bool check_list(const TaskList& list) {
    const std::size_t count = list.tasks.size();
    Walk walk{.list = list, .reached = std::vector<bool>(count + 1, false), .open = {}};
    walk.go_to(0);
    while (!walk.open.empty()) {
      const std::size_t index = walk.open.back();
      walk.open.pop_back();
      if (index < count) visit(walk, index);
    }
    for (std::size_t i = 1; i < count; ++i) {
      if (!walk.reached[i] && walk.reached[i - 1]) report(list, i);
      check_handover(list, i);
    }
    return walk.reached[count];
  }

 private:
  struct Walk {
    const TaskList& list;
    std::vector<bool> reached;  // by index of the task; one more for "past the end"
    std::vector<std::size_t> open;

    void go_to(std::size_t index) {
      if (reached[index]) return;
      reached[index] = true;
      open.push_back(index);
    }
    void follow(const FlowDirective& flow, std::size_t index) {
      if (flow.kind == FlowDirective::Kind::proceed) go_to(index + 1);
      if (flow.kind == FlowDirective::Kind::exit) go_to(list.tasks.size());
      if (flow.kind == FlowDirective::Kind::task) go_to(flow.index);
    }
  };

  void visit(Walk& walk, std::size_t index) {
    const Task& task = *walk.list.tasks[index];
    if (task.condition) walk.go_to(index + 1);  // skipped: goes on whatever `then` says
    if (!task.extensions.empty()) walk.follow(task.then, index);  // one of them may stand in for it
    const bool completes = std::visit([&](const auto& body) { return check_body(body); }, task.body);
    if (const auto* choice = std::get_if<SwitchTask>(&task.body)) {
      bool has_default = false;
      for (const SwitchCase& each : choice->cases) {
        has_default = has_default || !each.when;
        if (each.then.kind == FlowDirective::Kind::proceed) walk.follow(task.then, index);
        walk.follow(each.then, index);
      }
      if (!has_default) walk.follow(task.then, index);
      return;
    }
    if (const auto* attempt = std::get_if<TryTask>(&task.body); attempt && attempt->then)
      walk.follow(*attempt->then, index);
    if (completes) walk.follow(task.then, index);
  }

  // Checks the lists inside; whether the task may complete without an error.
  template <class Body>
  bool check_body(const Body& body) {
    if constexpr (std::is_same_v<Body, RaiseTask>) {
      return false;
    } else if constexpr (std::is_same_v<Body, DoTask>) {
      return check_list(body.tasks);
    } else if constexpr (std::is_same_v<Body, ForTask>) {
      check_list(body.body);
    } else if constexpr (std::is_same_v<Body, ListenTask>) {
      if (body.each) check_list(body.each->body);
    } else if constexpr (std::is_same_v<Body, TryTask>) {
      check_list(body.body);
      if (body.handler) check_list(*body.handler);
    } else if constexpr (std::is_same_v<Body, ForkTask>) {
      for (const TaskPointer& branch : body.branches.tasks)
        std::visit([&](const auto& inner) { check_body(inner); }, branch->body);
    }
    return true;
  }

  static bool goes_to(const FlowDirective& flow, std::size_t index) {
    return flow.kind == FlowDirective::Kind::task && flow.index == index;
  }

  // Whether the task at `index` gets its input from the one before it, and from no other.
  static bool follows_only(const TaskList& list, std::size_t index) {
    const Task& before = *list.tasks[index - 1];
    if (before.then.kind != FlowDirective::Kind::proceed || before.condition || !before.extensions.empty()) return false;
    for (const TaskPointer& task : list.tasks) {
      if (goes_to(task->then, index)) return false;
      if (const auto* choice = std::get_if<SwitchTask>(&task->body))
        for (const SwitchCase& each : choice->cases)
          if (goes_to(each.then, index)) return false;
      if (const auto* attempt = std::get_if<TryTask>(&task->body); attempt && attempt->then)
        if (goes_to(*attempt->then, index)) return false;
    }
    return true;
  }

  // What a `set` gives is known where it is written out.
  void check_handover(const TaskList& list, std::size_t index) {
    const Task& before = *list.tasks[index - 1];
    const Task& task = *list.tasks[index];
    const auto* set = std::get_if<SetTask>(&before.body);
    if (set == nullptr || before.output.transform || !task.input.schema || !follows_only(list, index)) return;
    const std::string pointer = before.reference + "/set";
    if (!at_pointer(document_, pointer)) return;  // the arguments of a function, which are checked at its call
    check_literals(Node(set->value.source(), pointer, file_), *task.input.schema, Severity::warning,
                   fmt::format("the input.schema of task '{}' refuses this: ", task.name));
  }

  static std::string why_not_further(const Task& task) {
    if (std::holds_alternative<RaiseTask>(task.body)) return "raises an error";
    if (std::holds_alternative<SwitchTask>(task.body)) return "goes elsewhere in every case";
    switch (task.then.kind) {
      case FlowDirective::Kind::end:
        return "ends the workflow";
      case FlowDirective::Kind::exit:
        return "leaves the list";
      case FlowDirective::Kind::task:
        return fmt::format("goes to '{}'", task.then.name);
      case FlowDirective::Kind::proceed:
        return "never completes";
    }
    return "";
  }

  void report(const TaskList& list, std::size_t index) {
    const Task& before = *list.tasks[index - 1];
    file_.warning(list.tasks[index]->place,
                  fmt::format("task '{}' can't be reached: '{}' before it {}, and no 'then' names it",
                              list.tasks[index]->name, before.name, why_not_further(before)));
  }

  const Value& document_;
  const SourceFile& file_;
};

}  // namespace

void check_flow(const Workflow& workflow, const SourceFile& file) {
  FlowChecker(workflow, file).check_list(workflow.tasks);
}

}  // namespace gantry::definition
