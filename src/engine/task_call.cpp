// call: an effect that goes through the gate. The answer comes back as effect_done, effect_failed or effect_denied.
#include <algorithm>

#include "definition/uri_template.h"
#include "engine/interpreter_execution.h"

namespace gantry::engine {

// The http driver answers with the whole response; `output` says which part of it the task gives on.
Value Execution::reduce_response(const Value& result, const Value& output) {
  const std::string_view wanted = output.is_string() ? output.as_string() : "content";
  if (wanted == "response" || !result.is_object()) return result;
  return result.member(wanted == "raw" ? "raw" : "content");
}

namespace {

// The secrets that an authentication names: {use: NAME}, and {$secret: NAME} at any depth.
void add_secrets(const Value& value, std::vector<std::string>& names) {
  if (!value.is_object()) return;
  for (const Member& member : value.members()) {
    const bool is_name = member.key.view() == "use" || member.key.view() == "$secret";
    if (is_name && member.value.is_string()) names.emplace_back(member.value.as_string());
    add_secrets(member.value, names);
  }
}

}  // namespace

// Data can hold a reference as well as a workflow can: only what is under use.secrets may be meant by either.
bool Execution::may_use_secrets(Branch& branch, const Frame& frame, const Value& authentication) {
  std::vector<std::string> names;
  add_secrets(authentication, names);
  const auto& declared = setting_.workflow.secrets;
  for (const std::string& name : names) {
    if (std::find(declared.begin(), declared.end(), name) != declared.end()) continue;
    raise(branch, make_error(ErrorKind::configuration, "Secret not declared",
                             "authentication: secret '" + name + "' is not under use.secrets of the workflow.", frame.task->reference,
                             authentication.deep_label()));
    return false;
  }
  return true;
}

void Execution::call_effect(Branch& branch, Frame& frame, std::string_view tool, std::string_view operation,
                            Value arguments) {
  if (tool == "http" || tool == "mcp") {
    const Value endpoint = arguments.member("endpoint");
    if (endpoint.is_object() && !may_use_secrets(branch, frame, endpoint.member("authentication"))) return;
  }
  std::string effect;
  effect.reserve(state_.instance.size() + 12);
  effect.append(state_.instance).append("-e").append(std::to_string(++state_.counters.effects));
  turn_.actions.emplace_back(CallEffect{.effect = effect,
                                        .task = frame.task->reference,
                                        .tool = std::string(tool),
                                        .operation = std::string(operation),
                                        .arguments = std::move(arguments)});
  wait_for(branch, frame, {.kind = Waiting::For::effect, .id = std::move(effect)});
}

// False after it has raised the error of a member that can't stand in a URI.
bool Execution::expand_endpoint(Branch& branch, Frame& frame, Value& arguments) {
  Result<Value> expanded = definition::with_expanded_endpoint(std::move(arguments), frame.input);
  if (!expanded) {
    raise(branch, make_error(ErrorKind::expression, "Not for a URI", "endpoint: " + expanded.error().message + ".",
                             frame.task->reference, frame.input.deep_label()));
    return false;
  }
  arguments = *std::move(expanded);
  return true;
}

void Execution::begin(Branch& branch, Frame& frame, const definition::CallTask& task) {
  std::optional<Value> arguments =
      evaluate(branch, frame, {.field = "call.with", .input = &frame.input}, task.arguments, frame.input);
  if (!arguments) return;
  if (task.expands_endpoint && !expand_endpoint(branch, frame, *arguments)) return;
  if (task.tool == "http") frame.value = arguments->member("output");
  call_effect(branch, frame, task.tool, task.operation, std::move(*arguments));
}

void Execution::effect_done(const std::string& effect, const Value& result) {
  Branch* branch = awake(Waiting::For::effect, effect);
  if (branch == nullptr) return;
  Frame& frame = *branch->frames.back();
  if (std::holds_alternative<definition::OpenApiTask>(frame.task->body))
    return openapi_answered(*branch, frame, result);
  const auto* task = std::get_if<definition::CallTask>(&frame.task->body);
  if (task == nullptr || task->tool != "http") return complete(*branch, result);
  complete(*branch, reduce_response(result, frame.value));
}

void Execution::effect_failed(const std::string& effect, const Value& error) {
  Branch* branch = awake(Waiting::For::effect, effect);
  if (branch == nullptr) return;
  raise(*branch,
        complete_error(error, ErrorKind::communication, "Call failed", branch->frames.back()->task->reference));
}

// The reason may quote the arguments, so it is labelled as they are.
void Execution::effect_denied(const std::string& effect, const Value& reason) {
  Branch* branch = awake(Waiting::For::effect, effect);
  if (branch == nullptr) return;
  raise(*branch, make_error(ErrorKind::authorization, "Denied by policy", reason.is_string() ? reason.as_string() : "",
                            branch->frames.back()->task->reference, reason.label()));
}

}  // namespace gantry::engine
