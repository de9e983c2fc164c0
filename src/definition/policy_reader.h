// The parts of a policy file, each read from its node. Private to definition/.
#pragma once

#include <array>

#include "definition/data_reader.h"
#include "definition/parse.h"

namespace gantry::definition {

inline constexpr Duration approval_expires_min = std::chrono::seconds(1);
inline constexpr Duration approval_expires_max = std::chrono::hours(24 * 365);

// A bare jq condition, or one inside "${ }".
std::optional<Condition> read_rule_condition(const Node& node);
PolicyRule read_policy_rule(const Node& node, const KnownDefinitions& known);
std::optional<PolicyList> read_policy_list(const Node& node, const KnownDefinitions& known);
Budget read_budget(const Node& node, const KnownDefinitions& known);
Duty read_duty(const Node& node, const std::vector<PolicyRule>& rules);
Delegation read_delegation(const Node& node);
std::optional<TimeWindow> read_time_window(const Node& node);

// The keys `tools` and `classes`, the same in rules and budgets.
std::vector<std::string> read_tool_patterns(ObjectReader& reader, const KnownDefinitions& known);
std::vector<EffectClass> read_effect_classes(ObjectReader& reader);
std::optional<Timestamp> read_timestamp(const Node& node);

}  // namespace gantry::definition
