#include "engine/interpreter.h"

#include <algorithm>

#include "base/assert.h"
#include "engine/interpreter_execution.h"

namespace gantry::engine {

namespace {

// `effect` in events is the id, or an object that has it.
std::string effect_id(const Value& data) {
  const Value* effect = data.find("effect");
  if (effect == nullptr) return {};
  if (effect->is_string()) return std::string(effect->as_string());
  return std::string(effect->string_or("id", ""));
}

std::string text_of(const Value& data, std::string_view key) {
  return std::string(data.string_or(key, ""));
}

// What the run that started this one had been told already.
std::uint64_t quarantined_before(const Value& parent) {
  return parent.is_object() ? static_cast<std::uint64_t>(std::max<std::int64_t>(parent.integer_or("quarantineMillibits", 0), 0)) : 0;
}

// What it was to go on from is damaged, or of another workflow.
Turn refuse(StateData& state) {
  state.status = InstanceState::Status::faulted;
  state.error = make_error(ErrorKind::runtime, "Nothing to go on from",
                           "The state of the instance that this one continues can't be read.", "/do");
  Turn turn;
  turn.actions.emplace_back(Fault{state.error});
  return turn;
}

// True when the event was an input that the state can take now.
bool deliver(Execution& execution, const journal::Event& event) {
  const Value& data = event.data;
  switch (event.type) {
    case journal::EventType::instance_started:
      execution.start(event.instance, data.member("input"), quarantined_before(data.member("parent")));
      return true;
    case journal::EventType::instance_continued:
      execution.go_on();
      return true;
    case journal::EventType::instance_cancelled:
      execution.cancel();
      return true;
    case journal::EventType::effect_done:
      execution.effect_done(effect_id(data), data.member("result"));
      return true;
    case journal::EventType::effect_failed:
      execution.effect_failed(effect_id(data), data.member("error"));
      return true;
    case journal::EventType::effect_denied:
      execution.effect_denied(effect_id(data), data.member("reason"));
      return true;
    case journal::EventType::timer_fired:
      execution.timer_fired(text_of(data, "timer"));
      return true;
    case journal::EventType::task_answered:
      execution.task_answered(text_of(data, "task"), data.member("answer"));
      return true;
    case journal::EventType::child_ended:
      execution.child_ended(data);
      return true;
    case journal::EventType::event_delivered:
      execution.event_delivered(data.member("event"), data.boolean_or("deferred", false));
      return true;
    case journal::EventType::project_deployed:
    case journal::EventType::event_received:
    case journal::EventType::instance_suspended:
    case journal::EventType::instance_resumed:
    case journal::EventType::instance_stuck:
    case journal::EventType::data_erased:
    case journal::EventType::instances_removed:
    case journal::EventType::hold_placed:
    case journal::EventType::hold_lifted:
    case journal::EventType::instance_completed:
    case journal::EventType::instance_faulted:
    case journal::EventType::effect_proposed:
    case journal::EventType::effect_permitted:
    case journal::EventType::effect_sent_again:
    case journal::EventType::effect_ambiguous:
    case journal::EventType::timer_set:
    case journal::EventType::timer_cancelled:
    case journal::EventType::task_created:
    case journal::EventType::task_voted:
    case journal::EventType::task_closed:
    case journal::EventType::decision_made:
    case journal::EventType::event_emitted:
    case journal::EventType::child_started:
    case journal::EventType::task_escalated:
    case journal::EventType::gate_stopped:
    case journal::EventType::gate_started:
    case journal::EventType::schedule_set:
    case journal::EventType::schedule_event:
    case journal::EventType::instance_migrated:
    case journal::EventType::migration_undone:
      return false;
  }
  return false;
}

}  // namespace

Interpreter::Interpreter(definition::ProjectPointer project, std::shared_ptr<const definition::Workflow> workflow,
                         InterpreterLimits limits)
    : project_(std::move(project)),
      workflow_(std::move(workflow)),
      limits_(limits),
      plan_(std::make_shared<const Plan>(make_plan(*workflow_))) {}

Turn Interpreter::apply(InstanceState& state, const journal::Event& event, StartWatch* watch, Traced traced) const {
  const bool starts = event.type == journal::EventType::instance_started;
  const auto expected = starts ? InstanceState::Status::created : InstanceState::Status::running;
  if (state.status() != expected) return {};
  const Setting setting{.project = project_.get(),
                        .workflow = *workflow_,
                        .limits = limits_,
                        .plan = *plan_,
                        .watch = watch,
                        .traced = traced};
  const Value* continues = starts ? event.data.find("continues") : nullptr;
  if (continues != nullptr) {
    auto before = InstanceState::parse(continues->string_or("state", ""), *workflow_);
    if (!before || before->status() != InstanceState::Status::running) return refuse(StateAccess::data(state));
    state = *std::move(before);
  }
  Execution execution(setting, StateAccess::data(state), event.at);
  if (continues != nullptr) {
    execution.start_from(event.instance);
    execution.run();
  } else if (deliver(execution, event)) {
    execution.run();
  }
  return execution.take_turn();
}

bool Interpreter::wants(InstanceState& state, const Value& cloud_event, Timestamp now) const {
  if (state.status() != InstanceState::Status::running || StateAccess::data(state).listens.empty()) return false;
  const Setting setting{.project = project_.get(), .workflow = *workflow_, .limits = limits_, .plan = *plan_};
  return Execution(setting, StateAccess::data(state), now).wants(cloud_event);
}

}  // namespace gantry::engine
