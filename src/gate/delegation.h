// Which lent roles count. A delegation lends what its lender has: it makes no role of its own. Pure.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "definition/policy.h"

namespace gantry::gate {

using HoldsRole = std::function<bool(const std::string& person, const std::string& role)>;

// Those to `person` that hold at `at`, and whose lender `holds` the role itself, then; a role that the lender was only
// lent does not count. In their order.
std::vector<definition::Delegation> lent_to(std::span<const definition::Delegation> delegations,
                                            std::string_view person, Timestamp at, const HoldsRole& holds);

}  // namespace gantry::gate
