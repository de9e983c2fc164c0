#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "definition/workflow_reader.h"
#include "value/pointer.h"

namespace gantry::definition {
namespace {

constexpr std::size_t tasks_max = 10'000;  // of one workflow, functions expanded

bool is_flow_word(std::string_view name) {
  return name == "continue" || name == "exit" || name == "end";
}

// The names of the tasks of a list; what is no {name: task} is reported.
ListNames read_list_names(const Node& list) {
  ListNames result;
  std::map<std::string, int, std::less<>> first_lines;
  for (const Node& each : list.items()) {
    if (!each.value().is_object() || each.value().size() != 1) {
      each.problem(fmt::format("expected one task as 'name: {{...}}', found {}",
                               each.value().is_object() ? fmt::format("an object with {} keys", each.value().size())
                                                        : describe_found(each.value())));
      result.names.emplace_back();
      continue;
    }
    std::string name(each.value().members()[0].key.view());
    Node task = each.member(name);
    auto [first, is_new] = first_lines.emplace(name, task.key_place().line);
    if (!is_new) task.key_problem(fmt::format("this list has a task '{}' already, in line {}", name, first->second));
    if (is_flow_word(name))
      task.key_problem(fmt::format("a task can't be called '{}': the word has a meaning in 'then'", name));
    if (name.empty() || name.size() > 200) task.key_problem("the name of a task has 1 to 200 characters");
    result.names.push_back(std::move(name));
  }
  return result;
}

// Where a task goes whose `then` can't be read: anywhere. Only in workflows that are refused; see flow_check.h.
FlowDirective unknown_flow(std::string_view name) {
  FlowDirective flow;
  flow.kind = FlowDirective::Kind::task;
  flow.index = std::numeric_limits<std::size_t>::max();
  flow.name = name;
  return flow;
}

// Stands for a task that has problems, so that the others keep their places in the list.
TaskPointer unreadable_task(const Node& node, const std::string& name, const std::string& reference) {
  auto task = std::make_shared<Task>();
  task->name = name;
  task->reference = reference;
  task->place = node.place();
  task->body = CallTask{};
  task->then = unknown_flow("");
  return task;
}

}  // namespace

const std::vector<std::string_view>& task_keywords() {
  static const std::vector<std::string_view> keywords = {"for",   "call", "set",  "switch", "fork",   "try",
                                                         "raise", "emit", "wait", "run",    "listen", "do"};
  return keywords;
}

TaskList WorkflowReader::read_task_list(const Node& list, const Scope& scope, const std::string& reference,
                                        bool branches) {
  TaskList tasks;
  if (!list.is_array("a list of tasks")) return tasks;
  ListNames names = read_list_names(list);
  names.branches = branches;
  for (std::size_t i = 0; i < names.names.size(); ++i) {
    const std::string& name = names.names[i];
    if (name.empty()) {
      tasks.tasks.push_back(unreadable_task(list.item(i), name, reference));
      continue;
    }
    Place place{scope, &names, fmt::format("{}/{}/{}", reference, i, pointer_token(name))};
    Node node = list.item(i).member(name);
    auto task = read_task(node, name, place);
    tasks.tasks.push_back(task ? std::move(task) : unreadable_task(node, name, place.reference));
  }
  return tasks;
}

std::optional<std::string> WorkflowReader::find_task_kind(const ObjectReader& reader, std::string_view name) {
  std::vector<std::string_view> found;
  for (std::string_view keyword : task_keywords())
    if (reader.has(keyword) && !(keyword == "do" && !found.empty() && (found[0] == "for" || found[0] == "listen")))
      found.push_back(keyword);
  if (found.size() == 1) return std::string(found[0]);
  if (found.size() > 1) {
    reader.node().key_problem(
        fmt::format("task '{}' has {} at once; a task does one thing", name, fmt::join(found, " and ")));
    return std::nullopt;
  }
  for (const Node& each : reader.node().members()) {
    std::string_view near = nearest_name(each.key(), task_keywords());
    if (near.empty()) continue;
    each.key_problem(fmt::format("unknown key '{}' in task '{}'; did you mean '{}'?", each.key(), name, near));
    return std::nullopt;
  }
  reader.node().key_problem(
      fmt::format("task '{}' has nothing to do; expected one of {}", name, fmt::join(task_keywords(), ", ")));
  return std::nullopt;
}

TaskPointer WorkflowReader::read_task(const Node& node, std::string name, const Place& place) {
  if (++task_count_ > tasks_max) {
    if (task_count_ == tasks_max + 1) node.problem(fmt::format("more than {} tasks in one workflow", tasks_max));
    return nullptr;
  }
  ObjectReader reader(node, fmt::format("task '{}'", name));
  if (!reader.is_object()) return nullptr;
  auto kind = find_task_kind(reader, name);
  if (!kind) {
    reader.allow_other_keys();
    return nullptr;
  }
  auto task = std::make_shared<Task>();
  task->name = std::move(name);
  task->reference = place.reference;
  task->place = node.key_place();
  task->scope_size = place.scope.added();
  task->definition = node.value();
  if (auto condition = reader.find("if")) task->condition = read_expression(*condition, without_input(place.scope));
  task->input = read_data_flow(reader, "input", "from", place.scope);
  task->output = read_data_flow(reader, "output", "as", place.scope);
  task->export_ = read_data_flow(reader, "export", "as", place.scope);
  if (auto then = reader.find("then")) task->then = read_flow(*then, place);
  task->timeout = read_timeout(reader, place.scope);
  if (auto metadata = reader.find("metadata"); metadata && !metadata->value().is_object())
    metadata->expected("an object");
  if (!read_body(reader, *kind, *task, place) && (*kind == "call" || *kind == "run"))
    task->body = CallTask{};  // it does something, whatever it was meant to be
  if (*kind == "set" && task->output.schema && !task->output.transform)
    check_literals(node.member("set"), *task->output.schema, Severity::warning);
  apply_extensions(*task, *kind, place.scope);
  return task;
}

bool WorkflowReader::read_body(ObjectReader& reader, const std::string& kind, Task& task, const Place& place) {
  std::size_t before = root_.file().problems().count();
  if (kind == "do") task.body = read_do(reader, place);
  if (kind == "set") task.body = read_set(reader, place);
  if (kind == "switch") task.body = read_switch(reader, place);
  if (kind == "for") task.body = read_for(reader, place);
  if (kind == "fork") task.body = read_fork(reader, place);
  if (kind == "try") task.body = read_try(reader, place);
  if (kind == "raise") task.body = read_raise(reader, place);
  if (kind == "emit") task.body = read_emit(reader, place);
  if (kind == "listen") task.body = read_listen(reader, place);
  if (kind == "wait") task.body = read_wait(reader, place);
  if (kind == "call") read_call(reader, task, place);
  if (kind == "run") read_run(reader, task, place);
  return root_.file().problems().count() == before;
}

FlowDirective WorkflowReader::read_flow(const Node& node, const Place& place) {
  FlowDirective flow;
  auto name = node.text("continue, exit, end or the name of a task");
  if (!name) return unknown_flow("");
  if (*name == "continue") return flow;
  flow.name = *name;
  if (*name == "exit") flow.kind = FlowDirective::Kind::exit;
  if (*name == "end") flow.kind = FlowDirective::Kind::end;
  if (is_flow_word(*name)) return flow;
  const auto& names = place.list->names;
  auto found = std::find(names.begin(), names.end(), *name);
  if (found != names.end() && place.list->branches) {
    node.problem(fmt::format("'then' of a branch can't go to the branch '{}': branches run at the same time", *name));
    return unknown_flow(*name);
  } else if (found != names.end()) {
    flow.kind = FlowDirective::Kind::task;
    flow.index = static_cast<std::size_t>(found - names.begin());
  } else if (auto elsewhere = task_places_.find(*name); elsewhere != task_places_.end()) {
    node.problem(fmt::format("'then' goes to tasks of the same list only; '{}' is in another list, in line {}", *name,
                             elsewhere->second.line));
    return unknown_flow(*name);
  } else {
    std::vector<std::string_view> known;
    if (!node.file().problems().is_full()) known.assign(names.begin(), names.end());
    known.insert(known.end(), {"continue", "exit", "end"});
    node.problem(fmt::format("no task '{}' in this list{}", *name, suggestion(*name, known)));
    return unknown_flow(*name);
  }
  return flow;
}

}  // namespace gantry::definition
