#include "journal/maintenance.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "base/hash.h"
#include "journal/missing_blobs.h"
#include "journal/sqlite_reader.h"

namespace gantry::journal {
namespace {

constexpr std::size_t findings_max = 100;

Status collect(DatabaseConnection& connection, const std::string& sql, std::vector<std::string>& findings) {
  auto select = TRY(connection.prepare(sql));
  while (findings.size() < findings_max && TRY(select->step())) findings.emplace_back(select->text(0));
  return done();
}

Status check_blobs(DatabaseConnection& connection, std::vector<std::string>& findings) {
  auto select = TRY(connection.prepare_scan("SELECT hash, data, labels FROM journal_blob"));
  while (findings.size() < findings_max && TRY(select->step())) {
    StoredBlob blob{std::string(select->text(0)), {std::string(select->text(1)), std::string(select->text(2))}};
    if (blob_hash(blob.text) != blob.hash)
      findings.push_back(fmt::format("blob {}: the content has another hash", blob.hash));
  }
  return done();
}

Status sync_file(const std::string& path) {
  for (const std::string& name : {path, std::filesystem::path(path).parent_path().string()}) {
    int file = ::open(name.empty() ? "." : name.c_str(), O_RDONLY | O_CLOEXEC);
    bool synced = file >= 0 && ::fsync(file) == 0;
    if (file >= 0) ::close(file);
    if (!synced) return Error{Code::unavailable, fmt::format("{} can't be synced to the disk", path)};
  }
  return done();
}

}  // namespace

Result<SqliteStore*> sqlite_store_of(Store& store) {
  auto* sqlite = dynamic_cast<SqliteStore*>(&store);
  if (!sqlite)
    return Error{Code::invalid_argument, fmt::format("the store {} is not kept in SQLite", store.location())};
  return sqlite;
}

Result<std::shared_ptr<DatabaseConnection>> reader_of(Store& store) {
  SqliteStore* sqlite = TRY(sqlite_store_of(store));
  return sqlite->open_reader();
}

Status rebuild_projections(Store& store) {
  SqliteStore* sqlite = TRY(sqlite_store_of(store));
  return sqlite->rebuild();
}

Status back_up(Store& store, const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored))
    return Error{Code::conflict, fmt::format("{} exists already; name a new file for the backup", path)};
  auto connection = TRY(reader_of(store));
  if (connection->dialect() == Dialect::postgres)
    return Error{Code::invalid_argument,
                 fmt::format("a journal in PostgreSQL is backed up with PostgreSQL's own tools, for example pg_dump "
                             "--schema, or by archiving its log: {}",
                             connection->path())};
  TRY(create_store_file(path));  // for its mode; VACUUM INTO takes an empty file
  std::lock_guard lock(connection->mutex());
  auto vacuum = TRY(connection->prepare("VACUUM INTO ?"));
  vacuum->bind(1, std::string_view(path));
  Status status = vacuum->run();
  if (status) status = sync_file(path);  // SQLite does not, here
  if (!status) std::filesystem::remove(path, ignored);
  return status;
}

namespace {

// Where the events of each instance are is kept beside them: sqlite_places.h.
Status check_places(DatabaseConnection& connection, std::vector<std::string>& findings) {
  if (connection.dialect() != Dialect::sqlite) return done();
  TRY(collect(connection,
              "SELECT 'up to which position events have their place is not known' WHERE (SELECT count(*) FROM journal_placed) <> 1",
              findings));
  const std::size_t before = findings.size();
  TRY(collect(connection,
              "SELECT 'instance number ' || stream || ': where its events from sequence ' || sequence || ' on are can''t be read' FROM "
              "journal_event_block WHERE NOT json_valid(positions) OR json_type(positions) <> 'array'",
              findings));
  if (findings.size() > before) return done();  // the rest reads them
  TRY(collect(connection,
              "SELECT 'event at position ' || e.position || ': it is not found by its instance and sequence' FROM journal_event "
              "e WHERE e.position <= (SELECT position FROM journal_placed) AND e.position IS NOT (SELECT p.position FROM "
              "journal_placed_event p WHERE p.stream = e.stream AND p.block = (e.sequence - 1) / 16 AND p.sequence = e.sequence)",
              findings));
  return collect(connection,
                 "SELECT 'position ' || p.position || ': the event of an instance that should be there is not' FROM "
                 "journal_placed_event p LEFT JOIN journal_event e ON e.position = p.position WHERE e.stream IS NOT p.stream OR "
                 "e.sequence IS NOT p.sequence OR p.block <> (p.sequence - 1) / 16",
                 findings);
}

Status look_for_damage(DatabaseConnection& connection, std::vector<std::string>& findings) {
  // PostgreSQL has pg_amcheck for that.
  if (connection.dialect() == Dialect::sqlite)
    TRY(collect(connection, "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
                findings));
  TRY(collect(connection,
              "SELECT 'instance ''' || s.id || ''': ' || count(*) || ' events, but the last sequence is ' || "
              "max(e.sequence) FROM journal_event e"
              " JOIN journal_stream s ON s.number = e.stream WHERE s.id = '' OR EXISTS (SELECT 1 FROM journal_instance i "
              "WHERE i.stream = e.stream) GROUP BY e.stream, s.id HAVING count(*) <> max(e.sequence) OR "
              "min(e.sequence) <> 1 OR count(DISTINCT e.sequence) <> count(*)",
              findings));
  const std::vector<MissingBlob> all = TRY(missing_blobs(connection, findings_max));
  for (const MissingBlob& missing : all)
    findings.push_back(fmt::format("event at position {}: the blob {} is missing", missing.position, missing.hash));
  TRY(check_places(connection, findings));
  return check_blobs(connection, findings);
}

}  // namespace

Result<std::vector<std::string>> find_damage(Store& store) {
  auto connection = TRY(reader_of(store));
  std::lock_guard lock(connection->mutex());
  std::vector<std::string> findings;
  TRY(connection->begin_reading());
  Status looked = look_for_damage(*connection, findings);
  connection->roll_back();
  if (!looked) return looked.error();
  return findings;
}

}  // namespace gantry::journal
