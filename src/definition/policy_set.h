// All policies of a project as the gate uses them: rules sorted by name, so that the order in files never matters, and
// found by tool and class. Immutable; any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "definition/policy.h"

namespace gantry::definition {

// {rules: [{rule, says: "allow"}]}: why an effect is allowed that one rule ("policy/rule") allows without a condition.
Value explanation_of_allowing(std::string_view rule);

class PolicySet {
 public:
  using Policies = std::map<std::string, std::shared_ptr<const Policy>>;
  struct Rule {
    std::string name;  // "policy/rule"
    const PolicyRule* rule = nullptr;
    std::vector<const Duty*> duties;
    Text shown_name;  // the name, for verdicts
    Value allows;     // explanation_of_allowing(name)
  };
  struct NamedBudget {
    std::string name;  // "policy/budget"
    const Budget* budget = nullptr;
  };

  struct NamedInvariant {
    std::string name;  // "policy/invariant"
    const Invariant* invariant = nullptr;
  };

  static std::shared_ptr<const PolicySet> of(const Policies& policies);

  // Those whose `tools` and `classes` fit, by name. Conditions are not looked at.
  std::vector<const Rule*> rules_for(std::string_view tool, std::string_view operation, EffectClass effect_class) const;
  std::vector<const NamedBudget*> budgets_for(std::string_view tool, std::string_view operation,
                                              EffectClass effect_class) const;
  // Those whose `never` covers the operation. A change of policy is covered only where it is named.
  std::vector<const NamedInvariant*> invariants_for(std::string_view tool, std::string_view operation,
                                                    EffectClass effect_class) const;
  const std::vector<NamedInvariant>& invariants() const { return invariants_; }
  const std::vector<Rule>& rules() const { return rules_; }
  const std::vector<NamedBudget>& budgets() const { return budgets_; }
  const std::vector<Delegation>& delegations() const { return delegations_; }

  // SHA-256 over all policies, hexadecimal: what verdicts and approvals are bound to.
  const std::string& digest() const { return digest_; }
  // {LIST: {KEY: record}}
  const Value& lists() const { return lists_; }
  // Some rule names `policy.change`, so that a change of policy passes the gate.
  bool governs_change() const { return governs_change_; }

 private:
  struct Entry {
    std::size_t index = 0;
    unsigned classes = 0;  // one bit a class
  };
  struct Index {
    std::unordered_map<std::string, std::vector<Entry>> by_pattern;  // "tool.operation", "tool.*"
    std::vector<Entry> others;                                       // all tools

    void add(std::size_t index, const std::vector<std::string>& tools, const std::vector<EffectClass>& classes);
    std::vector<std::size_t> find(std::string_view tool, std::string_view operation, EffectClass effect_class) const;
  };

  void add(const Policy& policy);

  Policies policies_;  // what the others point into
  std::vector<Rule> rules_;
  std::vector<NamedBudget> budgets_;
  std::vector<NamedInvariant> invariants_;
  std::vector<Delegation> delegations_;
  Index rule_index_, budget_index_, invariant_index_;
  std::string digest_;
  Value lists_;
  bool governs_change_ = false;
};

}  // namespace gantry::definition
