// The tables of the journal and the documented views over them (docs/reference/database.md). `journal_*` tables are
// ours and may change with schema_version; the views are a promise.
//
//   truth:        journal_stream (instance ids), journal_event, journal_blob, journal_project, journal_token
//   audit:        journal_checkpoint, journal_removal, journal_erased, journal_salt (docs/reference/audit.md)
//   projections:  journal_workflow, journal_instance, journal_key, journal_effect, journal_task, journal_task_role,
//                 journal_vote, journal_decision, journal_timer, journal_deployment, journal_hold, journal_count
//   beside blobs: journal_blob_use
//   index:        journal_event_block, journal_placed (sqlite_places.h; SQLite only)
//   cache:        journal_snapshot
#pragma once

#include "journal/database_connection.h"

namespace gantry::journal {

inline constexpr int schema_version = 10;
inline constexpr std::int64_t application_id = 0x476e7472;  // "Gntr", in the file's header

// event_received and event_emitted, as a list in SQL: what the index journal_event_cloud covers.
inline constexpr const char* cloud_event_types = "1, 22";

// Writes nothing. Errors: conflict when the file belongs to another program or a newer Gantry.
Status check_owner(DatabaseConnection& connection);
// Creates or upgrades in one transaction, after check_owner's checks.
Status prepare_schema(DatabaseConnection& connection);
// The same checks without writing; an older schema is refused too, because only a writer may upgrade it.
Status check_schema(DatabaseConnection& connection);

}  // namespace gantry::journal
