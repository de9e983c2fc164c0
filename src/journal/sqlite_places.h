// Where the events of each instance are: the view journal_placed_event, over blocks of them (event_blocks.h). An entry
// for each event, written with it, would change as many pages of a commit as it has instances. So in SQLite the
// newest events, the tail, have no entries yet; when the tail is long enough all of it is placed at once, sorted, in
// the transaction of a batch. The view journal_stream_event has both. Readers find those of the tail by looking through
// it, which its limits keep short. The writer knows its tail; before it asks for an instance that has events there, the
// tail is brought into a temporary table of its own connection (in memory, of its own transactions), with a view of the
// same name over it. On PostgreSQL an index of journal_event does all that, and nothing here does anything. Private to
// the module; under the connection's mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "journal/database_connection.h"
#include "journal/event.h"

namespace gantry::journal {

class SqlitePlaces {
 public:
  explicit SqlitePlaces(DatabaseConnection& connection)
      : connection_(connection), is_used_(connection.dialect() == Dialect::sqlite) {}

  // Makes the writer's own table and view, and reads the tail; outside of a transaction. Again after anything that
  // drops the connection's temporary tables. Without it nothing can be added, and what is asked by instance is looked
  // through.
  Status open();
  // A statement of the writer's that asks journal_stream_event for this stream. `of_placed` asks journal_placed_event
  // instead and is taken, because it is quicker, where nothing of the stream is in the tail; `of_effects`: nothing that
  // may begin an effect.
  Result<StatementUse> use(const char* sql, const char* of_placed, std::int64_t stream, bool of_effects = false);
  // For statements about any: until the next event is added, journal_stream_event has all.
  Status show();
  Result<std::uint64_t> last_sequence(std::int64_t stream);  // 0: it has no events

  // These are for transactions.
  struct Added {
    std::int64_t stream = 0, position = 0;
    const Event* event = nullptr;
    std::size_t bytes = 0;  // how long it is
  };
  Status add(std::span<const Added> events);  // all that were written since the last time
  bool is_due() const;  // the tail is as long as it should get
  Status place();  // all there are
  // Forgets the places of the events at these positions, which are removed after that. They must have been placed.
  Status remove(std::int64_t first, std::int64_t last);
  Status rebuild();  // all places, from the events
  bool is_used() const { return is_used_; }
  bool is_empty() const { return !is_open_ || (is_known_ && tail_.empty()); }
  // After a rollback.
  void rolled_back() { is_known_ = false; }

 private:
  struct Place {
    std::int64_t stream = 0, sequence = 0, position = 0;
  };
  struct OfStream {
    std::int64_t last_sequence = 0;
    bool has_effects = false;
  };
  void remember(const Place& place, EventType type);
  Status load();

  DatabaseConnection& connection_;
  bool is_used_;
  bool is_open_ = false;
  bool is_known_ = false;                               // the members below are true
  std::vector<Place> tail_;                             // by position
  std::size_t shown_ = 0;                               // so many of them are in the temporary table
  std::size_t bytes_ = 0;                               // of the tail; less after a start
  std::unordered_map<std::int64_t, OfStream> streams_;  // those in the tail
};

}  // namespace gantry::journal
