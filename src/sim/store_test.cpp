// The store on the simulated disk: what was read after a stop stays, whatever the power does then.
#include <gtest/gtest.h>

#include "journal/sqlite_store.h"
#include "sim/disk.h"

namespace gantry::sim {
namespace {

using journal::SqliteStore;

class StoreOnDisk : public ::testing::Test {
 protected:
  std::unique_ptr<SqliteStore> open() { return open(disk_); }
  static std::unique_ptr<SqliteStore> open(Disk& disk) {
    journal::StoreOptions options;
    options.file_layer = disk.layer();
    auto opened = SqliteStore::open_sqlite("sqlite:/sim/gantry.db", options);
    return opened ? *std::move(opened) : nullptr;
  }
  static bool append(SqliteStore& store, std::uint64_t sequence) {
    return store
        .append({{{"", sequence, Timestamp{}, journal::EventType::gate_stopped, Value::object({{"n", 1}})}}, {}})
        .ok();
  }
  static std::uint64_t last(SqliteStore* store) {
    if (store == nullptr) return 0;
    auto sequence = store->last_sequence("");
    return sequence ? *sequence : 0;
  }
  void fail_power(std::unique_ptr<SqliteStore> store) {
    disk_.stop_now();
    store.reset();
    disk_.start_again(Disk::Stop::power_fails);
  }

  Disk disk_{Dice(5, 1), [](Duration) {}, [] { return Timestamp{}; }};
};

TEST_F(StoreOnDisk, DoesNotForgetWhatItHasReadAfterTheProcessDiedInACommit) {
  std::uint64_t read = 0;
  int unacknowledged = 0;
  for (std::uint64_t life = 0; life < 60; ++life) {
    auto store = open();
    ASSERT_NE(store, nullptr);
    ASSERT_EQ(last(store.get()), read) << "life " << life;
    disk_.stop_within(1 + life % 12);
    std::uint64_t written = read;
    while (append(*store, written + 1)) ++written;
    store.reset();
    disk_.start_again(Disk::Stop::process_dies);
    store = open();
    ASSERT_NE(store, nullptr);
    read = last(store.get());
    ASSERT_GE(read, written);
    unacknowledged += read > written ? 1 : 0;
    fail_power(std::move(store));
  }
  EXPECT_GT(unacknowledged, 3) << "otherwise there was nothing to forget";
}

TEST_F(StoreOnDisk, DoesNotForgetWhatItHasReadAfterASyncFailed) {
  std::uint64_t read = 0;
  for (int life = 0; life < 60; ++life) {
    auto store = open();
    ASSERT_NE(store, nullptr);
    ASSERT_EQ(last(store.get()), read) << "life " << life;
    ASSERT_TRUE(append(*store, read + 1));
    disk_.set_faults({.sync_fails = 1'000});
    ASSERT_FALSE(append(*store, read + 2));
    disk_.set_faults({});
    disk_.stop_now();
    store.reset();
    disk_.start_again(Disk::Stop::process_dies);
    store = open();
    ASSERT_NE(store, nullptr);
    read = last(store.get());
    fail_power(std::move(store));
  }
}

// The rollback journal of the change to a write-ahead log was deleted, and must not come back.
TEST_F(StoreOnDisk, IsThereAfterItsFirstOrderlyEndAndAPowerFailure) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Disk disk(
        Dice(seed, 1), [](Duration) {}, [] { return Timestamp{}; });
    auto store = open(disk);
    ASSERT_NE(store, nullptr);
    ASSERT_TRUE(append(*store, 1));
    store.reset();
    disk.stop_now();
    disk.start_again(Disk::Stop::power_fails);
    store = open(disk);
    EXPECT_EQ(last(store.get()), 1u) << "seed " << seed;
  }
}

}  // namespace
}  // namespace gantry::sim
