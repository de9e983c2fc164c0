#include "engine/cloud_event.h"
#include "engine/interpreter_execution.h"

namespace gantry::engine {

namespace {

// An event may reach many instances, so a turn holds fewer of them than of other tasks.
constexpr std::uint64_t steps_of_emit = 100;

}  // namespace

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
  Result<Value> checked = checked_cloud_event(event);
  if (!checked) {
    return raise(branch, make_error(ErrorKind::validation, "Not a CloudEvent",
                                    "emit.event.with: " + checked.error().message, frame.task->reference,
                                    event.deep_label()));
  }
  turn_steps_ += steps_of_emit - 1;
  turn_.actions.emplace_back(EmitEvent{.event = *checked, .task = frame.task->reference});
  complete(branch, *std::move(checked));
}

}  // namespace gantry::engine
