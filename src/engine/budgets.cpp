#include "engine/budgets.h"

#include <algorithm>

namespace gantry::engine {
namespace {

constexpr std::size_t counters_max = 100'000;

std::string name_of_counter(const std::string& budget, const std::string& key) {
  return budget + "\n" + key;
}

}  // namespace

Result<Budgets::Counter*> Budgets::counter(const std::string& budget, const std::string& key) {
  const std::string name = name_of_counter(budget, key);
  if (auto found = counters_.find(name); found != counters_.end()) return &found->second;
  const std::vector<journal::BudgetPart> parts = TRY(store_.budget_parts(budget, key));
  Counter& counter = counters_[name];
  for (const journal::BudgetPart& part : parts) counter[part.at] = part.amount;
  return &counter;
}

Result<double> Budgets::spent(const gate::ChargedBudget& budget, Timestamp now) {
  const Counter* counter = TRY(this->counter(budget.use.budget, budget.use.key));
  double sum = 0;
  for (const auto& [at, amount] : *counter) {
    // A part counts until its end has left the window: a little too long, never too short.
    if (budget.per && at + gate::window_part_of(*budget.per) <= now - *budget.per) continue;
    sum += amount;
  }
  return std::max(sum, 0.0);
}

void Budgets::charge(const gate::Charge& charge, double sign) {
  auto counter = this->counter(charge.budget, charge.key);
  // The store can't be read: the batch will fail, and then everything is read anew.
  if (!counter) return;
  (**counter)[charge.at] += sign * charge.amount;
}

bool Budgets::is_full() const {
  return counters_.size() > counters_max;
}

void Budgets::committed() {
  if (is_full()) counters_.clear();
}

}  // namespace gantry::engine
