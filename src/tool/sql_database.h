// One call to a database: a statement in a transaction of its own, with the key that makes it happen once. What SQLite
// and PostgreSQL have in common; Private to the sql driver.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "tool/driver.h"
#include "tool/sql_binding.h"

namespace gantry::tool {

// Written into the table gantry_effect in the same transaction as the effect.
struct SqlEffectKey {
  std::string key;
  std::string digest;  // of tool, operation and arguments: the key stands for exactly these
};

struct SqlCall {
  const SqlSettings& settings;
  const SqlBinding& binding;
  std::vector<Value> parameters;  // in the order of the statement's names
  bool reads = true;
  std::optional<SqlEffectKey> key;
  std::chrono::steady_clock::time_point deadline;
  std::stop_token stop;

  bool is_over() const { return stop.stop_requested() || std::chrono::steady_clock::now() >= deadline; }
  std::chrono::milliseconds left() const;  // at least 1
};

struct SqlFailure {
  std::string kind;  // of standard_error
  std::int64_t status = 500;
  std::string text;
  bool unknown = false;  // the commit was sent, and whether it took place is not known
  bool keyed = false;    // the key was seen not to have been used before: nothing of an earlier attempt is left either
};
SqlFailure sql_over(const SqlCall& call);                          // too late, or stopped
SqlFailure sql_too_much(std::string_view what, std::int64_t most);  // rows, bytes
SqlFailure sql_other_arguments();                                  // the key was used for other arguments
SqlFailure sql_too_many_affected(std::int64_t affected, std::int64_t most);

// The result: an array of objects for a statement that gives columns, else {"affected": n}.
using SqlAnswer = std::variant<Value, SqlFailure>;
SqlAnswer call_sqlite(const SqlCall& call, const std::string& path);
struct PostgresqlAccess {
  std::vector<std::string> addresses;  // to connect to, checked; empty for a Unix socket
  std::string password;
};
SqlAnswer call_postgresql(const SqlCall& call, const PostgresqlAccess& access);

// Rows as they come, within the limits.
class SqlRows {
 public:
  SqlRows(const SqlSettings& settings, std::vector<std::string> names);
  // False: over a limit.
  bool add(std::vector<Value> row);
  std::optional<SqlFailure> failure() const { return failure_; }
  Value take() { return Value::array(std::move(rows_)); }

 private:
  const SqlSettings& settings_;
  std::vector<Text> names_;
  std::vector<Value> rows_;
  std::int64_t bytes_ = 0;
  std::optional<SqlFailure> failure_;
};

// Text where the bytes are UTF-8, else {base64}.
Value sql_text(std::string_view bytes);

}  // namespace gantry::tool
