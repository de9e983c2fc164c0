// A store opened for tokens only: another program's beside a running server, or alone.
#include "journal/sqlite_connection.h"
#include "journal/store_fixture.h"

namespace gantry::journal {
namespace {

TokenRecord some_token() {
  return {"hash", "ada", {"planner"}, test_time(1), std::nullopt, false};
}

// More than the writer leaves in the log by itself, as a reader keeps it from copying that.
void fill_log(Store& writer, const std::string& path) {
  const auto reader = value_of(SqliteConnection::open(path, SqliteConnection::Mode::read_only));
  EXPECT_DONE(reader->execute("BEGIN; SELECT count(*) FROM journal_event"));
  Batch batch{.events = {started("A")}, .snapshots = {}};
  for (std::uint64_t sequence = 2; sequence <= 21; ++sequence)
    batch.events.push_back(event("A", sequence, EventType::event_emitted,
                                 Value::object({{"event", std::string(1 << 20, static_cast<char>('a' + sequence))}})));
  EXPECT_DONE(writer.append(batch));
  EXPECT_DONE(reader->execute("COMMIT"));
}

TEST(BesideTheWriter, OnlyTheWriterBringsTheLogIntoTheDatabase) {
  TestFolder folder;
  const auto writer = open_store(folder.url());
  fill_log(*writer, folder.file());
  const auto size = std::filesystem::file_size(folder.file());
  {
    const auto tokens = open_store(folder.url(), {.tokens_only = true});
    EXPECT_DONE(tokens->add_token(some_token()));
  }
  EXPECT_EQ(std::filesystem::file_size(folder.file()), size);
  EXPECT_TRUE(value_of(writer->find_token("hash")).has_value());
  EXPECT_DONE(writer->append({{event("A", 22, EventType::instance_continued)}, {}}));
  EXPECT_GT(std::filesystem::file_size(folder.file()), size + (20u << 20));
}

TEST(BesideTheWriter, WhoIsAloneLeavesNoLogBehind) {
  TestFolder folder;
  {
    const auto tokens = open_store(folder.url(), {.tokens_only = true});
    EXPECT_DONE(tokens->add_token(some_token()));
  }
  EXPECT_FALSE(std::filesystem::exists(folder.file() + "-wal"));
  EXPECT_TRUE(value_of(open_store(folder.url())->find_token("hash")).has_value());
}

}  // namespace
}  // namespace gantry::journal
