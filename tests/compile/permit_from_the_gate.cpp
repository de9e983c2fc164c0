// accepted
#include "gate/gate.h"

gantry::Result<gantry::tool::Permit> from_the_gate(const gantry::gate::Gate& gate, const gantry::tool::Effect& effect,
                                                   const gantry::gate::Verdict& verdict) {
  return gate.permit(effect, verdict);
}
