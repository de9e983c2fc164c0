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

struct Verdict {
  definition::VerdictKind kind = definition::VerdictKind::deny;
  std::string rule;    // "policy/rule-id" that decided; "default-deny" when none matched
  std::string reason;  // one sentence for people
  std::string policy;  // digest of all policies in force, hexadecimal
  // What was decided about: the digest of the effect and of its tool's definition, hexadecimal. A permit is handed out
  // only for exactly this.
  std::string effect, tool;
  std::vector<definition::ApproverRequirement> approvers;  // for approve: the union over the approve rules that matched
  bool requester_excluded = true;
  Duration expires{};
};
Value to_value(const Verdict& verdict);
Result<Verdict> verdict_from(const Value& value);

class Gate {
 public:
  explicit Gate(tool::Drivers drivers) : drivers_(std::move(drivers)) {}

  // `project` holds the policies in force; `definitions` the project that the instance is pinned to (its tools); `run`
  // what the engine kept of the run that asks.
  Verdict check(const definition::Project& policies, const definition::Project& definitions, const tool::Effect& effect,
                const definition::Principal& requester, Timestamp now, const RunFacts& run = {}) const;

  // Errors: denied, unless the verdict is allow.
  Result<tool::Permit> permit(const tool::Effect& effect, const Verdict& verdict) const;
  // Checks everything again: the approval is for this effect's digest and this policy digest, not expired, not used,
  // complete with distinct people, requester excluded. Errors: denied, naming what failed. Marks it used.
  Result<tool::Permit> permit_approved(const tool::Effect& effect, Approval& approval, const Verdict& current,
                                       Timestamp now) const;
  // For an effect whose intent is already durable (effect_permitted is in the journal) and whose outcome is unknown:
  // sending it again with its key, after a crash or a lost answer. `intent` is that event's data.
  Result<tool::Permit> permit_again(const tool::Effect& effect, const Value& intent) const;

  // Runs the driver; on a worker thread. An unknown driver is a failed outcome, kind configuration. Labels what comes
  // back: as the operation declares and, where there are `policies`, as these say (result_labels.h, echo_rule.h).
  tool::Outcome perform(tool::Permit permit, const definition::Project& definitions, int attempt, std::stop_token stop,
                        const definition::Project* policies = nullptr) const;

 private:
  tool::Drivers drivers_;
};

// Digest over all policies of a project: what an approval is bound to.
std::string policy_digest(const definition::Project& project);

}  // namespace gantry::gate
