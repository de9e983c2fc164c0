#include "engine/interpreter_execution.h"

namespace gantry::engine {

// The output is the event itself. What the author leaves out of a CloudEvent is filled in, the same on every replay.
void Execution::begin(Branch& branch, Frame& frame, const definition::EmitTask& task) {
  std::optional<Value> evaluated =
      evaluate(branch, frame, {.field = "emit.event.with", .input = &frame.input}, task.event, frame.input);
  if (!evaluated) return;
  if (!evaluated->is_object() || !evaluated->member("type").is_string()) {
    return raise(branch, make_error(ErrorKind::validation, "Not a CloudEvent",
                                    "emit.event.with: expected an object whose `type` is a string.",
                                    frame.task->reference, evaluated->deep_label()));
  }
  Value event = std::move(*evaluated);
  const auto fill = [&event](std::string_view key, const Value& value) {
    if (event.member(key).is_null()) event = std::move(event).with_member(key, value);
  };
  const definition::WorkflowName& name = setting_.workflow.name;
  fill("specversion", "1.0");
  fill("id", state_.instance + "-v" + std::to_string(++state_.counters.events));
  fill("source", "/workflows/" + name.namespace_ + "/" + name.name + "/" + name.version);
  fill("time", format_timestamp(now_));
  turn_.actions.emplace_back(EmitEvent{.event = event, .task = frame.task->reference});
  complete(branch, std::move(event));
}

}  // namespace gantry::engine
