// Approvals: people are asked, vote, and what they said yes to is checked once more before it runs.
#include <fmt/format.h>

#include <algorithm>

#include "engine/installation.h"
#include "engine/instance_record.h"
#include "gate/shown_provenance.h"
#include "value/json.h"

namespace gantry::engine {
namespace {

using journal::EventType;

constexpr std::size_t comment_bytes_max = 16u << 10;

Status check_comment(const std::string& comment) {
  if (comment.size() <= comment_bytes_max) return done();
  return Error{Code::invalid_argument,
               fmt::format("/comment: {} bytes; at most {} are kept", comment.size(), comment_bytes_max)};
}

Value missing_value(const gate::Approval& approval) {
  std::vector<Value> items;
  for (const auto& requirement : gate::missing(approval))
    items.push_back(Value::object({{"role", requirement.role}, {"count", requirement.count}}));
  return Value::array(std::move(items));
}

Value vote_reply(const std::string& task, const char* state, Value missing) {
  return Value::object({{"task", task}, {"state", state}, {"missing", std::move(missing)}});
}

// What the verdict says beside whether: reason, rule, facts with where they come from.
Value context_of(const tool::Effect& effect, const gate::Verdict& verdict) {
  const Value explanation =
      verdict.explanation.is_object() ? verdict.explanation : Value::object(std::vector<Member>{});
  return Value::object({{"tool", effect.tool},
                        {"operation", effect.operation},
                        {"class", definition::name_of(effect.effect_class)},
                        {"irreversible", effect.irreversible},
                        {"arguments", effect.arguments},
                        {"labels", explanation.member("labels")},
                        {"provenance", explanation.member("provenance")},
                        {"reason", verdict.reason},
                        {"rule", verdict.rule},
                        {"facts", explanation.member("facts")},
                        {"task", effect.task},
                        {"workflow", to_value(effect.workflow)}});
}

gate::Approval approval_of(const tool::Effect& effect, const gate::Verdict& verdict, const std::string& requester,
                           Timestamp now) {
  gate::Approval approval;
  approval.effect_digest = effect.digest.hex();
  approval.policy_digest = verdict.policy;
  approval.requirements = verdict.approvers;
  approval.requester = requester;
  approval.requester_excluded = verdict.requester_excluded;
  approval.author = verdict.author;
  approval.expires = now + verdict.expires;
  for (const auto& each : verdict.escalations)
    if (each.after < verdict.expires) approval.escalations.push_back({now + each.after, each.roles});
  return approval;
}

// Equal for effects whose approval means the same: the same rule, operation and approvers, about the same policies,
// with arguments of the same labels. The arguments themselves may differ.
std::string risk_digest(const tool::Effect& effect, const gate::Verdict& verdict, const Value& described) {
  const bool known = verdict.explanation.is_object();
  const Value labels = known ? verdict.explanation.member("labels") : Value();
  const Value provenance = known ? verdict.explanation.member("provenance") : Value();
  return sha256(print_canonical(Value::object({{"rule", verdict.rule},
                                               {"tool", effect.tool},
                                               {"operation", effect.operation},
                                               {"class", definition::name_of(effect.effect_class)},
                                               {"irreversible", effect.irreversible},
                                               {"workflow", to_value(effect.workflow)},
                                               {"labels", labels},
                                               {"provenance", provenance},
                                               {"policy", verdict.policy},
                                               {"requirements", described.member("requirements")},
                                               {"requesterExcluded", described.member("requesterExcluded")},
                                               {"authorExcluded", described.member("authorExcluded")}})))
      .hex();
}

}  // namespace

// Over all that people are shown and that they decide by. The time until which they may is not part of it.
std::string InstanceRecord::shown_digest(const std::string& task, const tool::Effect& effect,
                                         const gate::Verdict& verdict) const {
  const Value described = gate::to_value(approval_of(effect, verdict, principal_.person, Timestamp{}));
  return sha256(print_canonical(Value::object({{"task", task},
                                               {"effect", described.member("effect")},
                                               {"policy", described.member("policy")},
                                               {"requester", described.member("requester")},
                                               {"requirements", described.member("requirements")},
                                               {"requesterExcluded", described.member("requesterExcluded")},
                                               {"authorExcluded", described.member("authorExcluded")},
                                               {"context", context_of(effect, verdict)}})))
      .hex();
}

void InstanceRecord::propose(const tool::Effect& effect, const gate::Verdict& verdict, bool known, Work& work) {
  Value proposed = Value::object({{"effect", tool::to_value(effect)}, {"verdict", gate::to_value(verdict)}});
  // Asking once more about the same effect is one ask.
  if (!known) proposed = with_charges(std::move(proposed), verdict, true, work);
  emit(EventType::effect_proposed, std::move(proposed), work);
  gate::Approval approval = approval_of(effect, verdict, principal_.person, work.now);
  approval.excluded = also_excluded(verdict, work);
  const Value described = gate::to_value(approval);
  const std::string task = next_task_id();
  emit(EventType::task_created,
       Value::object({{"task", task},
                      {"kind", "approval"},
                      {"title", fmt::format("Approve {}.{}", effect.tool, effect.operation)},
                      {"effect", effect.id},
                      {"digest", shown_digest(task, effect, verdict)},
                      {"effectDigest", described.member("effect")},
                      {"policy", described.member("policy")},
                      {"requirements", described.member("requirements")},
                      {"requester", described.member("requester")},
                      {"requesterExcluded", described.member("requesterExcluded")},
                      {"authorExcluded", described.member("authorExcluded")},
                      {"alsoExcluded", described.member("alsoExcluded")},
                      {"escalations", described.member("escalations")},
                      {"risk", risk_digest(effect, verdict, described)},
                      {"expires", described.member("expires")},
                      {"context", context_of(effect, verdict)}}),
       work);
  arm_approval(task, work);
}

void InstanceRecord::arm_approval(const std::string& task, Work& work) const {
  const gate::Approval& approval = *tasks_.at(task).approval;
  work.dispatches.emplace_back(ArmTimer{{approval.expires, id_, TimerKey::Purpose::expiry, task, 0}});
  if (!approval.escalations.empty())
    work.dispatches.emplace_back(
        ArmTimer{{approval.escalations.front().due, id_, TimerKey::Purpose::escalation, task, 0}});
}

// Each escalation leaves the list when it takes place, so the first is always the next.
void InstanceRecord::escalate(const std::string& task, Work& work) {
  auto found = tasks_.find(task);
  if (found == tasks_.end() || !found->second.approval || found->second.approval->escalations.empty()) return;
  const gate::DueEscalation next = found->second.approval->escalations.front();
  if (next.due > work.now) return;
  emit(EventType::task_escalated, Value::object({{"task", task}, {"roles", to_value(next.roles)}}), work);
  const auto& left = tasks_.at(task).approval->escalations;
  if (!left.empty())
    work.dispatches.emplace_back(ArmTimer{{left.front().due, id_, TimerKey::Purpose::escalation, task, 0}});
}

namespace {

Status count_vote(gate::Approval& approval, const VoteRequest& request, const Work& work) {
  const auto lent = TRY(work.installation.lent_to(request.voter.person, work.now));
  return gate::add_vote(approval, {request.voter, "", request.approve, request.comment, work.now}, request.shown_digest,
                        lent);
}

// With what was shown of where the arguments come from, as long as that is no better than what is known now.
gate::Verdict as_shown(gate::Verdict now, const Value& asked) {
  const Value explanation = asked.member("explanation");
  if (!explanation.is_object() || !now.explanation.is_object()) return now;
  now.explanation = std::move(now.explanation)
                        .with_member("provenance", gate::shown_unless_worse(explanation.member("provenance"),
                                                                            now.explanation.member("provenance")));
  return now;
}

}  // namespace

Status InstanceRecord::check_vote(const VoteRequest& request, Work& work) {
  TRY(check_not_suspended());
  const HumanTask* task = TRY(find_open(request.human_task));
  if (!task->approval) {
    return Error{Code::invalid_argument,
                 fmt::format("task {} is a {}: it wants an answer, not a vote", task->id, name_of(task->kind))};
  }
  TRY(check_comment(request.comment));
  if (request.shown_digest.empty())
    return Error{Code::invalid_argument,
                 "a vote says what it is about: the 'digest' of the task as it was shown is missing"};
  gate::Approval approval = *task->approval;
  return count_vote(approval, request, work);
}

// The effect is decided about anew when what was shown is no longer what is so.
Status InstanceRecord::check_unchanged(const std::string& task, Work& work) {
  const HumanTask& shown = tasks_.at(task);
  const auto found = effects_.find(shown.effect);
  if (found == effects_.end()) return done();
  const tool::Effect effect = found->second.effect;
  const gate::Verdict verdict = as_shown(check(effect, work), found->second.verdict);
  if (verdict.kind == definition::VerdictKind::approve &&
      shown_digest(task, effect, verdict) == shown.approval->shown_digest)
    return done();
  close_task(task, "withdrawn", work);
  decide(effect, verdict, true, work);
  drain(work);
  return Error{Code::conflict,
               fmt::format("approval: what task {} showed has changed since: {} says now \"{}\" ({}){}", task,
                           verdict.rule, definition::name_of(verdict.kind), verdict.reason,
                           verdict.kind == definition::VerdictKind::approve ? "; it is asked anew" : "")};
}

void InstanceRecord::reconsider(Work& work) {
  if (suspended_) return;  // a vote looks again
  std::vector<std::string> open;
  for (const auto& [id, task] : tasks_)
    if (task.approval && !task.effect.empty()) open.push_back(id);
  for (const std::string& task : open)
    if (tasks_.contains(task)) (void)check_unchanged(task, work);
}

std::string InstanceRecord::risk_of(const std::string& task) const {
  const auto found = tasks_.find(task);
  return found == tasks_.end() ? "" : found->second.risk;
}

Result<Value> InstanceRecord::vote(const VoteRequest& request, Work& work) {
  TRY(check_vote(request, work));
  const HumanTask task = tasks_.at(request.human_task);
  if (!task.effect.empty()) TRY(check_unchanged(request.human_task, work));
  gate::Approval approval = *task.approval;
  TRY(count_vote(approval, request, work));
  const gate::Vote& counted = approval.votes.back();
  Value data = Value::object({{"task", request.human_task},
                              {"person", counted.voter.person},
                              {"roles", to_value(counted.voter.roles)},
                              {"approve", counted.approve},
                              {"comment", counted.comment},
                              {"digest", approval.shown_digest}});
  if (!counted.on_behalf_of.empty()) data = std::move(data).with_member("onBehalfOf", counted.on_behalf_of);
  emit(EventType::task_voted, std::move(data), work);
  return after_vote(task, std::move(approval), request, work);
}

Result<Value> InstanceRecord::after_vote(const HumanTask& task, gate::Approval approval, const VoteRequest& request,
                                         Work& work) {
  const bool rejected = gate::state_of(approval, work.now) == gate::ApprovalState::rejected;
  if (!rejected &&
      gate::state_of(approval, work.now) != gate::ApprovalState::approved)  // or expired: its timer closes it
    return vote_reply(task.id, "pending", missing_value(approval));
  if (task.effect.empty()) {
    answer_approval(task, approval, rejected ? "rejected" : "approved", request.voter, work);
    return vote_reply(task.id, rejected ? "rejected" : "approved", Value::array({}));
  }
  if (!rejected) {
    Value reply = complete_approval(task.id, std::move(approval), work);
    drain(work);
    return reply;
  }
  const EffectRecord record = effects_.at(task.effect);
  close_task(task.id, "rejected", work);
  std::string reason = fmt::format("rejected by {}", request.voter.person);
  if (!request.comment.empty()) reason += ": " + request.comment;
  deny(record.effect, record.verdict, std::move(reason), true);
  drain(work);
  return vote_reply(task.id, "rejected", Value::array({}));
}

// Everybody has signed. What they signed under must still hold: the policy in force now decides once more.
Value InstanceRecord::complete_approval(const std::string& task, gate::Approval approval, Work& work) {
  const tool::Effect effect = effects_.at(tasks_.at(task).effect).effect;
  const gate::Verdict verdict = check(effect, work);
  auto permit = work.gate.permit_approved(effect, approval, verdict, work.now);
  if (!permit) {
    close_task(task, "withdrawn", work);
    deny(effect, gate::to_value(verdict), permit.error().message, true);
    return vote_reply(task, "withdrawn", Value::array({}));
  }
  close_task(task, "approved", work);
  Value data = Value::object({{"effect", Value::object({{"id", effect.id}, {"digest", effect.digest.hex()}})},
                              {"verdict", gate::to_value(verdict)},
                              {"approvals", Value::array({gate::to_value(approval)})}});
  emit(EventType::effect_permitted, with_charges(std::move(data), verdict, false, work), work);
  send(*std::move(permit), work);
  return vote_reply(task, "approved", Value::array({}));
}

void InstanceRecord::expire(const std::string& task, Work& work) {
  auto found = tasks_.find(task);
  if (found == tasks_.end() || !found->second.approval || found->second.approval->expires > work.now) return;
  if (found->second.effect.empty()) {
    const HumanTask expired = found->second;
    return answer_approval(expired, *expired.approval, "expired", {}, work);
  }
  auto effect = effects_.find(found->second.effect);
  const std::string reason =
      fmt::format("nobody approved it until {}", format_timestamp(found->second.approval->expires));
  close_task(task, "expired", work);
  if (effect != effects_.end()) deny(effect->second.effect, effect->second.verdict, reason, true);
  drain(work);
}

}  // namespace gantry::engine
