// The views of the journal: those that docs/reference/database.md promises; journal_effect_all and journal_count_all,
// which have what the tail has, too; and journal_stream_event, by which the module's own statements find the events of an
// instance: `position IN (SELECT position FROM journal_stream_event WHERE stream = ...)`. Written like this, and not as a
// join, SQLite asks each of the view's two halves for the one instance.
#pragma once

#include <array>
#include <string>

#include "journal/database_connection.h"

namespace gantry::journal {

inline constexpr std::array view_names = {
    "instances", "effects",     "tasks", "approvals", "decisions",           "events", "timers", "projects",
    "blobs",     "checkpoints", "holds", "budgets",   "journal_stream_event", "journal_placed_event",
    "journal_effect_tail", "journal_effect_all", "journal_count_all"};

// Statements that create all of them.
std::string view_definitions(Dialect dialect);

}  // namespace gantry::journal
