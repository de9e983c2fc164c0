#include "journal/sqlite_places.h"

#include <algorithm>

namespace gantry::journal {
namespace {

// Placing changes about a page for each instance of the tail, so there should be several events for each. What a reader looks through
// is at most this many events and pages, and what the last batch brought.
constexpr std::size_t tail_events_min = 2'048;
constexpr std::size_t tail_events_max = 16'384;
constexpr std::size_t tail_events_per_stream = 8;
constexpr std::size_t tail_bytes_max = 16u << 20;
constexpr std::size_t page_bytes = 4'096;  // of a longer event a reader sees no more

}  // namespace

Status SqlitePlaces::open() {
  if (!is_used_) return done();
  is_counted_ = false;
  // The view comes last: without it the database's own is read.
  return connection_.execute(
      "CREATE TEMP TABLE IF NOT EXISTS journal_tail (stream INTEGER NOT NULL, sequence INTEGER NOT NULL, position INTEGER "
      "NOT NULL, PRIMARY KEY (stream, sequence)) STRICT, WITHOUT ROWID;"
      "DELETE FROM temp.journal_tail;"
      "INSERT OR IGNORE INTO temp.journal_tail SELECT stream, sequence, position FROM main.journal_event WHERE position > "
      "(SELECT position FROM main.journal_placed) ORDER BY position;"
      "CREATE TEMP VIEW IF NOT EXISTS journal_stream_event AS SELECT stream, sequence, position FROM main.journal_event_place "
      "UNION ALL SELECT stream, sequence, position FROM temp.journal_tail");
}

Status SqlitePlaces::count() {
  auto total = TRY(connection_.use("SELECT count(*), coalesce(max(position), 0) FROM temp.journal_tail"));
  TRY(total->step());
  events_ = static_cast<std::size_t>(total->integer(0));
  last_position_ = total->integer(1);
  streams_.clear();
  auto streams = TRY(connection_.use("SELECT DISTINCT stream FROM temp.journal_tail"));
  while (TRY(streams->step())) streams_.insert(streams->integer(0));
  is_counted_ = true;
  return done();
}

Status SqlitePlaces::add(std::int64_t stream, std::uint64_t sequence, std::int64_t position, std::size_t bytes) {
  if (!is_used_) return done();
  if (!is_counted_) TRY(count());
  auto insert = TRY(connection_.use("INSERT INTO temp.journal_tail (stream, sequence, position) VALUES (?,?,?)"));
  insert->bind(1, stream).bind(2, static_cast<std::int64_t>(sequence)).bind(3, position);
  TRY(insert->run());
  ++events_;
  bytes_ += std::min(bytes, page_bytes);
  last_position_ = position;
  streams_.insert(stream);
  return done();
}

Status SqlitePlaces::place_when_due() {
  if (!is_used_) return done();
  if (!is_counted_) TRY(count());
  const std::size_t enough = std::clamp(streams_.size() * tail_events_per_stream, tail_events_min, tail_events_max);
  return events_ >= enough || bytes_ >= tail_bytes_max ? place() : done();
}

// An event that stands where another one stands already can't be written; where somebody else did it, the journal goes on, and the
// doctor finds that the event has no place.
Status SqlitePlaces::place() {
  if (!is_used_) return done();
  if (!is_counted_) TRY(count());
  if (events_ == 0) return done();
  auto place = TRY(connection_.use(
      "INSERT OR IGNORE INTO main.journal_event_place SELECT stream, sequence, position FROM temp.journal_tail ORDER BY "
      "stream, sequence"));
  TRY(place->run());
  auto clear = TRY(connection_.use("DELETE FROM temp.journal_tail"));
  TRY(clear->run());
  auto mark = TRY(connection_.use("UPDATE main.journal_placed SET position = ?"));
  mark->bind(1, last_position_);
  TRY(mark->run());
  events_ = bytes_ = 0;
  streams_.clear();
  return done();
}

Status SqlitePlaces::remove(std::int64_t first, std::int64_t last) {
  if (!is_used_) return done();
  auto remove = TRY(connection_.use(
      "DELETE FROM main.journal_event_place WHERE (stream, sequence) IN (SELECT stream, sequence FROM main.journal_event "
      "WHERE position BETWEEN ? AND ?)"));
  remove->bind(1, first).bind(2, last);
  return remove->run();
}

Status SqlitePlaces::rebuild() {
  if (!is_used_) return done();
  is_counted_ = false;
  return connection_.execute(
      "DELETE FROM main.journal_event_place; INSERT OR IGNORE INTO main.journal_event_place SELECT stream, sequence, position "
      "FROM main.journal_event ORDER BY stream, sequence, position; DELETE FROM main.journal_placed; INSERT INTO "
      "main.journal_placed SELECT coalesce(max(position), 0) FROM main.journal_event; DELETE FROM temp.journal_tail");
}

}  // namespace gantry::journal
