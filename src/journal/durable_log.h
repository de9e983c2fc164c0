// After a process was killed, or a sync has failed, SQLite's write-ahead log may hold commits that are in the system's
// cache and not on the disk: they read like any other, and are gone when the power fails. Whoever acts on what he reads
// there has acted on what may never have been.
#pragma once

#include "journal/database_connection.h"

namespace gantry::journal {

// Makes sure that all of the log is on the disk: writes it once more as it is, because the system may take what a
// failed sync did not write for written, and syncs it. Before anything is read from the database that is acted on.
// Holds SQLite's write lock meanwhile, so that nobody else changes the log. Does nothing for a store in memory, and
// next to nothing after an orderly end, which leaves no log. `file_layer`: of StoreOptions. Errors: unavailable.
Status make_log_durable(DatabaseConnection& connection, const std::string& file_layer);

}  // namespace gantry::journal
