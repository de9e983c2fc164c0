// How large a store is, of what, how fast it grows, and when its disk is full. Reads only; also beside a running
// server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "journal/store.h"

namespace gantry::journal {

struct SizeOfKind {
  std::string kind;         // events, large values, projects, instances, effects, tasks, snapshots, audit, other
  std::uint64_t bytes = 0;  // whole pages, with their indexes
  std::uint64_t rows = 0;
};

struct StoreSize {
  std::vector<SizeOfKind> kinds;   // largest first
  std::uint64_t file_bytes = 0;    // of the database
  std::uint64_t log_bytes = 0;     // of the write-ahead log beside it
  std::uint64_t unused_bytes = 0;  // free pages inside the file: used again before it grows
  std::uint64_t events = 0;
  std::uint64_t disk_free_bytes = 0, disk_bytes = 0;  // of the file system; 0 for a store in memory
  // Measured over the last days before the newest event, at most 7.
  double measured_days = 0;
  double events_per_day = 0;
  double bytes_per_event = 0;        // all tables together, divided by the events
  double growth_bytes_per_day = 0;   // events that came, less those that retention removed
  std::optional<Timestamp> full_at;  // when nothing changes; none: it does not grow, or not in the next 100 years
};

Result<StoreSize> measure_store(Store& store, Timestamp now);

}  // namespace gantry::journal
