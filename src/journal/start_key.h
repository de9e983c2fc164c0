// Idempotency keys of starts. A key is one person's: what somebody else used it for is not answered with it.
#pragma once

#include <string>
#include <string_view>

#include "journal/database_connection.h"
#include "value/json.h"

namespace gantry::journal {

// As the store knows it: `instance_with_key` takes this, while `key` of instance_started stays as it was given.
std::string key_of_person(std::string_view person, std::string_view key);

// Who asked for an instance, from the data of its instance_started: `by` of one that goes on from another.
std::string asker_of(const Value& started);

inline constexpr const char* start_key_table =
    "CREATE TABLE journal_key (workflow TEXT NOT NULL, key TEXT NOT NULL, stream INTEGER NOT NULL, PRIMARY KEY (workflow, key)) STRICT, "
    "WITHOUT ROWID";

// A journal of version 6 or before has keys without persons. In a transaction.
Status give_keys_to_persons(DatabaseConnection& connection);

}  // namespace gantry::journal
