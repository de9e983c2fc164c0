// A policy: what the gate allows, denies, or has people approve. File form: docs/reference/policy.md.
//
//   policy: port
//   version: 1.0.0
//   rules:
//     - id: reads
//       classes: [read]
//       verdict: allow
//     - id: reslot
//       tools: [tos.reslot]              # TOOL.OPERATION, TOOL.*, or *
//       when: .effect.arguments.moves | length <= 5
//       verdict: approve
//       approvers: [{role: vessel_planner, count: 1}]
//       expires: PT8H
//       reason: A re-slot changes the stowage that the vessel planner signed.
//
// Conditions are jq over {principal, workflow, task, tool, effect, labels, context}. Default deny; deny overrides
// approve overrides allow; order never matters; a condition that errors or is not a boolean denies.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "definition/policy_labels.h"
#include "definition/tool.h"

namespace gantry::definition {

enum class VerdictKind { allow, approve, deny };
const char* name_of(VerdictKind kind);

struct PolicyRule {
  std::string id, reason;
  std::vector<std::string> tools;        // empty: all
  std::vector<EffectClass> classes;      // empty: all
  std::optional<Expression> when;        // absent: always
  VerdictKind verdict = VerdictKind::deny;
  std::vector<ApproverRequirement> approvers;  // for approve; at least one
  bool requester_excluded = true;
  Duration expires = std::chrono::hours(24);
  SourcePlace place;
};

struct Policy {
  std::string name, version, path;
  Digest digest;
  std::vector<PolicyRule> rules;
  PolicyLabels labels;
  bool asks_for_provenance = false;  // any condition may: see condition.h
};

}  // namespace gantry::definition
