// The functions of the default catalog, NAME:1.0.0@default or NAME: decide (call_parse.cpp), approval, guardrail.
#include <fmt/format.h>

#include "definition/workflow_reader.h"

namespace gantry::definition {
namespace {

bool names_function(std::string_view call, std::string_view function) {
  return call == function || call == fmt::format("{}:1.0.0@default", function);
}

}  // namespace

bool WorkflowReader::read_catalog_call(const Node& call, std::optional<Node> with, Task& task, const Scope& scope) {
  const std::string_view name = call.value().as_string();
  if (names_function(name, "decide")) {
    read_decide(call, with, task, scope);
    return true;
  }
  const bool approval = names_function(name, "approval");
  if (!approval && !names_function(name, "guardrail")) return false;
  if (!with)
    call.problem(approval ? "'call: approval' needs 'with: {question: ..., approvers: [...]}'"
                          : "'call: guardrail' needs 'with: {schema: ...}' or 'with: {condition: ...}'");
  else if (approval)
    task.body = read_approval(*with, scope);
  else
    task.body = read_guardrail(*with, scope);
  return true;
}

ApprovalTask WorkflowReader::read_approval(const Node& with, const Scope& scope) {
  ApprovalTask task;
  ObjectReader reader(with, "the arguments of 'approval'");
  if (auto question = reader.require("question"); question && question->text("a question"))
    task.question = read_template(*question, scope);
  auto context = reader.find("context");
  task.context = context ? read_template(*context, scope) : build_template(with, Value("${ . }"), scope);
  if (auto approvers = reader.require("approvers")) task.approvers = read_approvers(*approvers);
  task.requester_excluded = reader.boolean("requesterExcluded").value_or(true);
  task.expires.fixed = std::chrono::hours(24);
  if (auto expires = reader.find("expires")) task.expires = read_duration(*expires, scope).value_or(task.expires);
  return task;
}

GuardrailTask WorkflowReader::read_guardrail(const Node& with, const Scope& scope) {
  GuardrailTask task;
  ObjectReader reader(with, "the arguments of 'guardrail'");
  auto value = reader.find("value");
  task.value = value ? read_template(*value, scope) : build_template(with, Value("${ . }"), scope);
  if (auto schema = reader.find("schema")) task.schema = read_schema(*schema);
  if (auto condition = reader.find("condition")) task.condition = read_expression(*condition, scope);
  if (reader.is_object() && !reader.has("schema") && !reader.has("condition"))
    with.problem("a guardrail needs a 'schema' or a 'condition'");
  if (auto message = reader.find("message"); message && message->text("a message"))
    task.message = read_template(*message, scope);
  return task;
}

}  // namespace gantry::definition
