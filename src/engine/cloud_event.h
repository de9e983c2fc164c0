// CloudEvents 1.0 as JSON values: the form in which events are journaled, matched and read.
#pragma once

#include <string>

#include "definition/workflow.h"
#include "value/value.h"

namespace gantry::engine {

inline constexpr std::size_t cloud_event_bytes_max = 1u << 20;  // of one event, written as JSON

// The event as it is kept: attributes that are null are left out. Errors: invalid_argument, naming the attribute, what
// was found and what the CloudEvents specification (1.0, section "Context Attributes", and its JSON format) expects.
Result<Value> checked_cloud_event(const Value& event);

// "SOURCE\nID": the same for two events only when they are the same event (CloudEvents 1.0, `id`).
std::string identity_of(const Value& event);

// The event as `read` says. data: its data, null where it has none, base 64 text for binary data; envelope: the whole
// event; raw: the data as text as it stands in the event: text itself, binary data as base 64, everything else as JSON.
Value read_event(const Value& event, definition::EventReading reading);

}  // namespace gantry::engine
