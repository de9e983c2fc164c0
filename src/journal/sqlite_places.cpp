#include "journal/sqlite_places.h"

#include <algorithm>
#include <span>
#include <tuple>

#include "journal/event_blocks.h"
#include "journal/insert_rows.h"

namespace gantry::journal {
namespace {

// Placing changes about a page for each instance of the tail, so there should be several events for each. What a reader
// looks through is at most this many events and pages, and what the last batch brought.
constexpr std::size_t tail_events_min = 2'048;
constexpr std::size_t tail_events_max = 16'384;
constexpr std::size_t tail_events_per_stream = 16;
constexpr std::size_t tail_bytes_max = 16u << 20;
constexpr std::size_t page_bytes = 4'096;  // of a longer event a reader sees no more

}  // namespace

Status SqlitePlaces::open() {
  if (!is_used_) return done();
  // The view comes last: without it the database's own is read.
  TRY(
      connection_.execute(std::string("CREATE TEMP TABLE IF NOT EXISTS journal_tail (stream INTEGER NOT NULL, sequence INTEGER NOT "
                          "NULL, position INTEGER "
                          "NOT NULL, PRIMARY KEY (stream, sequence)) STRICT, WITHOUT ROWID;"
                          "CREATE TEMP VIEW IF NOT EXISTS journal_stream_event AS SELECT stream, block, sequence, position "
                          "FROM main.journal_placed_event UNION ALL SELECT stream, ") +
                          block_of_sequence + ", sequence, position FROM temp.journal_tail"));
  is_open_ = true;
  return load();
}

Status SqlitePlaces::load() {
  is_known_ = false;
  tail_.clear();
  streams_.clear();
  shown_ = bytes_ = 0;
  auto clear = TRY(connection_.use("DELETE FROM temp.journal_tail"));
  TRY(clear->run());
  auto events =
      TRY(connection_.use("SELECT stream, sequence, position, type FROM main.journal_event WHERE position > (SELECT "
                          "position FROM main.journal_placed) ORDER BY position"));
  while (TRY(events->step()))
    remember({events->integer(0), events->integer(1), events->integer(2)}, static_cast<EventType>(events->integer(3)));
  is_known_ = true;
  return done();
}

void SqlitePlaces::remember(const Place& place, EventType type) {
  tail_.push_back(place);
  OfStream& of_stream = streams_[place.stream];
  of_stream.last_sequence = place.sequence;
  of_stream.has_effects = of_stream.has_effects || type == EventType::effect_proposed ||
                          type == EventType::effect_permitted || type == EventType::effect_denied;
}

Status SqlitePlaces::show() {
  if (!is_open_) return done();
  if (!is_known_) TRY(load());
  if (shown_ == tail_.size()) return done();
  // Within a transaction or not, one for all of them.
  auto begin = TRY(connection_.use("SAVEPOINT show"));
  TRY(begin->run());
  // An event that stands where another one stands already is never written by us.
  static const InsertText text("INSERT OR IGNORE INTO temp.journal_tail (stream, sequence, position)", 3);
  const Status shown = insert_rows(connection_, text, std::span<const Place>(tail_).subspan(shown_),
                                   [](DatabaseStatement& insert, int before, const Place& place) {
                                     insert.bind(before + 1, place.stream);
                                     insert.bind(before + 2, place.sequence).bind(before + 3, place.position);
                                   });
  if (!shown) is_known_ = false;
  auto end = TRY(connection_.use("RELEASE show"));
  TRY(end->run());
  TRY(shown);
  shown_ = tail_.size();
  return done();
}

Result<StatementUse> SqlitePlaces::use(const char* sql, const char* of_placed, std::int64_t stream, bool of_effects) {
  if (!is_open_) return connection_.use(sql);
  if (!is_known_) TRY(load());
  const auto in_tail = streams_.find(stream);
  if (in_tail == streams_.end() || (of_effects && !in_tail->second.has_effects)) return connection_.use(of_placed);
  TRY(show());
  return connection_.use(sql);
}

Result<std::uint64_t> SqlitePlaces::last_sequence(std::int64_t stream) {
  if (is_open_ && !is_known_) TRY(load());
  if (const auto known = streams_.find(stream); known != streams_.end())
    return static_cast<std::uint64_t>(known->second.last_sequence);
  // What the writer does not know to be in the tail is not in it; anybody else looks.
  auto last = TRY(connection_.use(
      !is_used_  ? "SELECT max(sequence) FROM journal_event WHERE stream = ?1"
      : is_open_ ? "SELECT sequence + json_array_length(positions) - 1 FROM main.journal_event_block WHERE stream = ?1 ORDER BY "
                   "block DESC LIMIT 1"
                 : "SELECT max(sequence) FROM journal_stream_event WHERE stream = ?1"));
  last->bind(1, stream);
  const bool found = TRY(last->step());
  return found && !last->is_null(0) ? static_cast<std::uint64_t>(last->integer(0)) : 0;
}

Status SqlitePlaces::add(std::span<const Added> events) {
  if (!is_used_) return done();
  // After a rollback; they are in the journal already.
  if (!is_known_) return load();
  for (const Added& added : events) {
    remember({added.stream, static_cast<std::int64_t>(added.event->sequence), added.position}, added.event->type);
    bytes_ += std::min(added.bytes, page_bytes);
  }
  return done();
}

bool SqlitePlaces::is_due() const {
  const std::size_t enough = std::clamp(streams_.size() * tail_events_per_stream, tail_events_min, tail_events_max);
  return tail_.size() >= enough || bytes_ >= tail_bytes_max;
}

Status SqlitePlaces::place() {
  if (!is_open_) return done();
  if (!is_known_) TRY(load());
  if (tail_.empty()) return done();
  const std::int64_t last_position = tail_.back().position;
  is_known_ = false;  // until it is done
  std::sort(tail_.begin(), tail_.end(), [](const Place& left, const Place& right) {
    return std::tie(left.stream, left.sequence) < std::tie(right.stream, right.sequence);
  });
  EventBlocks blocks(connection_);
  for (const Place& place : tail_) TRY(blocks.add(place.stream, place.sequence, place.position));
  TRY(blocks.finish());
  auto mark = TRY(connection_.use("UPDATE main.journal_placed SET position = ?"));
  mark->bind(1, last_position);
  TRY(mark->run());
  return load();
}

Status SqlitePlaces::remove(std::int64_t first, std::int64_t last) {
  return is_used_ ? EventBlocks::remove(connection_, first, last) : done();
}

Status SqlitePlaces::rebuild() {
  if (!is_used_) return done();
  TRY(EventBlocks::make_anew(connection_, "SELECT stream, sequence, position FROM main.journal_event ORDER BY stream, sequence, "
                                          "position"));
  TRY(connection_.execute("DELETE FROM main.journal_placed; INSERT INTO main.journal_placed SELECT coalesce(max(position), 0) "
                          "FROM main.journal_event"));
  return load();
}

}  // namespace gantry::journal
