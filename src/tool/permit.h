// What the gate hands out for one effect. Only gate::Gate can construct one (tests/compile proves it), it can't be
// copied, and a driver consumes it: no driver runs without the gate's word for exactly this effect.
#pragma once

#include <utility>

#include "tool/effect.h"

namespace gantry::gate {
class Gate;
}

namespace gantry::tool {

class Permit {
 public:
  Permit(Permit&&) = default;
  Permit& operator=(Permit&&) = default;
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;

  const Effect& effect() const { return effect_; }
  const SharedEffect& shared_effect() const { return effect_; }

 private:
  friend class gate::Gate;
  explicit Permit(SharedEffect effect) : effect_(std::move(effect)) {}
  SharedEffect effect_;
};

}  // namespace gantry::tool
