// The database without any of our code between, as a user's sqlite3 or psql would see it; for tests.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>
#include <vector>

#include "journal/postgres_library.h"

namespace gantry::journal {

class RawDatabase {
 public:
  using Row = std::vector<std::string>;  // NULL as "NULL"

  // `place` is a file, or "postgres://.../DATABASE?host=FOLDER&schema=NAME" with the schema at its end.
  explicit RawDatabase(const std::string& place, bool write = false) {
    if (place.starts_with("postgres")) {
      const std::size_t schema = place.find("&schema=");
      postgres_ = pq().PQconnectdb(place.substr(0, schema).c_str());
      EXPECT_EQ(pq().PQstatus(postgres_), CONNECTION_OK) << pq().PQerrorMessage(postgres_);
      pq().PQsetNoticeProcessor(
          postgres_, [](void*, const char*) {}, nullptr);
      execute("SET search_path = " + place.substr(schema + 8));
      return;
    }
    int flags = write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    EXPECT_EQ(sqlite3_open_v2(place.c_str(), &database_, flags, nullptr), SQLITE_OK);
  }
  ~RawDatabase() {
    sqlite3_close(database_);
    pq().PQfinish(postgres_);
  }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;

  bool is_postgres() const { return postgres_ != nullptr; }
  std::string bytes(const std::string& hex) const { return is_postgres() ? "'\\x" + hex + "'" : "x'" + hex + "'"; }
  std::vector<Row> views() {
    return rows(is_postgres() ? "SELECT viewname FROM pg_views WHERE schemaname = current_schema()"
                              : "SELECT name FROM sqlite_schema WHERE type = 'view'");
  }
  std::vector<Row> columns(const std::string& view) {
    return rows(is_postgres() ? "SELECT column_name FROM information_schema.columns WHERE table_schema = "
                                "current_schema() AND table_name = '" +
                                    view + "'"
                              : "SELECT name FROM pragma_table_info('" + view + "')");
  }

  void execute(const std::string& sql) {
    if (is_postgres()) {
      PGresult* result = pq().PQexec(postgres_, sql.c_str());
      EXPECT_TRUE(pq().PQresultStatus(result) == PGRES_COMMAND_OK || pq().PQresultStatus(result) == PGRES_TUPLES_OK)
          << pq().PQresultErrorMessage(result) << sql;
      return pq().PQclear(result);
    }
    EXPECT_EQ(sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database_);
  }

  std::vector<Row> rows(const std::string& sql) { return is_postgres() ? postgres_rows(sql) : sqlite_rows(sql); }
  std::string one(const std::string& sql) {
    auto found = rows(sql);
    EXPECT_EQ(found.size(), 1u) << sql;
    return found.empty() ? "" : found[0][0];
  }

  void remove_version_10() {
    execute(
        "CREATE TABLE counts AS SELECT * FROM journal_count_all; UPDATE journal_count SET value = (SELECT c.value FROM counts c "
        "WHERE c.name = journal_count.name); DROP TABLE counts; INSERT INTO journal_effect SELECT * FROM journal_effect_all WHERE "
        "first_event NOT IN (SELECT first_event FROM journal_effect); CREATE TABLE journal_event_place (stream INTEGER NOT NULL, "
        "sequence INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (stream, sequence)) STRICT, WITHOUT ROWID; INSERT INTO "
        "journal_event_place SELECT stream, sequence, position FROM journal_placed_event; PRAGMA user_version = 9");
    for (const Row& view : views()) execute("DROP VIEW " + view[0]);
    execute("DROP TABLE journal_event_block");
  }

  // All views, and what version 8 changed.
  void remove_version_8() {
    for (const Row& view : views()) execute("DROP VIEW " + view[0]);
    execute(
        "DROP TABLE journal_event_block; DROP TABLE journal_placed; CREATE UNIQUE INDEX journal_event_sequence ON "
        "journal_event "
        "(stream, sequence)");
  }

  // The same, and what versions 3 to 7 added.
  void remove_version_3() {
    remove_version_8();
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
    return dump({"journal_workflow", "journal_instance", "journal_key", "journal_effect_all", "journal_task",
                 "journal_task_role", "journal_vote", "journal_decision", "journal_timer", "journal_deployment",
                 "journal_hold", "journal_count_all"});
  }

  std::string dump(std::vector<std::string> tables = {}) {
    if (tables.empty())
      for (const Row& table : rows("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = "
                                   "current_schema()::regnamespace"))
        tables.push_back(table[0]);
    std::string text;
    for (const std::string& table : tables) {
      text += "== " + table + "\n";
      for (const Row& row :
           rows("SELECT * FROM " + table + (is_postgres() && table == "journal_schema" ? "" : " ORDER BY 1, 2"))) {
        for (const std::string& field : row) text += field + "|";
        text += "\n";
      }
    }
    return text;
  }

 private:
  std::vector<Row> postgres_rows(const std::string& sql) {
    constexpr Oid type_bool = 16;
    PGresult* result = pq().PQexec(postgres_, sql.c_str());
    EXPECT_EQ(pq().PQresultStatus(result), PGRES_TUPLES_OK) << pq().PQresultErrorMessage(result) << sql;
    std::vector<Row> found;
    for (int row = 0; row < pq().PQntuples(result); ++row) {
      Row& fields = found.emplace_back();
      for (int column = 0; column < pq().PQnfields(result); ++column) {
        std::string text = pq().PQgetisnull(result, row, column) ? "NULL" : pq().PQgetvalue(result, row, column);
        if (pq().PQftype(result, column) == type_bool && text != "NULL") text = text == "t" ? "1" : "0";
        fields.push_back(std::move(text));
      }
    }
    pq().PQclear(result);
    return found;
  }

  std::vector<Row> sqlite_rows(const std::string& sql) {
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

  sqlite3* database_ = nullptr;
  PGconn* postgres_ = nullptr;
};

}  // namespace gantry::journal
