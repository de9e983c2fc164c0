// SQLite without any of our code between, as a user's sqlite3 would see the file; for tests.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <vector>

namespace gantry::journal {

class RawDatabase {
 public:
  explicit RawDatabase(const std::string& file, bool write = false) {
    int flags = write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    EXPECT_EQ(sqlite3_open_v2(file.c_str(), &database_, flags, nullptr), SQLITE_OK);
  }
  ~RawDatabase() { sqlite3_close(database_); }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;

  void execute(const std::string& sql) {
    EXPECT_EQ(sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database_);
  }

  using Row = std::vector<std::string>;  // NULL as "NULL"
  std::vector<Row> rows(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database_) << "\n"
        << sql;
    std::vector<Row> result;
    int code = SQLITE_DONE;
    while (statement && (code = sqlite3_step(statement)) == SQLITE_ROW) {
      Row row;
      for (int column = 0; column < sqlite3_column_count(statement); ++column) {
        const unsigned char* text = sqlite3_column_text(statement, column);
        row.emplace_back(text ? reinterpret_cast<const char*>(text) : "NULL");
      }
      result.push_back(std::move(row));
    }
    EXPECT_EQ(code, SQLITE_DONE) << sqlite3_errmsg(database_) << "\n" << sql;
    sqlite3_finalize(statement);
    return result;
  }
  std::string one(const std::string& sql) {
    auto found = rows(sql);
    EXPECT_EQ(found.size(), 1u) << sql;
    return found.empty() ? "" : found[0][0];
  }

  // All views, and what versions 3 to 5 added.
  void remove_version_3() {
    for (const Row& view : rows("SELECT name FROM sqlite_schema WHERE type = 'view'")) execute("DROP VIEW " + view[0]);
    remove_version_5();
    for (const char* table : {"journal_checkpoint", "journal_removal", "journal_erased", "journal_salt",
                              "journal_blob_use", "journal_hold", "journal_budget"})
      execute(std::string("DROP TABLE ") + table);
    execute("ALTER TABLE journal_event DROP COLUMN hash; ALTER TABLE journal_stream DROP COLUMN secret");
  }

  void remove_version_6() {
    execute("DROP INDEX journal_instance_migration; ALTER TABLE journal_instance DROP COLUMN migration");
  }

  void remove_version_5() {
    remove_version_6();
    for (const char* index :
         {"journal_instance_lingers", "journal_instance_active", "journal_timer_due", "journal_task_expiry"})
      execute(std::string("DROP INDEX ") + index);
    execute(
        "ALTER TABLE journal_effect RENAME TO effect_now; CREATE TABLE journal_effect (id TEXT PRIMARY KEY, stream "
        "INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL, tool TEXT, operation TEXT, first_event "
        "INTEGER NOT NULL, permit_event INTEGER, doubt_event INTEGER, end_event INTEGER) STRICT, WITHOUT ROWID; CREATE "
        "INDEX journal_effect_stream ON journal_effect (stream, first_event); CREATE INDEX journal_effect_open ON "
        "journal_effect (stream) WHERE state IN (1, 2); INSERT INTO journal_effect SELECT f.id, e.stream, f.state, "
        "f.attempts, f.tool, f.operation, f.first_event, f.permit_event, f.doubt_event, f.end_event FROM effect_now f "
        "JOIN journal_event e ON e.position = f.first_event; DROP TABLE effect_now");
    for (const char* column : {"rests", "lingers"})
      execute(std::string("ALTER TABLE journal_instance DROP COLUMN ") + column);
  }

  std::string dump_projections() {
    std::string text;
    for (const char* table :
         {"journal_workflow", "journal_instance", "journal_key", "journal_effect", "journal_task", "journal_task_role",
          "journal_vote", "journal_decision", "journal_timer", "journal_deployment", "journal_hold", "journal_count"}) {
      text += std::string("== ") + table + "\n";
      for (const Row& row : rows(std::string("SELECT * FROM ") + table + " ORDER BY 1, 2")) {
        for (const std::string& field : row) text += field + "|";
        text += "\n";
      }
    }
    return text;
  }

 private:
  sqlite3* database_ = nullptr;
};

}  // namespace gantry::journal
