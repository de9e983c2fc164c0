// The tasks that need little reading: do, set, switch, for, fork, wait, run.
#include <fmt/format.h>

#include "definition/version.h"
#include "definition/workflow_reader.h"

namespace gantry::definition {

DoTask WorkflowReader::read_do(ObjectReader& reader, const Place& place) {
  return {read_task_list(*reader.find("do"), place.scope, place.reference + "/do")};
}

SetTask WorkflowReader::read_set(ObjectReader& reader, const Place& place) {
  Node node = *reader.find("set");
  bool is_expression = node.value().is_string() && expression::embedded_expression(node.value().as_string());
  if (!is_expression && !(node.value().is_object() && node.value().size() > 0)) {
    node.expected("an object with at least one key, or one ${ expression }");
    return {};
  }
  return {read_template(node, place.scope)};
}

SwitchTask WorkflowReader::read_switch(ObjectReader& reader, const Place& place) {
  SwitchTask task;
  Node list = *reader.find("switch");
  if (!list.is_array("a list of cases")) return task;
  if (list.value().size() == 0) list.problem("a switch needs at least one case");
  bool has_default = false;
  for (const Node& item : list.items()) {
    if (!item.value().is_object() || item.value().size() != 1) {
      item.expected("one case as 'name: {when, then}'");
      continue;
    }
    Node node = item.members()[0];
    ObjectReader each(node, fmt::format("case '{}'", node.key()));
    SwitchCase switch_case;
    switch_case.name = node.key();
    if (auto when = each.find("when")) switch_case.when = read_expression(*when, place.scope);
    if (!each.has("when") && each.is_object()) {
      if (has_default) node.key_problem("a switch has one case without 'when' at most: the default");
      has_default = true;
    }
    if (auto then = each.require("then")) switch_case.then = read_flow(*then, place);
    task.cases.push_back(std::move(switch_case));
  }
  return task;
}

ForTask WorkflowReader::read_for(ObjectReader& reader, const Place& place) {
  ForTask task;
  ObjectReader loop(*reader.find("for"), "'for'");
  if (auto each = loop.find("each")) task.each = read_variable(*each).value_or(task.each);
  if (auto at = loop.find("at")) task.at = read_variable(*at).value_or(task.at);
  if (task.each == task.at) loop.node().problem(fmt::format("'each' and 'at' are both called '{}'", task.at));
  if (auto in = loop.require("in"))
    if (auto collection = read_collection(*in, place.scope)) task.in = std::move(*collection);
  Scope inner = place.scope.with(task.each).with(task.at);
  if (auto condition = reader.find("while")) task.while_ = read_expression(*condition, inner);
  if (auto body = reader.require("do")) task.body = read_task_list(*body, inner, place.reference + "/do");
  return task;
}

ForkTask WorkflowReader::read_fork(ObjectReader& reader, const Place& place) {
  ForkTask task;
  ObjectReader fork(*reader.find("fork"), "'fork'");
  task.compete = fork.boolean("compete").value_or(false);
  if (auto branches = fork.require("branches"))
    task.branches = read_task_list(*branches, place.scope, place.reference + "/fork/branches", true);
  return task;
}

WaitTask WorkflowReader::read_wait(ObjectReader& reader, const Place& place) {
  return {read_duration(*reader.find("wait"), place.scope).value_or(DurationSource{})};
}

void WorkflowReader::read_run(ObjectReader& reader, Task& task, const Place& place) {
  ObjectReader run(*reader.find("run"), "'run'");
  bool refused = false;
  for (const char* key : {"shell", "script", "container"}) {
    run.refuse(key, fmt::format("'run.{}' is not supported yet", key));
    refused = refused || run.has(key);
  }
  run.refuse("return", "'run.return' is not supported yet; a workflow gives its output");
  RunWorkflowTask result;
  result.await = run.boolean("await").value_or(true);
  if (refused) return;
  auto node = run.require("workflow");
  if (!node) return;
  ObjectReader workflow(*node, "'run.workflow'");
  result.namespace_ = workflow.required_text("namespace").value_or("");
  result.name = workflow.required_text("name").value_or("");
  result.version = "latest";
  if (auto version = workflow.find("version"); version && !(version->value() == Value("latest")))
    result.version = read_version(*version).value_or("");
  if (auto input = workflow.find("input"))
    result.input = read_template(*input, place.scope);
  else
    result.input = build_template(*node, Value::object(std::vector<Member>{}), place.scope);
  if (!result.namespace_.empty() && !result.name.empty() && !result.version.empty())
    references_.push_back(
        {root_.file().path(), node->place(), {result.namespace_, result.name, result.version}, workflow.find("input")});
  task.body = std::move(result);
}

}  // namespace gantry::definition
