#include "definition/policy_set.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"

namespace gantry::definition {
namespace {

constexpr unsigned all_classes = ~0u;

unsigned bit_of(EffectClass effect_class) {
  return 1u << static_cast<unsigned>(effect_class);
}

std::string digest_of(const PolicySet::Policies& policies) {
  std::string text;
  for (const auto& [name, policy] : policies)
    text += fmt::format("{}:{}:{}:{}\n", name.size(), name, policy->version, policy->digest.hex());
  return sha256(text).hex();
}

}  // namespace

void PolicySet::Index::add(std::size_t index, const std::vector<std::string>& tools,
                           const std::vector<EffectClass>& classes) {
  Entry entry{index, classes.empty() ? all_classes : 0};
  for (EffectClass each : classes) entry.classes |= bit_of(each);
  if (tools.empty() || std::find(tools.begin(), tools.end(), "*") != tools.end()) {
    others.push_back(entry);
    return;
  }
  for (const std::string& pattern : tools) by_pattern[pattern].push_back(entry);
}

std::vector<std::size_t> PolicySet::Index::find(std::string_view tool, std::string_view operation,
                                                EffectClass effect_class) const {
  std::vector<std::size_t> found;
  if (others.empty() && by_pattern.empty()) return found;
  const auto take = [&](const std::vector<Entry>& entries) {
    for (const Entry& entry : entries)
      if ((entry.classes & bit_of(effect_class)) != 0) found.push_back(entry.index);
  };
  take(others);
  std::string pattern;
  pattern.reserve(tool.size() + operation.size() + 2);
  pattern.append(tool).append(".").append(operation);
  if (auto exact = by_pattern.find(pattern); exact != by_pattern.end()) take(exact->second);
  pattern.resize(tool.size() + 1);
  pattern += '*';
  if (auto any = by_pattern.find(pattern); any != by_pattern.end()) take(any->second);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Value explanation_of_allowing(std::string_view rule) {
  return Value::object({{"rules", Value::array({Value::object({{"rule", rule}, {"says", "allow"}})})}});
}

void PolicySet::add(const Policy& policy) {
  for (const PolicyRule& rule : policy.rules) {
    const std::string name = policy.name + "/" + rule.id;
    Rule named{name, &rule, {}, Text(name), explanation_of_allowing(name)};
    for (const Duty& duty : policy.duties)
      if (std::find(duty.rules.begin(), duty.rules.end(), rule.id) != duty.rules.end()) named.duties.push_back(&duty);
    for (const std::string& pattern : rule.tools)
      governs_change_ = governs_change_ || pattern == "policy.change" || pattern == "policy.*";
    rules_.push_back(std::move(named));
  }
  for (const Budget& budget : policy.budgets) budgets_.push_back({policy.name + "/" + budget.id, &budget});
  for (const Invariant& invariant : policy.invariants)
    invariants_.push_back({policy.name + "/" + invariant.id, &invariant});
  delegations_.insert(delegations_.end(), policy.delegations.begin(), policy.delegations.end());
}

std::shared_ptr<const PolicySet> PolicySet::of(const Policies& policies) {
  auto set = std::make_shared<PolicySet>();
  set->policies_ = policies;
  set->digest_ = definition::digest_of(policies);
  std::map<std::string, Value> lists;
  for (const auto& [name, policy] : policies) {
    set->add(*policy);
    for (const PolicyList& list : policy->lists) lists[list.name] = list.records;
  }
  std::vector<Member> members;
  for (auto& [name, records] : lists) members.push_back({Text(name), std::move(records)});
  set->lists_ = Value::object(std::move(members));
  const auto by_name = [](const auto& left, const auto& right) { return left.name < right.name; };
  std::stable_sort(set->rules_.begin(), set->rules_.end(), by_name);
  std::stable_sort(set->budgets_.begin(), set->budgets_.end(), by_name);
  std::stable_sort(set->invariants_.begin(), set->invariants_.end(), by_name);
  for (std::size_t i = 0; i < set->invariants_.size(); ++i)
    set->invariant_index_.add(i, set->invariants_[i].invariant->tools, set->invariants_[i].invariant->classes);
  for (std::size_t i = 0; i < set->rules_.size(); ++i)
    set->rule_index_.add(i, set->rules_[i].rule->tools, set->rules_[i].rule->classes);
  for (std::size_t i = 0; i < set->budgets_.size(); ++i)
    set->budget_index_.add(i, set->budgets_[i].budget->tools, set->budgets_[i].budget->classes);
  return set;
}

std::vector<const PolicySet::Rule*> PolicySet::rules_for(std::string_view tool, std::string_view operation,
                                                         EffectClass effect_class) const {
  std::vector<const Rule*> found;
  for (std::size_t index : rule_index_.find(tool, operation, effect_class)) found.push_back(&rules_[index]);
  return found;
}

std::vector<const PolicySet::NamedInvariant*> PolicySet::invariants_for(std::string_view tool,
                                                                        std::string_view operation,
                                                                        EffectClass effect_class) const {
  std::vector<const NamedInvariant*> found;
  for (std::size_t index : invariant_index_.find(tool, operation, effect_class)) {
    const auto& tools = invariants_[index].invariant->tools;
    if (tool == "policy" && (tools.empty() || std::find(tools.begin(), tools.end(), "*") != tools.end())) continue;
    found.push_back(&invariants_[index]);
  }
  return found;
}

std::vector<const PolicySet::NamedBudget*> PolicySet::budgets_for(std::string_view tool, std::string_view operation,
                                                                  EffectClass effect_class) const {
  std::vector<const NamedBudget*> found;
  for (std::size_t index : budget_index_.find(tool, operation, effect_class)) found.push_back(&budgets_[index]);
  return found;
}

}  // namespace gantry::definition
