// Cases of policies: an effect with the facts around it, and what the gate must say to it. They stand beside the
// policies, in policies/tests/*.yaml. File form: docs/reference/policy.md.
//
//   policyTest: payments
//   cases:
//     - name: A toll up to 250 is paid
//       effect: bank.pay
//       arguments: {amount: 100, iban: DE89370400440532013000, purpose: toll}
//       from: {iban: request}
//       expect: {verdict: allow, rule: bank/pay}
//
// The facts are those of the engine itself: a case gives the run what it was given, with labels, and the gate finds out
// where an argument comes from as it does in production. A case can't state a fact that the engine would not see.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "definition/problem.h"
#include "trial/situation.h"

namespace gantry::trial {

// What a case expects; absent: anything.
struct Expectation {
  definition::VerdictKind verdict = definition::VerdictKind::deny;
  std::optional<std::vector<std::string>> rules;  // that decided, sorted: "policy/rule", "default-deny"
  std::optional<std::vector<definition::ApproverRequirement>> approvers;  // exactly these, in any order
  std::optional<bool> requester_excluded;
  std::optional<Duration> expires;
  std::string reason;                // stands in the reason
  std::vector<std::string> to_pass;  // each stands in one of the explanation's `toPass`
  Value explanation;                 // is part of the explanation: see contains()
};

struct Case {
  std::string name, path;
  SourcePlace place;
  Situation situation;                 // not complete
  std::map<std::string, Value> lists;  // records by key, instead of those of the policies
  Expectation expect;
};

inline constexpr std::size_t cases_max = 10'000;
// When a case does not say when it takes place: a Monday at noon.
inline constexpr const char* case_time_default = "2026-01-05T12:00:00Z";

// Reads all files (path -> text) against the project that they are about. All problems are reported, at their place:
// unknown keys, tools, operations, arguments, rules, lists, budgets and workflows, each with the nearest name.
std::variant<std::vector<Case>, definition::Problems> read_cases(const definition::SourceFiles& files,
                                                                 const definition::Project& project);

// The definitions that hold the tool: the project's, or those of the built-in change of policies.
const definition::Project& definitions_for(std::string_view tool, const definition::Project& project);

// The policies with the case's lists in place of their own; the project itself when it has none.
definition::ProjectPointer policies_of(const Case& one, const definition::ProjectPointer& policies);

}  // namespace gantry::trial
