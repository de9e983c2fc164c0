// Going on from a task of an earlier instance, in a new one.
#include <fmt/format.h>

#include "engine/fork_point.h"
#include "engine/loop.h"

namespace gantry::engine {

Result<Value> Engine::Loop::handle(const ForkRequest& request, Work& work, Turn& turn) {
  const std::vector<journal::Event> events =
      request.instance.empty() ? std::vector<journal::Event>{} : TRY(store_.events_of(request.instance, 0));
  if (events.empty()) return Error{Code::not_found, fmt::format("there is no instance {}", request.instance)};
  const Value& before = events.front().data;
  if (events.front().type != journal::EventType::instance_started || before.find("input") == nullptr)
    return Error{Code::conflict,
                 fmt::format("instance {}: its content was erased, so nothing can go on from it", request.instance)};
  const Value name = before.member("workflow");
  const std::string workflow_name = fmt::format("{}/{}", name.string_or("namespace", ""), name.string_or("name", ""));
  const std::string key =
      request.key.empty() ? "" : fmt::format("{} {} {}", request.retry ? "retry" : "fork", request.instance, request.key);
  if (const auto known = TRY(started_before(workflow_name, request.by.person, key)))
    return Value::object({{"instance", *known}, {"continues", request.instance}, {"existed", true}});
  if (request.retry) {
    const InstanceOutcome end = TRY(outcome_of(request.instance));
    if (end.status != "faulted" && end.status != "cancelled")
      return Error{Code::conflict, fmt::format("instance {} is {}; only what has faulted or was cancelled is run again "
                                               "(fork goes on from any task of any instance)",
                                               request.instance, end.status)};
  }
  if (running_ >= options_.instances_max)
    return Error{Code::exhausted, fmt::format("{} instances are running, the most that may", running_.load())};
  const ForkPoint point = TRY(find_fork_point(events, installation_, request.task, options_.interpreter));
  const auto& [project, workflow] = point.definitions;
  // Whoever asked for the first is who asks for this one: effects are judged, and people excluded, as they were.
  Value data = Value::object({{"workflow", to_value(workflow->name).with_member("digest", workflow->digest.hex())},
                              {"project", project->digest.hex()},
                              {"input", before.member("input")},
                              {"principal", before.member("principal")},
                              {"by", to_value(request.by)},
                              {"continues", point.continues}});
  if (!key.empty()) data = std::move(data).with_member("key", key);
  const std::string id = add_instance(project, workflow, std::move(data), work, turn);
  note_start(workflow_name, request.by.person, key, id, turn);
  return Value::object({{"instance", id}, {"continues", request.instance}, {"existed", false}, {"task", point.task}});
}

}  // namespace gantry::engine
