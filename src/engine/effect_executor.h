// Who performs effects: the engine's own are the threads of worker_pool.h; the simulator brings one without threads. An
// executor answers each effect at most once, with Inbox::post_outcome; one that never does is an answer that was lost.
// Owned and called by the engine's thread.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/inbox.h"

namespace gantry::engine {

class EffectExecutor {
 public:
  virtual ~EffectExecutor() = default;

  // They are durable. At most EngineOptions::workers at once: the caller keeps count.
  virtual void submit(std::vector<SendEffect> effects) = 0;
  // Waits until nothing is in flight. False when the time was over before.
  virtual bool wait_idle(Duration at_most) = 0;
};

using MakeExecutor = std::function<std::unique_ptr<EffectExecutor>(std::shared_ptr<const gate::Gate> gate,
                                                                   std::shared_ptr<Inbox> inbox)>;

// Performs it on the calling thread; whatever a driver throws is an ambiguous outcome.
OutcomeArrived perform_effect(const gate::Gate& gate, SendEffect effect, const std::stop_token& stop);

}  // namespace gantry::engine
