// Performs effects without threads: what the engine submits is on its way until the simulation delivers it, in whatever
// order; so are the answers. The engine's loop owns the executor; the simulation looks into it through Network.
#pragma once

#include <optional>
#include <vector>

#include "engine/effect_executor.h"
#include "sim/world.h"

namespace gantry::sim {

class Network {
 public:
  Network(World& world, Clocks& clocks, Dice dice) : world_(world), clocks_(clocks), dice_(std::move(dice)) {}

  engine::MakeExecutor make_executor();
  // Called for each effect that the engine sends, when it does.
  std::function<void(const tool::Effect&)> on_submit;

  bool is_idle() const { return calls_.empty() && answers_.empty(); }
  // When the next one may be delivered.
  std::optional<engine::SteadyTime> next_due() const;
  // One of those that are due, at random; false when there is none.
  bool deliver();
  // The process is gone: some calls were on the wire already, answers find nobody.
  void lose_process();
  // Whatever an orderly end waits for. False when it took too long.
  bool finish();

 private:
  class Executor;
  struct Call {
    engine::SteadyTime due;
    engine::SendEffect effect;
  };
  struct Answer {
    engine::SteadyTime due;
    engine::OutcomeArrived outcome;
  };
  void submit(std::vector<engine::SendEffect> effects);
  void perform(Call call);

  World& world_;
  Clocks& clocks_;
  Dice dice_;
  std::shared_ptr<const gate::Gate> gate_;
  std::shared_ptr<engine::Inbox> inbox_;
  std::vector<Call> calls_;
  std::vector<Answer> answers_;
};

}  // namespace gantry::sim
