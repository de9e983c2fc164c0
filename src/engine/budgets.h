// How much of each budget is spent: read from the journal when it is asked for the first time, kept in memory after
// that. What is charged here is journaled with the event that charges it, so the table of the store and this agree
// after every commit. Engine's thread only.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "gate/gate.h"
#include "journal/store.h"

namespace gantry::engine {

class Budgets {
 public:
  explicit Budgets(journal::Store& store) : store_(store) {}

  // Within the window that ends now, or ever. Errors: those of the store.
  Result<double> spent(const gate::ChargedBudget& budget, Timestamp now);
  void charge(const gate::Charge& charge, double sign);

  // So many counters are kept that committed() must come, when nothing is charged that is not durable.
  bool is_full() const;
  // The batch is durable: what was forgotten can be read again, so memory has a bound.
  void committed();
  // The batch is not: what the store says counts.
  void rolled_back() { counters_.clear(); }

 private:
  using Counter = std::map<Timestamp, double>;  // by the part of the window

  Result<Counter*> counter(const std::string& budget, const std::string& key);

  journal::Store& store_;
  std::unordered_map<std::string, Counter> counters_;  // by "budget\nkey"
};

}  // namespace gantry::engine
