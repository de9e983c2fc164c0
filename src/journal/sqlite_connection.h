// One connection to an SQLite database: statements prepared once, and SQLite's codes turned into Errors that name the
// file and what to do. Not synchronised: whoever shares a connection holds `mutex()` for each whole operation.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace gantry::journal {

class SqliteConnection;

// A prepared statement. Bound text is not copied: it has to live until the statement is reset.
class SqliteStatement {
 public:
  SqliteStatement(SqliteConnection& connection, sqlite3_stmt* statement)
      : connection_(connection), statement_(statement) {}
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  // Parameters count from 1.
  SqliteStatement& bind(int parameter, std::int64_t number);
  SqliteStatement& bind(int parameter, std::string_view text);
  SqliteStatement& bind(int parameter, std::optional<std::int64_t> number);
  SqliteStatement& bind_null(int parameter);
  SqliteStatement& bind_text_or_null(int parameter, std::string_view text);  // null when empty
  SqliteStatement& bind_blob(int parameter, std::string_view bytes);

  Result<bool> step();  // true: there is a row
  Status run();         // for statements without rows; resets, so that it can be bound again
  void reset();

  // Columns count from 0. Text is valid until the next step or reset.
  int column_count() const;
  std::string_view column_name(int column) const;
  bool is_null(int column) const;
  bool is_integer(int column) const;
  std::int64_t integer(int column) const;
  std::string_view text(int column) const;
  std::string_view blob(int column) const;  // its bytes, whatever they are

 private:
  SqliteConnection& connection_;
  sqlite3_stmt* statement_;
};

// A borrowed statement that is reset when it goes out of scope.
class StatementUse {
 public:
  explicit StatementUse(SqliteStatement& statement) : statement_(&statement) {}
  StatementUse(StatementUse&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  StatementUse& operator=(StatementUse&&) = delete;
  ~StatementUse() {
    if (statement_) statement_->reset();
  }
  SqliteStatement* operator->() const { return statement_; }
  SqliteStatement& operator*() const { return *statement_; }

 private:
  SqliteStatement* statement_;
};

class SqliteConnection {
 public:
  enum class Mode { create, read_only, memory };

  // `path` names the file (not for memory). In read_only mode a database on a read-only medium works too. `file_layer`: of
  // StoreOptions, for create only.
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, Mode mode,
                                                        const std::string& file_layer = {});
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  Status execute(const std::string& sql);                   // one or more statements, rows ignored
  Result<std::int64_t> integer_of(const std::string& sql);  // first column of the first row
  // `sql` must be a string literal (it is found again by its address).
  Result<StatementUse> use(const char* sql);
  Result<std::unique_ptr<SqliteStatement>> prepare(const std::string& sql);

  std::int64_t changes() const;  // rows changed by the last statement
  std::int64_t last_insert_position() const;
  bool in_transaction() const;
  // What the last failure was, with `doing` in front: "writing events".
  Error error(std::string_view doing) const;
  bool last_error_was_full() const;
  bool last_error_was_io() const;

  const std::string& path() const { return path_; }
  bool is_memory() const { return path_.empty(); }
  std::mutex& mutex() { return mutex_; }

 private:
  SqliteConnection(sqlite3* database, std::string path) : database_(database), path_(std::move(path)) {}

  sqlite3* database_;
  std::string path_;
  std::mutex mutex_;
  std::unordered_map<const char*, std::unique_ptr<SqliteStatement>> cached_;
};

// BEGIN IMMEDIATE .. COMMIT; rolled back when it goes out of scope before commit().
class SqliteTransaction {
 public:
  static Result<SqliteTransaction> begin(SqliteConnection& connection);
  SqliteTransaction(SqliteTransaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;
  ~SqliteTransaction();
  Status commit();

 private:
  explicit SqliteTransaction(SqliteConnection& connection) : connection_(&connection) {}
  SqliteConnection* connection_;
};

}  // namespace gantry::journal
