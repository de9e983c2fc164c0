#include "journal/sqlite_schema.h"

#include <fmt/format.h>

#include <array>

#include "journal/event.h"
#include "journal/event_blocks.h"
#include "journal/postgres_dialect.h"
#include "journal/sqlite_chain.h"
#include "journal/sqlite_projection.h"
#include "journal/sqlite_views.h"
#include "journal/start_key.h"

namespace gantry::journal {
namespace {

// Times are microseconds since 1970. `event` columns hold a journal_event.position.
constexpr const char* base_tables = R"sql(
CREATE TABLE journal_stream (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, secret BLOB) STRICT;
CREATE TABLE journal_event_type (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE journal_event (
  position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL,
  type INTEGER NOT NULL, data TEXT NOT NULL, labels TEXT, hash BLOB) STRICT;
CREATE TABLE journal_blob (number INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, data TEXT NOT NULL, labels TEXT) STRICT;
CREATE TABLE journal_project (digest TEXT PRIMARY KEY, files BLOB NOT NULL) STRICT;
CREATE TABLE journal_token (
  hash TEXT PRIMARY KEY, person TEXT NOT NULL, roles TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER,
  revoked INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE journal_snapshot (stream INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, state TEXT NOT NULL) STRICT;

CREATE TABLE journal_workflow (
  number INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, digest TEXT NOT NULL,
  project TEXT NOT NULL, UNIQUE (namespace, name, version, digest, project)) STRICT;
CREATE TABLE journal_instance (
  stream INTEGER PRIMARY KEY, workflow INTEGER NOT NULL, status INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER,
  start_event INTEGER NOT NULL, end_event INTEGER, person TEXT, key TEXT, parent TEXT, parent_task TEXT,
  suspended INTEGER NOT NULL DEFAULT 0, stuck_event INTEGER, rests INTEGER NOT NULL DEFAULT 0,
  lingers INTEGER NOT NULL DEFAULT 0, migration TEXT) STRICT;
CREATE INDEX journal_instance_status ON journal_instance (status, stream);
CREATE INDEX journal_instance_workflow ON journal_instance (workflow, stream);
CREATE INDEX journal_instance_parent ON journal_instance (parent, stream) WHERE parent IS NOT NULL;
CREATE TABLE journal_task (
  event INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stream INTEGER NOT NULL, kind TEXT, title TEXT, effect TEXT, requester TEXT,
  open INTEGER NOT NULL, outcome TEXT, created_at INTEGER NOT NULL, expires_at INTEGER, closed_at INTEGER, answer_event INTEGER,
  answered_by TEXT) STRICT;
CREATE INDEX journal_task_stream ON journal_task (stream, event);
CREATE INDEX journal_task_open ON journal_task (event, stream) WHERE open = 1;
CREATE TABLE journal_task_role (role TEXT NOT NULL, task INTEGER NOT NULL, PRIMARY KEY (role, task)) STRICT, WITHOUT ROWID;
CREATE INDEX journal_task_role_task ON journal_task_role (task);
CREATE TABLE journal_vote (event INTEGER PRIMARY KEY, task TEXT NOT NULL, person TEXT, approve INTEGER NOT NULL) STRICT;
CREATE INDEX journal_vote_task ON journal_vote (task, event);
CREATE TABLE journal_decision (event INTEGER PRIMARY KEY, stream INTEGER NOT NULL, decision TEXT, decider TEXT) STRICT;
CREATE INDEX journal_decision_stream ON journal_decision (stream, event);
CREATE TABLE journal_timer (
  stream INTEGER NOT NULL, id TEXT NOT NULL, due INTEGER, purpose TEXT, set_at INTEGER NOT NULL, PRIMARY KEY (stream, id)) STRICT, WITHOUT ROWID;
CREATE TABLE journal_deployment (event INTEGER PRIMARY KEY, project TEXT NOT NULL, person TEXT, at INTEGER NOT NULL) STRICT;
CREATE INDEX journal_deployment_project ON journal_deployment (project, event);
CREATE TABLE journal_count (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)sql";

// What version 2 added, for new databases and for those of version 1. Each index holds the few rows that are looked
// for.
constexpr const char* version_2_indexes = R"sql(
CREATE INDEX journal_instance_suspended ON journal_instance (stream) WHERE suspended = 1;
CREATE INDEX journal_instance_stuck ON journal_instance (stream) WHERE stuck_event IS NOT NULL;
)sql";
// Version 3: the hash chain. `digest` of an erased event stands for its data; `record` is the position of the event that
// says who erased it and why. A salt is kept here only when its stream's secret is gone.
constexpr const char* version_3_columns = R"sql(
ALTER TABLE journal_stream ADD COLUMN secret BLOB;
ALTER TABLE journal_event ADD COLUMN hash BLOB;
)sql";
constexpr const char* version_3_tables = R"sql(
CREATE TABLE journal_checkpoint (
  position INTEGER PRIMARY KEY, at INTEGER NOT NULL, hash BLOB NOT NULL, key BLOB NOT NULL, signature BLOB NOT NULL) STRICT;
CREATE TABLE journal_removal (
  first INTEGER PRIMARY KEY, last INTEGER NOT NULL, at INTEGER NOT NULL, before BLOB NOT NULL, after BLOB NOT NULL,
  key BLOB NOT NULL, signature BLOB NOT NULL) STRICT;
CREATE TABLE journal_erased (position INTEGER PRIMARY KEY, digest BLOB NOT NULL, record INTEGER NOT NULL) STRICT;
CREATE INDEX journal_erased_record ON journal_erased (record, position);
CREATE TABLE journal_salt (position INTEGER PRIMARY KEY, salt BLOB NOT NULL) STRICT;
CREATE TABLE journal_hold (scope TEXT PRIMARY KEY, event INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE journal_blob_use (stream INTEGER NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (stream, hash)) STRICT, WITHOUT ROWID;
CREATE INDEX journal_blob_use_hash ON journal_blob_use (hash);
)sql";
// Whom each large value belongs to, so that it can go with the last of them.
constexpr const char* version_3_blob_uses = R"sql(
INSERT INTO journal_blob_use SELECT DISTINCT e.stream, t.value FROM journal_event e, json_tree(e.data) t
WHERE instr(e.data, '"$blob"') > 0 AND t.key = '$blob' AND t.type = 'text';
)sql";
constexpr const char* version_2_columns = R"sql(
ALTER TABLE journal_instance ADD COLUMN suspended INTEGER NOT NULL DEFAULT 0;
ALTER TABLE journal_instance ADD COLUMN stuck_event INTEGER;
)sql";

// What version 4 added. `at` is where a part of the budget's window begins, 0 for a budget without one.
constexpr const char* version_4_tables = R"sql(
CREATE TABLE journal_budget (
  budget TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL, amount REAL NOT NULL, PRIMARY KEY (budget, key, at)) STRICT, WITHOUT ROWID;
)sql";

// What version 5 added: instances that only wait for time or people stay out of memory, so what falls due is looked up in order.
// `lingers` marks the few that ended with an effect under way.
constexpr const char* version_5_indexes = R"sql(
CREATE INDEX journal_instance_active ON journal_instance (stream) WHERE status = 0 AND rests = 0;
CREATE INDEX journal_instance_lingers ON journal_instance (stream) WHERE lingers = 1;
CREATE INDEX journal_timer_due ON journal_timer (due, stream, id);
CREATE INDEX journal_task_expiry ON journal_task (expires_at, stream, id) WHERE open = 1 AND expires_at IS NOT NULL;
)sql";
// Effects lie in the order of their events and have no index of their own, so that those of many instances, written
// together, lie together: by id they are found through the events of their instance.
constexpr const char* effect_table = R"sql(
CREATE TABLE journal_effect (
  first_event INTEGER PRIMARY KEY, id TEXT NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL, tool TEXT,
  operation TEXT, permit_event INTEGER, doubt_event INTEGER, end_event INTEGER) STRICT;
)sql";
constexpr const char* version_5_begin = R"sql(
ALTER TABLE journal_instance ADD COLUMN rests INTEGER NOT NULL DEFAULT 0;
ALTER TABLE journal_instance ADD COLUMN lingers INTEGER NOT NULL DEFAULT 0;
UPDATE journal_instance SET lingers = 1 WHERE status <> 0 AND stream IN
  (SELECT stream FROM journal_effect WHERE state IN (1, 2));
ALTER TABLE journal_effect RENAME TO journal_effect_before;
)sql";
constexpr const char* version_5_end = R"sql(
INSERT INTO journal_effect SELECT first_event, id, state, attempts, tool, operation, permit_event, doubt_event, end_event
  FROM journal_effect_before ORDER BY first_event;
DROP TABLE journal_effect_before;
)sql";

// Version 6: which migration moved an instance last, unless it was undone.
constexpr const char* version_6_column = "ALTER TABLE journal_instance ADD COLUMN migration TEXT";
constexpr const char* version_6_index =
    "CREATE INDEX journal_instance_migration ON journal_instance (migration, stream) WHERE migration IS NOT NULL";

// Version 8: where the events of each instance are, sqlite_places.h. All events up to journal_placed have their place.
constexpr const char* place_tables = R"sql(
CREATE TABLE journal_placed (position INTEGER NOT NULL) STRICT;
INSERT INTO journal_placed VALUES (0);
)sql";
// Version 10: event_blocks.h. Before, each event had a row of its own.
constexpr const char* block_table = R"sql(
CREATE TABLE journal_event_block (
  stream INTEGER NOT NULL, block INTEGER NOT NULL, sequence INTEGER NOT NULL, positions TEXT NOT NULL, PRIMARY KEY (stream, block))
  STRICT, WITHOUT ROWID;
)sql";
constexpr const char* all_placed = R"sql(
UPDATE journal_placed SET position = (SELECT coalesce(max(position), 0) FROM journal_event);
DROP INDEX journal_event_sequence;
)sql";
// PostgreSQL keeps the index that was in SQLite before.
constexpr const char* place_index = "CREATE UNIQUE INDEX journal_event_sequence ON journal_event (stream, sequence)";

// Types are added without a new version: the tables stay as they are, and the views show events by these names.
Status name_event_types(DatabaseConnection& connection) {
  std::string names;
  for (std::size_t i = 0; i < event_type_count; ++i)
    names += fmt::format("{}({}, '{}')", i == 0 ? "" : ", ", i, name_of(static_cast<EventType>(i)));
  return connection.execute(
      fmt::format("INSERT INTO journal_event_type (number, name) VALUES {} ON CONFLICT DO NOTHING", names));
}

Status write_version(DatabaseConnection& connection) {
  if (connection.dialect() == Dialect::sqlite)
    return connection.execute(fmt::format("PRAGMA user_version = {}", schema_version));
  return connection.execute(fmt::format("CREATE TABLE IF NOT EXISTS journal_schema (version bigint NOT NULL); DELETE FROM "
                                        "journal_schema; INSERT INTO journal_schema VALUES ({})",
                                        schema_version));
}

Status write_owner(DatabaseConnection& connection) {
  if (connection.dialect() == Dialect::postgres) return done();  // the schema's name says it
  return connection.execute(fmt::format("PRAGMA application_id = {}", application_id));
}

// The views, and the names of event types, as this version of the program has them.
Status create_views(DatabaseConnection& connection) {
  TRY(connection.execute(view_definitions(connection.dialect())));
  TRY(name_event_types(connection));
  return write_version(connection);
}

Status create_schema(DatabaseConnection& connection) {
  if (connection.dialect() == Dialect::postgres) {
    TRY(connection.execute(postgres_functions));
    TRY(connection.execute(postgres_operators));
  }
  for (const char* tables : {base_tables, start_key_table, effect_table, version_2_indexes, version_3_tables, version_4_tables,
                             version_5_indexes, version_6_index})
    TRY(connection.define(tables));
  if (connection.dialect() == Dialect::postgres) {
    TRY(connection.execute(place_index));
  } else {
    TRY(connection.execute(place_tables));
    TRY(connection.execute(block_table));
  }
  TRY(connection.define(fmt::format("CREATE INDEX journal_event_cloud ON journal_event (position) WHERE type IN ({})",
                                    cloud_event_types)));
  TRY(create_views(connection));
  TRY(SqliteProjection::create_counts(connection));
  return write_owner(connection);
}

// Versions 8 and 10, of SQLite only.
Status place_in_blocks(DatabaseConnection& connection, std::int64_t version) {
  if (version >= 10) return done();
  TRY(connection.execute(block_table));
  if (version < 8) {
    TRY(connection.execute(place_tables));
    TRY(EventBlocks::make_anew(connection, "SELECT stream, sequence, position FROM journal_event ORDER BY stream, sequence"));
    return connection.execute(all_placed);
  }
  TRY(EventBlocks::make_anew(connection, "SELECT stream, sequence, position FROM journal_event_place ORDER BY stream, sequence"));
  // What the tail has is counted by who reads.
  return connection.execute(
      "DROP TABLE journal_event_place; UPDATE journal_count SET value = value - (SELECT count(*) FROM journal_event WHERE "
      "position > (SELECT position FROM journal_placed)) WHERE name = 'events'");
}

// One step for each version, in order, then the views anew.
Status upgrade_schema(DatabaseConnection& connection, std::int64_t version) {
  // The first version on PostgreSQL is 6: what came before has SQLite's words only. Functions are replaced by those of this version.
  if (connection.dialect() == Dialect::postgres) TRY(connection.execute(postgres_functions));
  for (const char* view : view_names) TRY(connection.execute(fmt::format("DROP VIEW IF EXISTS {}", view)));
  if (version < 2) {
    TRY(connection.execute(version_2_columns));
    TRY(connection.execute(version_2_indexes));
  }
  if (version < 3) {
    TRY(connection.execute(version_3_columns));
    TRY(connection.execute(version_3_tables));
    TRY(connection.execute(version_3_blob_uses));
    TRY(name_event_types(connection));  // the chain covers the names
    TRY(SqliteChain::chain_existing(connection));
  }
  if (version < 4) TRY(connection.execute(version_4_tables));
  if (version < 5) {
    TRY(connection.execute(version_5_begin));
    TRY(connection.execute(effect_table));
    TRY(connection.execute(version_5_end));
    TRY(connection.execute(version_5_indexes));
  }
  if (version < 6) {
    TRY(connection.define(version_6_column));
    TRY(connection.define(version_6_index));
  }
  if (version < 7) TRY(give_keys_to_persons(connection));
  if (connection.dialect() == Dialect::sqlite) TRY(place_in_blocks(connection, version));
  return create_views(connection);
}

struct FoundSchema {
  bool empty = false;
  std::int64_t version = 0;
};

// The version that is written in the database, before it is judged; none: the database is empty.
Result<std::optional<std::int64_t>> read_version(DatabaseConnection& connection) {
  if (connection.dialect() == Dialect::postgres) {
    const bool known = TRY(connection.integer_of("SELECT count(*) FROM pg_class WHERE relname = 'journal_schema' AND "
                                                 "relnamespace = current_schema()::regnamespace")) > 0;
    if (!known) return std::optional<std::int64_t>();
    return std::optional(TRY(connection.integer_of("SELECT version FROM journal_schema")));
  }
  std::int64_t objects = TRY(connection.integer_of("SELECT count(*) FROM sqlite_schema"));
  std::int64_t owner = TRY(connection.integer_of("PRAGMA application_id"));
  if (objects == 0 && (owner == 0 || owner == application_id)) return std::optional<std::int64_t>();
  if (owner != application_id)
    return Error{
        Code::conflict,
        fmt::format(
            "{} is an SQLite database of another program (application id {:#x}, Gantry's is {:#x}); name another file",
            connection.path(), owner, application_id)};
  return std::optional(TRY(connection.integer_of("PRAGMA user_version")));
}

Result<FoundSchema> inspect_schema(DatabaseConnection& connection) {
  const std::optional<std::int64_t> version = TRY(read_version(connection));
  if (!version) return FoundSchema{true, 0};
  if (*version > schema_version)
    return Error{Code::conflict, fmt::format("{} was written by a newer Gantry: its schema has version {}, this "
                                             "program knows versions up to {}; use the newer program",
                                             connection.path(), *version, schema_version)};
  return FoundSchema{false, *version};
}

}  // namespace

Status check_owner(DatabaseConnection& connection) {
  TRY(inspect_schema(connection));
  return done();
}

Status prepare_schema(DatabaseConnection& connection) {
  auto found = TRY(inspect_schema(connection));
  const bool is_current = !found.empty && found.version == schema_version;
  if (is_current && TRY(connection.integer_of("SELECT count(*) FROM journal_event_type")) >=
                        static_cast<std::int64_t>(event_type_count))
    return done();
  auto transaction = TRY(DatabaseTransaction::begin(connection));
  // Once more: another process may have created it since.
  found = TRY(inspect_schema(connection));
  if (found.empty)
    TRY(create_schema(connection));
  else if (found.version < schema_version)
    TRY(upgrade_schema(connection, found.version));
  else
    TRY(name_event_types(connection));
  return transaction.commit();
}

Status check_schema(DatabaseConnection& connection) {
  auto found = TRY(inspect_schema(connection));
  if (found.empty) return Error{Code::not_found, fmt::format("{} holds no journal yet", connection.path())};
  if (found.version < schema_version)
    return Error{
        Code::conflict,
        fmt::format("{} has schema version {}, this program reads version {}; start the server once to upgrade it",
                    connection.path(), found.version, schema_version)};
  return done();
}

}  // namespace gantry::journal
