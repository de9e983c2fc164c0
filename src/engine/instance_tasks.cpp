// What people do: vote on an approval, answer a decision, say what became of an effect.
#include <fmt/format.h>

#include <algorithm>

#include "engine/instance_record.h"
#include "value/json.h"
#include "value/schema.h"

namespace gantry::engine {
namespace {

using journal::EventType;

constexpr std::size_t comment_bytes_max = 16u << 10;

const Value& resolution_schema() {
  static const Value schema = Value::object({
      {"type", "object"},
      {"required", Value::array({"outcome"})},
      {"additionalProperties", false},
      {"properties", Value::object({{"outcome", Value::object({{"enum", Value::array({"done", "not_done"})}})},
                                    {"result", true},
                                    {"comment", Value::object({{"type", "string"}})}})},
  });
  return schema;
}

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

}  // namespace

std::string InstanceRecord::next_task_id() {
  return fmt::format("{}-t{}", id_, state_.take_task_number());
}

Result<HumanTask*> InstanceRecord::find_open(const std::string& task) {
  auto found = tasks_.find(task);
  if (found != tasks_.end()) return &found->second;
  std::string_view digits = std::string_view(task).substr(std::min(task.size(), id_.size() + 2));
  const bool numeric =
      !digits.empty() && digits.size() < 19 && digits.find_first_not_of("0123456789") == std::string::npos;
  if (numeric && std::stoull(std::string(digits)) <= last_task_number_)
    return Error{Code::conflict, fmt::format("task {} is closed already", task)};
  return Error{Code::not_found, fmt::format("there is no task {}", task)};
}

void InstanceRecord::close_task(const std::string& task, const char* outcome, Work& work) {
  auto found = tasks_.find(task);
  if (found == tasks_.end()) return;
  if (found->second.approval)
    work.dispatches.emplace_back(
        DisarmTimer{{found->second.approval->expires, id_, TimerKey::Purpose::expiry, task, 0}});
  emit(EventType::task_closed, Value::object({{"task", task}, {"outcome", outcome}}), work);
}

Result<Value> InstanceRecord::vote(const VoteRequest& request, Work& work) {
  TRY(check_not_suspended());
  const HumanTask* task = TRY(find_open(request.human_task));
  if (!task->approval) {
    return Error{Code::invalid_argument,
                 fmt::format("task {} is a {}: it wants an answer, not a vote", task->id, name_of(task->kind))};
  }
  TRY(check_comment(request.comment));
  gate::Approval approval = *task->approval;
  const std::string& shown = request.shown_digest.empty() ? approval.effect_digest : request.shown_digest;
  TRY(gate::add_vote(approval, {request.voter, request.approve, request.comment, work.now}, shown));
  emit(EventType::task_voted,
       Value::object({{"task", request.human_task},
                      {"person", request.voter.person},
                      {"roles", to_value(request.voter.roles)},
                      {"approve", request.approve},
                      {"comment", request.comment},
                      {"digest", approval.effect_digest}}),
       work);
  const std::string effect = task->effect;
  const HumanTask voted = *task;
  switch (gate::state_of(approval, work.now)) {
    case gate::ApprovalState::pending:
    case gate::ApprovalState::expired:  // closed by its timer
      return vote_reply(request.human_task, "pending", missing_value(approval));
    case gate::ApprovalState::rejected: {
      if (effect.empty()) {
        answer_approval(voted, approval, "rejected", request.voter, work);
        return vote_reply(request.human_task, "rejected", Value::array({}));
      }
      const EffectRecord record = effects_.at(effect);
      close_task(request.human_task, "rejected", work);
      std::string reason = fmt::format("rejected by {}", request.voter.person);
      if (!request.comment.empty()) reason += ": " + request.comment;
      deny(record.effect, record.verdict, std::move(reason), true);
      drain(work);
      return vote_reply(request.human_task, "rejected", Value::array({}));
    }
    case gate::ApprovalState::approved:
      break;
  }
  if (effect.empty()) {
    answer_approval(voted, approval, "approved", request.voter, work);
    return vote_reply(request.human_task, "approved", Value::array({}));
  }
  Value reply = complete_approval(request.human_task, std::move(approval), work);
  drain(work);
  return reply;
}

// Everybody has signed. What they signed under must still hold: the policy in force now decides once more.
Value InstanceRecord::complete_approval(const std::string& task, gate::Approval approval, Work& work) {
  const tool::Effect effect = effects_.at(tasks_.at(task).effect).effect;
  const gate::Verdict verdict = work.gate.check(*work.policies, *project_, effect, principal_, work.now);
  if (verdict.kind == definition::VerdictKind::deny || verdict.policy != approval.policy_digest) {
    close_task(task, "withdrawn", work);
    decide(effect, verdict, true, work);
    return vote_reply(task, "withdrawn", Value::array({}));
  }
  auto permit = verdict.kind == definition::VerdictKind::allow
                    ? work.gate.permit(effect, verdict)
                    : work.gate.permit_approved(effect, approval, verdict, work.now);
  if (!permit) {
    close_task(task, "withdrawn", work);
    deny(effect, gate::to_value(verdict), permit.error().message, true);
    return vote_reply(task, "withdrawn", Value::array({}));
  }
  close_task(task, "approved", work);
  emit(EventType::effect_permitted,
       Value::object({{"effect", Value::object({{"id", effect.id}, {"digest", effect.digest.hex()}})},
                      {"verdict", gate::to_value(verdict)},
                      {"approvals", Value::array({gate::to_value(approval)})}}),
       work);
  send(effect.id, *std::move(permit), work);
  return vote_reply(task, "approved", Value::array({}));
}

// What `call: approval` asks for: no effect hangs on it, the workflow goes on with what the people said.
void InstanceRecord::ask_approval(const AskApproval& action, Work& work) {
  const Value context = Value::object({{"question", action.question},
                                       {"evidence", action.context},
                                       {"task", action.task},
                                       {"workflow", to_value(workflow_->name)}});
  gate::Approval approval;
  approval.requirements = action.approvers;
  approval.requester = principal_.person;
  approval.requester_excluded = action.requester_excluded;
  approval.expires = action.expires;
  const Value described = gate::to_value(approval);
  // Votes are bound to what was shown, as for effects.
  const std::string shown = print_canonical(Value::object(
      {{"id", action.human_task}, {"context", context}, {"requirements", described.member("requirements")}}));
  emit(EventType::task_created,
       Value::object({{"task", action.human_task},
                      {"kind", "approval"},
                      {"title", action.question},
                      {"digest", sha256(shown).hex()},
                      {"policy", ""},
                      {"requirements", described.member("requirements")},
                      {"requester", described.member("requester")},
                      {"requesterExcluded", described.member("requesterExcluded")},
                      {"expires", described.member("expires")},
                      {"context", context}}),
       work);
  work.dispatches.emplace_back(ArmTimer{{approval.expires, id_, TimerKey::Purpose::expiry, action.human_task, 0}});
}

void InstanceRecord::answer_approval(const HumanTask& task, const gate::Approval& approval, const char* outcome,
                                     const definition::Principal& by, Work& work) {
  std::vector<Value> votes;
  for (const gate::Vote& vote : approval.votes)
    votes.push_back(Value::object({{"person", vote.voter.person},
                                   {"approve", vote.approve},
                                   {"comment", vote.comment},
                                   {"at", format_timestamp(vote.at)}}));
  const Value answer = Value::object({{"approved", std::string_view(outcome) == "approved"},
                                      {"outcome", outcome},
                                      {"votes", Value::array(std::move(votes))}});
  run({EventType::task_answered, Value::object({{"task", task.id},
                                                {"person", by.person},
                                                {"roles", to_value(by.roles)},
                                                {"outcome", outcome},
                                                {"answer", answer}})},
      work);
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

Result<Value> InstanceRecord::answer(const AnswerRequest& request, Work& work) {
  TRY(check_not_suspended());
  const HumanTask* open = TRY(find_open(request.human_task));
  if (open->kind == HumanTask::Kind::approval) {
    return Error{Code::invalid_argument,
                 fmt::format("task {} is an approval: it wants approve or reject, not an answer", open->id)};
  }
  const HumanTask task = *open;
  const bool entitled = task.roles.empty() || std::any_of(task.roles.begin(), task.roles.end(), [&](const auto& role) {
                          return request.person.has_role(role);
                        });
  if (request.person.person.empty() || !entitled) {
    return Error{Code::denied, fmt::format("task {} is for {}; \"{}\" has no such role", task.id,
                                           fmt::join(task.roles, ", "), request.person.person)};
  }
  if (!task.answer_schema.is_null()) {
    const Schema schema = TRY(Schema::compile(task.answer_schema));
    if (auto violations = schema.validate(request.answer); !violations.empty())
      return Error{Code::invalid_argument, "the answer does not fit its schema: " + describe(violations)};
  }
  Value data = Value::object({{"task", task.id},
                              {"person", request.person.person},
                              {"roles", to_value(request.person.roles)},
                              {"answer", request.answer}});
  if (task.kind == HumanTask::Kind::decision) {
    run({EventType::task_answered, std::move(data)}, work);
  } else {
    emit(EventType::task_answered, std::move(data), work);
    close_task(task.id, "answered", work);
    resolve_by_person(task.effect, request.answer);
    drain(work);
  }
  return Value::object({{"task", task.id}, {"state", "answered"}});
}

void InstanceRecord::ask_resolution(const std::string& effect, const std::string& reason, Work& work) {
  auto found = effects_.find(effect);
  if (found == effects_.end() || !found->second.human_task.empty()) return;
  const EffectRecord record = found->second;
  emit(EventType::task_created,
       Value::object({{"task", next_task_id()},
                      {"kind", "resolution"},
                      {"title", fmt::format("Did {}.{} take place?", record.effect.tool, record.effect.operation)},
                      {"effect", effect},
                      {"digest", record.effect.digest.hex()},
                      {"roles", Value::array({"operator"})},
                      {"answerSchema", resolution_schema()},
                      {"context", Value::object({{"tool", record.effect.tool},
                                                 {"operation", record.effect.operation},
                                                 {"arguments", record.effect.arguments},
                                                 {"key", record.effect.key},
                                                 {"reason", reason},
                                                 {"seen", record.reason},
                                                 {"attempts", record.attempts},
                                                 {"task", record.effect.task},
                                                 {"workflow", to_value(workflow_->name)}})},
                      {"requester", principal_.person}}),
       work);
}

void InstanceRecord::resolve_by_person(const std::string& effect, const Value& answer) {
  if (!effects_.contains(effect)) return;
  if (answer.string_or("outcome", "") == "done") {
    inputs_.push_back(
        {EventType::effect_done,
         Value::object({{"effect", effect}, {"result", answer.member("result")}, {"resolvedBy", "person"}})});
    return;
  }
  inputs_.push_back({EventType::effect_failed,
                     Value::object({{"effect", effect},
                                    {"error", tool::to_value(tool::standard_error(
                                                  "communication", "a person found that it did not take place"))},
                                    {"resolvedBy", "person"}})});
}

}  // namespace gantry::engine
