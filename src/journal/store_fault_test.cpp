// What must not go wrong when everything else does: full disks, failed syncs, kill -9, foreign and damaged files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/random.h"
#include "journal/faulty_disk.h"
#include "journal/maintenance.h"
#include "journal/raw_database_fixture.h"
#include "journal/sqlite_schema.h"
#include "journal/store_fixture.h"

namespace gantry::journal {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

Batch batch_of(const std::string& instance, std::uint64_t first, std::size_t count, std::size_t bytes) {
  Batch batch;
  for (std::size_t i = 0; i < count; ++i)
    batch.events.push_back(first + i == 1 ? started(instance)
                                          : event(instance, first + i, EventType::event_emitted,
                                                  Value::object({{"event", Value(std::string(bytes, 'e'))}})));
  return batch;
}

std::string bytes_of(const std::string& file) {
  std::ifstream input(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(input), {}};
}

TEST(FullDisk, KeepsNothingOfTheBatchAndGoesOnWithMoreSpace) {
  TestFolder folder;
  auto store = open_store(folder.url(), {.page_count_max = 120});
  std::uint64_t next = 1;
  Status status = done();
  while (next < 10'000) {
    status = store->append(batch_of("A", next, 10, 1500));
    if (!status) break;
    next += 10;
  }
  ASSERT_FALSE(status.ok()) << "120 pages took everything";
  EXPECT_EQ(status.error().code, Code::unavailable);
  EXPECT_THAT(status.error().message,
              AllOf(HasSubstr("no space left"), HasSubstr(folder.file()), HasSubstr("nothing of this batch was kept")));
  EXPECT_EQ(value_of(store->last_sequence("A")), next - 1);
  EXPECT_FALSE(store->append(batch_of("A", next, 10, 1500)).ok());
  EXPECT_EQ(value_of(store->events_of("A")).size(), next - 1);
  store.reset();

  store = open_store(folder.url(), {.page_count_max = 10'000});
  EXPECT_EQ(value_of(store->last_sequence("A")), next - 1);
  EXPECT_DONE(store->append(batch_of("A", next, 10, 1500)));
  EXPECT_EQ(value_of(store->last_sequence("A")), next + 9);
  EXPECT_THAT(value_of(find_damage(*store)), IsEmpty());
}

TEST(FullDisk, IsNoReasonToStopOnceThereIsSpaceAgain) {
  TestFolder folder;
  FaultyDisk disk;
  auto store = open_store(folder.url());
  ASSERT_TRUE(store->append(batch_of("A", 1, 3, 100)).ok());
  disk.be_full(true);
  Status status = store->append(batch_of("A", 4, 3, 100));
  EXPECT_EQ(status.error().code, Code::unavailable);
  EXPECT_THAT(status.error().message, HasSubstr("no space left"));
  disk.be_full(false);
  EXPECT_EQ(value_of(store->last_sequence("A")), 3u);
  EXPECT_DONE(store->append(batch_of("A", 4, 3, 100)));
  store.reset();
  EXPECT_EQ(value_of(open_store(folder.url())->last_sequence("A")), 6u);
}

TEST(FailedSync, RefusesAllWritesUntilOpenedAgain) {
  TestFolder folder;
  FaultyDisk disk;
  auto store = open_store(folder.url());
  ASSERT_TRUE(store->append(batch_of("A", 1, 3, 100)).ok());
  disk.fail_syncs(true);
  Status status = store->append(batch_of("A", 4, 3, 100));
  EXPECT_EQ(status.error().code, Code::unavailable);
  disk.fail_syncs(false);
  Status refused = store->append(batch_of("A", 4, 3, 100));
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("takes no more writes"));
  EXPECT_EQ(store->revoke_tokens("ada").error().code, Code::unavailable);
  EXPECT_EQ(value_of(store->events_of("A")).size(), 3u);
  store.reset();
  store = open_store(folder.url());
  std::uint64_t last = value_of(store->last_sequence("A"));
  EXPECT_TRUE(last == 3 || last == 6) << "half a batch: " << last;
  EXPECT_DONE(store->append(batch_of("A", last + 1, 3, 100)));
}

TEST(Commit, SyncsTheLogOncePerBatch) {
  TestFolder folder;
  FaultyDisk disk;
  auto store = open_store(folder.url());
  ASSERT_TRUE(store->append(batch_of("A", 1, 1, 10)).ok());
  int before = disk.syncs();
  ASSERT_TRUE(store->append(batch_of("A", 2, 64, 10)).ok());
  EXPECT_EQ(disk.syncs(), before + 1);
}

TEST(Kill, LosesNothingThatWasAcknowledged) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    std::uint64_t kill_after = 1 + random.next() % 40;
    TestFolder folder;
    int acknowledged[2];
    ASSERT_EQ(pipe(acknowledged), 0);
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = Store::open(folder.url(), {.blob_threshold_bytes = 1024});
      std::uint64_t next = 1;
      while (store.ok()) {
        std::size_t count = 1 + random.next() % 20;
        Batch batch = batch_of("A", next, count, random.next() % 3000);
        batch.events.push_back(started("B" + std::to_string(next)));
        if (!(*store)->append(batch)) break;
        next += count;
        std::uint64_t last = next - 1;
        if (write(acknowledged[1], &last, sizeof last) != sizeof last) break;
      }
      _exit(1);
    }
    close(acknowledged[1]);
    std::uint64_t last = 0, received = 0;
    for (; received < kill_after; ++received)
      ASSERT_EQ(read(acknowledged[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
    kill(child, SIGKILL);
    for (std::uint64_t more = 0; read(acknowledged[0], &more, sizeof more) == static_cast<ssize_t>(sizeof more);)
      last = more;
    close(acknowledged[0]);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);

    auto store = open_store(folder.url(), {.blob_threshold_bytes = 1024});
    auto events = value_of(store->events_of("A"));
    ASSERT_GE(events.size(), last);
    for (std::size_t i = 0; i < events.size(); ++i) ASSERT_EQ(events[i].sequence, i + 1);
    EXPECT_EQ(value_of(store->last_sequence("A")), events.size());
    EXPECT_THAT(value_of(find_damage(*store)), IsEmpty());
    RawDatabase raw(folder.file());
    std::string projections = raw.dump_projections();
    EXPECT_DONE(rebuild_projections(*store));
    EXPECT_EQ(raw.dump_projections(), projections);
    EXPECT_DONE(store->append(batch_of("A", events.size() + 1, 5, 10)));
  }
}

TEST(Schema, OfANewerGantryIsRefusedAndLeftAlone) {
  TestFolder folder;
  ASSERT_TRUE(open_store(folder.url())->append({{started("A")}, {}}).ok());
  RawDatabase(folder.file(), true).execute("PRAGMA user_version = 99");
  std::string before = bytes_of(folder.file());
  for (bool read_only : {false, true}) {
    auto store = Store::open(folder.url(), {.read_only = read_only});
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.error().code, Code::conflict);
    EXPECT_THAT(store.error().message,
                AllOf(HasSubstr("version 99"), HasSubstr("versions up to " + std::to_string(schema_version)), HasSubstr("newer Gantry")));
  }
  EXPECT_EQ(bytes_of(folder.file()), before);
}

TEST(Schema, OfVersion1IsUpgradedInPlace) {
  TestFolder folder;
  ASSERT_TRUE(open_store(folder.url())->append(full_story()).ok());
  {
    RawDatabase old(folder.file(), true);
    old.remove_version_3();
    for (const char* index : {"journal_instance_suspended", "journal_instance_stuck", "journal_effect_open"})
      old.execute(std::string("DROP INDEX ") + index);
    for (const char* column : {"suspended", "stuck_event"})
      old.execute(std::string("ALTER TABLE journal_instance DROP COLUMN ") + column);
    old.execute("DELETE FROM journal_event_type WHERE number > 24");
    old.execute("UPDATE journal_key SET key = json_extract(key, '$[1]')");
    old.execute("PRAGMA user_version = 1");
  }
  auto read_only = Store::open(folder.url(), {.read_only = true});
  EXPECT_EQ(read_only.error().code, Code::conflict) << "only a writer upgrades";
  auto store = open_store(folder.url());
  EXPECT_DONE(store->append({{event("I1", full_story_last_sequence + 1, EventType::instance_suspended)}, {}}));
  RawDatabase raw(folder.file());
  EXPECT_EQ(raw.rows("SELECT status FROM instances WHERE id = 'I1'"), (std::vector<RawDatabase::Row>{{"suspended"}}));
  EXPECT_EQ(raw.rows("SELECT count(*) FROM events WHERE type = 'instance_suspended'"),
            (std::vector<RawDatabase::Row>{{"1"}}));
  EXPECT_EQ(raw.rows("PRAGMA user_version"), (std::vector<RawDatabase::Row>{{std::to_string(schema_version)}}));
  EXPECT_EQ(value_of(store->instance_with_key("port/reslot", R"(["ada","k-I1"])")), "I1");
  std::string projections = raw.dump_projections();
  EXPECT_DONE(rebuild_projections(*store));
  EXPECT_EQ(raw.dump_projections(), projections);
}

TEST(Schema, OfAnotherProgramIsRefusedAndLeftAlone) {
  TestFolder folder;
  RawDatabase(folder.file(), true).execute("CREATE TABLE invoices (number INTEGER)");
  std::string before = bytes_of(folder.file());
  auto store = Store::open(folder.url());
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, Code::conflict);
  EXPECT_THAT(store.error().message, HasSubstr("another program"));
  EXPECT_EQ(bytes_of(folder.file()), before);
}

TEST(DamagedFile, ThatIsNoDatabaseIsNamed) {
  TestFolder folder;
  std::ofstream(folder.file()) << std::string(5000, 'x');
  auto store = Store::open(folder.url());
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, Code::unavailable);
  EXPECT_THAT(store.error().message, AllOf(HasSubstr(folder.file()), HasSubstr("not an SQLite database")));
}

TEST(DamagedFile, WithOverwrittenPagesIsReportedAndNotRead) {
  TestFolder folder;
  ASSERT_TRUE(open_store(folder.url())->append(batch_of("A", 1, 200, 500)).ok());
  {
    std::fstream file(folder.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(30 * 4096, '\x5a');
  }
  auto store = Store::open(folder.url());
  Status status = store ? Status((*store)->events_of("A").error()) : Status(store.error());
  EXPECT_EQ(status.error().code, Code::unavailable);
  EXPECT_THAT(status.error().message, AllOf(HasSubstr("damaged"), HasSubstr("restore it from a backup")));
}

TEST(DamagedFile, IsFoundByTheDoctor) {
  TestFolder folder;
  ASSERT_TRUE(open_store(folder.url(), {.blob_threshold_bytes = 100})->append(batch_of("A", 1, 5, 500)).ok());
  {
    RawDatabase raw(folder.file(), true);
    raw.execute("DELETE FROM journal_event WHERE sequence = 3");
    raw.execute("UPDATE journal_blob SET data = '\"other\"'");
  }
  auto store = open_store(folder.url());
  auto findings = value_of(find_damage(*store));
  EXPECT_THAT(findings, testing::ElementsAre(AllOf(HasSubstr("'A'"), HasSubstr("4 events")), HasSubstr("position 3"),
                                             HasSubstr("another hash")));
  RawDatabase(folder.file(), true).execute("DELETE FROM journal_blob");
  EXPECT_THAT(value_of(find_damage(*store)), testing::Contains(HasSubstr("is missing")));
  auto events = store->events_of("A");
  ASSERT_FALSE(events.ok());
  EXPECT_THAT(events.error().message, HasSubstr("is missing"));
}

}  // namespace
}  // namespace gantry::journal
