// The kill switch: which effects may not go out, since when, and by whose word.
#include <fmt/format.h>

#include <algorithm>

#include "engine/installation.h"
#include "engine/lent_roles.h"

namespace gantry::engine {
namespace {

using journal::EventType;

Value stop_value(const GateStop& stop) {
  return Value::object({{"tool", stop.tool}, {"workflow", stop.workflow}, {"principal", stop.principal}});
}

std::string without_version(std::string_view workflow) {
  return std::string(workflow.substr(0, workflow.rfind(':')));
}

// A workflow that is stopped is so with all that it runs.
bool is_about(const GateStop& stop, const tool::Effect& effect, const std::string& requester,
              const std::vector<std::string>& above) {
  const bool is_workflow =
      stop.workflow.empty() || stop.workflow == effect.workflow.namespace_ + "/" + effect.workflow.name ||
      std::any_of(above.begin(), above.end(),
                  [&](const std::string& workflow) { return without_version(workflow) == stop.workflow; });
  return (stop.tool.empty() || stop.tool == effect.tool || stop.tool == effect.tool + "." + effect.operation) &&
         is_workflow &&
         (stop.principal.empty() || stop.principal == requester);
}

}  // namespace

Value Installation::to_value(const std::map<GateStop, StopRecord>& stops) {
  std::vector<Value> items;
  for (const auto& [stop, record] : stops)
    items.push_back(Value::object({{"tool", stop.tool},
                                   {"workflow", stop.workflow},
                                   {"principal", stop.principal},
                                   {"reason", record.reason},
                                   {"by", record.by},
                                   {"at", format_timestamp(record.at)}}));
  return Value::array(std::move(items));
}

void Installation::note_gate(const journal::Event& event) {
  const Value described = event.data.member("stop");
  const GateStop stop{std::string(described.string_or("tool", "")), std::string(described.string_or("workflow", "")),
                      std::string(described.string_or("principal", ""))};
  std::lock_guard lock(mutex_);
  if (event.type == EventType::gate_started)
    stops_.erase(stop);
  else
    stops_[stop] = {std::string(event.data.string_or("reason", "")), std::string(event.data.string_or("by", "")),
                    event.at};
}

Status Installation::change_gate(const GateRequest& request, Timestamp now) {
  const bool known = stops_.contains(request.stop);
  if (request.stops && known) return done();
  if (!request.stops && !known)
    return Error{Code::not_found, "the gate is not stopped for that; 'gantry gate' shows what it is stopped for"};
  Value data = Value::object({{"stop", stop_value(request.stop)}, {"by", request.by.person}});
  if (request.stops) data = std::move(data).with_member("reason", request.reason);
  const journal::Event event{"", next_sequence_ + 1, now,
                             request.stops ? EventType::gate_stopped : EventType::gate_started, std::move(data)};
  TRY(store_.append({.events = {event}, .snapshots = {}}));
  note_gate(event);
  sequence_ = next_sequence_ = event.sequence;
  return done();
}

std::string Installation::stopped(const tool::Effect& effect, const std::string& requester,
                                  const std::vector<std::string>& above) const {
  for (const auto& [stop, record] : stops_) {
    if (!is_about(stop, effect, requester, above)) continue;
    return fmt::format("The gate was stopped by {} at {}{}{}", record.by, format_timestamp(record.at),
                       record.reason.empty() ? "." : ": ", record.reason);
  }
  return "";
}

Value Installation::gate_state() const {
  std::lock_guard lock(mutex_);
  return Value::object({{"stops", to_value(stops_)}});
}

Result<std::vector<definition::Delegation>> Installation::lent_to(const std::string& person, Timestamp now) const {
  return lent_roles(current(), person, now, [this] { return store_.tokens(); });
}

std::vector<std::string> Installation::workflow_names() const {
  std::vector<std::string> names;
  for (const auto& version : versions_) names.push_back(without_version(version.first));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string Installation::author_of(const std::string& workflow) const {
  auto found = authors_.find(workflow);
  return found == authors_.end() ? "" : found->second;
}

}  // namespace gantry::engine
