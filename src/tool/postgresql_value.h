// Values of PostgreSQL as JSON and back. Private to the sql driver; the table is in docs/reference/sql.md.
#pragma once

#include <string>
#include <vector>

#include "journal/postgres_library.h"
#include "tool/postgresql_connection.h"

namespace gantry::tool {

PostgresqlParameter postgresql_parameter(const Value& value);
std::vector<std::string> postgresql_columns(const PGresult* result);
std::vector<Value> postgresql_row(const PGresult* result, int row);

}  // namespace gantry::tool
