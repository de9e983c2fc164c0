// An invariant: a sentence about all runs, stated in a policy file, proven before a deploy (`gantry prove`,
// `gantry check`) and held by the gate while instances run (gate/invariants.h). File form: docs/reference/prove.md.
//
//   invariants:
//     - id: cleared-before-release
//       never: tos.release                  # TOOL.OPERATION, TOOL.*, * or a list, or {classes: [money]}
//       when: .effect.arguments.value > 100 # only these; facts as in a rule's `when`
//       unless: {done: customs.status, result: .cleared == true}
//
// One run is an instance with all the workflows that it runs. A run breaks the invariant when an effect that `never`
// and `when` speak of is permitted, more than `moreThan` such effects were permitted in the run, and none of `unless`
// is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "definition/tool.h"

namespace gantry::definition {

struct Condition;  // definition/policy.h

// One entry of `unless`: what excuses the effect when it came before it in the run.
struct InvariantGuard {
  enum class Kind : std::uint8_t {
    done,      // an effect of `name` (TOOL.OPERATION) ended well and its result satisfies `test`
    decided,   // the decision `name` was answered and its answer satisfies `test`
    approval,  // the `call: approval` task with this name was answered with yes
  } kind = Kind::done;
  std::string name;
  std::optional<Expression> test;  // `.` is the result or answer; absent: any. One that errors is not satisfied.

  std::string text() const;  // "customs.status is done with .cleared == true"; equal for guards that ask the same
};

struct Invariant {
  std::string id, reason;
  std::vector<std::string> tools;      // empty: any, then `classes` is not
  std::vector<EffectClass> classes;    // empty: any
  std::shared_ptr<const Condition> when;  // null: always; one that fails counts as true: too strict, never too lax
  std::vector<std::string> workflows;  // NAMESPACE/NAME: only effects of these workflows; empty: all
  std::vector<std::string> roles;      // only where the requester holds one of these; empty: all
  std::size_t more_than = 0;           // so many such effects are fine
  std::vector<InvariantGuard> unless;  // any one of them excuses
  std::size_t approvers = 0;           // so many distinct approvers excuse, too; 0: none do
  SourcePlace place;

  bool covers(std::string_view tool, std::string_view operation, EffectClass effect_class) const;
  std::string sentence() const;  // "never tos.release unless customs.status is done with .cleared == true"
};

struct Project;

// An invariant and the policy that states it.
struct StatedInvariant {
  std::string policy, path;
  Invariant invariant;
};
// Those of all policies, by name of the policy and then in the order of its file.
std::vector<StatedInvariant> invariants_of(const Project& project);

// Whether TOOL.OPERATION, TOOL.* or * names this operation.
bool names_operation(std::string_view pattern, std::string_view tool, std::string_view operation);

}  // namespace gantry::definition
