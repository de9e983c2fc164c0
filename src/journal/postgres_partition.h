// What a journal in PostgreSQL says of itself when it is one of several. Private to the module.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "journal/partition.h"
#include "journal/postgres_connection.h"

namespace gantry::journal {

struct PartitionMark {
  std::size_t number = 0, count = 1;
  std::string secret;  // of partition 0
};
Result<std::optional<PartitionMark>> read_partition_mark(PostgresConnection& connection);

// Errors: invalid_argument when the URL names another partition than this, or names none and this is one.
Status check_partition(PostgresConnection& connection);

// The schema and the lease's table, which come before all others; two nodes may start at the same time.
Status prepare_lease(PostgresConnection& connection);

}  // namespace gantry::journal
