// Work on a whole store, for `gantry doctor` and `gantry backup`.
#pragma once

#include <string>
#include <vector>

#include "journal/store.h"

namespace gantry::journal {

// Computes all projection tables again from the events, in one transaction. The rows come out the same.
Status rebuild_projections(Store& store);

// Writes a consistent copy to `path`, which must not exist; the writer may go on meanwhile. A copy of a store in
// memory works too.
Status back_up(Store& store, const std::string& path);

// What is wrong with the database: SQLite's integrity check, gaps in sequences, missing blobs. Empty: nothing.
Result<std::vector<std::string>> find_damage(Store& store);

}  // namespace gantry::journal
