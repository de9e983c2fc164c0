#include "definition/flow_check.h"

#include <fmt/format.h>

#include <type_traits>

namespace gantry::definition {
namespace {

// What may become of a list or a task.
struct Outcome {
  bool completes = true;  // without an error, or with `exit`
  bool leaves = false;    // may end the workflow or raise, or is held up by the outside world
};

// One list while it is walked through. A task counts as left as well where its outcome leaves.
struct Walk {
  const TaskList& list;
  std::vector<bool> reached;  // by index of the task; one more for "past the end"
  std::vector<bool> left;     // by index of the task
  std::vector<std::vector<std::size_t>> before;  // from where; one more for "past the end"
  std::vector<std::size_t> open;
  bool goes_anywhere = false;  // a `then` can't be read

  explicit Walk(const TaskList& tasks)
      : list(tasks),
        reached(tasks.tasks.size() + 1, false),
        left(tasks.tasks.size(), false),
        before(tasks.tasks.size() + 1) {}

  void go_to(std::size_t index) {
    if (reached[index]) return;
    reached[index] = true;
    open.push_back(index);
  }
  void go_to(std::size_t index, std::size_t from) {
    before[index].push_back(from);
    go_to(index);
  }
  void follow(const FlowDirective& flow, std::size_t index) {
    const std::size_t count = list.tasks.size();
    if (flow.kind == FlowDirective::Kind::proceed) go_to(index + 1, index);
    if (flow.kind == FlowDirective::Kind::exit) go_to(count, index);
    if (flow.kind == FlowDirective::Kind::end) left[index] = true;
    if (flow.kind != FlowDirective::Kind::task) return;
    if (flow.index < count) return go_to(flow.index, index);
    left[index] = true;
    if (goes_anywhere) return;
    goes_anywhere = true;
    for (std::size_t i = 0; i <= count; ++i) go_to(i);
  }
};

class FlowChecker {
 public:
  explicit FlowChecker(const SourceFile& file) : file_(file) {}

  Outcome check_list(const TaskList& list) {
    const std::size_t count = list.tasks.size();
    Walk walk(list);
    walk.go_to(0);
    while (!walk.open.empty()) {
      const std::size_t index = walk.open.back();
      walk.open.pop_back();
      if (index < count) visit(walk, index);
    }
    for (std::size_t i = 1; i < count; ++i)
      if (!walk.reached[i] && walk.reached[i - 1]) report(list, i);
    report_endless(walk);
    bool leaves = false;
    for (std::size_t i = 0; i < count; ++i) leaves = leaves || (walk.reached[i] && walk.left[i]);
    return {walk.reached[count], leaves};
  }

 private:
  void visit(Walk& walk, std::size_t index) {
    const Task& task = *walk.list.tasks[index];
    if (task.condition) walk.go_to(index + 1, index);  // skipped: goes on whatever `then` says
    if (!task.extensions.empty()) walk.follow(task.then, index);  // one of them may stand in for it
    const Outcome outcome = std::visit([&](const auto& body) { return check_body(body); }, task.body);
    // What never completes was reported where it does not, or raises.
    if (outcome.leaves || !outcome.completes || !task.extensions.empty()) walk.left[index] = true;
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
    if (outcome.completes) walk.follow(task.then, index);
  }

  // Checks the lists inside.
  template <class Body>
  Outcome check_body(const Body& body) {
    if constexpr (std::is_same_v<Body, RaiseTask>) {
      return {false, true};
    } else if constexpr (std::is_same_v<Body, DoTask>) {
      return check_list(body.tasks);
    } else if constexpr (std::is_same_v<Body, ForTask>) {
      return {true, check_list(body.body).leaves};
    } else if constexpr (std::is_same_v<Body, ListenTask>) {
      if (body.each) check_list(body.each->body);
      return {true, true};
    } else if constexpr (std::is_same_v<Body, TryTask>) {
      bool leaves = check_list(body.body).leaves;
      if (body.handler) leaves = check_list(*body.handler).leaves || leaves;
      return {true, leaves};
    } else if constexpr (std::is_same_v<Body, ForkTask>) {
      bool leaves = false;
      for (const TaskPointer& branch : body.branches.tasks) {
        const Outcome one = std::visit([&](const auto& inner) { return check_body(inner); }, branch->body);
        leaves = leaves || one.leaves || branch->then.kind == FlowDirective::Kind::end;
      }
      return {true, leaves};
    } else {
      constexpr bool is_inside =
          std::is_same_v<Body, SetTask> || std::is_same_v<Body, SwitchTask> || std::is_same_v<Body, EmitTask>;
      return {true, !is_inside};
    }
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

  // The first task from which no way leads out of the list, if there is one.
  void report_endless(const Walk& walk) {
    const std::size_t count = walk.list.tasks.size();
    std::vector<bool> gets_out(count + 1, false);
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i <= count; ++i)
      if (i == count || walk.left[i]) {
        gets_out[i] = true;
        open.push_back(i);
      }
    while (!open.empty()) {
      const std::size_t index = open.back();
      open.pop_back();
      for (std::size_t from : walk.before[index]) {
        if (gets_out[from]) continue;
        gets_out[from] = true;
        open.push_back(from);
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (!walk.reached[i] || gets_out[i]) continue;
      const Task& task = *walk.list.tasks[i];
      const bool is_alone = task.then.kind == FlowDirective::Kind::task && task.then.index == i;
      file_.warning(task.place,
                    fmt::format("once the run is at task '{}' it never ends: {}, and no 'if', 'switch' or 'end' leads out", task.name,
                                is_alone ? "it goes to itself" : "the tasks go round in a loop"));
      return;
    }
  }

  const SourceFile& file_;
};

}  // namespace

void check_flow(const Workflow& workflow, const SourceFile& file) {
  FlowChecker(file).check_list(workflow.tasks);
}

}  // namespace gantry::definition
