#include "journal/event.h"

#include <array>

#include "base/assert.h"

namespace gantry::journal {
namespace {

// In the order of EventType. The positions are stored in databases: append, never reorder.
constexpr std::array<const char*, event_type_count> event_names = {
    "project_deployed",   "event_received",   "instance_started", "instance_continued", "instance_cancelled",
    "instance_completed", "instance_faulted", "effect_proposed",  "effect_permitted",   "effect_denied",
    "effect_sent_again",  "effect_ambiguous", "effect_done",      "effect_failed",      "timer_set",
    "timer_fired",        "timer_cancelled",  "task_created",     "task_voted",         "task_answered",
    "task_closed",        "decision_made",    "event_emitted",    "child_started",      "child_ended",
    "instance_suspended", "instance_resumed", "instance_stuck",   "event_delivered",
    "data_erased",        "instances_removed", "hold_placed",     "hold_lifted",
    "task_escalated",     "gate_stopped",      "gate_started",    "schedule_set",
    "schedule_event",     "instance_migrated", "migration_undone"};

}  // namespace

const char* name_of(EventType type) {
  auto index = static_cast<std::size_t>(type);
  GANTRY_ASSERT(index < event_names.size(), "an event type outside the enumeration");
  return event_names[index];
}

Result<EventType> parse_event_type(std::string_view name) {
  for (std::size_t i = 0; i < event_names.size(); ++i)
    if (name == event_names[i]) return static_cast<EventType>(i);
  return Error{Code::invalid_argument, "'" + std::string(name.substr(0, 60)) +
                                           "' is not a type of journal event; expected for example instance_started"};
}

}  // namespace gantry::journal
