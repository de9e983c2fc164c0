// Holds the invariants that policies state (definition/invariant.h) while instances run: an effect that would break one
// is denied, with the invariant's name as the rule, whatever the rules say. Pure.
//
// `before` is meant by time here: what any instance of the run has done, and what this instance knows of. That is
// never stricter than what is proven (prove/prove.h), where an excuse has to come before the effect on its own line.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "definition/project.h"
#include "gate/gate.h"
#include "gate/known_values.h"

namespace gantry::gate {

// What happened in a run, as far as invariants may ask beside the results of its calls, which KnownValues has. Kept by
// the engine as a fold of the run's events. Bounded: the oldest answers are forgotten, which excuses less. One thread at
// a time.
class RunPast {
 public:
  void add_done(std::string operation) { done_.insert(std::move(operation)); }  // TOOL.OPERATION ended well
  void add_decided(std::string decision, const Value& answer);
  void add_approved(std::string task) { approved_.insert(std::move(task)); }  // name of a `call: approval` task
  // What other instances of the run had met: guards_met() of theirs, as a list of texts. Anything else says nothing.
  void add_met(const Value& guards);

  // Whether the guard is there. `known` has the results of the calls.
  bool meets(const definition::InvariantGuard& guard, const KnownValues& known) const;
  // All guards of the policies that are there, as a list of texts; null when there are none.
  Value guards_met(const definition::Project& policies, const KnownValues& known) const;

  bool is_empty() const { return done_.empty() && approved_.empty() && met_.empty() && decided_.entries().empty(); }
  Value to_value() const;  // for snapshots; null when empty
  static Result<RunPast> from_value(const Value& value);

 private:
  std::set<std::string> done_, approved_, met_;
  KnownValues decided_;  // answers, by decision
};

// The names of the invariants that the past of the run excuses the effect from: what Circumstances::excused must say.
std::vector<std::string> excused_from(const definition::Project& policies, const tool::Effect& effect,
                                      const RunPast& past, const KnownValues& known);

// Makes the verdict a denial when the effect would break an invariant. Adds what counts for `moreThan` to its charges.
void hold_invariants(Verdict& verdict, const definition::PolicySet& policies, const tool::Effect& effect,
                     const Value& facts, const Circumstances& circumstances, Timestamp now);

// The counts of the invariants with `moreThan` that may speak of the effect; see budgets_charged().
std::vector<ChargedBudget> counts_charged(const definition::PolicySet& policies, const tool::Effect& effect,
                                          const std::string& run);
// What the names of such counts start with, before "policy/invariant".
inline constexpr std::string_view count_prefix = "invariant:";
// A charge of such a count: it is never given back, because what was permitted counts whether it succeeds or not.
bool is_count(const Charge& charge);

}  // namespace gantry::gate
