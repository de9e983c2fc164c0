#include "gate/invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "gate/decide.h"
#include "gate/judge.h"
#include "gate/reading.h"

namespace gantry::gate {
namespace {

using definition::Invariant;
using definition::InvariantGuard;
using definition::PolicySet;

constexpr expression::Limits test_limits{
    .steps_max = 1'000'000, .memory_bytes_max = 16u << 20, .depth_max = 1'000, .outputs_max = 1};

bool satisfies(const InvariantGuard& guard, const Value& value) {
  if (!guard.test) return true;
  const auto answer = expression::evaluate_only(*guard.test->program, value, {.limits = test_limits});
  return answer && answer->is_truthy();
}

bool has_one(const InvariantGuard& guard, const KnownValues& values, KnownValues::Kind kind) {
  return std::any_of(values.entries().begin(), values.entries().end(), [&](const KnownValues::Entry& entry) {
    return entry.kind == kind && entry.name == guard.name && satisfies(guard, entry.value);
  });
}

// What can't be told is not let through: a condition that fails, or names a fact that is missing, is taken to hold.
bool speaks(const Invariant& invariant, const Value& facts, Timestamp now) {
  if (!invariant.when) return true;
  const Result<bool> answer = holds(*invariant.when, facts, now);
  return !answer.ok() || *answer;
}

bool is_approved_by_enough(const Invariant& invariant, const Verdict& verdict) {
  if (invariant.approvers == 0 || verdict.kind != definition::VerdictKind::approve) return false;
  const std::size_t people =
      std::accumulate(verdict.approvers.begin(), verdict.approvers.end(), std::size_t{0},
                      [](std::size_t sum, const auto& requirement) { return sum + requirement.count; });
  return people >= invariant.approvers;
}

std::string count_name(const PolicySet::NamedInvariant& named) {
  return std::string(count_prefix) + named.name;
}

std::string run_of(const tool::Effect& effect, const std::string& run) {
  return run.empty() ? effect.instance : run;
}

Verdict broken(Verdict verdict, const PolicySet::NamedInvariant& named, const std::string& more) {
  const Invariant& invariant = *named.invariant;
  std::string reason = invariant.reason;
  if (reason.empty()) reason = fmt::format("The invariant {} says: {}.", named.name, invariant.sentence());
  if (!more.empty()) reason += " " + more;
  verdict.charges.clear();
  verdict = denied(std::move(verdict), named.name, std::move(reason));
  if (verdict.explanation.is_object())
    verdict.explanation =
        std::move(verdict.explanation)
            .with_member("invariant", Value::object({{"name", named.name}, {"says", invariant.sentence()}}));
  return verdict;
}

}  // namespace

void RunPast::add_decided(std::string decision, const Value& answer) {
  decided_.add(KnownValues::Kind::answer, std::move(decision), answer);
}

void RunPast::add_met(const Value& guards) {
  if (!guards.is_array()) return;
  for (const Value& guard : guards.items())
    if (guard.is_string()) met_.emplace(guard.as_string());
}

bool RunPast::meets(const InvariantGuard& guard, const KnownValues& known) const {
  if (met_.contains(guard.text())) return true;
  switch (guard.kind) {
    case InvariantGuard::Kind::done:
      return guard.test ? has_one(guard, known, KnownValues::Kind::result) : done_.contains(guard.name);
    case InvariantGuard::Kind::decided:
      return has_one(guard, decided_, KnownValues::Kind::answer);
    case InvariantGuard::Kind::approval:
      break;
  }
  return approved_.contains(guard.name);
}

Value RunPast::guards_met(const definition::Project& policies, const KnownValues& known) const {
  std::set<std::string> met;
  for (const auto& [name, policy] : policies.policies)
    for (const Invariant& invariant : policy->invariants)
      for (const InvariantGuard& guard : invariant.unless)
        if (meets(guard, known)) met.insert(guard.text());
  return met.empty() ? Value() : texts_value({met.begin(), met.end()});
}

Value RunPast::to_value() const {
  if (is_empty()) return {};
  return Value::object({{"done", texts_value({done_.begin(), done_.end()})},
                        {"approved", texts_value({approved_.begin(), approved_.end()})},
                        {"met", texts_value({met_.begin(), met_.end()})},
                        {"decided", decided_.to_value()}});
}

Result<RunPast> RunPast::from_value(const Value& value) {
  RunPast past;
  if (value.is_null()) return past;
  const FieldReader fields{"the run's past", value};
  for (std::string& name : TRY(fields.texts("done"))) past.add_done(std::move(name));
  for (std::string& name : TRY(fields.texts("approved"))) past.add_approved(std::move(name));
  past.add_met(value.member("met"));
  past.decided_ = TRY(KnownValues::from_value(value.member("decided")));
  return past;
}

std::vector<std::string> excused_from(const definition::Project& policies, const tool::Effect& effect,
                                      const RunPast& past, const KnownValues& known) {
  std::vector<std::string> excused;
  if (!policies.policy_set) return excused;
  for (const auto* named : policies.policy_set->invariants_for(effect.tool, effect.operation, effect.effect_class)) {
    const auto& unless = named->invariant->unless;
    if (std::any_of(unless.begin(), unless.end(), [&](const auto& guard) { return past.meets(guard, known); }))
      excused.push_back(named->name);
  }
  return excused;
}

std::vector<ChargedBudget> counts_charged(const PolicySet& policies, const tool::Effect& effect,
                                          const std::string& run) {
  std::vector<ChargedBudget> counts;
  for (const auto* named : policies.invariants_for(effect.tool, effect.operation, effect.effect_class))
    if (named->invariant->more_than > 0) counts.push_back({{count_name(*named), run_of(effect, run), 0}, {}});
  return counts;
}

bool is_count(const Charge& charge) {
  return charge.budget.starts_with(count_prefix);
}

void hold_invariants(Verdict& verdict, const PolicySet& policies, const tool::Effect& effect, const Value& facts,
                     const Circumstances& circumstances, Timestamp now) {
  const auto fitting = policies.invariants_for(effect.tool, effect.operation, effect.effect_class);
  if (fitting.empty()) return;
  const std::string workflow = effect.workflow.namespace_ + "/" + effect.workflow.name;
  std::vector<Charge> counts;
  const auto break_by = [&](const PolicySet::NamedInvariant& named, const std::string& more) {
    verdict = broken(std::move(verdict), named, more);
  };
  for (const auto* named : fitting) {
    const Invariant& invariant = *named->invariant;
    const auto& only = invariant.workflows;
    const auto& excused = circumstances.excused;
    if (!only.empty() && std::find(only.begin(), only.end(), workflow) == only.end()) continue;
    if (std::find(excused.begin(), excused.end(), named->name) != excused.end()) continue;
    if (!speaks(invariant, facts, now) || is_approved_by_enough(invariant, verdict)) continue;
    if (invariant.more_than == 0) return break_by(*named, "");
    const std::string count = count_name(*named);
    const auto use = std::find_if(circumstances.budgets.begin(), circumstances.budgets.end(),
                                  [&](const BudgetUse& each) { return each.budget == count; });
    if (use == circumstances.budgets.end())
      return break_by(*named, "It is not known how many there were.");
    if (use->spent + 1 > static_cast<double>(invariant.more_than))
      return break_by(*named, fmt::format("There were {} in this run.", use->spent));
    counts.push_back({.budget = count, .key = use->key, .amount = 1, .at = {}, .per = {}, .asks = false});
  }
  for (Charge& count : counts) verdict.charges.push_back(std::move(count));
}

}  // namespace gantry::gate
