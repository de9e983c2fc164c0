// The way of an effect: asked for, judged by the gate, made durable, sent, answered, or lost and resolved.
#include <fmt/format.h>

#include <algorithm>

#include "base/planted.h"
#include "engine/instance_record.h"
#include "tool/standard_call.h"

namespace gantry::engine {
namespace {

using journal::EventType;

constexpr Duration send_delay_max = std::chrono::hours(1);
// Sending it again with its key would find out, and would make it take place if it did not.
constexpr const char* not_sent_again_reason =
    "the workflow no longer waits for it, so it is not sent again to find out";

definition::Idempotency idempotency_of(const definition::Project& project, const tool::Effect& effect) {
  const definition::Operation* operation = tool::find_operation(project, effect.tool, effect.operation);
  return operation == nullptr ? definition::Idempotency::none : operation->idempotency;
}

// The system itself refused the repeated call for what it is, so it would have refused the first one, or did. Not so when
// it was about who asks, or when; and not when the call never left us: the gate was stopped, or something is not set up.
bool is_definite(const tool::ErrorDetails& error) {
  switch (error.status) {
    case 401:
    case 403:
    case 407:
    case 408:
    case 425:
    case 429:
      return false;
    default:
      break;
  }
  return error.status >= 400 && error.status < 500 && error.type != definition::standard_error_type("configuration");
}

tool::Effect with_another_key(tool::Effect effect) {
  effect.key += "-again";
  return effect;
}

Value effect_reference(const tool::Effect& effect) {
  return Value::object({{"id", effect.id}, {"digest", effect.digest.hex()}});
}

}  // namespace

void InstanceRecord::call(CallEffect action, Work& work) {
  const auto made = std::make_shared<tool::Effect>();
  tool::Effect& effect = *made;
  effect.id = action.effect;
  effect.instance = id_;
  effect.workflow = workflow_->name;
  effect.task = std::move(action.task);
  effect.tool = std::move(action.tool);
  effect.operation = std::move(action.operation);
  effect.arguments = std::move(action.arguments);
  effect.key = std::move(action.effect);
  // An operation that does not exist is refused by the gate, in its own words.
  if (!tool::complete_effect(effect, *project_)) effect.digest = tool::digest_of(effect, {});
  const tool::SharedEffect asked{std::shared_ptr<const tool::Effect>(made)};
  const gate::Verdict verdict = check(asked, work);
  decide(asked, verdict, false, work);
}

void InstanceRecord::decide(const tool::SharedEffect& effect, const gate::Verdict& verdict, bool known, Work& work) {
  switch (verdict.kind) {
    case definition::VerdictKind::deny:
      return deny(effect, gate::to_value(verdict), verdict.reason, known);
    case definition::VerdictKind::approve:
      return propose(effect, verdict, known, work);
    case definition::VerdictKind::allow: {
      auto permit = work.gate.permit(effect, verdict);
      if (!permit) return deny(effect, gate::to_value(verdict), permit.error().message, known);
      Value data = Value::object({{"effect", known ? effect_reference(effect) : tool::to_value(effect)},
                                  {"verdict", gate::to_value(verdict)}});
      judged_ = &effect;
      emit(EventType::effect_permitted, with_charges(std::move(data), verdict, false, work), work);
      judged_ = nullptr;
      return send(*std::move(permit), work);
    }
  }
}

void InstanceRecord::deny(const tool::Effect& effect, Value verdict, std::string reason, bool known) {
  inputs_.push_back(
      {EventType::effect_denied, Value::object({{"effect", known ? effect_reference(effect) : tool::to_value(effect)},
                                                {"verdict", std::move(verdict)},
                                                {"reason", Value(reason).labelled(effect.arguments.deep_label())}})});
}

void InstanceRecord::send(tool::Permit permit, Work& work) {
  const EffectRecord& record = effects_.at(permit.effect().id);
  work.dispatches.emplace_back(SendEffect{.permit = std::move(permit),
                                          .project = record.asked_under ? record.asked_under : project_,
                                          .policies = work.policies,
                                          .requester = principal_.person,
                                          .attempt = record.attempts});
}

void InstanceRecord::send_again(const std::string& effect, const std::string& reason, bool certain, Work& work) {
  EffectRecord record = effects_.at(effect);
  if (GANTRY_PLANTED(retries_under_another_key)) record.effect = with_another_key(record.effect);
  auto permit = work.gate.permit_again(record.effect, record.intent);
  const bool read = tool::is_read(record.effect->effect_class);
  // What certainly did not take place and nobody waits for, and a read that may not go out again, has simply failed.
  if ((record.abandoned && (read || !record.uncertain)) || (!permit && read)) {
    const std::string why = record.abandoned ? "the workflow no longer waits for it" : permit.error().message;
    inputs_.push_back(
        {EventType::effect_failed,
         Value::object({{"effect", effect}, {"error", tool::to_value(tool::standard_error("runtime", why))}})});
    if (!record.read_back_of.empty()) read_back_failed(record.read_back_of, work);
    return;
  }
  if (record.abandoned) return ask_resolution(effect, not_sent_again_reason, work);
  // The gate is stopped: later, when it may have been started again.
  if (!stopped(record.effect, work).empty())
    return retry_later(record, TimerKey::Purpose::send_again, record.attempts, work);
  if (!permit) return ask_resolution(effect, permit.error().message, work);
  Value data = Value::object({{"effect", effect}, {"attempt", record.attempts + 1}, {"reason", reason}});
  if (certain) data = std::move(data).with_member("certain", true);
  emit(EventType::effect_sent_again, std::move(data), work);
  send(*std::move(permit), work);
}

void InstanceRecord::settle(const std::string& effect, const tool::Outcome& outcome, Work& work) {
  auto found = effects_.find(effect);
  if (found == effects_.end() || found->second.state != EffectRecord::State::permitted) return;
  if (!found->second.read_back_of.empty()) {
    settle_read_back(effect, outcome, work);
    return drain(work);
  }
  if (outcome.kind == tool::Outcome::Kind::done) {
    Value data = Value::object({{"effect", effect}, {"result", outcome.result}});
    if (found->second.uncertain) data = std::move(data).with_member("resolvedBy", "key");
    return run({EventType::effect_done, std::move(data)}, work);
  }
  const EffectRecord record = found->second;
  switch (outcome.kind) {
    case tool::Outcome::Kind::done:
      break;
    case tool::Outcome::Kind::failed:
      settle_failed(record, outcome.error, work);
      break;
    case tool::Outcome::Kind::ambiguous:
      if (tool::is_read(record.effect->effect_class)) {
        if (record.attempts < work.options.send_attempts_max && !record.abandoned)
          retry_later(record, TimerKey::Purpose::send_again, record.attempts, work);
        else
          settle_failed(record, outcome.error, work);
        break;
      }
      emit(EventType::effect_ambiguous, Value::object({{"effect", effect}, {"reason", outcome.error.detail}}), work);
      resolve(effect, false, work);
      break;
  }
  drain(work);
}

// A failure says that this attempt did not take place; it says nothing about an earlier one that was lost, unless the
// system itself gave a definite answer.
void InstanceRecord::settle_failed(const EffectRecord& record, const tool::ErrorDetails& error, Work& work) {
  const bool open = record.uncertain && !tool::is_read(record.effect->effect_class) && !is_definite(error);
  if (open) {
    emit(EventType::effect_ambiguous,
         Value::object({{"effect", record.effect->id},
                        {"reason", fmt::format("it was sent again, which failed: {}", error.detail)}}),
         work);
    return resolve(record.effect->id, false, work);
  }
  Value data = Value::object({{"effect", record.effect->id}, {"error", tool::to_value(error)}});
  if (record.uncertain) data = std::move(data).with_member("resolvedBy", "key");
  inputs_.push_back({EventType::effect_failed, std::move(data)});
}

// The effect is ambiguous: find out by key, by asking the system, or by asking a person; never by guessing.
void InstanceRecord::resolve(const std::string& effect, bool at_once, Work& work) {
  auto found = effects_.find(effect);
  if (found == effects_.end()) return;
  const EffectRecord record = found->second;
  switch (idempotency_of(*project_of(effect), record.effect)) {
    case definition::Idempotency::key:
      if (record.abandoned) return ask_resolution(effect, not_sent_again_reason, work);
      if (record.attempts >= work.options.send_attempts_max) break;
      if (at_once) return send_again(effect, record.reason, false, work);
      return retry_later(record, TimerKey::Purpose::send_again, record.attempts, work);
    case definition::Idempotency::read_back:
      return read_back(effect, work);
    case definition::Idempotency::none:
      break;
  }
  ask_resolution(effect, record.reason, work);
}

void InstanceRecord::retry_later(const EffectRecord& record, TimerKey::Purpose purpose, int attempt, Work& work) {
  const int doublings = std::clamp(attempt - 1, 0, 20);
  const Duration delay = std::min<Duration>(work.options.send_backoff * (std::int64_t{1} << doublings), send_delay_max);
  work.dispatches.emplace_back(ArmTimer{{work.now + delay, id_, purpose, record.effect->id, attempt}});
}

// The workflow no longer waits for the effect. The fold has marked it; here its approval is withdrawn. What may have
// taken place is still found out: by its answer, by asking the system, or by a person.
void InstanceRecord::withdraw(const std::string& effect, Work& work) {
  auto found = effects_.find(effect);
  if (found == effects_.end()) return;
  const EffectRecord record = found->second;
  if (!record.read_back_of.empty()) return;  // a question: what it asks about is still to be found out
  if (record.state == EffectRecord::State::ambiguous && record.not_sent && !record.uncertain && record.human_task.empty()) {
    const auto error = tool::standard_error("runtime", "it was not sent: the workflow no longer waits for it");
    return emit(EventType::effect_failed, Value::object({{"effect", effect}, {"error", tool::to_value(error)}}), work);
  }
  if (record.state == EffectRecord::State::ambiguous && record.human_task.empty() && !is_being_asked(effect))
    return resolve(effect, true, work);
  if (record.state != EffectRecord::State::proposed) return;
  if (!record.human_task.empty()) close_task(record.human_task, "withdrawn", work);
  emit(EventType::effect_denied,
       Value::object({{"effect", effect_reference(record.effect)},
                      {"verdict", record.verdict},
                      {"reason", "the workflow no longer waits for it"}}),
       work);
}

void InstanceRecord::note_not_sent(const std::string& effect, Work& work) {
  auto found = effects_.find(effect);
  if (found == effects_.end() || found->second.state != EffectRecord::State::permitted) return;
  emit(EventType::effect_ambiguous,
       Value::object({{"effect", effect},
                      {"reason", "the server stopped before a worker was free: it was not sent"},
                      {"notSent", true}}),
       work);
}

void InstanceRecord::recover(Work& work) {
  arm_timers(work);
  if (continue_pending_ && !ended()) work.dispatches.emplace_back(ContinueLater{id_});
  std::vector<std::string> open;
  for (const auto& [effect, record] : effects_)
    if (record.state != EffectRecord::State::proposed && record.human_task.empty()) open.push_back(effect);
  for (const std::string& effect : open) {
    auto found = effects_.find(effect);
    if (found == effects_.end()) continue;
    const EffectRecord record = found->second;
    if (record.not_sent) {
      send_again(effect, record.reason, false, work);
    } else if (record.state == EffectRecord::State::ambiguous) {
      if (!is_being_asked(effect)) resolve(effect, true, work);
    } else if (tool::is_read(record.effect->effect_class)) {
      send_again(effect, "the server stopped while the call was in flight", false, work);
    } else {
      emit(EventType::effect_ambiguous,
           Value::object({{"effect", effect}, {"reason", "the server stopped while the call was in flight"}}), work);
      resolve(effect, true, work);
    }
  }
  drain(work);
}

}  // namespace gantry::engine
