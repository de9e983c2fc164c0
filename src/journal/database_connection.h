// One connection to the database of a journal, whichever it is: SQLite (sqlite_connection.h) or PostgreSQL
// (postgres_connection.h). Statements are written once, in the SQL that both understand, with parameters as ? or ?1;
// what differs between the two is asked of the connection. Not synchronised: whoever shares a connection holds
// `mutex()` for each whole operation.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace gantry::journal {

// A prepared statement. Bound text is not copied: it has to live until the statement is reset.
class DatabaseStatement {
 public:
  virtual ~DatabaseStatement() = default;

  // Parameters count from 1.
  virtual DatabaseStatement& bind(int parameter, std::int64_t number) = 0;
  virtual DatabaseStatement& bind(int parameter, std::string_view text) = 0;
  virtual DatabaseStatement& bind_null(int parameter) = 0;
  virtual DatabaseStatement& bind_blob(int parameter, std::string_view bytes) = 0;
  DatabaseStatement& bind(int parameter, std::optional<std::int64_t> number) {
    return number ? bind(parameter, *number) : bind_null(parameter);
  }
  // Null when empty.
  DatabaseStatement& bind_text_or_null(int parameter, std::string_view text) {
    return text.empty() ? bind_null(parameter) : bind(parameter, text);
  }

  virtual Result<bool> step() = 0;  // true: there is a row
  // For statements without rows; resets, so that it can be bound again. In a transaction of PostgreSQL the answer may
  // be awaited later: its error then comes from a later call, at the latest from the commit.
  virtual Status run() = 0;
  virtual Result<std::int64_t> run_counted() = 0;  // the same at once; how many rows it changed
  virtual void reset() = 0;

  // Columns count from 0. Text is valid until the next step or reset.
  virtual int column_count() const = 0;
  virtual std::string_view column_name(int column) const = 0;
  virtual bool is_null(int column) const = 0;
  virtual bool is_integer(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual double real(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  virtual std::string_view blob(int column) const = 0;  // its bytes, whatever they are
};

// A borrowed statement that is reset when it goes out of scope.
class StatementUse {
 public:
  explicit StatementUse(DatabaseStatement& statement) : statement_(&statement) {}
  StatementUse(StatementUse&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  StatementUse& operator=(StatementUse&&) = delete;
  ~StatementUse() {
    if (statement_) statement_->reset();
  }
  DatabaseStatement* operator->() const { return statement_; }
  DatabaseStatement& operator*() const { return *statement_; }

 private:
  DatabaseStatement* statement_;
};

enum class Dialect : std::uint8_t { sqlite, postgres };

class DatabaseConnection {
 public:
  virtual ~DatabaseConnection() = default;

  virtual Dialect dialect() const = 0;
  virtual Status execute(const std::string& sql) = 0;  // one or more statements, rows ignored
  // The same for statements that define tables, written for SQLite.
  virtual Status define(const std::string& sql) = 0;
  // `sql` must be a string literal (it is found again by its address).
  virtual Result<StatementUse> use(const char* sql) = 0;
  virtual Result<std::unique_ptr<DatabaseStatement>> prepare(const std::string& sql) = 0;
  // For results of any size: at no time all rows are in memory.
  virtual Result<std::unique_ptr<DatabaseStatement>> prepare_scan(const std::string& sql) = 0;
  Result<std::int64_t> integer_of(const std::string& sql);  // first column of the first row; 0 without rows

  virtual Status begin() = 0;  // for writing
  virtual Status commit() = 0;
  virtual void roll_back() = 0;  // if a transaction is open
  // One picture of the database until roll_back(), whatever is written meanwhile.
  virtual Status begin_reading() = 0;

  // After a failed transaction: whether what is on disk is known no more, so that nothing may be written until the
  // store is opened again. `committing`: the commit had begun.
  virtual bool is_in_doubt(bool committing) const = 0;

  virtual Result<std::int64_t> bytes_used() = 0;  // by the whole database, or by the journal's part of it
  // Where it is, for people: the file, or the address without a password. Empty for SQLite in memory.
  virtual const std::string& path() const = 0;
  bool is_memory() const { return path().empty(); }
  std::mutex& mutex() { return mutex_; }

 private:
  std::mutex mutex_;
};

// Rolled back when it goes out of scope before commit().
class DatabaseTransaction {
 public:
  static Result<DatabaseTransaction> begin(DatabaseConnection& connection);
  DatabaseTransaction(DatabaseTransaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  DatabaseTransaction& operator=(DatabaseTransaction&&) = delete;
  ~DatabaseTransaction() {
    if (connection_) connection_->roll_back();
  }
  Status commit();
  // Rolls back now.
  void abandon() {
    if (connection_) std::exchange(connection_, nullptr)->roll_back();
  }

 private:
  explicit DatabaseTransaction(DatabaseConnection& connection) : connection_(&connection) {}
  DatabaseConnection* connection_;
};

}  // namespace gantry::journal
