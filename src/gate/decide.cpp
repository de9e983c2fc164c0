#include "gate/decide.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "base/planted.h"

namespace gantry::gate {
namespace {

using definition::ApproverRequirement;
using definition::Duty;
using definition::PolicyRule;
using definition::VerdictKind;
using Says = RuleResult::Says;

// What one rule or budget asks of people.
struct Asked {
  std::string name, reason;
  std::vector<ApproverRequirement> approvers;
  std::vector<definition::Escalation> escalations;
  Duration expires{};
  bool not_requester = false, not_author = false, four_eyes = false;
};

const RuleResult* first(const std::vector<RuleResult>& rules, Says says) {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const auto& each) { return each.says == says; });
  return found == rules.end() ? nullptr : &*found;
}

std::string reason_of(const RuleResult& result, std::string_view fallback) {
  const PolicyRule& rule = *result.rule->rule;
  return rule.reason.empty() ? fmt::format("Rule {} {}.", result.rule->name, fallback) : rule.reason;
}

void require(std::vector<ApproverRequirement>& all, const ApproverRequirement& requirement) {
  const auto same = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.role == requirement.role; });
  if (same == all.end())
    all.push_back(requirement);
  else
    same->count = std::max(same->count, requirement.count);
}

// Two different people at least: the role that is named first gives as many as are missing.
void require_four_eyes(std::vector<ApproverRequirement>& approvers) {
  const std::size_t seats = std::accumulate(approvers.begin(), approvers.end(), std::size_t{0},
                                            [](std::size_t sum, const auto& each) { return sum + each.count; });
  if (!approvers.empty() && seats < 2) approvers.front().count += 2 - seats;
}

Asked asked_by(const RuleResult& result) {
  const PolicyRule& rule = *result.rule->rule;
  Asked asked{result.rule->name,
              reason_of(result, "asks for an approval"),
              rule.approvers,
              rule.escalations,
              rule.expires,
              rule.requester_excluded,
              false,
              result.says == Says::four_eyes};
  for (const Duty* duty : result.rule->duties) {
    for (const auto& requirement : duty->by) require(asked.approvers, requirement);
    asked.not_requester = asked.not_requester || duty->not_requester;
    asked.not_author = asked.not_author || duty->not_author;
    asked.four_eyes = asked.four_eyes || duty->four_eyes;
  }
  if (asked.four_eyes) require_four_eyes(asked.approvers);
  return asked;
}

std::string over_text(const BudgetResult& result) {
  const definition::Budget& budget = *result.budget->budget;
  if (!budget.reason.empty()) return budget.reason;
  return fmt::format("Budget {} of {} is used up: {} of {}{} is spent, and this takes {}.", result.budget->name,
                     result.charge.key, result.spent, budget.max,
                     budget.per ? " per " + format_duration(*budget.per) : std::string(), result.charge.amount);
}

// Without what is spent, which each approval of another effect changes: it is no other question for that.
std::string asking_text(const BudgetResult& result) {
  const definition::Budget& budget = *result.budget->budget;
  if (!budget.reason.empty()) return budget.reason;
  return fmt::format("This takes {} of budget {} of {}, more than is left of {}{}.", result.charge.amount,
                     result.budget->name, result.charge.key, budget.max,
                     budget.per ? " per " + format_duration(*budget.per) : std::string());
}

Asked asked_by(const BudgetResult& result) {
  const definition::Budget& budget = *result.budget->budget;
  return {result.budget->name,
          asking_text(result),
          budget.approvers,
          {},
          budget.expires,
          budget.requester_excluded,
          false,
          false};
}

// Everything that any of them asks for: the strictest wins.
void ask_approval(Verdict& verdict, const std::vector<Asked>& all, const Circumstances& circumstances) {
  std::vector<std::string_view> names;
  std::vector<std::string> reasons;
  verdict.kind = VerdictKind::approve;
  verdict.requester_excluded = false;
  verdict.expires = all.front().expires;
  for (const Asked& asked : all) {
    names.push_back(asked.name);
    if (std::find(reasons.begin(), reasons.end(), asked.reason) == reasons.end()) reasons.push_back(asked.reason);
    for (const auto& requirement : asked.approvers) require(verdict.approvers, requirement);
    verdict.expires = std::min(verdict.expires, asked.expires);
    verdict.requester_excluded = verdict.requester_excluded || asked.not_requester;
    if (asked.not_author) verdict.author = circumstances.author;
  }
  const bool four_eyes = std::any_of(all.begin(), all.end(), [](const Asked& asked) { return asked.four_eyes; });
  if (four_eyes) require_four_eyes(verdict.approvers);
  // Others may stand in only where everybody who asks would let them.
  if (all.size() == 1) verdict.escalations = all.front().escalations;
  verdict.rule = fmt::format("{}", fmt::join(names, ", "));
  verdict.reason = fmt::format("{}", fmt::join(reasons, " "));
}

const BudgetResult* over_budget(const std::vector<BudgetResult>& budgets, bool asks) {
  for (const BudgetResult& each : budgets) {
    const bool is_asks = each.charge.asks;
    if (is_asks == asks && (!each.error.empty() || (each.over && each.budget->budget->over == VerdictKind::deny)))
      return &each;
  }
  return nullptr;
}

Verdict denied_by(Verdict verdict, const BudgetResult& result) {
  std::string reason = result.error.empty()
                           ? over_text(result)
                           : fmt::format("Budget {} can't be checked, and what can't be checked is denied: {}.",
                                         result.budget->name, result.error);
  return denied(std::move(verdict), result.budget->name, std::move(reason));
}

Verdict asking(Verdict verdict, const std::vector<Asked>& all, const std::vector<BudgetResult>& budgets,
               const Circumstances& circumstances) {
  for (const Asked& asked : all) {
    if (asked.approvers.empty())
      return denied(std::move(verdict), asked.name, "The rule asks for an approval but names no approvers.");
    if (asked.not_author && circumstances.author.empty())
      return denied(std::move(verdict), asked.name,
                    "The workflow's author may not approve this, and it is not known who that is.");
  }
  if (const BudgetResult* over = over_budget(budgets, true)) return denied_by(std::move(verdict), *over);
  ask_approval(verdict, all, circumstances);
  return verdict;
}

}  // namespace

Verdict denied(Verdict verdict, std::string rule, std::string reason) {
  verdict.kind = VerdictKind::deny;
  verdict.rule = std::move(rule);
  verdict.reason = std::move(reason);
  return verdict;
}

void decide(Verdict& verdict, const std::vector<RuleResult>& rules, const std::vector<BudgetResult>& budgets,
            const Circumstances& circumstances) {
  const auto deny_by = [&](std::string rule, std::string reason) {
    verdict = denied(std::move(verdict), std::move(rule), std::move(reason));
  };
  for (const BudgetResult& budget : budgets) verdict.charges.push_back(budget.charge);
  if (const RuleResult* deny = first(rules, Says::deny); deny != nullptr && !GANTRY_PLANTED(overlooks_denials))
    return deny_by(deny->rule->name, reason_of(*deny, "denies this"));
  if (const RuleResult* failed = first(rules, Says::failed))
    return deny_by(failed->rule->name,
                   fmt::format("The condition of rule {} failed, and what can't be checked is denied: {}",
                               failed->rule->name, failed->conditions.back().error));
  std::vector<Asked> all;
  for (const RuleResult& result : rules)
    if (result.says == Says::approve || result.says == Says::four_eyes) all.push_back(asked_by(result));
  const RuleResult* allow = first(rules, Says::allow);
  if (all.empty() && allow == nullptr) return deny_by("default-deny", "No rule allows this.");
  if (const BudgetResult* over = over_budget(budgets, false)) {
    verdict = denied_by(std::move(verdict), *over);
    return;
  }
  for (const BudgetResult& budget : budgets)
    if (budget.over && !budget.charge.asks) all.push_back(asked_by(budget));
  if (!all.empty()) {
    verdict = asking(std::move(verdict), all, budgets, circumstances);
    return;
  }
  verdict.kind = VerdictKind::allow;
  verdict.rule = allow->rule->name;
  verdict.reason = allow->lifted ? fmt::format("Rule {} allows what only the workflow's author wrote.", verdict.rule)
                                 : reason_of(*allow, "allows this");
}

}  // namespace gantry::gate
