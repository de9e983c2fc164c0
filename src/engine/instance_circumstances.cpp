// What the gate is told about an effect beside its content, and what budgets are charged for it.
#include <algorithm>

#include "engine/budgets.h"
#include "engine/installation.h"
#include "engine/instance_record.h"

namespace gantry::engine {
namespace {

Value charges_value(const std::vector<gate::Charge>& charges) {
  std::vector<Value> items;
  for (const gate::Charge& charge : charges) items.push_back(gate::to_value(charge));
  return Value::array(std::move(items));
}

// What the asking for this very effect took already: asking about it again must not find its own ask in the way.
double own_asks(const Value& verdict, const gate::BudgetUse& use) {
  double sum = 0;
  const Value charges = verdict.is_object() ? verdict.member("charges") : Value();
  if (!charges.is_array()) return 0;
  for (const Value& item : charges.items()) {
    const auto charge = gate::charge_from(item);
    if (charge.ok() && charge->asks && charge->budget == use.budget && charge->key == use.key) sum += charge->amount;
  }
  return sum;
}

}  // namespace

std::string InstanceRecord::stopped(const tool::Effect& effect, const Work& work) const {
  return work.installation.stopped(effect, principal_.person, above_);
}

gate::Verdict InstanceRecord::check(const tool::Effect& effect, Work& work) const {
  return check(effect, *project_of(effect.id), work);
}

gate::Verdict InstanceRecord::check(const tool::Effect& effect, const definition::Project& definitions, Work& work) const {
  gate::Circumstances circumstances;
  circumstances.facts = facts_about(effect);
  circumstances.run = run();
  // Changing policy has no author but who asks for it.
  circumstances.author = effect.tool == "policy" ? principal_.person : work.installation.author_of(effect.workflow.text());
  circumstances.stopped = stopped(effect, work);
  circumstances.excused = gate::excused_from(*work.policies, effect, past_, known_);
  const auto asked = effects_.find(effect.id);
  for (gate::ChargedBudget& budget : gate::budgets_charged(*work.policies, effect, principal_, circumstances.run)) {
    const auto spent = work.budgets.spent(budget, work.now);
    if (!spent.ok()) continue;  // not known, so the gate denies
    budget.use.spent = *spent;
    if (asked != effects_.end()) budget.use.spent -= own_asks(asked->second.verdict, budget.use);
    circumstances.budgets.push_back(std::move(budget.use));
  }
  return work.gate.check(*work.policies, definitions, effect, principal_, work.now, circumstances);
}

// What is charged now, by asking or by permitting, into the event that says so.
Value InstanceRecord::with_charges(Value data, const gate::Verdict& verdict, bool asks, Work& work) const {
  std::vector<gate::Charge> charges;
  for (const gate::Charge& charge : verdict.charges)
    if (charge.asks == asks) charges.push_back(charge);
  if (charges.empty()) return data;
  for (const gate::Charge& charge : charges) work.budgets.charge(charge, 1);
  return std::move(data).with_member("charges", charges_value(charges));
}

bool InstanceRecord::asked_for_it(const std::string& person) const {
  return person == principal_.person || std::find(askers_.begin(), askers_.end(), person) != askers_.end();
}

// Beside the requester and the author: who asked for the run again, and the authors of the workflows that run this one.
std::vector<std::string> InstanceRecord::also_excluded(const gate::Verdict& verdict, const Work& work) const {
  std::vector<std::string> people;
  if (verdict.requester_excluded) people = askers_;
  if (verdict.author.empty()) return people;
  for (const std::string& workflow : above_)
    if (std::string author = work.installation.author_of(workflow); !author.empty()) people.push_back(std::move(author));
  return people;
}

// An effect that certainly did not take place gives back what its permission charged; not on the word of who asked for it.
Value InstanceRecord::with_refunds(Value data, Work& work) const {
  if (data.string_or("resolvedBy", "") == "requester") return data;
  const auto found = effects_.find(std::string(data.string_or("effect", "")));
  if (found == effects_.end() || !found->second.intent.is_object()) return data;
  const Value charged = found->second.intent.member("charges");
  if (!charged.is_array() || charged.size() == 0) return data;
  std::vector<Value> refunds;
  for (const Value& item : charged.items()) {
    const auto charge = gate::charge_from(item);
    if (!charge.ok() || gate::is_count(*charge)) continue;
    work.budgets.charge(*charge, -1);
    refunds.push_back(item);
  }
  if (refunds.empty()) return data;
  return std::move(data).with_member("refunds", Value::array(std::move(refunds)));
}

}  // namespace gantry::engine
