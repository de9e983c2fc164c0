// The standard's lifecycle events (specification 1.0.3, "Lifecycle Events"): what became of instances and tasks, as
// CloudEvents. Where it is silent: a task that is skipped has none; task.created comes with task.started; the phase
// `waiting` is that of a `listen`; task.completed leaves out the optional output.
#include <fmt/format.h>

#include "engine/cloud_event.h"
#include "engine/instance_record.h"
#include "engine/lifecycle.h"
#include "value/json.h"

namespace gantry::engine {
namespace {

using journal::EventType;

constexpr std::size_t output_bytes_max = cloud_event_bytes_max / 2;

std::string type_of(const char* kind, const char* what) {
  return fmt::format("io.serverlessworkflow.{}.{}.v1", kind, what);
}

}  // namespace

bool LifecycleAudience::anybody() const {
  return recorded.any() || listening.names_lifecycle() || schedules.names_lifecycle();
}

bool LifecycleAudience::records(std::string_view type) const {
  if (type.ends_with(".status-changed.v1")) return recorded.status;
  return type.starts_with("io.serverlessworkflow.task.") ? recorded.task : recorded.workflow;
}

bool LifecycleAudience::wants(std::string_view type) const {
  return records(type) || !listening.naming(type).empty() || schedules.names(type);
}

struct InstanceRecord::Announcement {
  std::string name;             // qualified, as the standard has it
  std::uint64_t sequence = 0;   // of the event that brought it about
  std::size_t count = 0;        // so far
  Timestamp at{};
};

void InstanceRecord::publish(std::string type, Value data, Announcement& announcement, Work& work) {
  const definition::WorkflowName& name = workflow_->name;
  const Value event = Value::object(
      {{"specversion", "1.0"},
       {"id", fmt::format("{}-l{}.{}", id_, announcement.sequence, ++announcement.count)},
       {"source", fmt::format("/workflows/{}/{}/{}", name.namespace_, name.name, name.version)},
       {"type", type},
       {"subject", id_},
       {"time", format_timestamp(announcement.at)},
       {"datacontenttype", "application/json"},
       {"data", std::move(data)}});
  if (work.lifecycle->records(type))
    emit(EventType::event_emitted, Value::object({{"event", event}, {"lifecycle", true}}), work);
  work.dispatches.emplace_back(PublishEvent{.instance = id_,
                                            .event = event,
                                            .principal = principal_,
                                            .depth = work.event_depth + 1,
                                            .is_lifecycle = true});
}

void InstanceRecord::announce_workflow(const char* what, Value data, const char* status, Announcement& announcement,
                                       Work& work) {
  const std::string type = type_of("workflow", what);
  if (work.lifecycle->wants(type))
    publish(type, std::move(data).with_member("name", announcement.name), announcement, work);
  const std::string changed = type_of("workflow", "status-changed");
  if (status == nullptr || !work.lifecycle->wants(changed)) return;
  publish(changed,
          Value::object({{"name", announcement.name},
                         {"updatedAt", format_timestamp(announcement.at)},
                         {"status", status}}),
          announcement, work);
}

void InstanceRecord::announce_active(const char* what, const std::vector<std::string>& tasks, const char* status,
                                     Announcement& announcement, Work& work) {
  const std::string type = type_of("task", what), changed = type_of("task", "status-changed");
  const bool wanted = work.lifecycle->wants(type), changed_wanted = work.lifecycle->wants(changed);
  const std::string at = format_timestamp(announcement.at);
  for (const std::string& task : tasks) {
    const Value data = Value::object({{"workflow", announcement.name}, {"task", task}});
    if (wanted) publish(type, Value(data).with_member(fmt::format("{}At", what), at), announcement, work);
    if (changed_wanted)
      publish(changed, Value(data).with_member("updatedAt", at).with_member("status", status), announcement, work);
  }
}

void InstanceRecord::announce_task(const TaskTrace& entry, Announcement& announcement, Work& work) {
  const std::vector<std::string> task = {entry.reference};
  switch (entry.status) {
    case TaskTrace::Status::started:
      announce_active("created", task, "pending", announcement, work);
      return announce_active("started", task, "running", announcement, work);
    case TaskTrace::Status::completed:
      return announce_active("completed", task, "completed", announcement, work);
    case TaskTrace::Status::cancelled:
      return announce_active("cancelled", task, "cancelled", announcement, work);
    case TaskTrace::Status::retried:
      return announce_active("retried", task, "running", announcement, work);
    case TaskTrace::Status::skipped:
      return;
    case TaskTrace::Status::correlating:
      return announce_workflow("correlation-started",
                               Value::object({{"startedAt", format_timestamp(announcement.at)}}), "waiting",
                               announcement, work);
    case TaskTrace::Status::correlated:
      return announce_workflow("correlation-completed",
                               Value::object({{"completedAt", format_timestamp(announcement.at)},
                                              {"correlationKeys", entry.detail}}),
                               "running", announcement, work);
    case TaskTrace::Status::faulted:
      break;
  }
  const std::string at = format_timestamp(announcement.at);
  const Value data = Value::object({{"workflow", announcement.name}, {"task", entry.reference}});
  if (const std::string type = type_of("task", "faulted"); work.lifecycle->wants(type))
    publish(type, Value(data).with_member("faultedAt", at).with_member("error", entry.detail), announcement, work);
  if (const std::string type = type_of("task", "status-changed"); work.lifecycle->wants(type))
    publish(type, Value(data).with_member("updatedAt", at).with_member("status", "faulted"), announcement, work);
}

// `active`: the tasks that had started before the event and had not ended.
void InstanceRecord::announce(const journal::Event& event, const Turn& turn, const std::vector<std::string>& active,
                              Work& work) {
  Announcement announcement{.name = fmt::format("{}-{}.{}", workflow_->name.name, id_, workflow_->name.namespace_),
                            .sequence = event.sequence,
                            .count = 0,
                            .at = event.at};
  const auto at = [&](const char* key) { return Value::object({{key, format_timestamp(event.at)}}); };
  if (event.type == EventType::instance_started) {
    const definition::WorkflowName& name = workflow_->name;
    announce_workflow("started",
                      at("startedAt").with_member("definition", Value::object({{"name", name.name},
                                                                               {"namespace", name.namespace_},
                                                                               {"version", name.version}})),
                      "running", announcement, work);
  } else if (event.type == EventType::instance_suspended) {
    announce_active("suspended", active, "suspended", announcement, work);
    announce_workflow("suspended", at("suspendedAt"), "suspended", announcement, work);
  } else if (event.type == EventType::instance_resumed) {
    announce_workflow("resumed", at("resumedAt"), "running", announcement, work);
    announce_active("resumed", active, "running", announcement, work);
  }
  for (const TaskTrace& entry : turn.trace) announce_task(entry, announcement, work);
  if (event.type == EventType::instance_cancelled) {
    announce_workflow("cancelled", at("cancelledAt"), "cancelled", announcement, work);
  } else if (event.type == EventType::instance_faulted) {
    announce_workflow("faulted", at("faultedAt").with_member("error", event.data.member("error")), "faulted",
                      announcement, work);
  } else if (event.type == EventType::instance_completed) {
    const Value output = event.data.member("output");
    Value data = at("completedAt");
    if (!output.is_null() && print_json(output).size() <= output_bytes_max)
      data = std::move(data).with_member("output", output);
    announce_workflow("completed", std::move(data), "completed", announcement, work);
  }
}

}  // namespace gantry::engine
