// Errors in workflows: raise, try/catch, error filters and retry policies.
#include <fmt/format.h>

#include "definition/workflow_reader.h"
#include "value/schema_format.h"

namespace gantry::definition {
namespace {

// A field of an error: text, or an expression in ${ }.
Template read_error_text(ObjectReader& reader, std::string_view key, const Scope& scope) {
  auto node = reader.find(key);
  if (!node) return {};
  if (node->value().is_string() && node->value().size() > 0) return read_template(*node, scope);
  node->expected("text or a ${ expression }");
  return {};
}

// The standard: a URI reference, or a template of one.
void check_error_type(const Node& node) {
  if (!node.value().is_string() || node.value().size() == 0 || has_expressions(node.value())) return;
  const std::string_view text = node.value().as_string();
  if (!json_schema::is_uri_reference(text) && !json_schema::is_uri_template(text))
    node.expected("a URI, such as https://example.com/errors/busy");
}

}  // namespace

RaiseTask WorkflowReader::read_raise(ObjectReader& reader, const Place& place) {
  ObjectReader raise(*reader.find("raise"), "'raise'");
  auto node = raise.require("error");
  if (!node) return {};
  auto definition = resolve(*node, errors_, "errors");
  return definition ? RaiseTask{read_error(*definition, place.scope)} : RaiseTask{};
}

ErrorTemplate WorkflowReader::read_error(const Node& node, const Scope& scope) {
  ErrorTemplate error;
  ObjectReader reader(node, "an error");
  reader.require("type");
  error.type = read_error_text(reader, "type", scope);
  if (auto type = reader.find("type")) check_error_type(*type);
  error.title = read_error_text(reader, "title", scope);
  error.detail = read_error_text(reader, "detail", scope);
  reader.refuse("instance", "'instance' of an error is not supported yet; it is always the place of the raise task");
  auto status = reader.require("status");
  if (!status) return error;
  bool is_expression = status->value().is_string() && has_expressions(status->value());
  if (is_expression || status->integer(100, 599)) error.status = read_template(*status, scope);
  return error;
}

ErrorFilter WorkflowReader::read_error_filter(const Node& node) {
  ErrorFilter filter;
  ObjectReader errors(node, "'errors'");
  auto with = errors.find("with");
  if (!with) return filter;
  ObjectReader reader(*with, "an error filter");
  if (reader.is_object() && with->value().size() == 0)
    with->problem("an error filter needs at least one of type, status, instance, title, detail");
  if (auto type = reader.text("type")) filter.type = error_kind(*type);
  filter.status = reader.integer("status", 100, 599);
  filter.instance = reader.text("instance");
  filter.title = reader.text("title");
  filter.detail = reader.text("detail");
  if (reader.has("details") && !filter.detail) filter.detail = reader.text("details");  // how 1.0.3 spells it
  for (const Node& each : with->members())
    if (has_expressions(each.value()))
      each.problem("the filter of errors is static; write conditions with expressions under 'when'");
  return filter;
}

TryTask WorkflowReader::read_try(ObjectReader& reader, const Place& place) {
  TryTask task;
  task.body = read_task_list(*reader.find("try"), place.scope, place.reference + "/try");
  auto node = reader.require("catch");
  if (!node) return task;
  ObjectReader handler(*node, "'catch'");
  if (auto errors = handler.find("errors")) task.filter = read_error_filter(*errors);
  if (auto as = handler.find("as")) task.as = read_variable(*as).value_or(task.as);
  Scope inner = place.scope.with(task.as);
  if (auto when = handler.find("when")) task.when = read_expression(*when, inner);
  if (auto except = handler.find("exceptWhen")) task.except_when = read_expression(*except, inner);
  if (auto retry = handler.find("retry"))
    if (auto definition = resolve(*retry, retries_, "retries")) task.retry = read_retry(*definition, inner);
  if (auto tasks = handler.find("do")) task.handler = read_task_list(*tasks, inner, place.reference + "/catch/do");
  if (auto then = handler.find("then")) task.then = read_flow(*then, place);
  return task;
}

RetryPolicy WorkflowReader::read_retry(const Node& node, const Scope& scope) {
  RetryPolicy retry;
  ObjectReader reader(node, "a retry policy");
  if (auto when = reader.find("when")) retry.when = read_expression(*when, scope);
  if (auto except = reader.find("exceptWhen")) retry.except_when = read_expression(*except, scope);
  retry.delay.fixed = Duration::zero();
  if (auto delay = reader.find("delay"))
    if (auto duration = read_duration(*delay, scope)) retry.delay = std::move(*duration);
  if (auto backoff = reader.find("backoff")) retry.backoff = read_backoff(*backoff);
  if (auto limit = reader.find("limit")) read_retry_limit(*limit, scope, retry);
  auto jitter_node = reader.find("jitter");
  if (!jitter_node) return retry;
  ObjectReader jitter(*jitter_node, "'jitter'");
  if (auto from = jitter.require("from")) retry.jitter_from = read_duration(*from, scope);
  if (auto to = jitter.require("to")) retry.jitter_to = read_duration(*to, scope);
  if (retry.jitter_from && retry.jitter_to && retry.jitter_from->fixed && retry.jitter_to->fixed &&
      *retry.jitter_from->fixed > *retry.jitter_to->fixed)
    jitter_node->problem("the jitter's 'from' is longer than its 'to'");
  return retry;
}

RetryPolicy::Backoff WorkflowReader::read_backoff(const Node& node) {
  ObjectReader reader(node, "'backoff'");
  struct Kind {
    const char* name;
    RetryPolicy::Backoff value;
  };
  std::optional<RetryPolicy::Backoff> result;
  for (const Kind& kind :
       {Kind{"constant", RetryPolicy::Backoff::constant}, Kind{"linear", RetryPolicy::Backoff::linear},
        Kind{"exponential", RetryPolicy::Backoff::exponential}}) {
    auto definition = reader.find(kind.name);
    if (!definition) continue;
    const Value& settings = definition->value();
    if (!settings.is_null() && !settings.is_object())
      definition->expected("an empty object, {}");
    else if (!settings.is_null() && settings.size() > 0)
      definition->problem("settings of a backoff are not supported yet; expected {}");
    if (result) node.problem("expected one of constant, linear, exponential, found several");
    result = kind.value;
  }
  if (!result && reader.is_object()) node.problem("expected one of constant, linear, exponential");
  return result.value_or(RetryPolicy::Backoff::constant);
}

void WorkflowReader::read_retry_limit(const Node& node, const Scope& scope, RetryPolicy& retry) {
  ObjectReader limit(node, "'limit'");
  if (auto duration = limit.find("duration")) retry.total_duration = read_duration(*duration, scope);
  auto attempt_node = limit.find("attempt");
  if (!attempt_node) return;
  ObjectReader attempt(*attempt_node, "'attempt'");
  retry.attempt_count = attempt.integer("count", 0, 1'000'000);
  if (auto duration = attempt.find("duration")) retry.attempt_duration = read_duration(*duration, scope);
}

}  // namespace gantry::definition
