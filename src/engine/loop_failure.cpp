// When the journal refuses a batch.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "engine/loop.h"

namespace gantry::engine {
namespace {

constexpr Duration pause_min = std::chrono::milliseconds(50);
constexpr Duration pause_max = std::chrono::seconds(5);

}  // namespace

void Engine::Loop::pause() {
  pause_length_ = std::clamp(pause_length_ * 2, pause_min, pause_max);
  pause_until_ = steady_clock_.now() + pause_length_;
}

// A full disk is waited for. Anything else is the fault of one command of the batch, which is then found by handling
// them one by one.
void Engine::Loop::failed(Turn& turn, const Error& error) {
  log(LogLevel::error, "engine: the journal refused a batch" +
                           log_field("events", std::to_string(turn.batch.events.size())) +
                           log_field("error", error.message));
  roll_back(turn.touched);
  if (error.code != Code::unavailable && turn.handled.size() > 1) return isolate(turn);
  for (auto handled = turn.handled.rbegin(); handled != turn.handled.rend(); ++handled) {
    if (std::holds_alternative<WaitRequest>(handled->command.request))
      work_.push_front(std::move(handled->command));
    else if (handled->command.reply)
      handled->command.reply->set_value(error);
    else if (error.code == Code::unavailable)
      work_.push_front(std::move(handled->command));
    else
      give_up(*handled, error);
  }
  if (error.code == Code::unavailable) pause();
  reload_broken();
}

// The batch that was being written is refused, and `next` was decided on top of it: its commands are handled again afterwards.
void Engine::Loop::failed_together(Turn& next, const Error& error) {
  const TurnPointer refused = std::move(committing_);
  roll_back(next.touched);
  for (auto handled = next.handled.rbegin(); handled != next.handled.rend(); ++handled)
    work_.push_front(std::move(handled->command));
  failed(*refused, error);
}

void Engine::Loop::roll_back(const std::vector<std::string>& touched) {
  for (const std::string& instance : touched) {
    instances_.erase(instance);
    listening_.set(instance, {});
    broken_.insert(instance);
  }
  uncommitted_keys_.clear();
  installation_.rolled_back();
  recent_events_.rolled_back();
  budgets_.rolled_back();
}

// False when the journal can't be read either; nothing may be done before it can.
bool Engine::Loop::reload_broken() {
  while (!broken_.empty()) {
    const std::string instance = *broken_.begin();
    auto sequence = store_.last_sequence(instance);
    if (!sequence) {
      pause();
      return false;
    }
    if (*sequence > 0) {
      auto slot = load(instance);
      if (!slot && slot.error().code == Code::unavailable) {
        pause();
        return false;
      }
      auto rests = store_.rests(instance);
      if (!rests) {
        pause();
        return false;
      }
      if (!slot) {
        set_stuck(instance, slot.error(), "");
      } else if (!slot->record->forgettable()) {
        slot->rests = *rests;
        instances_[instance] = std::move(*slot);
      }
      index_listening(instance);
    }
    broken_.erase(broken_.begin());
  }
  count_running();
  return true;
}

void Engine::Loop::isolate(Turn& turn) {
  isolated_ = turn.handled.size();
  for (auto handled = turn.handled.rbegin(); handled != turn.handled.rend(); ++handled)
    work_.push_front(std::move(handled->command));
}

// The engine's own command can't be recorded, and trying again won't help.
void Engine::Loop::give_up(Handled& handled, const Error& error) {
  const std::string reason = fmt::format("what happened can't be recorded: {}", error.message);
  std::string instance;
  if (auto* arrived = std::get_if<OutcomeArrived>(&handled.command.request)) {
    if (arrived->outcome.kind == tool::Outcome::Kind::done) {
      auto error_details = tool::standard_error("runtime", "it took place, but " + reason);
      arrived->outcome = tool::Outcome::failed_with(std::move(error_details));
      isolated_ = std::max<std::size_t>(isolated_, 1);
      return work_.push_front(std::move(handled.command));
    }
    instance = arrived->effect->instance;
  } else if (auto* timer = std::get_if<TimerKey>(&handled.command.request)) {
    instance = timer->instance;
    if (timer->purpose == TimerKey::Purpose::schedule)
      if (auto next = installation_.schedules().next(timer->name, parts_.clock->now())) arm_schedule(*std::move(next));
  } else if (auto* later = std::get_if<ContinueLater>(&handled.command.request)) {
    instance = later->instance;
  } else if (auto* notice = std::get_if<NotifyParent>(&handled.command.request)) {
    instance = notice->parent;
  } else if (auto* cancel = std::get_if<CancelInstance>(&handled.command.request)) {
    instance = cancel->instance;
  } else if (auto* recover = std::get_if<RecoverInstance>(&handled.command.request)) {
    instance = recover->instance;
  }
  if (instance.empty()) {
    log(LogLevel::error, "engine: a command was dropped" + log_field("error", reason));
    return;
  }
  isolated_ = std::max<std::size_t>(isolated_, 1);
  work_.push_front({FailInstance{instance, reason}, nullptr});
}

}  // namespace gantry::engine
