#include "engine/instance_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/assert.h"

namespace gantry::engine {
namespace {

using journal::EventType;

// A chain of calls that are all denied runs within one turn of the engine; more are a defect of the workflow.
constexpr std::size_t inputs_per_command_max = 1'000;

// Inputs that a suspended instance keeps; CloudEvents beyond it are not taken. The others are bounded by what is open.
constexpr std::size_t held_max = 1'000;

template <class... Handlers>
struct ForAction : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
ForAction(Handlers...) -> ForAction<Handlers...>;

Value runtime_error(std::string detail) {
  return tool::to_value(tool::standard_error("runtime", std::move(detail)));
}

}  // namespace

std::string instance_of(std::string_view id, char kind) {
  const std::size_t dash = id.rfind('-');
  if (dash == std::string_view::npos || dash + 2 >= id.size() || id[dash + 1] != kind) return {};
  return std::string(id.substr(0, dash));
}

InstanceRecord::InstanceRecord(std::string id, definition::ProjectPointer project,
                               std::shared_ptr<const definition::Workflow> workflow, Interpreter interpreter)
    : id_(std::move(id)),
      project_(std::move(project)),
      workflow_(std::move(workflow)),
      interpreter_(std::move(interpreter)) {}

InstanceRecord::InstanceRecord(std::string id, definition::ProjectPointer project,
                               std::shared_ptr<const definition::Workflow> workflow, const InterpreterLimits& limits)
    : InstanceRecord(std::move(id), project, workflow, Interpreter(project, workflow, limits)) {}

bool InstanceRecord::ended() const {
  if (failure_) return true;
  switch (state_.status()) {
    case InstanceState::Status::created:
    case InstanceState::Status::running:
      return false;
    case InstanceState::Status::completed:
    case InstanceState::Status::faulted:
    case InstanceState::Status::cancelled:
      return true;
  }
  return false;
}

bool InstanceRecord::wants(const std::string& effect) const {
  auto found = effects_.find(effect);
  return found != effects_.end() && !found->second.abandoned;
}

bool InstanceRecord::wants_effects() const {
  return std::any_of(effects_.begin(), effects_.end(), [](const auto& entry) { return !entry.second.abandoned; });
}

bool InstanceRecord::busy() const {
  return continue_pending_ || std::any_of(effects_.begin(), effects_.end(), [](const auto& entry) {
           return entry.second.state == EffectRecord::State::permitted && !entry.second.abandoned;
         });
}

bool InstanceRecord::rests() const {
  if (ended() || continue_pending_ || !children_.empty() || !parent_.empty()) return false;
  const bool waits_for_people = std::all_of(effects_.begin(), effects_.end(), [](const auto& entry) {
    return entry.second.state == EffectRecord::State::proposed;
  });
  // When an approval escalates is known here only, not in the journal's list of what falls due.
  const bool escalates = std::any_of(tasks_.begin(), tasks_.end(), [](const auto& task) {
    return task.second.approval && !task.second.approval->escalations.empty();
  });
  return waits_for_people && !escalates && !(timers_.empty() && tasks_.empty()) && state_.listens().empty();
}

bool InstanceRecord::waits_for_person() const {
  if (ended()) return false;
  if (suspended_) return true;
  if (busy()) return false;
  return std::any_of(tasks_.begin(), tasks_.end(), [this](const auto& task) {
    auto effect = effects_.find(task.second.effect);
    return effect == effects_.end() || !effect->second.abandoned;  // else it is open, but the workflow goes on
  });
}

InstanceOutcome InstanceRecord::outcome() const {
  InstanceOutcome outcome{id_, "running", {}, {}, false};
  if (failure_) {
    outcome.status = "faulted";
    outcome.error = *failure_;
    return outcome;
  }
  switch (state_.status()) {
    case InstanceState::Status::created:
    case InstanceState::Status::running:
      if (suspended_)
        outcome.status = "suspended";
      else if (waits_for_person() || (!wants_effects() && state_.waiting() && !continue_pending_))
        outcome.status = "waiting";
      break;
    case InstanceState::Status::completed:
      outcome.status = "completed";
      outcome.output = state_.output();
      break;
    case InstanceState::Status::faulted:
      outcome.status = "faulted";
      outcome.error = state_.error();
      break;
    case InstanceState::Status::cancelled:
      outcome.status = "cancelled";
      break;
  }
  return outcome;
}

void InstanceRecord::start(Value data, Work& work) {
  run({EventType::instance_started, std::move(data)}, work);
}

void InstanceRecord::continue_computation(Work& work) {
  if (continue_pending_ && !ended()) run({EventType::instance_continued, Value::object(std::vector<Member>())}, work);
}

void InstanceRecord::cancel(const definition::Principal& by, const std::string& reason, Work& work) {
  if (ended()) return;
  run({EventType::instance_cancelled, Value::object({{"by", to_value(by)}, {"reason", reason}})}, work);
}

Status InstanceRecord::suspend(const definition::Principal& by, const std::string& reason, Work& work) {
  TRY(check_not_suspended());
  emit(EventType::instance_suspended, Value::object({{"by", to_value(by)}, {"reason", reason}}), work);
  return done();
}

Status InstanceRecord::resume(const definition::Principal& by, Work& work) {
  if (!suspended_) return Error{Code::conflict, fmt::format("instance {} is not suspended", id_)};
  run({EventType::instance_resumed, Value::object({{"by", to_value(by)}})}, work);
  return done();
}

Status InstanceRecord::check_not_suspended() const {
  if (!suspended_) return done();
  return Error{Code::conflict, fmt::format("instance {} is suspended; resume it first", id_)};
}

void InstanceRecord::fire(const TimerKey& timer, Work& work) {
  switch (timer.purpose) {
    case TimerKey::Purpose::workflow:
      if (!ended() && timers_.contains(timer.name))
        run({EventType::timer_fired, Value::object({{"timer", timer.name}})}, work);
      return;
    case TimerKey::Purpose::expiry:
      expire(timer.name, work);
      return;
    case TimerKey::Purpose::escalation:
      escalate(timer.name, work);
      return;
    case TimerKey::Purpose::send_again:
      // A person who is asked what became of it has the last word, or the system that is.
      if (auto found = effects_.find(timer.name); found != effects_.end() && found->second.attempts == timer.attempt &&
                                                  found->second.human_task.empty() && !is_being_asked(timer.name))
        send_again(timer.name, "the answer to the attempt before was lost", false, work);
      break;
    case TimerKey::Purpose::schedule:
      return;
    case TimerKey::Purpose::read_back:
      if (auto found = effects_.find(timer.name); found != effects_.end() && found->second.read_backs == timer.attempt)
        ask_when_due(timer.name, work);
      break;
  }
  drain(work);
}

void InstanceRecord::deliver(const Value& cloud_event, bool deferred, Work& work) {
  if (ended()) return;
  Value data = Value::object({{"event", cloud_event}});
  if (deferred) data = std::move(data).with_member("deferred", true);
  run({EventType::event_delivered, std::move(data)}, work);
}

std::vector<const definition::EventConsumption*> InstanceRecord::listens() const {
  return ended() ? std::vector<const definition::EventConsumption*>{} : state_.listens();
}

bool InstanceRecord::wants_event(const Value& cloud_event, Timestamp now) {
  const bool has_room = !suspended_ || held_.size() < held_max;
  return !ended() && has_room && interpreter_.wants(state_, cloud_event, now);
}

void InstanceRecord::fail(Value error, Work& work) {
  inputs_.clear();
  if (ended()) return;
  emit(EventType::instance_faulted, Value::object({{"error", std::move(error)}}), work);
  finish(work);
}

void InstanceRecord::note_not_stuck(Work& work) {
  emit(EventType::instance_stuck, Value::object(std::vector<Member>()), work);
}

void InstanceRecord::arm_timers(Work& work) const {
  for (const auto& [timer, due] : timers_) work.dispatches.emplace_back(ArmTimer{key_of_timer(timer)});
  for (const auto& [id, task] : tasks_)
    if (task.approval) arm_approval(id, work);
}

TimerKey InstanceRecord::key_of_timer(const std::string& timer) const {
  auto found = timers_.find(timer);
  GANTRY_ASSERT(found != timers_.end(), "the timer is not armed");
  return {found->second, id_, TimerKey::Purpose::workflow, timer, 0};
}

// --- Turns

void InstanceRecord::emit(EventType type, Value data, Work& work) {
  emit_input(type, std::move(data), work);
}

Turn InstanceRecord::emit_input(EventType type, Value data, Work& work) {
  if (type == EventType::effect_failed) data = with_refunds(std::move(data), work);
  work.events.push_back({id_, sequence_ + 1, work.now, type, std::move(data)});
  const bool announces = work.lifecycle != nullptr && !workflow_->observes_lifecycle;
  std::vector<std::string> active;
  if (announces && (type == EventType::instance_suspended || type == EventType::instance_resumed))
    active = state_.active_tasks();
  auto turn = absorb(work.events.back(), false, nullptr, announces || work.wants_traces ? Traced::yes : Traced::no);
  GANTRY_ASSERT(turn.ok(), turn.error().message.c_str());
  if (announces) {
    if (work.wants_traces && !turn->trace.empty()) work.traces.emplace_back(id_, turn->trace);
    announce(journal::Event(work.events.back()), *turn, active, work);
  } else if (!turn->trace.empty()) {
    work.traces.emplace_back(id_, std::move(turn->trace));
  }
  return *std::move(turn);
}

void InstanceRecord::run(Input input, Work& work) {
  inputs_.push_back(std::move(input));
  drain(work);
}

void InstanceRecord::drain(Work& work) {
  std::size_t inputs = 0;
  while (!inputs_.empty()) {
    if (++inputs > inputs_per_command_max) {
      fail(runtime_error(fmt::format("{} calls in a row were denied, without a pause", inputs_per_command_max)), work);
      return;
    }
    Input input = std::move(inputs_.front());
    inputs_.pop_front();
    const bool was_ended = ended();
    const std::string task(input.data.string_or("task", "")), outcome(input.data.string_or("outcome", "answered"));
    Turn turn = emit_input(input.type, std::move(input.data), work);
    if (input.type == EventType::task_answered) close_task(task, outcome.c_str(), work);
    perform(std::move(turn), work);
    if (ended() && !was_ended) finish(work);
  }
}

void InstanceRecord::perform(Turn turn, Work& work) {
  std::set<std::string_view> abandoned;
  for (const Action& action : turn.actions)
    if (const auto* abandon = std::get_if<AbandonEffect>(&action)) abandoned.insert(abandon->effect);
  const ForAction handler{
      [&](CallEffect& action) {
        if (!abandoned.contains(action.effect)) call(std::move(action), work);
      },
      [&](const AbandonEffect& action) { withdraw(action.effect, work); },
      [&](const SetTimer& action) {
        emit(EventType::timer_set,
             Value::object(
                 {{"timer", action.timer}, {"due", format_timestamp(action.due)}, {"purpose", action.purpose}}),
             work);
        work.dispatches.emplace_back(ArmTimer{key_of_timer(action.timer)});
      },
      [&](const CancelTimer& action) {
        if (!timers_.contains(action.timer)) return;
        work.dispatches.emplace_back(DisarmTimer{key_of_timer(action.timer)});
        emit(EventType::timer_cancelled, Value::object({{"timer", action.timer}}), work);
      },
      [&](const RecordDecision& action) {
        emit(EventType::decision_made,
             Value::object({{"decision", action.decision},
                            {"digest", action.digest},
                            {"task", action.task},
                            {"decider", action.decider},
                            {"rules", to_value(action.rules)},
                            {"answer", action.answer},
                            {"millibits", static_cast<std::int64_t>(action.millibits)}}),
             work);
      },
      [&](const AskPerson& action) { ask_person(action, work); },
      [&](const AskApproval& action) { ask_approval(action, work); },
      [&](const WithdrawTask& action) { close_task(action.human_task, "withdrawn", work); },
      [&](const EmitEvent& action) {
        emit(EventType::event_emitted, Value::object({{"event", action.event}, {"task", action.task}}), work);
        work.dispatches.emplace_back(PublishEvent{id_, action.event, principal_, work.event_depth + 1});
      },
      [&](const StartChild& action) { start_child(action, work); },
      [&](const CancelChild& action) {
        work.dispatches.emplace_back(
            CancelInstance{action.child, fmt::format("instance {} no longer waits for it", id_)});
      },
      [&](const Complete& action) {
        emit(EventType::instance_completed, Value::object({{"output", action.output}}), work);
      },
      [&](const Fault& action) {
        emit(EventType::instance_faulted, Value::object({{"error", action.error}}), work);
      },
      [](const Cancelled&) {},
      [&](const Continue&) { work.dispatches.emplace_back(ContinueLater{id_}); },
  };
  for (Action& action : turn.actions) std::visit(handler, action);
}

// Nothing stays open behind an instance that has ended.
void InstanceRecord::finish(Work& work) {
  std::vector<std::string> effects, tasks, timers;
  for (const auto& [effect, record] : effects_) effects.push_back(effect);
  for (const std::string& effect : effects) withdraw(effect, work);
  for (const auto& [task, record] : tasks_)
    if (record.kind != HumanTask::Kind::resolution) tasks.push_back(task);
  for (const std::string& task : tasks) close_task(task, "withdrawn", work);
  for (const auto& [timer, due] : timers_) timers.push_back(timer);
  for (const std::string& timer : timers) {
    work.dispatches.emplace_back(DisarmTimer{key_of_timer(timer)});
    emit(EventType::timer_cancelled, Value::object({{"timer", timer}}), work);
  }
  if (!schedule_.empty()) work.dispatches.emplace_back(ScheduleAgain{schedule_});
  if (!parent_.empty()) work.dispatches.emplace_back(NotifyParent{parent_, end_notice(*work.policies)});
}

void InstanceRecord::ask_person(const AskPerson& action, Work& work) {
  emit(EventType::task_created,
       Value::object({{"task", action.human_task},
                      {"kind", "decision"},
                      {"title", action.question},
                      {"decision", action.decision},
                      {"roles", to_value(action.roles)},
                      {"answerSchema", action.answer_schema},
                      {"context", Value::object({{"decision", action.decision},
                                                 {"input", action.input},
                                                 {"task", action.task},
                                                 {"workflow", to_value(workflow_->name)}})},
                      {"requester", principal_.person}}),
       work);
}

}  // namespace gantry::engine
