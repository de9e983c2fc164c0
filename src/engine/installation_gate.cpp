// The kill switch: which effects may not go out, since when, and by whose word.
#include <fmt/format.h>

#include "engine/installation.h"

namespace gantry::engine {
namespace {

using journal::EventType;

Value stop_value(const GateStop& stop) {
  return Value::object({{"tool", stop.tool}, {"workflow", stop.workflow}, {"principal", stop.principal}});
}

bool is_about(const GateStop& stop, const tool::Effect& effect, const std::string& requester) {
  const std::string workflow = effect.workflow.namespace_ + "/" + effect.workflow.name;
  return (stop.tool.empty() || stop.tool == effect.tool || stop.tool == effect.tool + "." + effect.operation) &&
         (stop.workflow.empty() || stop.workflow == workflow) &&
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

std::string Installation::stopped(const tool::Effect& effect, const std::string& requester) const {
  for (const auto& [stop, record] : stops_) {
    if (!is_about(stop, effect, requester)) continue;
    return fmt::format("The gate was stopped by {} at {}{}{}", record.by, format_timestamp(record.at),
                       record.reason.empty() ? "." : ": ", record.reason);
  }
  return "";
}

Value Installation::gate_state() const {
  std::lock_guard lock(mutex_);
  return Value::object({{"stops", to_value(stops_)}});
}

std::string Installation::author_of(const definition::WorkflowName& workflow) const {
  auto found = authors_.find(workflow.text());
  return found == authors_.end() ? "" : found->second;
}

}  // namespace gantry::engine
