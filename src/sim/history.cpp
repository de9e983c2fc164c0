#include "sim/history.h"

#include <algorithm>

namespace gantry::sim {

using journal::EventType;

void History::add(const journal::Event& event) {
  ++events_;
  RecordedInstance& instance = instances_[event.instance];
  instance.events.push_back(event);
  const std::string task(event.data.string_or("task", ""));
  switch (event.type) {
    case EventType::instance_completed:
    case EventType::instance_faulted:
    case EventType::instance_cancelled:
      instance.ended = true;
      // Questions about effects outlive it.
      std::erase_if(open_tasks_, [&](const auto& entry) {
        return entry.second.instance == event.instance && entry.second.created.string_or("kind", "") != "resolution";
      });
      break;
    case EventType::instance_suspended:
      instance.suspended = true;
      break;
    case EventType::instance_resumed:
      instance.suspended = false;
      break;
    case EventType::task_created:
      open_tasks_[task] = {task, event.instance, event.data, {}};
      break;
    case EventType::task_voted:
      if (auto found = open_tasks_.find(task); found != open_tasks_.end())
        found->second.votes.push_back(Value(event.data).with_member("at", event.at.time_since_epoch().count()));
      break;
    case EventType::task_answered:
      // Those of questions are closed by their answer.
      if (auto found = open_tasks_.find(task);
          found != open_tasks_.end() && found->second.created.string_or("effect", "").empty())
        open_tasks_.erase(found);
      break;
    case EventType::task_closed:
      open_tasks_.erase(task);
      break;
    case EventType::gate_stopped:
      stops_.insert(std::string(event.data.member("stop").string_or("tool", "")));
      break;
    case EventType::gate_started:
      stops_.erase(std::string(event.data.member("stop").string_or("tool", "")));
      break;
    default:
      break;
  }
}

const RecordedInstance* History::find(const std::string& instance) const {
  const auto found = instances_.find(instance);
  return found == instances_.end() ? nullptr : &found->second;
}

const journal::Event* History::last(const std::string& instance, EventType type, std::string_view key,
                                    std::string_view matching) const {
  const RecordedInstance* recorded = find(instance);
  if (recorded == nullptr) return nullptr;
  const auto found = std::find_if(recorded->events.rbegin(), recorded->events.rend(), [&](const journal::Event& event) {
    return event.type == type && (key.empty() || event.data.string_or(key, "") == matching);
  });
  return found == recorded->events.rend() ? nullptr : &*found;
}

std::vector<std::string> History::running() const {
  std::vector<std::string> running;
  for (const auto& [id, instance] : instances_)
    if (!id.empty() && !instance.ended) running.push_back(id);
  return running;
}

}  // namespace gantry::sim
