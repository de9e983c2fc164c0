// Commands about the gate itself: stopping it, changing its policies, and approving several effects at once.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "engine/loop.h"
#include "engine/policy_change.h"

namespace gantry::engine {
namespace {

constexpr std::size_t batch_votes_max = 100;

VoteRequest vote_of(const BatchVoteRequest& request, const BatchVoteRequest::Item& item) {
  return {.human_task = item.human_task,
          .voter = request.voter,
          .approve = true,
          .comment = request.comment,
          .shown_digest = item.shown_digest};
}

}  // namespace

// All are looked at before the first is voted on, so that it is all or none.
Result<Value> Engine::Loop::handle(const BatchVoteRequest& request, Work& work, Turn& turn) {
  if (request.items.empty() || request.items.size() > batch_votes_max)
    return Error{Code::invalid_argument, fmt::format("expected 1 to {} tasks", batch_votes_max)};
  std::set<std::string> seen;
  std::string risk;
  for (const auto& item : request.items) {
    if (!seen.insert(item.human_task).second)
      return Error{Code::invalid_argument, fmt::format("task {} is named twice", item.human_task)};
    InstanceRecord* record = find(instance_of(item.human_task, 't'), turn);
    if (record == nullptr) return not_running(instance_of(item.human_task, 't'));
    TRY(record->check_vote(vote_of(request, item), work));
    const std::string its = record->risk_of(item.human_task);
    if (its.empty())
      return Error{Code::invalid_argument,
                   fmt::format("task {} is not about an effect; it is decided on its own", item.human_task)};
    if (!risk.empty() && its != risk)
      return Error{Code::invalid_argument,
                   fmt::format("task {} does not mean the same as task {}: another rule, operation, approvers, or "
                               "arguments from elsewhere; decide on them one by one",
                               item.human_task, request.items.front().human_task)};
    risk = its;
  }
  std::vector<Value> replies;
  for (const auto& item : request.items) {
    InstanceRecord* record = find(instance_of(item.human_task, 't'), turn);
    auto reply = record == nullptr ? Result<Value>(not_running(instance_of(item.human_task, 't')))
                                   : record->vote(vote_of(request, item), work);
    // A budget may have been used up by the ones before it.
    replies.push_back(reply.ok() ? *std::move(reply)
                                 : Value::object({{"task", item.human_task},
                                                  {"state", "withdrawn"},
                                                  {"missing", Value::array({})},
                                                  {"reason", reply.error().message}}));
  }
  return Value::object({{"tasks", Value::array(std::move(replies))}});
}

namespace {

Error no_such(std::string_view what, const std::string& name, const std::vector<std::string_view>& known) {
  const std::string_view nearest = definition::nearest_name(name, known);
  return {Code::invalid_argument,
          fmt::format("a stop for {} {} would stop nothing: there is none of this name{}", what, name,
                      nearest.empty() ? std::string() : fmt::format("; did you mean {}?", nearest))};
}

// A stop that stops nothing, because of a slip, must not look like one. `workflows`: all that were ever deployed, since
// something of an old project may still rest.
Status check_names(const GateStop& stop, const std::set<definition::ProjectPointer>& projects,
                   std::vector<std::string> workflows) {
  std::vector<std::string_view> tools = {"http", "http.request", "mcp", "policy", "policy.change"};
  std::vector<std::string> operations;
  workflows.push_back("gantry/policy-change");
  for (const auto& project : projects) {
    for (const auto& [name, tool] : project->tools) {
      tools.push_back(name);
      for (const auto& operation : tool->operations) operations.push_back(name + "." + operation.first);
    }
  }
  tools.insert(tools.end(), operations.begin(), operations.end());
  const bool of_mcp = stop.tool.starts_with("mcp.");  // what `call: mcp` calls stands in no project
  if (!stop.tool.empty() && !of_mcp && std::find(tools.begin(), tools.end(), stop.tool) == tools.end())
    return no_such("tool", stop.tool, tools);
  if (!stop.workflow.empty() && std::find(workflows.begin(), workflows.end(), stop.workflow) == workflows.end())
    return no_such("workflow", stop.workflow, {workflows.begin(), workflows.end()});
  return done();
}

}  // namespace

Result<Value> Engine::Loop::handle(const GateRequest& request, Work& work, Turn&) {
  if (request.stops && work.policies) {
    std::set<definition::ProjectPointer> projects = {work.policies};
    for (const auto& [id, slot] : instances_)
      if (slot.record) projects.insert(slot.record->definitions().project);
    TRY(check_names(request.stop, projects, installation_.workflow_names()));
  }
  TRY(installation_.change_gate(request, work.now));
  return Value();
}

Result<Value> Engine::Loop::propose_change(const DeployRequest& request, Work& work, Turn& turn) {
  const definition::ProjectPointer own = policy_change_project();
  TRY(installation_.save(*request.project));
  TRY(installation_.save(*own));
  auto workflow = own->find_workflow("gantry", "policy-change");
  Value data = Value::object({{"workflow", to_value(workflow->name).with_member("digest", workflow->digest.hex())},
                              {"project", own->digest.hex()},
                              {"input", describe_change(*work.policies, *request.project)},
                              {"principal", to_value(request.by)}});
  const std::string id = add_instance(own, workflow, std::move(data), work, turn);
  return Value::object({{"status", "waiting"}, {"instance", id}});
}

Result<Value> Engine::Loop::handle(const ChangePolicy& request, Work& work, Turn&) {
  auto answer = Value::object({{"project", request.project}});
  if (work.policies && work.policies->digest.hex() == request.project) return answer;
  if (work.policies && governed_digest(*work.policies) != request.from)
    return Error{Code::conflict,
                 "the policies in force are others by now than those that this was to change; deploy again"};
  // It would take back what was deployed meanwhile, which nobody was shown.
  if (work.policies && !request.base.empty() && work.policies->digest.hex() != request.base)
    return Error{Code::conflict,
                 fmt::format("project {:.12} was deployed since this was asked for, and would be lost: put what it changed in, too, and deploy again",
                             work.policies->digest.hex())};
  auto instance = instances_.find(request.instance);
  const definition::ProjectPointer project = TRY(installation_.project(request.project));
  TRY(installation_.deploy(
      {.project = project,
       .by = instance == instances_.end() ? definition::Principal{"gantry", {}} : instance->second.record->principal(),
       .effect = request.effect},
      work.now));
  arm_schedules();
  reconsider_all();
  return answer;
}

void Engine::Loop::reconsider_all() {
  for (const auto& [instance, slot] : instances_)
    if (slot.record->asks_people()) work_.push_back({ReconsiderApprovals{instance}, nullptr});
  if (out_of_memory_ == 0) return;
  auto resting = store_.resting_with_tasks();
  if (!resting) {
    log(LogLevel::error, "engine: open approvals could not be reconsidered; they are when somebody votes" +
                             log_field("error", resting.error().message));
    return;
  }
  for (std::string& instance : *resting)
    if (!instances_.contains(instance)) work_.push_back({ReconsiderApprovals{std::move(instance)}, nullptr});
}

Result<Value> Engine::Loop::handle(const ReconsiderApprovals& request, Work& work, Turn& turn) {
  if (InstanceRecord* record = find(request.instance, turn)) record->reconsider(work);
  return Value();
}

}  // namespace gantry::engine
