// What each rule, and each budget, says about one effect: a pure function of the policies and the facts. Private to the
// gate, and to trial/, which tells which rules a policy's cases reach.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "definition/policy_set.h"
#include "gate/gate.h"

namespace gantry::gate {

struct ConditionResult {
  Text key;  // "when", "allow", ...
  const definition::Condition* condition = nullptr;
  bool holds = false;
  std::string error;  // it could not be answered, and why
};

struct RuleResult {
  enum class Says { nothing, allow, approve, four_eyes, deny, failed };
  const definition::PolicySet::Rule* rule = nullptr;
  Says says = Says::nothing;
  bool lifted = false;                      // it asks for an approval, and its grants made that an allow
  bool outside = false;                     // of its time window
  std::vector<ConditionResult> conditions;  // those that were asked, in this order
};
const char* name_of(RuleResult::Says says);

struct BudgetResult {
  const definition::PolicySet::NamedBudget* budget = nullptr;
  Charge charge;
  double spent = 0;
  bool over = false;
  std::string error;
};

// In the order of the rules, which is by name.
using FittingRules = std::vector<const definition::PolicySet::Rule*>;
std::vector<RuleResult> judge_rules(const FittingRules& rules, const tool::Effect& effect, const Value& facts,
                                    Timestamp now);
std::vector<BudgetResult> judge_budgets(const definition::PolicySet& policies, const tool::Effect& effect,
                                        const definition::Principal& requester, const Value& facts,
                                        const Circumstances& circumstances, Timestamp now);

// What each rule says, by name, as Gate::check asks them; nothing for an effect that is denied before any rule is asked.
std::vector<RuleResult> opinions_on(const definition::Project& policies, const definition::Project& definitions,
                                    const tool::Effect& effect, const definition::Principal& requester, Timestamp now,
                                    const Circumstances& circumstances);

// Whether it holds. Errors: it gave no boolean, failed, or read a fact that is missing.
Result<bool> holds(const definition::Condition& condition, const Value& facts, Timestamp now);
// The value at the path; null when a part of it is absent.
const Value* find_fact(const Value& facts, const definition::FactPath& path);

}  // namespace gantry::gate
