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

}  // namespace

OutcomeArrived perform_effect(const gate::Gate& gate, SendEffect effect, const std::stop_token& stop) {
  OutcomeArrived arrived{effect.instance, effect.effect, {}};
  arrived.outcome = perform_guarded(gate, std::move(effect), stop);
  return arrived;
}

struct WorkerPool::Shared {
  std::shared_ptr<const gate::Gate> gate;
  std::shared_ptr<Inbox> inbox;
  std::stop_source stop;
  std::mutex mutex;
  std::condition_variable changed;  // for workers
  std::condition_variable drained;  // for the owner: the last one is done, or has returned
  // Protected by mutex:
  std::deque<SendEffect> waiting;
  std::size_t active = 0;   // taken by a thread and not answered
  std::size_t idle = 0;     // threads that wait
  std::size_t threads = 0;  // that have not returned
  bool stopping = false;
};

WorkerPool::WorkerPool(std::shared_ptr<const gate::Gate> gate, std::shared_ptr<Inbox> inbox, std::size_t workers_max)
    : workers_max_(workers_max), shared_(std::make_shared<Shared>()) {
  shared_->gate = std::move(gate);
  shared_->inbox = std::move(inbox);
}

void WorkerPool::submit(std::vector<SendEffect> effects) {
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
    if (shared->active == 0 && shared->waiting.empty()) shared->drained.notify_all();
  }
  --shared->threads;
  shared->drained.notify_all();
}

bool WorkerPool::wait_idle(Duration at_most) {
  std::unique_lock lock(shared_->mutex);
  return shared_->drained.wait_for(lock, at_most, [&] { return shared_->active == 0 && shared_->waiting.empty(); });
}

WorkerPool::~WorkerPool() {
  shared_->stop.request_stop();
  bool all_returned = false;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->stopping = true;
    shared_->waiting.clear();
    shared_->changed.notify_all();
    all_returned = shared_->drained.wait_for(lock, stop_patience, [&] { return shared_->threads == 0; });
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
