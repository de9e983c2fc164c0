#include "engine/loop.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"
#include "base/log.h"
#include "base/planted.h"
#include "engine/policy_change.h"
#include "engine/worker_pool.h"

namespace gantry::engine {
namespace {

constexpr std::size_t timers_per_take = 4'096;
// The wall clock may be set forward while the thread sleeps.
constexpr auto clock_check_interval = std::chrono::seconds(1);
constexpr auto stop_patience_for_effects = std::chrono::seconds(5);

template <class... Handlers>
struct ForDispatch : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
ForDispatch(Handlers...) -> ForDispatch<Handlers...>;

}  // namespace

Engine::Loop::Loop(Parts parts, EngineOptions options)
    : parts_(std::move(parts)),
      options_(options),
      gate_(nullptr),
      inbox_(std::make_shared<Inbox>(options.inbox_max)),
      store_(*parts_.store),
      installation_(store_, options.schedules),
      steady_clock_(parts_.steady_clock ? *parts_.steady_clock : machine_steady_clock_),
      budgets_(store_),
      executor_(parts_.make_executor ? parts_.make_executor(make_gate(), inbox_)
                                     : std::make_unique<WorkerPool>(make_gate(), inbox_, options.workers)),
      recent_events_(options.event_window),
      lifecycle_{options.record_lifecycle, listening_, installation_.schedules()} {}

// The standard drivers, and the one that changes policy.
std::shared_ptr<const gate::Gate> Engine::Loop::make_gate() {
  tool::Drivers drivers = parts_.drivers;
  drivers[std::string(policy_change_driver)] = make_policy_change_driver(inbox_);
  gate_ = std::make_shared<const gate::Gate>(std::move(drivers));
  return gate_;
}

Engine::Loop::~Loop() {
  inbox_->stop();
  if (thread_.joinable()) thread_.join();
}

Status Engine::Loop::open() {
  TRY(installation_.open());
  for (const HomeChange& change : parts_.home_changes) TRY(installation_.follow(change, parts_.clock->now()));
  parts_.home_changes.clear();
  TRY(load_recent_events());
  TRY(load_unfinished());
  arm_schedules();
  return done();
}

void Engine::Loop::start_thread() {
  store_.use_thread();
  thread_ = std::thread([this] { run(); });
}

Result<Value> Engine::Loop::ask(Command::Request request) {
  auto promise = std::make_shared<std::promise<Result<Value>>>();
  auto future = promise->get_future();
  TRY(inbox_->post({std::move(request), std::move(promise)}));
  return future.get();
}

void Engine::Loop::run() {
  while (!stopping_) {
    tell_idle();
    const SteadyTime::duration wait = time_to_wake();
    take(wait > wait.zero() ? inbox_->take(std::chrono::steady_clock::now() + wait, takes_max())
                            : inbox_->take_now(takes_max()));
    go_on();
  }
  stop();
}

void Engine::Loop::step() {
  take(inbox_->take_now(takes_max()));
  go_on();
}

// What was taken and not done yet counts against the next take, or the inbox would have no bound.
std::size_t Engine::Loop::takes_max() const {
  return commands_per_take - std::min(commands_per_take, work_.size());
}

void Engine::Loop::go_on() {
  if (committing_ && paused()) settle();
  answer_impatient();
  if (stopping_) return;
  if (!paused() && reload_broken()) turn();
  if (paused())
    refuse_callers({Code::unavailable, "the journal can't take writes at present (is the disk full?); try again"});
}

void Engine::Loop::tell_idle() const {
  if (!parts_.when_idle || paused() || has_work() || !sending_.empty() || in_flight_ > 0) return;
  if (inbox_->size() == 0 && !timers_.wants_fetch(parts_.clock->now())) parts_.when_idle(timers_.next_due());
}

SteadyTime::duration Engine::Loop::time_to_wake() const {
  const SteadyTime now = steady_clock_.now();
  SteadyTime wake = std::min(next_impatience_, now + std::chrono::hours(1));
  if (pause_until_ > now) return std::min(wake, pause_until_) - now;
  if (has_work()) return {};
  if (auto due = timers_.next_due()) {
    const Timestamp time = parts_.clock->now();
    // Due at the beginning of time means at once; subtracting from that would overflow.
    const Duration left = *due <= time ? Duration::zero() : *due - time;
    wake = std::min(wake, now + std::min<Duration>(left, clock_check_interval));
  }
  return wake - now;
}

void Engine::Loop::take(Inbox::Taken taken) {
  stopping_ = taken.stopping;
  in_flight_ -= taken.outcomes.size();
  for (OutcomeArrived& outcome : taken.outcomes) work_.push_back({std::move(outcome), nullptr});
  if (!paused() && broken_.empty()) fetch_timers();
  if (!paused() && broken_.empty())
    for (TimerKey& timer : timers_.take_due(parts_.clock->now(), timers_per_take))
      work_.push_back({std::move(timer), nullptr});
  std::move(taken.commands.begin(), taken.commands.end(), std::back_inserter(work_));
}

// While the journal takes no writes: who can be told so is told so; the engine's own commands stay.
void Engine::Loop::refuse_callers(const Error& error) {
  std::deque<Command> kept;
  for (Command& command : work_) {
    if (auto* wait = std::get_if<WaitRequest>(&command.request))
      wait_or_answer({std::move(*wait), std::move(command.reply)});
    else if (command.reply)
      command.reply->set_value(error);
    else
      kept.push_back(std::move(command));
  }
  work_ = std::move(kept);
}

void Engine::Loop::leave_early(Turn& turn) {
  if (GANTRY_PLANTED(answers_before_commit)) answer_callers(turn);
  if (GANTRY_PLANTED(sends_before_commit)) {
    dispatch_all(turn);
    pump();
  }
}

void Engine::Loop::commit(Turn& turn) {
  leave_early(turn);
  if (!turn.batch.is_empty())
    if (auto appended = store_.append(turn.batch); !appended) return failed(turn, appended.error());
  committed(turn);
}

// `later` is decided already, and not durable: nobody is told of it, and no record with changes of it leaves memory.
void Engine::Loop::committed(Turn& turn, const Turn* later) {
  later_ = later;
  pause_length_ = {};
  if (!turn.batch.is_empty()) {
    ++commits_;
    events_ += turn.batch.events.size();
  }
  note_written(turn);
  if (!later) budgets_.committed();
  for (const std::string& key : turn.keys) uncommitted_keys_.erase(key);
  GANTRY_ASSERT(later || uncommitted_keys_.empty(), "a key of a start is kept although the journal has it");
  if (parts_.trace)
    for (const auto& [instance, trace] : turn.traces) parts_.trace(instance, trace);
  dispatch_all(turn);
  answer_callers(turn);
  answer_waiters(turn);
  let_go(turn.changed);
  count_running();
  if (!later && std::exchange(ask_idle_again_, false)) answer_idle();
  pump();
  later_ = nullptr;
}

void Engine::Loop::dispatch_all(Turn& turn) {
  for (Dispatch& outside : turn.dispatches) dispatch(outside);
  turn.dispatches.clear();
}

void Engine::Loop::answer_callers(Turn& turn) {
  for (Handled& handled : turn.handled) {
    const auto reply = std::exchange(handled.command.reply, nullptr);
    if (!reply) continue;
    if (auto* wait = std::get_if<WaitRequest>(&handled.command.request))
      wait_or_answer({std::move(*wait), reply});
    else
      reply->set_value(std::move(handled.answer));
  }
}

void Engine::Loop::count_running() {
  in_memory_ = instances_.size();
  running_ = instances_.size() + out_of_memory_;
}

void Engine::Loop::dispatch(Dispatch& outside) {
  std::visit(ForDispatch{
                 [&](SendEffect& effect) { sending_.push_back(std::move(effect)); },
                 [&](ArmTimer& timer) {
                   if (timer.timer.purpose == TimerKey::Purpose::schedule) return arm_schedule(std::move(timer.timer));
                   timers_.arm(std::move(timer.timer));
                 },
                 [&](DisarmTimer& timer) { timers_.disarm(timer.timer); },
                 [&](NotifyParent& notice) {
                   work_.push_back({std::move(notice), nullptr});
                 },
                 [&](CancelInstance& cancel) {
                   work_.push_back({std::move(cancel), nullptr});
                 },
                 [&](ContinueLater& later) {
                   work_.push_back({std::move(later), nullptr});
                 },
                 [](StartChildInstance&) {},  // took place in the same entry
                 [](PublishEvent&) {},        // likewise
                 [](ScheduleAgain&) {},       // likewise
             },
             outside);
}

bool Engine::Loop::is_immediate(const SendEffect& effect) const {
  const auto tool = effect.project->tools.find(effect.permit.effect().tool);
  return tool != effect.project->tools.end() &&
         std::find(options_.immediate_drivers.begin(), options_.immediate_drivers.end(), tool->second->driver) !=
             options_.immediate_drivers.end();
}

// Hands effects to free workers, all at once. One that nobody waits for any more is not sent at all; one that takes
// no time is performed here, because handing it over would take more.
void Engine::Loop::pump() {
  std::vector<SendEffect> submitted;
  std::vector<SendEffect> undecided;
  while (!sending_.empty() && in_flight_ < options_.workers && !stopping_) {
    SendEffect effect = std::move(sending_.front());
    sending_.pop_front();
    auto found = instances_.find(effect.instance());
    if (std::string stopped = installation_.stopped(effect.permit.effect(), effect.requester,
                                                    found == instances_.end() ? std::vector<std::string>{}
                                                                              : found->second.record->above());
        !stopped.empty()) {
      auto outcome = tool::Outcome::failed_with(tool::standard_error("authorization", "it was not sent: " + stopped));
      work_.push_back({OutcomeArrived{effect.permit.shared_effect(), std::move(outcome)}, nullptr});
      continue;
    }
    if (found == instances_.end() || !found->second.record->wants(effect.effect())) {
      if (is_ahead(effect.instance())) {
        undecided.push_back(std::move(effect));
        continue;
      }
      auto outcome = tool::Outcome::failed_with(
          tool::standard_error("runtime", "it was not sent: the workflow no longer waits for it"));
      work_.push_back({OutcomeArrived{effect.permit.shared_effect(), std::move(outcome)}, nullptr});
      continue;
    }
    ++effects_sent_;
    if (is_immediate(effect)) {
      work_.push_back({perform_effect(*gate_, std::move(effect), {}), nullptr});
      continue;
    }
    ++in_flight_;
    submitted.push_back(std::move(effect));
  }
  std::move(undecided.begin(), undecided.end(), std::back_inserter(sending_));
  if (!submitted.empty()) executor_->submit(std::move(submitted));
}

// What has ended is forgotten, what only waits may leave memory.
void Engine::Loop::let_go(const std::vector<std::string>& changed) {
  for (const std::string& instance : changed) {
    const auto found = instances_.find(instance);
    if (found == instances_.end()) continue;
    if (found->second.record->forgettable() && !is_ahead(found->second))
      instances_.erase(found);
    else
      let_rest(instance, found->second);
  }
  make_room();
}

// Lets effects in flight finish, records their answers, and records what was never sent, so that the next start need
// not ask anybody about it.
void Engine::Loop::stop() {
  settle();
  const Error stopping{Code::unavailable, "the engine is stopping"};
  refuse_callers(stopping);
  executor_->wait_idle(stop_patience_for_effects);
  take(inbox_->take_now(SIZE_MAX));
  refuse_callers(stopping);
  if (reload_broken() && !paused()) {
    for (const SendEffect& effect : sending_) work_.push_back({NoteNotSent{effect.instance(), effect.effect()}, nullptr});
    sending_.clear();
    for (std::size_t turns = 0; turns < 1'000 && !work_.empty() && !paused(); ++turns) turn();
    settle();
    for (const SendEffect& effect : sending_) work_.push_back({NoteNotSent{effect.instance(), effect.effect()}, nullptr});
    sending_.clear();
    if (!work_.empty() && !paused()) turn();
    settle();
  }
  if (!work_.empty()) log(LogLevel::warning, fmt::format("engine: stopped with {} commands undone", work_.size()));
  for (auto& [instance, waiter] : waiters_) waiter.reply->set_value(stopping);
  waiters_.clear();
}

}  // namespace gantry::engine
