// Threads that perform effects, one at a time each, and put the outcomes into the inbox. Threads are started when they
// are first needed. The engine's thread owns the pool.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "engine/inbox.h"

namespace gantry::engine {

// Performs it on the calling thread; whatever a driver throws is an ambiguous outcome.
OutcomeArrived perform_effect(const gate::Gate& gate, SendEffect effect, const std::stop_token& stop);

class WorkerPool {
 public:
  WorkerPool(std::shared_ptr<const gate::Gate> gate, std::shared_ptr<Inbox> inbox, std::size_t workers_max);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  // Asks what still runs to stop, and waits a little. A driver that does not listen keeps its thread; what it needs
  // outlives the pool.
  ~WorkerPool();

  // At most `workers_max` at once: the caller keeps count.
  void submit(std::vector<SendEffect> effects);
  // Waits until nothing is in flight.
  bool wait_idle(Duration at_most);

 private:
  struct Shared;
  static void work(const std::shared_ptr<Shared>& shared);

  std::size_t workers_max_;
  std::shared_ptr<Shared> shared_;
  std::vector<std::thread> threads_;
};

}  // namespace gantry::engine
