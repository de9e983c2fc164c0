// A connection for reading a whole store beside its writer: of its own for files, so that the writer needn't wait; in
// memory there is only the one. Private to the module.
#pragma once

#include <memory>

#include "journal/sqlite_store.h"

namespace gantry::journal {

// Errors: invalid_argument when the store is not kept in SQLite; those of opening it.
Result<SqliteStore*> sqlite_store_of(Store& store);
Result<std::shared_ptr<DatabaseConnection>> reader_of(Store& store);

}  // namespace gantry::journal
