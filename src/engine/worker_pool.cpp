#include "engine/worker_pool.h"

#include <algorithm>
#include <exception>
#include <iterator>

#include "base/log.h"

namespace gantry::engine {
namespace {

constexpr Duration stop_patience = std::chrono::seconds(1);

// Drivers don't throw. Should one, it may have sent something before.
tool::Outcome perform_guarded(const gate::Gate& gate, SendEffect effect, const std::stop_token& stop) {
  try {
    return gate.perform(std::move(effect.permit), *effect.project, effect.attempt, stop, effect.policies.get());
  } catch (const std::exception& exception) {
    return tool::Outcome::ambiguous_with(tool::standard_error("runtime", exception.what()));
  } catch (...) {
    return tool::Outcome::ambiguous_with(tool::standard_error("runtime", "the driver failed in an unknown way"));
  }
}

// An effect that its driver has begun.
struct BegunEffect final : tool::Errand {
  tool::SharedEffect effect;
  definition::ProjectPointer project, policies;
};

tool::Outcome finish_guarded(const gate::Gate& gate, const BegunEffect& begun, tool::Outcome outcome) {
  try {
    return gate.finished(std::move(outcome), begun.effect, *begun.project, begun.policies.get());
  } catch (const std::exception& exception) {
    return tool::Outcome::ambiguous_with(tool::standard_error("runtime", exception.what()));
  }
}

}  // namespace

OutcomeArrived perform_effect(const gate::Gate& gate, SendEffect effect, const std::stop_token& stop) {
  OutcomeArrived arrived{effect.permit.shared_effect(), {}};
  arrived.outcome = perform_guarded(gate, std::move(effect), stop);
  return arrived;
}

struct WorkerPool::Shared final : tool::OutcomeReceiver {
  void take(std::vector<tool::Finished> finished) override;

  std::shared_ptr<const gate::Gate> gate;
  std::shared_ptr<Inbox> inbox;
  std::stop_source stop;
  std::mutex mutex;
  std::condition_variable changed;  // for workers
  std::condition_variable drained;  // for the owner: the last one is done, or has returned
  // Protected by mutex:
  std::deque<SendEffect> waiting;
  std::size_t active = 0;   // taken by a thread and not answered
  std::size_t begun = 0;    // with their drivers and not answered
  std::size_t idle = 0;     // threads that wait
  std::size_t threads = 0;  // that have not returned
  bool stopping = false;

  bool is_drained() const { return active == 0 && begun == 0 && waiting.empty(); }  // with the mutex held
};

WorkerPool::WorkerPool(std::shared_ptr<const gate::Gate> gate, std::shared_ptr<Inbox> inbox, std::size_t workers_max)
    : workers_max_(workers_max), shared_(std::make_shared<Shared>()) {
  shared_->gate = std::move(gate);
  shared_->inbox = std::move(inbox);
}

void WorkerPool::submit(std::vector<SendEffect> effects) {
  const auto waits = std::stable_partition(effects.begin(), effects.end(), [&](const SendEffect& effect) {
    return shared_->gate->can_begin(effect.permit.effect(), *effect.project);
  });
  begin({std::make_move_iterator(effects.begin()), std::make_move_iterator(waits)});
  effects.erase(effects.begin(), waits);
  if (!effects.empty()) hand_to_threads(std::move(effects));
}

void WorkerPool::begin(std::vector<SendEffect> effects) {
  if (effects.empty()) return;
  {
    std::lock_guard lock(shared_->mutex);
    shared_->begun += effects.size();
  }
  for (SendEffect& effect : effects) {
    auto errand = std::make_unique<BegunEffect>();
    errand->effect = effect.permit.shared_effect();
    errand->project = effect.project;
    errand->policies = std::move(effect.policies);
    shared_->gate->begin(std::move(effect.permit), *effect.project, effect.attempt, shared_->stop.get_token(),
                         std::move(errand), shared_);
  }
}

void WorkerPool::Shared::take(std::vector<tool::Finished> finished) {
  std::vector<OutcomeArrived> arrived;
  arrived.reserve(finished.size());
  for (tool::Finished& one : finished) {
    const auto& effect = static_cast<const BegunEffect&>(*one.errand);
    arrived.push_back({effect.effect, finish_guarded(*gate, effect, std::move(one.outcome))});
  }
  inbox->post_outcomes(std::move(arrived));
  std::lock_guard lock(mutex);
  begun -= finished.size();
  if (is_drained()) drained.notify_all();
}

void WorkerPool::hand_to_threads(std::vector<SendEffect> effects) {
  const std::size_t count = effects.size();
  std::size_t new_threads = 0, idle = 0;
  {
    std::lock_guard lock(shared_->mutex);
    std::move(effects.begin(), effects.end(), std::back_inserter(shared_->waiting));
    const std::size_t wanted = std::min(shared_->active + shared_->waiting.size(), workers_max_);
    new_threads = wanted - std::min(wanted, shared_->threads);
    shared_->threads += new_threads;
    idle = shared_->idle;
  }
  for (std::size_t i = 0; i < new_threads; ++i) threads_.emplace_back([shared = shared_] { work(shared); });
  // Threads that are awake look for more by themselves.
  if (count > idle) return shared_->changed.notify_all();
  for (std::size_t i = 0; i < count; ++i) shared_->changed.notify_one();
}

void WorkerPool::work(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  while (true) {
    ++shared->idle;
    shared->changed.wait(lock, [&] { return shared->stopping || !shared->waiting.empty(); });
    --shared->idle;
    if (shared->waiting.empty()) break;
    SendEffect effect = std::move(shared->waiting.front());
    shared->waiting.pop_front();
    ++shared->active;
    lock.unlock();
    shared->inbox->post_outcome(perform_effect(*shared->gate, std::move(effect), shared->stop.get_token()));
    lock.lock();
    --shared->active;
    if (shared->is_drained()) shared->drained.notify_all();
  }
  --shared->threads;
  shared->drained.notify_all();
}

bool WorkerPool::wait_idle(Duration at_most) {
  std::unique_lock lock(shared_->mutex);
  return shared_->drained.wait_for(lock, at_most, [&] { return shared_->is_drained(); });
}

WorkerPool::~WorkerPool() {
  shared_->stop.request_stop();
  bool all_returned = false;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->stopping = true;
    shared_->waiting.clear();
    shared_->changed.notify_all();
    all_returned =
        shared_->drained.wait_for(lock, stop_patience, [&] { return shared_->threads == 0 && shared_->begun == 0; });
  }
  if (!all_returned) log(LogLevel::warning, "engine: a driver did not stop in time; its outcome is ambiguous");
  for (std::thread& thread : threads_) {
    if (all_returned)
      thread.join();
    else
      thread.detach();
  }
}

}  // namespace gantry::engine
