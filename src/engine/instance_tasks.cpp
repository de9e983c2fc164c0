// What people do beside voting on effects: answer a decision, approve what a workflow asks, say what became of an
// effect.
#include <fmt/format.h>

#include <algorithm>

#include "engine/instance_record.h"
#include "gate/request_labels.h"
#include "value/json.h"
#include "value/schema.h"

namespace gantry::engine {
namespace {

using journal::EventType;

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
  if (found->second.approval) {
    const gate::Approval& approval = *found->second.approval;
    work.dispatches.emplace_back(DisarmTimer{{approval.expires, id_, TimerKey::Purpose::expiry, task, 0}});
    if (!approval.escalations.empty())
      work.dispatches.emplace_back(
          DisarmTimer{{approval.escalations.front().due, id_, TimerKey::Purpose::escalation, task, 0}});
  }
  emit(EventType::task_closed, Value::object({{"task", task}, {"outcome", outcome}}), work);
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
  if (action.requester_excluded) approval.excluded = askers_;
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
                      {"alsoExcluded", described.member("alsoExcluded")},
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
                                   {"comment", gate::labelled_answer(vote.comment, vote.voter.person)},
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
                              {"answer", gate::labelled_answer(request.answer, request.person.person)}});
  if (task.kind == HumanTask::Kind::decision) {
    run({EventType::task_answered, std::move(data)}, work);
  } else {
    const Value said = data.member("answer");
    emit(EventType::task_answered, std::move(data), work);
    close_task(task.id, "answered", work);
    resolve_by_person(task.effect, said, asked_for_it(request.person.person));
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
                      {"title", fmt::format("Did {}.{} take place?", record.effect->tool, record.effect->operation)},
                      {"effect", effect},
                      {"digest", record.effect->digest.hex()},
                      {"roles", Value::array({"operator"})},
                      {"answerSchema", resolution_schema()},
                      {"context", Value::object({{"tool", record.effect->tool},
                                                 {"operation", record.effect->operation},
                                                 {"arguments", record.effect->arguments},
                                                 {"key", record.effect->key},
                                                 {"reason", reason},
                                                 {"seen", record.reason},
                                                 {"attempts", record.attempts},
                                                 {"task", record.effect->task},
                                                 {"workflow", to_value(workflow_->name)}})},
                      {"requester", principal_.person}}),
       work);
}

void InstanceRecord::resolve_by_person(const std::string& effect, const Value& answer, bool by_requester) {
  if (!effects_.contains(effect)) return;
  const char* resolver = by_requester ? "requester" : "person";
  if (answer.string_or("outcome", "") == "done") {
    inputs_.push_back(
        {EventType::effect_done,
         Value::object({{"effect", effect}, {"result", answer.member("result")}, {"resolvedBy", resolver}})});
    return;
  }
  inputs_.push_back({EventType::effect_failed,
                     Value::object({{"effect", effect},
                                    {"error", tool::to_value(tool::standard_error(
                                                  "communication", "a person found that it did not take place"))},
                                    {"resolvedBy", resolver}})});
}

}  // namespace gantry::engine
