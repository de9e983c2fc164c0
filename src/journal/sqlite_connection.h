// SQLite: statements prepared once, and SQLite's codes turned into Errors that name the file and what to do.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "journal/database_connection.h"
#include "journal/gathered_writes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace gantry::journal {

class SqliteConnection;

class SqliteStatement final : public DatabaseStatement {
 public:
  SqliteStatement(SqliteConnection& connection, sqlite3_stmt* statement)
      : connection_(connection), statement_(statement) {}
  ~SqliteStatement() override;
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  using DatabaseStatement::bind;
  DatabaseStatement& bind(int parameter, std::int64_t number) override;
  DatabaseStatement& bind(int parameter, std::string_view text) override;
  DatabaseStatement& bind_null(int parameter) override;
  DatabaseStatement& bind_blob(int parameter, std::string_view bytes) override;
  Result<bool> step() override;
  Status run() override;
  Result<std::int64_t> run_counted() override;
  void reset() override;
  int column_count() const override;
  std::string_view column_name(int column) const override;
  bool is_null(int column) const override;
  bool is_integer(int column) const override;
  std::int64_t integer(int column) const override;
  double real(int column) const override;
  std::string_view text(int column) const override;
  std::string_view blob(int column) const override;

 private:
  SqliteConnection& connection_;
  sqlite3_stmt* statement_;
};

class SqliteConnection final : public DatabaseConnection {
 public:
  enum class Mode { create, read_only, memory };

  // `path` names the file (not for memory). In read_only mode a database on a read-only medium works too. `file_layer`: of
  // StoreOptions, for create only.
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, Mode mode,
                                                        const std::string& file_layer = {});
  ~SqliteConnection() override;
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  Dialect dialect() const override { return Dialect::sqlite; }
  Status execute(const std::string& sql) override;
  Status define(const std::string& sql) override { return execute(sql); }
  Result<StatementUse> use(const char* sql) override;
  Result<std::unique_ptr<DatabaseStatement>> prepare(const std::string& sql) override;
  Result<std::unique_ptr<DatabaseStatement>> prepare_scan(const std::string& sql) override { return prepare(sql); }
  Status begin() override;  // IMMEDIATE
  Status commit() override;
  void roll_back() override;
  Status begin_reading() override { return execute("BEGIN"); }
  bool is_in_doubt(bool committing) const override;
  // Whether the last connection brings what is in the log into the database when it closes; it does, unless told not to.
  void set_checkpoint_at_close(bool wanted);
  Result<std::int64_t> bytes_used() override;
  const std::string& path() const override { return path_; }

  std::int64_t changes() const;  // rows changed by the last statement
  // What the last failure was, with `doing` in front: "writing events".
  Error error(std::string_view doing) const;

 private:
  SqliteConnection(sqlite3* database, std::string path) : database_(database), path_(std::move(path)) {}

  std::unique_ptr<GatheredWrites> log_;  // outlives the database's files
  sqlite3* database_;
  std::string path_;
  std::unordered_map<const char*, std::unique_ptr<DatabaseStatement>> cached_;
};

}  // namespace gantry::journal
