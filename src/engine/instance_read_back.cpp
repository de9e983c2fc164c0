// Asking the other system whether an effect took place: an effect of its own, through the gate like any other.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/instance_record.h"
#include "tool/standard_call.h"

namespace gantry::engine {
namespace {

using journal::EventType;

const definition::ReadBack* read_back_of(const definition::Project& project, const tool::Effect& effect) {
  const definition::Operation* operation = tool::find_operation(project, effect.tool, effect.operation);
  return operation != nullptr && operation->read_back ? &*operation->read_back : nullptr;
}

Value question_about(const tool::Effect& effect) {
  return Value::object({{"id", effect.id}, {"key", effect.key}, {"arguments", effect.arguments}});
}

}  // namespace

void InstanceRecord::read_back(const std::string& effect, Work& work) {
  auto found = effects_.find(effect);
  if (found == effects_.end() || found->second.state != EffectRecord::State::ambiguous) return;
  if (!found->second.doubted_since) found->second.doubted_since = work.steady_now;
  const EffectRecord record = found->second;
  const definition::ProjectPointer project = project_of(effect);
  const definition::ReadBack* definition = read_back_of(*project, record.effect);
  if (definition == nullptr) return ask_resolution(effect, "the tool has no read-back", work);
  if (record.read_backs >= work.options.send_attempts_max)
    return ask_resolution(effect, "the system did not answer whether it took place", work);

  const std::array<Value, 1> arguments{question_about(record.effect)};
  auto evaluated =
      definition->arguments.evaluate(arguments[0], {.arguments = arguments, .now = work.now, .limits = {}});
  if (!evaluated) return ask_resolution(effect, evaluated.error().message, work);
  tool::Effect question;
  question.id = fmt::format("{}-b{}", effect, record.read_backs + 1);
  question.instance = id_;
  question.workflow = record.effect->workflow;
  question.task = record.effect->task;
  question.tool = record.effect->tool;
  question.operation = definition->operation;
  question.arguments = *std::move(evaluated);
  question.key = question.id;
  if (auto known = tool::complete_effect(question, *project); !known)
    return ask_resolution(effect, known.error().message, work);
  const gate::Verdict verdict = check(question, *project, work);
  if (verdict.kind != definition::VerdictKind::allow)
    return ask_resolution(effect, fmt::format("the gate did not allow the read-back: {}", verdict.reason), work);
  auto permit = work.gate.permit(question, verdict);
  if (!permit) return ask_resolution(effect, permit.error().message, work);
  Value data = Value::object(
      {{"effect", tool::to_value(question)}, {"verdict", gate::to_value(verdict)}, {"readBackOf", effect}});
  emit(EventType::effect_permitted, with_charges(std::move(data), verdict, false, work), work);
  effects_.at(question.id).asked_since = work.steady_now;
  send(*std::move(permit), work);
}

void InstanceRecord::settle_read_back(const std::string& question, const tool::Outcome& outcome, Work& work) {
  const std::string effect = effects_.at(question).read_back_of;
  const std::optional<SteadyTime> asked_since = effects_.at(question).asked_since;
  if (outcome.kind == tool::Outcome::Kind::done) {
    emit(EventType::effect_done, Value::object({{"effect", question}, {"result", outcome.result}}), work);
    return conclude(effect, outcome.result, asked_since, work);
  }
  emit(EventType::effect_failed, Value::object({{"effect", question}, {"error", tool::to_value(outcome.error)}}), work);
  read_back_failed(effect, work);
}

void InstanceRecord::read_back_failed(const std::string& effect, Work& work) {
  auto found = effects_.find(effect);
  if (found == effects_.end()) return;
  if (found->second.read_backs >= work.options.send_attempts_max)
    return ask_resolution(effect, "the system did not answer whether it took place", work);
  retry_later(found->second, TimerKey::Purpose::read_back, found->second.read_backs, work);
}

// A timer fires by the machine's clock, which may have been set forward.
void InstanceRecord::ask_when_due(const std::string& effect, Work& work) {
  auto found = effects_.find(effect);
  if (found == effects_.end()) return;
  const auto settles = found->second.settles;
  return settles && work.steady_now < *settles ? ask_when_settled(found->second, work) : read_back(effect, work);
}

void InstanceRecord::ask_when_settled(EffectRecord& record, Work& work) {
  const auto left = std::chrono::ceil<Duration>(*record.settles - work.steady_now);
  work.dispatches.emplace_back(
      ArmTimer{{work.now + left, id_, TimerKey::Purpose::read_back, record.effect->id, record.read_backs}});
}

bool InstanceRecord::is_being_asked(const std::string& effect) const {
  return std::any_of(effects_.begin(), effects_.end(),
                     [&](const auto& entry) { return entry.second.read_back_of == effect; });
}

void InstanceRecord::conclude(const std::string& effect, const Value& answer,
                              std::optional<SteadyTime> asked_since, Work& work) {
  auto found = effects_.find(effect);
  if (found == effects_.end()) return;
  const EffectRecord record = found->second;
  const definition::ReadBack* definition = read_back_of(*project_of(effect), record.effect);
  const std::array<Value, 1> arguments{question_about(record.effect)};
  Result<Value> took_place = Error{Code::not_found, "the tool has no read-back"};
  if (definition != nullptr)
    took_place = expression::evaluate_first(*definition->done.program, answer,
                                            {.arguments = arguments, .now = work.now, .limits = {}});
  if (!took_place || !took_place->is_boolean()) {
    return ask_resolution(effect,
                          fmt::format("the read-back gave no yes or no: {}",
                                      took_place ? took_place->kind_name() : took_place.error().message.c_str()),
                          work);
  }
  if (took_place->is_true()) {
    inputs_.push_back(
        {EventType::effect_done, Value::object({{"effect", effect}, {"result", answer}, {"resolvedBy", "readBack"}})});
    return;
  }
  // The call may still be under way there: a "no" from before it has settled would double the effect.
  if (!found->second.doubted_since) found->second.doubted_since = work.steady_now;
  const SteadyTime settles = *found->second.doubted_since + definition->settle;
  if (!asked_since || *asked_since < settles) {
    found->second.settles = settles;
    return ask_when_settled(found->second, work);
  }
  if (!record.abandoned && record.attempts < work.options.send_attempts_max)
    return send_again(effect, "the system says that it did not take place", true, work);
  inputs_.push_back({EventType::effect_failed,
                     Value::object({{"effect", effect},
                                    {"error", tool::to_value(tool::standard_error(
                                                  "communication", "it did not take place: " + record.reason))},
                                    {"resolvedBy", "readBack"}})});
}

}  // namespace gantry::engine
