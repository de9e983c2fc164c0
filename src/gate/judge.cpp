#include "gate/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gate/invariants.h"

namespace gantry::gate {
namespace {

using definition::Budget;
using definition::Condition;
using definition::PolicyRule;
using definition::PolicySet;
using definition::VerdictKind;
using Says = RuleResult::Says;

// Conditions are small; what needs more than this is a defect, and denies.
constexpr expression::Limits condition_limits{
    .steps_max = 1'000'000, .memory_bytes_max = 16u << 20, .depth_max = 1'000, .outputs_max = 1};
constexpr int window_parts = 60;

Result<Value> value_of(const Condition& condition, const Value& facts, Timestamp now) {
  if (condition.program == nullptr) return Error{Code::internal, "it was not compiled"};
  for (const definition::FactPath& path : condition.paths) {
    if (path.may_be_absent) continue;
    const Value* fact = find_fact(facts, path);
    if (fact == nullptr || fact->is_null())
      return Error{Code::invalid_argument, fmt::format("the fact {} is missing", path.text.view())};
  }
  return expression::evaluate_only(*condition.program, facts, {.now = now, .limits = condition_limits});
}

Says says_of(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::allow:
      return Says::allow;
    case VerdictKind::approve:
      return Says::approve;
    case VerdictKind::deny:
      break;
  }
  return Says::deny;
}

// Only the workflow's author and systems that we alone write had a hand in them.
bool is_authors_own(const Value& arguments) {
  return arguments.deep_label().content().integrity <= Integrity::internal;
}

class RuleJudge {
 public:
  RuleJudge(RuleResult& result, const Value& facts, Timestamp now) : result_(result), facts_(facts), now_(now) {}

  void judge(const tool::Effect& effect) {
    const PolicyRule& rule = *result_.rule->rule;
    if (rule.during && !definition::is_within(*rule.during, now_)) {
      result_.outside = true;
      return;
    }
    if (rule.when && !ask(Text("when"), *rule.when)) return;
    if (rule.deny_if && ask(Text("deny"), *rule.deny_if)) result_.says = Says::deny;
    if (is_open() && rule.four_eyes_if && ask(Text("fourEyesIf"), *rule.four_eyes_if)) result_.says = Says::four_eyes;
    if (is_open() && rule.approve_if && ask(Text("approve"), *rule.approve_if)) result_.says = Says::approve;
    if (is_open() && rule.allow_if && ask(Text("allow"), *rule.allow_if)) result_.says = Says::allow;
    if (is_open() && rule.verdict) result_.says = says_of(*rule.verdict);
    if (result_.says == Says::approve && rule.grants_workflow && is_authors_own(effect.arguments)) {
      result_.says = Says::allow;
      result_.lifted = true;
    }
  }

 private:
  bool is_open() const { return result_.says == Says::nothing; }

  bool ask(Text key, const Condition& condition) {
    const Result<bool> answer = holds(condition, facts_, now_);
    result_.conditions.push_back({std::move(key), &condition, answer.ok() && *answer, answer.ok() ? "" : answer.error().message});
    if (answer.ok()) return *answer;
    result_.says = Says::failed;
    return false;
  }

  RuleResult& result_;
  const Value& facts_;
  Timestamp now_;
};

std::string key_of(Budget::Scope scope, const tool::Effect& effect, const definition::Principal& requester,
                   const std::string& run) {
  switch (scope) {
    case Budget::Scope::run:
      return run.empty() ? effect.instance : run;
    case Budget::Scope::instance:
      return effect.instance;
    case Budget::Scope::task:
      return effect.instance + " " + effect.task;
    case Budget::Scope::workflow:
      return effect.workflow.namespace_ + "/" + effect.workflow.name;
    case Budget::Scope::principal:
      return requester.person;
    case Budget::Scope::all:
      break;
  }
  return "all";
}

Timestamp window_part(const Budget& budget, Timestamp now) {
  if (!budget.per) return {};
  const Duration part = window_part_of(*budget.per);
  return Timestamp(now.time_since_epoch() / part * part);
}

Result<double> amount_of(const Budget& budget, const Value& facts, Timestamp now) {
  if (budget.measure != Budget::Measure::sum) return 1.0;
  if (!budget.sum) return Error{Code::internal, "it has no sum"};
  const Value amount = TRY(value_of(*budget.sum, facts, now));
  if (!amount.is_number() || !std::isfinite(amount.as_number()) || amount.as_number() < 0)
    return Error{Code::invalid_argument, "its sum is not a number of at least 0"};
  return amount.as_number();
}

}  // namespace

Duration window_part_of(Duration per) {
  return std::max(per / window_parts, Duration(1));
}

const char* name_of(RuleResult::Says says) {
  switch (says) {
    case Says::nothing:
      return "nothing";
    case Says::allow:
      return "allow";
    case Says::approve:
      return "approve";
    case Says::four_eyes:
      return "fourEyes";
    case Says::deny:
      return "deny";
    case Says::failed:
      break;
  }
  return "failed";
}

const Value* find_fact(const Value& facts, const definition::FactPath& path) {
  const Value* found = &facts;
  for (const std::string& name : path.names) {
    if (!found->is_object()) return nullptr;
    found = found->find(name);
    if (found == nullptr) return nullptr;
  }
  return found;
}

Result<bool> holds(const Condition& condition, const Value& facts, Timestamp now) {
  const Value answer = TRY(value_of(condition, facts, now));
  if (answer.is_boolean()) return answer.as_boolean();
  return Error{Code::invalid_argument, fmt::format("it gave a {}, not true or false", answer.kind_name())};
}

std::vector<RuleResult> judge_rules(const FittingRules& rules, const tool::Effect& effect, const Value& facts,
                                    Timestamp now) {
  std::vector<RuleResult> results;
  results.reserve(rules.size());
  for (const PolicySet::Rule* rule : rules) {
    RuleResult& result = results.emplace_back();
    result.rule = rule;
    RuleJudge(result, facts, now).judge(effect);
  }
  return results;
}

std::vector<ChargedBudget> budgets_charged(const definition::Project& policies, const tool::Effect& effect,
                                           const definition::Principal& requester, const std::string& run) {
  std::vector<ChargedBudget> charged;
  if (!policies.policy_set) return charged;
  for (const auto* named : policies.policy_set->budgets_for(effect.tool, effect.operation, effect.effect_class))
    charged.push_back({{named->name, key_of(named->budget->scope, effect, requester, run), 0}, named->budget->per});
  for (ChargedBudget& count : counts_charged(*policies.policy_set, effect, run)) charged.push_back(std::move(count));
  return charged;
}

std::vector<BudgetResult> judge_budgets(const PolicySet& policies, const tool::Effect& effect,
                                        const definition::Principal& requester, const Value& facts,
                                        const Circumstances& circumstances, Timestamp now) {
  std::vector<BudgetResult> results;
  for (const auto* named : policies.budgets_for(effect.tool, effect.operation, effect.effect_class)) {
    const Budget& budget = *named->budget;
    BudgetResult& result = results.emplace_back();
    result.budget = named;
    result.charge = {named->name, key_of(budget.scope, effect, requester, circumstances.run),
                     0,           window_part(budget, now),
                     budget.per,  budget.measure == Budget::Measure::asks};
    const auto use = std::find_if(
        circumstances.budgets.begin(), circumstances.budgets.end(),
        [&](const BudgetUse& each) { return each.budget == named->name && each.key == result.charge.key; });
    const Result<double> amount = amount_of(budget, facts, now);
    if (use == circumstances.budgets.end()) {
      result.error = "it is not known how much of it is used";
    } else if (!amount) {
      result.error = amount.error().message;
    } else {
      result.spent = use->spent;
      result.charge.amount = *amount;
      result.over = use->spent + *amount > budget.max;
    }
  }
  return results;
}

}  // namespace gantry::gate
