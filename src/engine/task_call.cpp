// call: an effect that goes through the gate. The answer comes back as effect_done, effect_failed or effect_denied.
#include "definition/uri_template.h"
#include "engine/interpreter_execution.h"

namespace gantry::engine {

namespace {

// The http driver answers with the whole response; `output` says which part of it the task gives on.
Value reduce_response(const Value& result, std::string_view output) {
  if (output == "response" || !result.is_object()) return result;
  return result.member(output == "raw" ? "raw" : "content");
}

}  // namespace

void Execution::begin(Branch& branch, Frame& frame, const definition::CallTask& task) {
  std::optional<Value> arguments =
      evaluate(branch, frame, {.field = "call.with", .input = &frame.input}, task.arguments, frame.input);
  if (!arguments) return;
  if (task.expands_endpoint) arguments = definition::with_expanded_endpoint(std::move(*arguments), frame.input);
  if (task.tool == "http") frame.value = arguments->member("output");
  std::string effect = state_.instance + "-e" + std::to_string(++state_.counters.effects);
  turn_.actions.emplace_back(CallEffect{.effect = effect,
                                        .task = frame.task->reference,
                                        .tool = task.tool,
                                        .operation = task.operation,
                                        .arguments = std::move(*arguments)});
  wait_for(branch, frame, {.kind = Waiting::For::effect, .id = std::move(effect)});
}

void Execution::effect_done(const std::string& effect, const Value& result) {
  Branch* branch = awake(Waiting::For::effect, effect);
  if (branch == nullptr) return;
  const Frame& frame = *branch->frames.back();
  const auto* task = std::get_if<definition::CallTask>(&frame.task->body);
  if (task == nullptr || task->tool != "http") return complete(*branch, result);
  complete(*branch, reduce_response(result, frame.value.is_string() ? frame.value.as_string() : "content"));
}

void Execution::effect_failed(const std::string& effect, const Value& error) {
  Branch* branch = awake(Waiting::For::effect, effect);
  if (branch == nullptr) return;
  raise(*branch,
        complete_error(error, ErrorKind::communication, "Call failed", branch->frames.back()->task->reference));
}

void Execution::effect_denied(const std::string& effect, std::string_view reason) {
  Branch* branch = awake(Waiting::For::effect, effect);
  if (branch == nullptr) return;
  raise(*branch,
        make_error(ErrorKind::authorization, "Denied by policy", reason, branch->frames.back()->task->reference));
}

}  // namespace gantry::engine
