// Rows of journal_event_block: where the events of an instance are, a row for each 16 sequences that begin at 1, 17, 33, ...
// Its `positions` are JSON, so that views can read it, and it grows while the newest block of an instance fills. The view
// journal_placed_event has a row for each event again. SQLite only. Private to the module; in a transaction.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "journal/database_connection.h"

namespace gantry::journal {

inline constexpr std::int64_t events_in_block = 16;  // statements and views that are literals have it, too
inline std::int64_t block_of(std::int64_t sequence) {
  return (sequence - 1) / events_in_block;
}
// The same in SQL, of a row's `sequence`.
inline constexpr const char* block_of_sequence = "CAST((sequence - 1) / 16 AS BIGINT)";
static_assert(events_in_block == 16);

class EventBlocks {
 public:
  explicit EventBlocks(DatabaseConnection& connection) : connection_(connection) {}

  // All that are added, in the order of stream and sequence. Where one does not follow the one before, because somebody
  // else wrote it, neither it nor what follows it in its block gets a place: the doctor finds that.
  Status add(std::int64_t stream, std::int64_t sequence, std::int64_t position);
  Status finish();  // writes those that have not been

  // Takes out the events at these positions, which are removed after that: the first ones of their instances.
  static Status remove(DatabaseConnection& connection, std::int64_t first, std::int64_t last);
  // All blocks, from a statement that gives stream, sequence and position in that order.
  static Status make_anew(DatabaseConnection& connection, const std::string& select);

 private:
  struct Block {
    std::int64_t stream = 0, block = 0, sequence = 0, count = 0;
    bool is_broken = false;
    std::string positions;
  };

  DatabaseConnection& connection_;
  std::vector<Block> blocks_;
};

}  // namespace gantry::journal
