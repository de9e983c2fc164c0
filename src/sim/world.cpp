#include "sim/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/plan.h"
#include "tool/standard_call.h"

namespace gantry::sim {
namespace {

// Shorter than the time after which a read-back's "no" is believed (30 s).
constexpr Duration late_min = std::chrono::milliseconds(100), late_max = std::chrono::seconds(20);

class WorldDriver final : public tool::Driver {
 public:
  explicit WorldDriver(World& world) : world_(world) {}
  std::vector<std::string> check(const definition::Tool&) const override { return {}; }
  tool::Outcome call(tool::Permit permit, const tool::CallContext&) override { return world_.call(permit.effect()); }

 private:
  World& world_;
};

tool::Outcome lost(const char* what) {
  return tool::Outcome::ambiguous_with(tool::standard_error("communication", what));
}

}  // namespace

std::shared_ptr<tool::Driver> make_world_driver(World& world) {
  return std::make_shared<WorldDriver>(world);
}

bool World::is_refused(const tool::Effect& effect) {
  return effect.arguments.integer_or("n", 0) % 11 == 10;
}

tool::Outcome World::read(const tool::Effect& effect) {
  if (effect.operation != "find")
    return tool::Outcome::done_with(Value::object({{"n", effect.arguments.integer_or("n", 0)}}));
  const std::string key(effect.arguments.string_or("key", ""));
  const bool found = std::any_of(applications_.begin(), applications_.end(),
                                 [&](const auto& entry) { return entry.second.key == key; });
  return tool::Outcome::done_with(Value::object({{"found", found}}));
}

tool::Outcome World::apply(const tool::Effect& effect) {
  if (tool::is_read(effect.effect_class)) return read(effect);
  if (on_arrival) on_arrival(effect);
  if (is_refused(effect)) {
    auto error = tool::standard_error("communication", "the yard does not take this");
    error.status = 422;
    return tool::Outcome::failed_with(std::move(error));
  }
  tool::Outcome answer = tool::Outcome::done_with(Value::object({{"n", effect.arguments.integer_or("n", 0)}}));
  if (idempotency_of(effect.operation) == Idempotency::key && !keys_.emplace(effect.key, effect.id).second)
    return answer;
  Application& application = applications_[effect.id];
  application = {effect.instance,     effect.operation, effect.key,
                 effect.digest.hex(), effect.arguments, application.times + 1};
  note_(fmt::format("world {} {} time {}", effect.operation, effect.id, application.times));
  return answer;
}

tool::Outcome World::call(const tool::Effect& effect) {
  const bool changes = !tool::is_read(effect.effect_class);
  std::size_t fate = dice_.below(1'000);
  const auto falls = [&](unsigned per_mille) {
    const bool hit = fate < per_mille;
    fate = hit ? 1'000 : fate - per_mille;
    return hit;
  };
  if (falls(faults_.refused))
    return tool::Outcome::failed_with(tool::standard_error("communication", "connection refused"));
  if (falls(faults_.request_lost)) return lost("no answer");
  if (falls(faults_.answer_lost)) {
    (void)apply(effect);
    return lost("the connection was lost");
  }
  const Idempotency idempotency = idempotency_of(effect.operation);
  if (falls(faults_.late) && changes && idempotency != Idempotency::none) {
    late_.emplace(clocks_.steady() + dice_.time(late_min, late_max), effect);
    return lost("no answer in time");
  }
  if (falls(faults_.doubled) && changes && idempotency == Idempotency::key) (void)apply(effect);
  return apply(effect);
}

void World::pass() {
  while (!late_.empty() && late_.begin()->first <= clocks_.steady()) {
    const tool::Effect effect = late_.begin()->second;
    late_.erase(late_.begin());
    (void)apply(effect);
  }
}

std::optional<engine::SteadyTime> World::next_late() const {
  return late_.empty() ? std::nullopt : std::optional(late_.begin()->first);
}

bool World::is_late(const std::string& effect) const {
  return std::any_of(late_.begin(), late_.end(), [&](const auto& entry) { return entry.second.id == effect; });
}

}  // namespace gantry::sim
