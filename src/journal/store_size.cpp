#include "journal/store_size.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "journal/sqlite_reader.h"

namespace gantry::journal {
namespace {

constexpr double microseconds_per_day = 86'400e6;
constexpr double window_days = 7;
constexpr double forecast_days_max = 36'500;

struct KindOfTable {
  const char* prefix;
  const char* kind;
};
// The first that a table's (or its index's table's) name starts with counts.
constexpr std::array kinds_of_tables = {
    KindOfTable{"journal_event", "events"},       KindOfTable{"journal_stream", "events"},
    KindOfTable{"journal_placed", "events"},
    KindOfTable{"journal_blob", "large values"},  KindOfTable{"journal_project", "projects"},
    KindOfTable{"journal_instance", "instances"}, KindOfTable{"journal_key", "instances"},
    KindOfTable{"journal_workflow", "instances"}, KindOfTable{"journal_timer", "instances"},
    KindOfTable{"journal_effect", "effects"},     KindOfTable{"journal_task", "tasks"},
    KindOfTable{"journal_vote", "tasks"},         KindOfTable{"journal_decision", "tasks"},
    KindOfTable{"journal_snapshot", "snapshots"}, KindOfTable{"journal_checkpoint", "audit"},
    KindOfTable{"journal_removal", "audit"},      KindOfTable{"journal_erased", "audit"},
    KindOfTable{"journal_salt", "audit"},
};

std::string kind_of(std::string_view table) {
  for (const KindOfTable& each : kinds_of_tables)
    if (table.starts_with(each.prefix)) return each.kind;
  return "other";
}

Status measure_kinds(DatabaseConnection& connection, StoreSize& size) {
  std::map<std::string, SizeOfKind> kinds;
  // PostgreSQL counts rows when it analyses a table, so its figures are of some time ago.
  constexpr const char* of_postgres =
      "SELECT c.relname, CAST(pg_total_relation_size(c.oid) AS BIGINT), CAST(greatest(c.reltuples, 0) AS BIGINT) FROM "
      "pg_class c WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace";
  constexpr const char* of_sqlite =
      "SELECT coalesce(m.tbl_name, s.name), sum(s.pgsize), sum(CASE WHEN m.type = 'table' THEN "
                             "s.ncell ELSE 0 END) FROM dbstat s "
                             "LEFT JOIN sqlite_schema m ON m.name = s.name WHERE s.aggregate = TRUE GROUP BY 1";
  auto pages = TRY(connection.prepare(connection.dialect() == Dialect::sqlite ? of_sqlite : of_postgres));
  while (TRY(pages->step())) {
    SizeOfKind& kind = kinds[kind_of(pages->text(0))];
    kind.bytes += static_cast<std::uint64_t>(pages->integer(1));
    kind.rows += static_cast<std::uint64_t>(pages->integer(2));
  }
  for (auto& [name, kind] : kinds) {
    kind.kind = name;
    size.kinds.push_back(kind);
  }
  std::sort(size.kinds.begin(), size.kinds.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  return done();
}

Result<std::int64_t> time_at(DatabaseConnection& connection, std::int64_t position) {
  auto select = TRY(connection.use("SELECT at FROM journal_event WHERE position >= ? ORDER BY position LIMIT 1"));
  select->bind(1, position);
  TRY(select->step());
  return select->integer(0);
}

// The first position at or after `time`. Positions are in the order of writing, so nearly in that of time: halving
// finds the place without an index.
Result<std::int64_t> position_at(DatabaseConnection& connection, std::int64_t first, std::int64_t last,
                                 std::int64_t time) {
  while (first < last) {
    const std::int64_t middle = first + (last - first) / 2;
    const std::int64_t at = TRY(time_at(connection, middle));
    if (at < time)
      first = middle + 1;
    else
      last = middle;
  }
  return first;
}

Status measure_growth(DatabaseConnection& connection, StoreSize& size) {
  const std::int64_t first = TRY(connection.integer_of("SELECT min(position) FROM journal_event"));
  const std::int64_t last = TRY(connection.integer_of("SELECT max(position) FROM journal_event"));
  size.events =
      static_cast<std::uint64_t>(TRY(connection.integer_of("SELECT value FROM journal_count_all WHERE name = 'events'")));
  if (size.events == 0) return done();
  std::uint64_t bytes = 0;
  for (const SizeOfKind& kind : size.kinds) bytes += kind.bytes;
  size.bytes_per_event = static_cast<double>(bytes) / static_cast<double>(size.events);
  const std::int64_t newest = TRY(time_at(connection, last)), oldest = TRY(time_at(connection, first));
  const std::int64_t from = std::max(oldest, newest - static_cast<std::int64_t>(window_days * microseconds_per_day));
  const std::int64_t start = TRY(position_at(connection, first, last, from));
  // Less than an hour says nothing about a day.
  size.measured_days = std::max(static_cast<double>(newest - from) / microseconds_per_day, 1.0 / 24);
  size.events_per_day = static_cast<double>(last - start + 1) / size.measured_days;
  auto removed =
      TRY(connection.prepare("SELECT CAST(coalesce(sum(CAST(e.data ->> '$.events' AS BIGINT)), 0) AS BIGINT) FROM journal_event e JOIN "
                             "journal_event_type y ON y.number = e.type "
                             "WHERE y.name = 'instances_removed' AND e.position >= ?"));
  removed->bind(1, start);
  TRY(removed->step());
  const double net = size.events_per_day - static_cast<double>(removed->integer(0)) / size.measured_days;
  size.growth_bytes_per_day = net * size.bytes_per_event;
  return done();
}

void measure_disk(const std::string& path, StoreSize& size) {
  std::error_code ignored;
  const auto file = std::filesystem::file_size(path, ignored);
  if (!ignored) size.file_bytes = file;
  const auto log = std::filesystem::file_size(path + "-wal", ignored);
  if (!ignored) size.log_bytes = log;
  struct statvfs disk {};
  if (statvfs(path.c_str(), &disk) != 0) return;
  size.disk_free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  size.disk_bytes = std::uint64_t{disk.f_blocks} * disk.f_frsize;
}

void forecast(StoreSize& size, Timestamp now) {
  if (size.disk_bytes == 0 || size.growth_bytes_per_day <= 0) return;
  const double days = static_cast<double>(size.disk_free_bytes + size.unused_bytes) / size.growth_bytes_per_day;
  if (days < forecast_days_max) size.full_at = now + Duration(static_cast<std::int64_t>(days * microseconds_per_day));
}

}  // namespace

Result<StoreSize> measure_store(Store& store, Timestamp now) {
  auto connection = TRY(reader_of(store));
  std::lock_guard lock(connection->mutex());
  StoreSize size;
  const bool is_file = connection->dialect() == Dialect::sqlite;
  if (is_file) {
    const std::int64_t page = TRY(connection->integer_of("PRAGMA page_size"));
    const std::int64_t unused = TRY(connection->integer_of("PRAGMA freelist_count"));
    size.unused_bytes = static_cast<std::uint64_t>(page * unused);
  } else {
    size.file_bytes = static_cast<std::uint64_t>(TRY(connection->bytes_used()));
  }
  TRY(measure_kinds(*connection, size));
  TRY(measure_growth(*connection, size));
  if (is_file && !connection->is_memory()) measure_disk(connection->path(), size);
  forecast(size, now);
  return size;
}

}  // namespace gantry::journal
