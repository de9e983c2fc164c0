// The disk of the simulator: what SQLite has committed on it survives what it must, and nothing else is promised.
#include "sim/disk.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "journal/sqlite_connection.h"

namespace gantry::sim {
namespace {

using journal::SqliteConnection;

class SimulatedDisk : public ::testing::Test {
 protected:
  std::unique_ptr<SqliteConnection> open() {
    auto opened = SqliteConnection::open("/sim/test.db", SqliteConnection::Mode::create, disk_.layer());
    if (!opened) return nullptr;
    auto connection = *std::move(opened);
    const Status ready = connection->execute(
        "PRAGMA synchronous = EXTRA; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = "
        "10;"
        "CREATE TABLE IF NOT EXISTS number (n INTEGER, filling TEXT)");
    return ready ? std::move(connection) : nullptr;
  }
  static bool insert(SqliteConnection& connection, int number) {
    return connection.execute("INSERT INTO number VALUES (" + std::to_string(number) + ", hex(zeroblob(700)))").ok();
  }
  static std::int64_t count(SqliteConnection& connection) {
    auto count = connection.integer_of("SELECT count(*) FROM number");
    return count ? *count : -1;
  }

  Disk disk_{Dice(7, 1), [](Duration) {}, [] { return Timestamp{}; }};
};

TEST_F(SimulatedDisk, KeepsWhatWasCommittedThroughOrderlyEndsAndPowerFailures) {
  int written = 0;
  for (int life = 0; life < 60; ++life) {
    auto connection = open();
    ASSERT_NE(connection, nullptr);
    ASSERT_EQ(count(*connection), written) << "life " << life;
    for (int i = 0; i < life % 7; ++i) {
      ASSERT_TRUE(insert(*connection, written));
      ++written;
    }
    if (life % 3 == 0) {
      connection.reset();
    } else {
      disk_.stop_now();
      connection.reset();
      disk_.start_again(life % 3 == 1 ? Disk::Stop::power_fails : Disk::Stop::process_dies);
    }
  }
}

TEST_F(SimulatedDisk, LosesOrKeepsTheCommitThatThePowerFailedIn) {
  int lost = 0, kept = 0;
  std::int64_t written = 0;
  for (int life = 0; life < 80; ++life) {
    auto connection = open();
    ASSERT_NE(connection, nullptr);
    ASSERT_EQ(count(*connection), written);
    disk_.stop_within(static_cast<std::uint64_t>(1 + life * 5 % 13));
    int number = 0;
    while (insert(*connection, number)) {
      ++written;
      ++number;
    }
    connection.reset();
    ASSERT_TRUE(disk_.stopped());
    disk_.start_again(Disk::Stop::power_fails);
    auto again = open();
    ASSERT_NE(again, nullptr);
    const std::int64_t now = count(*again);
    ASSERT_TRUE(now == written || now == written + 1) << now << " of " << written;
    ++(now == written ? lost : kept);
    written = now;
  }
  EXPECT_GT(lost, 5);
  EXPECT_GT(kept, 2);
}

TEST_F(SimulatedDisk, LosesWhatWasNeverSynced) {
  auto connection = open();
  ASSERT_NE(connection, nullptr);
  ASSERT_TRUE(connection->execute("PRAGMA synchronous = OFF").ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(insert(*connection, i));
  disk_.stop_now();
  connection.reset();
  disk_.start_again(Disk::Stop::power_fails);
  connection = open();
  ASSERT_NE(connection, nullptr);
  EXPECT_LT(count(*connection), 5);
}

}  // namespace
}  // namespace gantry::sim
