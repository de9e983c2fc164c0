// The gate: the only door between effects and drivers. It decides by policy (check), hands out a Permit for an allowed
// or approved effect (permit, permit_approved), and performs it (perform). Policy is that of the newest project.
//
// The guarantee: for each effect that ran, either a rule's conditions held over facts that the engine kept, or named
// people approved exactly that effect.
//
// check() is a pure function of its arguments; any thread. Missing policy, a condition that errors, arguments that
// don't fit the tool's schema: all deny.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "definition/principal.h"
#include "definition/project.h"
#include "gate/approval.h"
#include "gate/run_facts.h"
#include "tool/driver.h"

namespace gantry::gate {

// What the effect takes from one budget. `at` is when its part of the budget's window begins; the epoch when it has none.
struct Charge {
  std::string budget;  // "policy/budget"
  std::string key;     // of whom, or what: an instance, a person, a workflow
  double amount = 0;
  Timestamp at{};
  std::optional<Duration> per;
  bool asks = false;  // taken when people are asked, not when the effect is permitted
};
// A window is counted in parts of this length: what was spent counts until its part has left the window.
Duration window_part_of(Duration per);
Value to_value(const Charge& charge);
Result<Charge> charge_from(const Value& value);

// How much of a budget is used, as the engine knows it.
struct BudgetUse {
  std::string budget, key;
  double spent = 0;
};

// What the engine knows around an effect, beside its content.
struct Circumstances {
  std::string run;                 // the instance that began it; empty: the effect's own
  std::string author;              // who deployed the workflow; empty when that is not known
  std::string stopped;             // the gate is stopped for this effect: by whom and why; empty when it is not
  RunFacts facts;                  // what it kept of the run that asks
  std::vector<BudgetUse> budgets;  // of all of budgets_charged(); one that is missing denies
  // "policy/invariant": those that the past of the run excuses the effect from; see excused_from() of invariants.h.
  std::vector<std::string> excused;
};

struct Verdict {
  definition::VerdictKind kind = definition::VerdictKind::deny;
  std::string rule;    // "policy/rule-id" that decided; "default-deny" when none matched
  std::string reason;  // one sentence for people
  std::string policy;  // digest of all policies in force, hexadecimal
  // What was decided about: the digest of the effect and of its tool's definition. A permit is handed out only for
  // exactly this; without one of them for nothing.
  std::optional<Digest> effect, tool;
  std::vector<definition::ApproverRequirement> approvers;  // for approve: the union over the approve rules that matched
  bool requester_excluded = true;
  std::string author;  // of the workflow, when they may not approve
  Duration expires{};
  std::vector<definition::Escalation> escalations;
  std::vector<Charge> charges;
  // {rules: [{rule, says, conditions: [{key, text, holds, failed, error}]}], facts: {PATH: value}, labels: {ARGUMENT: {...}}, provenance, budgets: [...],
  // toPass: [text]}; for people and logs: bounded, secrets left out. Nothing is decided by it. Null when nobody asked for it.
  Value explanation;
  // What the engine said beside the effect and the run: {author, stopped, budgets, excused}; null when it said nothing. With it
  // the verdict can be reached again later.
  Value circumstances;
};
// Without `run` and `facts`, which follow from the instance.
Value to_value(const Circumstances& circumstances);
Result<Circumstances> circumstances_from(const Value& value);

// As it stands in the journal: an explanation that says no more than that `rule` allows it is left out.
Value to_value(const Verdict& verdict);
Result<Verdict> verdict_from(const Value& value);
std::optional<Digest> digest_in(const Value& object, std::string_view key);  // hexadecimal; none where there is no such

// The budgets, and the counts of invariants, that the effect is charged to, with nothing spent: what `Circumstances::budgets` must say.
struct ChargedBudget {
  BudgetUse use;
  std::optional<Duration> per;
};
std::vector<ChargedBudget> budgets_charged(const definition::Project& policies, const tool::Effect& effect,
                                           const definition::Principal& requester, const std::string& run);

// Whether a verdict says why: what asks many times and shows nobody does without.
enum class Explained : bool { no, yes };

class Gate {
 public:
  explicit Gate(tool::Drivers drivers) : drivers_(std::move(drivers)) {}

  // `project` holds the policies in force; `definitions` the project that the instance is pinned to (its tools);
  // `circumstances` what the engine knows of the run that asks. What is decided is the same whether or not it is explained.
  Verdict check(const definition::Project& policies, const definition::Project& definitions, const tool::Effect& effect,
                const definition::Principal& requester, Timestamp now, const Circumstances& circumstances = {},
                Explained explained = Explained::yes) const;

  // Errors: denied, unless the verdict is allow.
  Result<tool::Permit> permit(const tool::SharedEffect& effect, const Verdict& verdict) const;
  // Checks everything again: the approval is for this effect's digest and this policy digest, not expired, not used,
  // complete with distinct people, requester excluded. Errors: denied, naming what failed. Marks it used.
  Result<tool::Permit> permit_approved(const tool::SharedEffect& effect, Approval& approval, const Verdict& current,
                                       Timestamp now) const;
  // For an effect whose intent is already durable (effect_permitted is in the journal) and whose outcome is unknown:
  // sending it again with its key, after a crash or a lost answer. `intent` is that event's data.
  Result<tool::Permit> permit_again(const tool::SharedEffect& effect, const Value& intent) const;

  // Runs the driver; on a worker thread. An unknown driver is a failed outcome, kind configuration. Labels what comes
  // back: as the operation declares and, where there are `policies`, as these say (result_labels.h, echo_rule.h).
  tool::Outcome perform(tool::Permit permit, const definition::Project& definitions, int attempt, std::stop_token stop,
                        const definition::Project* policies = nullptr) const;

  // The same without a thread of the caller's, for drivers that can: `can_begin` says so, `begin` hands the permit to the
  // driver, and of the outcome that then comes to the receiver `finished` makes what perform would give. `definitions`
  // must stay as long as the errand does. Any thread; none of them waits.
  bool can_begin(const tool::Effect& effect, const definition::Project& definitions) const;
  void begin(tool::Permit permit, const definition::Project& definitions, int attempt, std::stop_token stop,
             std::unique_ptr<tool::Errand> errand, std::shared_ptr<tool::OutcomeReceiver> receiver) const;
  tool::Outcome finished(tool::Outcome outcome, const tool::Effect& effect, const definition::Project& definitions,
                         const definition::Project* policies) const;

 private:
  // Null in it: what is not there.
  struct Way {
    tool::Driver* driver = nullptr;
    std::string_view driver_name;
    tool::CallContext context;
  };
  Way way_of(const tool::Effect& effect, const definition::Project& definitions) const;

  tool::Drivers drivers_;
};

// Digest over all policies of a project: what an approval is bound to.
std::string policy_digest(const definition::Project& project);

}  // namespace gantry::gate
