#include "journal/gathered_writes.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "journal/faulty_disk.h"
#include "journal/raw_database_fixture.h"
#include "journal/store_fixture.h"

namespace gantry::journal {
namespace {

Batch long_batch(std::uint64_t first, std::size_t count, std::size_t bytes) {
  Batch batch;
  for (std::size_t i = 0; i < count; ++i)
    batch.events.push_back(
        event("A", first + i, EventType::event_emitted, Value::object({{"event", Value(std::string(bytes, 'e'))}})));
  return batch;
}

std::unique_ptr<Store> open_begun(const TestFolder& folder) {
  auto store = open_store(folder.url());
  Batch batch;
  batch.events.push_back(started("A"));
  EXPECT_DONE(store->append(batch));
  return store;
}

// With some 3,000 pages that only the log has yet.
std::unique_ptr<Store> open_with_long_log(const TestFolder& folder) {
  auto store = open_begun(folder);
  EXPECT_DONE(store->append(long_batch(2, 3'000, 3'500)));
  return store;
}

void expect_whole(const TestFolder& folder) {
  auto store = open_store(folder.url());
  EXPECT_EQ(value_of(store->events_of("A")).size(), 3'001U);
  EXPECT_EQ(RawDatabase(folder.file()).one("PRAGMA integrity_check"), "ok");
}

TEST(GatheredWrites, HandsTheManyPagesOfACommitOnInFewWrites) {
  TestFolder folder;
  FaultyDisk disk;
  auto store = open_begun(folder);
  const int before = disk.writes();
  EXPECT_DONE(store->append(long_batch(2, 100, 3'000)));  // some eighty pages
  EXPECT_LE(disk.writes() - before, 8);
  // Another connection sees them at once.
  RawDatabase raw(folder.file());
  EXPECT_EQ(raw.rows("SELECT count(*) FROM journal_event WHERE type = " +
                     std::to_string(static_cast<int>(EventType::event_emitted))),
            (std::vector<RawDatabase::Row>{{"100"}}));
}

TEST(GatheredWrites, KeepsACommitThatIsLargerThanTheCacheOfPages) {
  TestFolder folder;
  auto store = open_begun(folder);
  EXPECT_DONE(store->append(long_batch(2, 4'000, 3'500)));  // 14 MB
  EXPECT_EQ(value_of(store->events_of("A")).size(), 4'001U);
  store.reset();
  store = open_store(folder.url());
  EXPECT_EQ(value_of(store->last_sequence("A")), 4'001U);
}

TEST(GatheredWrites, HandsTheManyPagesOfACheckpointOnInFewWrites) {
  TestFolder folder;
  FaultyDisk disk;
  auto store = open_with_long_log(folder);
  const int before = disk.writes();
  store.reset();
  EXPECT_LE(disk.writes() - before, 600);
  EXPECT_FALSE(std::filesystem::exists(folder.file() + "-wal")) << "all is in the database";
  expect_whole(folder);
}

TEST(GatheredWrites, ACheckpointThatFailsLosesNothing) {
  TestFolder folder;
  FaultyDisk disk;
  auto store = open_with_long_log(folder);
  disk.be_full(true);
  store.reset();  // the checkpoint at its end can't write
  disk.be_full(false);
  EXPECT_TRUE(std::filesystem::exists(folder.file() + "-wal")) << "the log has what the database has not";
  expect_whole(folder);
}

TEST(GatheredWrites, IsNotThereInFrontOfALayerThatIsNotThere) {
  EXPECT_EQ(GatheredWrites::in_front_of("no such layer"), nullptr);
  const auto one = GatheredWrites::in_front_of(""), another = GatheredWrites::in_front_of("");
  ASSERT_NE(one, nullptr);
  EXPECT_STRNE(one->name(), another->name());
}

}  // namespace
}  // namespace gantry::journal
