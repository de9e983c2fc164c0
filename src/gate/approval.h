// An approval: named people say yes to exactly one effect. Bound to the effect's digest, the policy in force and what
// was shown; single use, expiring; requester and workflow's author excluded where policy says so. Pure data and
// functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "definition/policy.h"
#include "definition/principal.h"

namespace gantry::gate {

struct Vote {
  // Who voted, with the roles that count: their own, or the one that somebody lent them.
  definition::Principal voter;
  std::string on_behalf_of;  // who lent the role; empty: nobody
  bool approve = false;
  std::string comment;
  Timestamp at{};
};

// From `due` on, holders of these roles may fill any seat that is empty.
struct DueEscalation {
  Timestamp due{};
  std::vector<std::string> roles;
};

struct Approval {
  std::string effect_digest, policy_digest, shown_digest;  // hexadecimal; what was shown: shown_digest_of
  std::vector<definition::ApproverRequirement> requirements;
  std::string requester;
  bool requester_excluded = true;
  std::string author;  // of the workflow, when they may not approve; else empty
  std::vector<std::string> excluded;  // who else had a part in the asking
  Timestamp expires{};
  std::vector<DueEscalation> escalations;  // not yet due when they were written
  std::vector<std::string> escalated;      // roles that stand in by now
  std::vector<Vote> votes;
  bool used = false;
};

enum class ApprovalState { pending, approved, rejected, expired };

// One rejection by an entitled person rejects. Approved when every requirement is met by different people (a person
// with two roles counts once; found by matching, so the order of votes never matters).
ApprovalState state_of(const Approval& approval, Timestamp now);
// What is still missing, for people: "1 of duty_manager".
std::vector<definition::ApproverRequirement> missing(const Approval& approval);

// Adds a vote: the voter's own roles, or, where they hold none that is asked for, the first delegation that holds at
// `vote.at`. `delegations` are those whose lender holds the role (delegation.h). What was added is the last of
// `approval.votes`. Errors: denied (no role that is still needed, requester,
// author, second vote by the same person or in the same person's name), conflict (`shown_digest` is not that of what
// is shown now; or the approval is closed or expired).
Status add_vote(Approval& approval, Vote vote, std::string_view shown_digest,
                std::span<const definition::Delegation> delegations = {});

Value to_value(const Approval& approval);
Result<Approval> approval_from(const Value& value);
Value to_value(const std::vector<DueEscalation>& escalations);
Result<std::vector<DueEscalation>> due_escalations_from(const Value& value);

}  // namespace gantry::gate
