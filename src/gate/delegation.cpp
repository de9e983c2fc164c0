#include "gate/delegation.h"

namespace gantry::gate {

std::vector<definition::Delegation> lent_to(std::span<const definition::Delegation> delegations,
                                            std::string_view person, Timestamp at, const HoldsRole& holds) {
  std::vector<definition::Delegation> lent;
  for (const definition::Delegation& each : delegations)
    if (each.to == person && at >= each.since && at < each.until && holds(each.from, each.role)) lent.push_back(each);
  return lent;
}

}  // namespace gantry::gate
