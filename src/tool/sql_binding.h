// The sql driver's own part of a tool's definition. Form and meaning: docs/reference/sql.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "definition/tool.h"
#include "tool/sql_statement.h"

namespace gantry::tool {

struct SqlSettings {
  SqlDialect dialect = SqlDialect::sqlite;
  std::string database;  // SQLite: path as written; PostgreSQL: the database's name
  // PostgreSQL only. A host that starts with '/' is the directory of a Unix socket.
  std::string host, user, password_secret;
  std::uint16_t port = 5432;
  bool tls = true;           // of TCP connections: encrypted, certificate and name verified
  std::string certificates;  // the file of the authorities to trust

  Duration timeout = definition::tool_timeout_default;  // of a whole call
  std::int64_t rows_max = 1'000;                        // in a result
  std::int64_t bytes_max = 1 << 20;                     // of a result's texts and names
};

struct SqlBinding {
  SqlStatement statement;
  std::optional<std::int64_t> affected_max;  // more affected rows: nothing of it takes place
};

// Errors: invalid_argument, "/pointer: message" with the pointer inside `settings` or `binding`.
Result<SqlSettings> read_sql_settings(const Value& settings);
Result<SqlBinding> read_sql_binding(const Value& binding, SqlDialect dialect);

std::vector<std::string> check_sql_tool(const definition::Tool& tool);

}  // namespace gantry::tool
