// An approval: named people say yes to exactly one effect. Bound to the effect's digest and the policy in force, single
// use, expiring, requester excluded where the rule says so. Pure data and functions.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "definition/policy.h"
#include "definition/principal.h"

namespace gantry::gate {

struct Vote {
  definition::Principal voter;
  bool approve = false;
  std::string comment;
  Timestamp at{};
};

struct Approval {
  std::string effect_digest, policy_digest;  // hexadecimal
  std::vector<definition::ApproverRequirement> requirements;
  std::string requester;
  bool requester_excluded = true;
  Timestamp expires{};
  std::vector<Vote> votes;
  bool used = false;
};

enum class ApprovalState { pending, approved, rejected, expired };

// One rejection by an entitled person rejects. Approved when every requirement is met by different people (a person
// with two roles counts once; found by matching, so the order of votes never matters).
ApprovalState state_of(const Approval& approval, Timestamp now);
// What is still missing, for people: "1 of duty_manager".
std::vector<definition::ApproverRequirement> missing(const Approval& approval);

// Adds a vote. Errors: denied (no role that is still needed, requester, second vote by the same person), conflict
// (`shown_digest` differs from the effect's: it has changed since it was shown; or the approval is closed or expired).
Status add_vote(Approval& approval, Vote vote, std::string_view shown_digest);

Value to_value(const Approval& approval);
Result<Approval> approval_from(const Value& value);

}  // namespace gantry::gate
