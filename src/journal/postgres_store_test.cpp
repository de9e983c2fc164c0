// What is PostgreSQL's own: the lease, connections that break, the password, the character that it can't hold.
#include <gmock/gmock.h>

#include "journal/query.h"
#include "journal/raw_database_fixture.h"
#include "journal/store_kinds_fixture.h"

namespace gantry::journal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class PostgresStore : public StoreKinds {
 protected:
  // As when all of the store's process were gone: the server ends its sessions.
  void end_sessions() {
    RawDatabase(place()).rows(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name LIKE 'gantry%'");
  }
  void let_lease_expire() { RawDatabase(place()).execute("UPDATE journal_lease SET expires = '-infinity'"); }
};
INSTANTIATE_TEST_SUITE_P(Kinds, PostgresStore, testing::Values("postgres"), kind_name);

TEST_P(PostgresStore, ThatLostItsLeaseCanWriteNothing) {
  std::atomic<int> told = 0;
  auto first = open_store(url(), {.node = "north", .when_lost = [&](const std::string&) { ++told; }});
  EXPECT_DONE(first->append({{started("A")}, {}}));
  let_lease_expire();
  auto second = open_store(url(), {.node = "south"});
  ASSERT_NE(second, nullptr);
  Status late = first->append({{event("A", 2, EventType::instance_continued)}, {}});
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, Code::unavailable);
  EXPECT_THAT(late.error().message, HasSubstr("lost its lease"));
  EXPECT_EQ(told, 1);
  EXPECT_EQ(first->save_project("p", "{}").error().code, Code::unavailable);
  EXPECT_EQ(value_of(second->last_sequence("A")), 1u);
  EXPECT_DONE(second->append({{event("A", 2, EventType::instance_completed, R"({"output":1})")}, {}}));
  EXPECT_EQ(first->append({{started("B")}, {}}).error().code, Code::unavailable);
  EXPECT_THAT(value_of(second->unfinished_instances()), IsEmpty());
}

TEST_P(PostgresStore, IsTakenFromANodeThatIsFrozenInTheMiddleOfATransaction) {
  auto first = open_store(url(), {.node = "north"});
  EXPECT_DONE(first->append({{started("A")}, {}}));
  let_lease_expire();
  const std::string schema = place().substr(place().rfind('=') + 1);
  RawDatabase frozen(place());
  frozen.execute("SET application_name = 'gantry writer 1 " + schema + "'");
  frozen.execute("BEGIN; UPDATE journal_lease SET node = node");
  auto second = open_store(url(), {.node = "south"});
  ASSERT_NE(second, nullptr);
  EXPECT_DONE(second->append({{event("A", 2, EventType::instance_continued)}, {}}));
}

TEST_P(PostgresStore, OfAProcessThatIsGoneIsTakenAtOnce) {
  auto first = open_store(url(), {.node = "north", .lease = std::chrono::hours(1)});
  EXPECT_DONE(first->append({{started("A")}, {}}));
  EXPECT_FALSE(Store::open(url(), {.node = "south"}).ok());
  end_sessions();
  auto second = open_store(url(), {.node = "south"});
  ASSERT_NE(second, nullptr);
  EXPECT_FALSE(first->append({{event("A", 2, EventType::instance_continued)}, {}}).ok());
  EXPECT_DONE(second->append({{event("A", 2, EventType::instance_continued)}, {}}));
}

TEST_P(PostgresStore, OfVersion6GetsThePersonsOfItsKeys) {
  EXPECT_DONE(open_store(url())->append({{started("A", R"(,"key":"order-7")")}, {}}));
  {
    RawDatabase raw(place());
    raw.execute("UPDATE journal_key SET key = 'order-7'");
    raw.execute("UPDATE journal_schema SET version = 6");
  }
  auto store = open_store(url());
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(value_of(store->instance_with_key("port/reslot", R"(["ada","order-7"])")), "A");
  EXPECT_EQ(store->append({{started("B", R"(,"key":"order-7")")}, {}}).error().code, Code::conflict);
}

TEST_P(PostgresStore, ConnectsAgainWhenItsConnectionBroke) {
  auto store = open_store(url());
  auto query = value_of(Query::open(*store));
  EXPECT_DONE(store->append({{started("A")}, {}}));
  end_sessions();
  EXPECT_EQ(value_of(store->last_sequence("A")), 1u);
  EXPECT_EQ(value_of(query->instance("A")).string_or("status", ""), "running");
  end_sessions();
  EXPECT_DONE(store->append({{event("A", 2, EventType::instance_continued)}, {}}));
}

TEST_P(PostgresStore, KnowsWhatBecameOfACommitWhoseAnswerWasLost) {
  EXPECT_DONE(open_store(url())->append({{started("A")}, {}}));
  const std::string folder = place().substr(place().find("host=") + 5, place().find("&user") - place().find("host=") - 5);
  std::uint64_t sequence = 1;
  for (const char* last_words : {"BEGIN", "COMMIT"}) {
    LosingProxy proxy(folder, last_words, false);
    std::string through = url();
    through.replace(through.find(folder), folder.size(), proxy.socket_folder());
    auto store = open_store(through);
    ASSERT_NE(store, nullptr);
    proxy.arm();
    EXPECT_DONE(store->append({{event("A", ++sequence, EventType::instance_continued)}, {}}));
    EXPECT_TRUE(proxy.has_lost());
    EXPECT_EQ(value_of(store->last_sequence("A")), sequence) << last_words;
  }
  EXPECT_EQ(value_of(open_store(url())->events_of("A")).size(), 3u);
}

TEST_P(PostgresStore, OfANewerGantryIsRefusedAndLeftAlone) {
  EXPECT_DONE(open_store(url())->append({{started("A")}, {}}));
  RawDatabase raw(place());
  raw.execute("UPDATE journal_schema SET version = 99");
  const std::string before = raw.dump();
  auto refused = Store::open(url());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("version 99"));
  EXPECT_EQ(raw.dump(), before);
}

TEST_P(PostgresStore, ShowsDataWithACharacterThatPostgresqlCannotHold) {
  auto store = open_store(url());
  const Event tricky = started("A", R"(,"key":"k","note":"a\u0000b")");
  Event end = event("A", 2, EventType::instance_completed, R"({"output":{"text":"a\u0000b"}})");
  EXPECT_DONE(store->append({{tricky, end}, {}}));
  EXPECT_EQ(value_of(store->events_of("A", 1)).at(0).data, end.data);
  RawDatabase raw(place());
  EXPECT_EQ(raw.one("SELECT output ->> '$.text' FROM instances"), "a\xEF\xBF\xBD" "b");
}

TEST_P(PostgresStore, SyncsEachCommitWhateverTheDatabaseIsSetTo) {
  { auto store = open_store(url()); }
  RawDatabase raw(place());
  raw.execute("ALTER ROLE gantry SET synchronous_commit = off");
  auto connection = this->connection();
  auto select = value_of(connection->prepare("SELECT current_setting('synchronous_commit')"));
  EXPECT_TRUE(value_of(select->step()));
  EXPECT_EQ(select->text(0), "on");
  raw.execute("ALTER ROLE gantry RESET synchronous_commit");
}

TEST_P(PostgresStore, CarriesDoublesExactly) {
  auto store = open_store(url());
  Event charge = event("A", 2, EventType::effect_permitted,
                       R"({"effect":{"id":"A-e1","tool":"t","operation":"o"},"charges":[{"budget":"p/b","key":"k","at":"2026-11-18T00:00:00Z","amount":0.1}]})");
  EXPECT_DONE(store->append({{started("A"), charge}, {}}));
  auto parts = value_of(store->budget_parts("p/b", "k"));
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].amount, 0.1);
}

TEST(PostgresUrl, NeverShowsThePassword) {
  for (const char* url : {"postgres://ada:hunter2@127.0.0.1:1/x", "postgres://ada@127.0.0.1:1/x?password=hunter2",
                          "postgresql://ada:hunter2@127.0.0.1:1/x?schema=y&connect_timeout=2",
                          "postgres://ada:hunter2@127.0.0.1:port/x", "postgres://ada:hunter2@h/x?nonsense=1",
                          "postgres://ada:hunter2@h/x?schema=No", "postgres://ada:hunter2@h/x?options=-cfsync"}) {
    auto store = Store::open(url);
    ASSERT_FALSE(store.ok()) << url;
    EXPECT_THAT(store.error().message, Not(HasSubstr("hunter2"))) << url;
    EXPECT_THAT(printable_store(url), Not(HasSubstr("hunter2"))) << url;
  }
  auto address = value_of(PostgresAddress::parse("postgres://ada:hunter2@db.example:6000/port?schema=quay"));
  EXPECT_EQ(address.location(), "postgres://ada@db.example:6000/port?schema=quay");
  EXPECT_EQ(address.schema(), "quay");
  EXPECT_THAT(address.parameters(), testing::Contains(testing::Pair("sslmode", "verify-full")));
}

}  // namespace
}  // namespace gantry::journal
