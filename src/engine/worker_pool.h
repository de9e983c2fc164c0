// Hands effects to their drivers, and puts the outcomes into the inbox. What a driver can begin needs no thread here;
// for the others there are threads, which perform one at a time each and are started when they are first needed. The
// engine's thread owns the pool.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "engine/effect_executor.h"

namespace gantry::engine {

class WorkerPool final : public EffectExecutor {
 public:
  WorkerPool(std::shared_ptr<const gate::Gate> gate, std::shared_ptr<Inbox> inbox, std::size_t workers_max);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  // Asks what still runs to stop, and waits a little. A driver that does not listen keeps its thread; what it needs
  // outlives the pool.
  ~WorkerPool() override;

  void submit(std::vector<SendEffect> effects) override;
  bool wait_idle(Duration at_most) override;

 private:
  struct Shared;
  void begin(std::vector<SendEffect> effects);
  void hand_to_threads(std::vector<SendEffect> effects);
  static void work(const std::shared_ptr<Shared>& shared);

  std::size_t workers_max_;
  std::shared_ptr<Shared> shared_;
  std::vector<std::thread> threads_;
};

}  // namespace gantry::engine
