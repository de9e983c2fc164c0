#include "engine/cloud_event.h"

#include <fmt/format.h>

#include "definition/event_attribute.h"
#include "value/json.h"

namespace gantry::engine {
namespace {

constexpr std::size_t attributes_max = 100;

}  // namespace

Result<Value> checked_cloud_event(const Value& event) {
  if (!event.is_object())
    return Error{Code::invalid_argument, fmt::format("CloudEvent: expected an object, found {}", event.kind_name())};
  std::vector<Member> members;
  for (const Member& member : event.members()) {
    if (member.value.is_null() && member.key.view() != "data") continue;
    const Status attribute = definition::check_event_attribute(member.key.view(), member.value);
    if (!attribute) return Error{attribute.error().code, "CloudEvent: " + attribute.error().message};
    members.push_back(member);
  }
  if (members.size() > attributes_max)
    return Error{Code::invalid_argument, fmt::format("CloudEvent: more than {} attributes", attributes_max)};
  Value checked = Value::object(std::move(members)).labelled(event.label());
  std::string missing;
  for (const char* name : {"specversion", "id", "source", "type"})
    if (!checked.find(name)) missing += (missing.empty() ? "" : ", ") + std::string(name);
  if (!missing.empty())
    return Error{Code::invalid_argument,
                 fmt::format("CloudEvent: {} missing; an event has specversion \"1.0\", id, source and type", missing)};
  if (checked.find("data") && checked.find("data_base64"))
    return Error{Code::invalid_argument, "CloudEvent: data and data_base64 exclude each other"};
  const std::size_t bytes = print_json(checked).size();
  if (bytes > cloud_event_bytes_max)
    return Error{Code::invalid_argument, fmt::format("CloudEvent: {} bytes; at most {}", bytes, cloud_event_bytes_max)};
  return checked;
}

std::string identity_of(const Value& event) {
  return std::string(event.string_or("source", "")) + "\n" + std::string(event.string_or("id", ""));
}

Value read_event(const Value& event, definition::EventReading reading) {
  if (reading == definition::EventReading::envelope) return event;
  if (event.find("data_base64")) return event.member("data_base64");
  Value data = event.member("data");
  if (reading == definition::EventReading::data || data.is_null() || data.is_string()) return data;
  return Value(print_json(data)).labelled(data.deep_label());
}

}  // namespace gantry::engine
