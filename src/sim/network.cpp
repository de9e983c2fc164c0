#include "sim/network.h"

#include <algorithm>

namespace gantry::sim {

class Network::Executor final : public engine::EffectExecutor {
 public:
  explicit Executor(Network& network) : network_(network) {}
  void submit(std::vector<engine::SendEffect> effects) override { network_.submit(std::move(effects)); }
  bool wait_idle(Duration) override { return network_.finish(); }

 private:
  Network& network_;
};

engine::MakeExecutor Network::make_executor() {
  return [this](std::shared_ptr<const gate::Gate> gate, std::shared_ptr<engine::Inbox> inbox) {
    gate_ = std::move(gate);
    inbox_ = std::move(inbox);
    return std::make_unique<Executor>(*this);
  };
}

void Network::submit(std::vector<engine::SendEffect> effects) {
  for (engine::SendEffect& effect : effects) {
    if (on_submit) on_submit(effect.permit.effect());
    calls_.push_back({clocks_.steady() + world_.delay(), std::move(effect)});
  }
}

std::optional<engine::SteadyTime> Network::next_due() const {
  std::optional<engine::SteadyTime> next;
  for (const Call& call : calls_) next = next ? std::min(*next, call.due) : call.due;
  for (const Answer& answer : answers_) next = next ? std::min(*next, answer.due) : answer.due;
  return next;
}

void Network::perform(Call call) {
  answers_.push_back({clocks_.steady() + world_.delay(), engine::perform_effect(*gate_, std::move(call.effect), {})});
}

bool Network::deliver() {
  std::vector<std::size_t> due;
  for (std::size_t i = 0; i < calls_.size(); ++i)
    if (calls_[i].due <= clocks_.steady()) due.push_back(i);
  for (std::size_t i = 0; i < answers_.size(); ++i)
    if (answers_[i].due <= clocks_.steady()) due.push_back(calls_.size() + i);
  if (due.empty()) return false;
  std::size_t index = dice_.pick(due);
  if (index < calls_.size()) {
    Call call = std::move(calls_[index]);
    calls_.erase(calls_.begin() + static_cast<std::ptrdiff_t>(index));
    perform(std::move(call));
    return true;
  }
  index -= calls_.size();
  inbox_->post_outcome(std::move(answers_[index].outcome));
  answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(index));
  return true;
}

void Network::lose_process() {
  for (const Call& call : calls_)
    if (dice_.chance(500)) world_.arrive(call.effect.permit.effect());
  calls_.clear();
  answers_.clear();
  gate_.reset();
  inbox_.reset();
}

bool Network::finish() {
  std::vector<Call> calls = std::move(calls_);
  calls_.clear();
  for (Call& call : calls) {
    if (dice_.chance(900))
      perform(std::move(call));
    else
      calls_.push_back(std::move(call));
  }
  for (Answer& answer : answers_) inbox_->post_outcome(std::move(answer.outcome));
  answers_.clear();
  return calls_.empty();
}

}  // namespace gantry::sim
