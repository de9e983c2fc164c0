// call: approval and call: guardrail, functions of the default catalog.
#include <algorithm>

#include "engine/interpreter_execution.h"

namespace gantry::engine {

namespace {

constexpr Duration expires_least = std::chrono::seconds(1), expires_most = std::chrono::hours(24 * 365);

}  // namespace

void Execution::begin(Branch& branch, Frame& frame, const definition::ApprovalTask& task) {
  const Site site{.field = "approval", .input = &frame.input};
  const std::optional<Value> question = evaluate(branch, frame, site, task.question, frame.input);
  if (!question) return;
  std::optional<Value> context = evaluate(branch, frame, site, task.context, frame.input);
  if (!context) return;
  const std::optional<Duration> expires = duration(branch, frame, site, task.expires);
  if (!expires) return;
  if (!question->is_string()) {
    const std::string detail = std::string("approval: question: expected text, found ") + question->kind_name() + ".";
    return raise(branch, make_error(ErrorKind::expression, "Not a question", detail, frame.task->reference));
  }
  // Nothing flows on from what is shown but its secrecy: task_answered.
  frame.value = Value().labelled(join(question->label(), context->deep_label()));
  std::string id = state_.instance + "-t" + std::to_string(++state_.counters.tasks);
  turn_.actions.emplace_back(AskApproval{.human_task = id,
                                         .task = frame.task->reference,
                                         .question = std::string(question->as_string()),
                                         .approvers = task.approvers,
                                         .requester_excluded = task.requester_excluded,
                                         .expires = now_ + std::clamp(*expires, expires_least, expires_most),
                                         .context = std::move(*context)});
  wait_for(branch, frame, {.kind = Waiting::For::person, .id = std::move(id)});
}

void Execution::begin(Branch& branch, Frame& frame, const definition::GuardrailTask& task) {
  const Site site{.field = "guardrail", .input = &frame.input};
  std::optional<Value> value = evaluate(branch, frame, site, task.value, frame.input);
  if (!value) return;
  std::string detail;
  Label label = value->deep_label();
  if (task.schema) {
    const std::vector<SchemaViolation> violations = task.schema->validate(*value);
    if (!violations.empty()) detail = "guardrail: " + describe(violations);
  }
  if (detail.empty() && task.condition) {
    const std::optional<bool> holds = condition(branch, frame, site, *task.condition, *value);
    if (!holds) return;
    if (!*holds) detail = "guardrail: the condition does not hold: " + task.condition->text;
  }
  if (detail.empty()) return complete(branch, std::move(*value));
  const std::optional<Value> message = evaluate(branch, frame, site, task.message, frame.input);
  if (!message) return;
  if (message->is_string()) {
    detail = message->as_string();
    label = join(label, message->label());
  }
  raise(branch, make_error(ErrorKind::validation, "Guardrail", detail, frame.task->reference, label));
}

}  // namespace gantry::engine
