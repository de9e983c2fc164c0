// Where the events of each instance are: journal_event_place, in the order of instance and sequence. An entry of its own for each event,
// written with it, would change as many pages of a commit as it has instances. So in SQLite the newest events, the tail, have no
// entries yet; when the tail is long enough all of it is placed at once, sorted, in the transaction of a batch. The view
// journal_stream_event has both. Readers find those of the tail by looking through it, which its limits keep short; the writer
// has them in a temporary table of its own connection (in memory, of its own transactions), and a view of the same name over it.
// On PostgreSQL an index of journal_event does all that, and nothing here does anything.
// Private to the module; under the connection's mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_set>

#include "journal/database_connection.h"

namespace gantry::journal {

class SqlitePlaces {
 public:
  explicit SqlitePlaces(DatabaseConnection& connection)
      : connection_(connection), is_used_(connection.dialect() == Dialect::sqlite) {}

  // Makes the writer's own tail from the events that have no place yet; outside of a transaction. Again after anything that drops the
  // connection's temporary tables. Until then events can't be added, and reading takes longer.
  Status open();
  // These are for transactions. `bytes` is how long the event is.
  Status add(std::int64_t stream, std::uint64_t sequence, std::int64_t position, std::size_t bytes);
  Status place_when_due();
  Status place();  // all there are
  // Forgets the places of the events at these positions, which are removed after that. They must have been placed.
  Status remove(std::int64_t first, std::int64_t last);
  Status rebuild();  // all places, from the events
  bool is_empty() const { return !is_used_ || (is_counted_ && events_ == 0); }
  // After a rollback.
  void rolled_back() { is_counted_ = false; }

 private:
  Status count();

  DatabaseConnection& connection_;
  bool is_used_;
  bool is_counted_ = false;  // the members below are true
  std::size_t events_ = 0;
  std::size_t bytes_ = 0;  // at most
  std::int64_t last_position_ = 0;
  std::unordered_set<std::int64_t> streams_;
};

}  // namespace gantry::journal
