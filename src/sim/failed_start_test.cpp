// A batch fails in its sync, the process dies, and the next start does not get the log to the disk either.
#include <gtest/gtest.h>

#include "journal/sqlite_store.h"
#include "journal/store_fixture.h"
#include "sim/disk.h"

namespace gantry::sim {
namespace {

using journal::Batch;
using journal::EventType;

Result<std::unique_ptr<journal::SqliteStore>> open_on(const Disk& disk) {
  journal::StoreOptions options;
  options.file_layer = disk.layer();
  return journal::SqliteStore::open_sqlite("sqlite:/sim/gantry.db", options);
}

// Rows in several tables, so that half of it could be seen.
Batch end_of(const std::string& instance) {
  Batch batch;
  batch.events = {journal::event(instance, 2, EventType::timer_set, R"({"timer":"w1","due":"2026-11-29T00:00:00Z"})"),
                  journal::event(instance, 3, EventType::effect_permitted,
                                 R"({"effect":{"id":"A-e1","tool":"tos","operation":"move"}})"),
                  journal::event(instance, 4, EventType::decision_made, R"({"decision":"d","decider":"rules"})"),
                  journal::event(instance, 5, EventType::instance_completed, R"({"output":1})")};
  return batch;
}

// After the first sync that failed the next one may say that all is written: what SQLite copies then into the database,
// while closing, is half of a batch when the power fails.
TEST(FailedStart, LeavesNoHalfOfABatch) {
  int failed_starts = 0, lost = 0, kept = 0;
  for (std::uint64_t life = 0; life < 600; ++life) {
    Disk disk(
        Dice(life, 1), [](Duration) {}, [] { return Timestamp{}; });
    ASSERT_TRUE(journal::value_of(open_on(disk))->append({{journal::started("A")}, {}}).ok());
    {
      auto store = journal::value_of(open_on(disk));  // so that the log has hardly more than the batch
      ASSERT_TRUE(store->append({{journal::started("B")}, {}}).ok());
      disk.set_faults({.sync_fails = 1'000});
      ASSERT_FALSE(store->append(end_of("A")).ok());
      disk.stop_now();
    }
    disk.start_again(Disk::Stop::process_dies);
    disk.set_faults({.sync_fails = 500});
    disk.stop_within(1 + life % 24);
    failed_starts += open_on(disk).ok() ? 0 : 1;
    disk.stop_now();
    disk.start_again(Disk::Stop::power_fails);
    disk.set_faults({});
    auto store = journal::value_of(open_on(disk));
    const std::size_t events = journal::value_of(store->events_of("A", 0)).size();
    ASSERT_TRUE(events == 1 || events == 5) << "life " << life << ": " << events;
    const auto number = [&](const char* sql) { return journal::value_of(store->connection()->integer_of(sql)); };
    const bool whole = events == 5;
    EXPECT_EQ(number("SELECT max(status) FROM journal_instance"), whole ? 1 : 0) << "life " << life;
    EXPECT_EQ(number("SELECT count(*) FROM journal_effect_all"), whole ? 1 : 0) << "life " << life;
    EXPECT_EQ(number("SELECT count(*) FROM journal_decision"), whole ? 1 : 0) << "life " << life;
    EXPECT_EQ(number("SELECT value FROM journal_count_all WHERE name = 'events'"), static_cast<std::int64_t>(events) + 1)
        << "life " << life;
    ++(events == 1 ? lost : kept);
  }
  EXPECT_GT(failed_starts, 100);
  EXPECT_GT(lost, 20);
  EXPECT_GT(kept, 20);
}

}  // namespace
}  // namespace gantry::sim
