// Attacks on approvals: one that was given for another call, used twice, or given by who asked.
#include <fmt/format.h>

#include <algorithm>

#include "trial/attack_state.h"

namespace gantry::trial {

using definition::VerdictKind;

namespace {

gate::Approval approval_for(const Situation& situation, const gate::Verdict& verdict) {
  gate::Approval approval;
  approval.effect_digest = situation.effect.digest.hex();
  approval.policy_digest = verdict.policy;
  approval.requirements = verdict.approvers;
  approval.requester = situation.requester.person;
  approval.requester_excluded = verdict.requester_excluded;
  approval.author = verdict.author;
  approval.expires = situation.at + verdict.expires;
  return approval;
}

// As many different people as are asked for say yes.
void approve_by_others(gate::Approval& approval, Timestamp at) {
  std::size_t number = 0;
  for (const auto& each : approval.requirements)
    for (std::size_t i = 0; i < each.count; ++i) {
      gate::Vote vote;
      vote.voter = {fmt::format("approver-{}", ++number), {each.role}};
      vote.approve = true;
      vote.at = at;
      (void)gate::add_vote(approval, std::move(vote), "");
    }
}

}  // namespace

// `other`: another call of the operation that people would be asked about, too.
void Attacker::Impl::attack_approval(const Asked& asked, const std::optional<Asked>& other) {
  const gate::Gate gate{{}};
  const auto outcome = [](bool permitted) { return permitted ? VerdictKind::allow : VerdictKind::deny; };
  const auto& [base, verdict] = asked;
  gate::Approval approval = approval_for(base, verdict);
  approve_by_others(approval, base.at);
  if (other) {
    gate::Approval reused = approval;
    const bool runs = gate.permit_approved(other->situation.effect, reused, other->verdict, base.at).ok();
    note(other->situation, {"changed-after-approval", "", true, ""}, outcome(runs),
         runs ? "allow" : "deny: the approval is for another effect", other->verdict.rule);
  }
  const bool once = gate.permit_approved(base.effect, approval, verdict, base.at).ok();
  const bool twice = once && gate.permit_approved(base.effect, approval, verdict, base.at).ok();
  note(base, {"approved-twice", "", true, ""}, outcome(twice), twice ? "allow" : "deny: the approval was used",
       verdict.rule);
  approve_oneself(base, verdict);
}

void Attacker::Impl::approve_oneself(const Situation& base, const gate::Verdict& verdict) {
  const auto note_vote = [&](const char* kind, const gate::Approval& approval, const Situation& situation) {
    const bool alone = gate::state_of(approval, situation.at) == gate::ApprovalState::approved;
    note(situation,
         {kind, "", true, "leave 'requesterExcluded' out (it is true then), or ask for two people: fourEyesIf"},
         alone ? VerdictKind::allow : VerdictKind::deny,
         alone ? "allow, by the requester alone" : "deny: the requester may not approve, or not alone", verdict.rule);
  };
  gate::Approval own = approval_for(base, verdict);
  gate::Vote vote;
  vote.voter = {base.requester.person, roles};
  vote.approve = true;
  vote.at = base.at;
  (void)gate::add_vote(own, vote, "", policies->policy_set->delegations());
  note_vote("own-approval", own, base);
  for (const definition::Delegation& each : policies->policy_set->delegations()) {
    Situation lent = base;
    lent.requester = {each.from, roles};
    if (base.at < each.since || base.at >= each.until) lent.at = each.since;
    gate::Approval approval = approval_for(lent, verdict);
    gate::Vote by_other;
    by_other.voter = {each.to, {}};
    by_other.approve = true;
    by_other.at = lent.at;
    (void)gate::add_vote(approval, by_other, "", policies->policy_set->delegations());
    note_vote("lent-approval", approval, lent);
  }
}

}  // namespace gantry::trial
