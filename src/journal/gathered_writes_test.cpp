#include "journal/gathered_writes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <vector>

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

// A file as SQLite has it of a layer.
class OpenDatabaseFile {
 public:
  OpenDatabaseFile(const std::string& path, const char* layer) : layer_(sqlite3_vfs_find(layer)) {
    memory_.resize(static_cast<std::size_t>(layer_->szOsFile) / sizeof(std::max_align_t) + 1);
    name_ = sqlite3_create_filename(path.c_str(), "", "", 0, nullptr);
    EXPECT_EQ(
        layer_->xOpen(layer_, name_, file(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB, nullptr),
        SQLITE_OK);
  }
  ~OpenDatabaseFile() {
    calls().xClose(file());
    sqlite3_free_filename(name_);
  }
  OpenDatabaseFile(const OpenDatabaseFile&) = delete;
  OpenDatabaseFile& operator=(const OpenDatabaseFile&) = delete;
  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory_.data()); }
  const sqlite3_io_methods& calls() { return *file()->pMethods; }

 private:
  sqlite3_vfs* layer_;
  std::vector<std::max_align_t> memory_;
  const char* name_;
};

// Whoever closes a descriptor of a file gives back all locks that the process has on it.
TEST(GatheredWrites, LeaveLocksAloneWhenOneOfTwoConnectionsCloses) {
  TestFolder folder;
  const auto layer = GatheredWrites::in_front_of("");
  OpenDatabaseFile kept(folder.file(), layer->name());
  ASSERT_EQ(kept.calls().xLock(kept.file(), SQLITE_LOCK_SHARED), SQLITE_OK);
  { OpenDatabaseFile closed(folder.file(), layer->name()); }
  const auto is_locked_for_others = [&] {
    const pid_t child = ::fork();
    if (child == 0) {
      const int file = ::open(folder.file().c_str(), O_RDWR);
      struct flock wanted {};
      wanted.l_type = F_WRLCK;  // of the whole file
      ::_exit(::fcntl(file, F_GETLK, &wanted) == 0 && wanted.l_type != F_UNLCK ? 1 : 0);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WEXITSTATUS(status) == 1;
  };
  EXPECT_TRUE(is_locked_for_others());
  EXPECT_EQ(kept.calls().xUnlock(kept.file(), SQLITE_LOCK_NONE), SQLITE_OK);
  EXPECT_FALSE(is_locked_for_others());
}

TEST(GatheredWrites, KeepNoDescriptorOfAFileThatIsGone) {
  const auto descriptors = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const auto layer = GatheredWrites::in_front_of("");
  std::ptrdiff_t before = 0;
  for (int i = 0; i < 10; ++i) {
    TestFolder folder;
    OpenDatabaseFile file(folder.file(), layer->name());
    if (i == 0) before = descriptors();
    EXPECT_LE(descriptors(), before + 1);  // the last one's
  }
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

// A checkpoint that ends early leaves writes gathered; the lock is given back although they can't be written.
TEST(GatheredWrites, GivesALockBackAlthoughTheDiskIsFull) {
  TestFolder folder;
  FaultyDisk disk;
  const auto layer = GatheredWrites::in_front_of("");
  OpenDatabaseFile one(folder.file(), layer->name()), another(folder.file(), layer->name());
  ASSERT_EQ(one.calls().xLock(one.file(), SQLITE_LOCK_SHARED), SQLITE_OK);
  ASSERT_EQ(one.calls().xLock(one.file(), SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
  EXPECT_EQ(another.calls().xLock(another.file(), SQLITE_LOCK_SHARED), SQLITE_BUSY);
  EXPECT_EQ(one.calls().xWrite(one.file(), "page", 4, 0), SQLITE_OK);
  disk.be_full(true);
  EXPECT_NE(one.calls().xUnlock(one.file(), SQLITE_LOCK_NONE), SQLITE_OK) << "the write has failed";
  EXPECT_EQ(another.calls().xLock(another.file(), SQLITE_LOCK_SHARED), SQLITE_OK);
  another.calls().xUnlock(another.file(), SQLITE_LOCK_NONE);

  void volatile* memory = nullptr;
  for (OpenDatabaseFile* each : {&one, &another})
    ASSERT_EQ(each->calls().xShmMap(each->file(), 0, 32 << 10, 1, &memory), SQLITE_OK);
  constexpr int take = SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE, give = SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE;
  ASSERT_EQ(one.calls().xShmLock(one.file(), 1, 1, take), SQLITE_OK);
  EXPECT_EQ(another.calls().xShmLock(another.file(), 1, 1, take), SQLITE_BUSY);
  EXPECT_EQ(one.calls().xWrite(one.file(), "page", 4, 0), SQLITE_OK);
  EXPECT_NE(one.calls().xShmLock(one.file(), 1, 1, give), SQLITE_OK) << "the write has failed";
  EXPECT_EQ(another.calls().xShmLock(another.file(), 1, 1, take), SQLITE_OK);
  another.calls().xShmLock(another.file(), 1, 1, give);
  disk.be_full(false);
  for (OpenDatabaseFile* each : {&one, &another}) each->calls().xShmUnmap(each->file(), 1);
}

TEST(GatheredWrites, IsNotThereInFrontOfALayerThatIsNotThere) {
  EXPECT_EQ(GatheredWrites::in_front_of("no such layer"), nullptr);
  const auto one = GatheredWrites::in_front_of(""), another = GatheredWrites::in_front_of("");
  ASSERT_NE(one, nullptr);
  EXPECT_STRNE(one->name(), another->name());
}

}  // namespace
}  // namespace gantry::journal
