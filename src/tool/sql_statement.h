// One SQL statement as an author wrote it, with `:name` where an argument is bound. Read well enough to know that it is
// one statement, of a kind that is allowed, and where its placeholders are; what it means is the database's business.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gantry::tool {

enum class SqlDialect { sqlite, postgresql };

struct SqlStatement {
  std::string text;                // numbered placeholders: ?1 (SQLite), $1 (PostgreSQL)
  std::vector<std::string> names;  // the argument of ?1, ?2, ...; each name once
  std::string keyword;             // the first word in upper case: SELECT, WITH, VALUES, INSERT, UPDATE, DELETE ...
  bool reads = false;              // SELECT, VALUES, or WITH, which may still turn out to write
};

inline constexpr std::size_t sql_statement_bytes_max = 64u << 10;
inline constexpr std::size_t sql_placeholders_max = 100;

// Errors: invalid_argument: more than one statement, a kind that is not allowed (PRAGMA, ATTACH, CREATE, SET, COPY,
// DO, ...), an unclosed string or comment, other placeholders, control characters, a limit.
Result<SqlStatement> parse_sql_statement(std::string_view text, SqlDialect dialect);

}  // namespace gantry::tool
