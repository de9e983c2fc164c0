#include "journal/partition.h"

#include <gmock/gmock.h>

#include "base/random.h"
#include "journal/node_table.h"
#include "journal/query.h"
#include "journal/raw_database_fixture.h"
#include "journal/store_kinds_fixture.h"

namespace gantry::journal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Partition, OfAnIdIsThatOfItsInstanceAndNeverChanges) {
  const std::string instance = "01KAV9FT008X5R7QZZABFYC794";
  EXPECT_EQ(partition_of(instance, 6), 1u);
  EXPECT_EQ(partition_of("01KAV9FT008X5R7QZZABFYC795", 6), 0u);
  for (const char* part : {"-t1", "-e12", "-c3", "-c3-c4-t5", "-c1-e2-b1"})
    EXPECT_EQ(partition_of(instance + part, 6), partition_of(instance, 6));
  EXPECT_EQ(partition_of(instance, 1), 0u);
  EXPECT_EQ(partition_of("", 6), partition_of("-t1", 6));
}

TEST(Partition, IdsAndKeysAreSpreadEvenly) {
  SeededRandom random(7);
  std::vector<int> ids(6), keys(6);
  for (int i = 0; i < 6'000; ++i) {
    ++ids[partition_of(new_identifier(Timestamp(std::chrono::milliseconds(i)), random), 6)];
    ++keys[partition_of_key("port/bay-plan", "key-" + std::to_string(i), 6)];
  }
  for (const std::vector<int>& each : {ids, keys})
    for (const int count : each) EXPECT_NEAR(count, 1'000, 150);
}

TEST(Partition, AUrlNamesOneAndKeepsTheRest) {
  const std::string url = "postgres://gantry@db.example/port?schema=quay&sslmode=disable";
  const PostgresAddress home = value_of(PostgresAddress::parse(partition_url(url, 0)));
  EXPECT_EQ(home.schema(), "quay");
  const PostgresAddress third = value_of(PostgresAddress::parse(partition_url(url, 3)));
  EXPECT_EQ(third.schema(), "quay_p3");
  EXPECT_EQ(third.base_schema(), "quay");
  EXPECT_THAT(third.location(), HasSubstr("schema=quay&partition=3"));
  EXPECT_TRUE(names_partition(partition_url(url, 3)));
  EXPECT_FALSE(names_partition(url));
  EXPECT_FALSE(names_partition("sqlite:a.db"));
  for (const char* wrong : {"64", "-1", "x", "", "1x"})
    EXPECT_FALSE(PostgresAddress::parse("postgres:///port?partition=" + std::string(wrong)).ok()) << wrong;
}

TEST(Partition, OnlyAJournalInPostgresqlCanHaveSeveral) {
  EXPECT_EQ(value_of(partition_count("sqlite:a.db")), 1u);
  EXPECT_DONE(prepare_partitions("sqlite:a.db", 1));
  EXPECT_EQ(prepare_partitions("sqlite:a.db", 2).error().code, Code::invalid_argument);
}

class PartitionedJournal : public StoreKinds {
 protected:
  std::string part(std::size_t number) const { return partition_url(url(), number); }
  std::unique_ptr<NodeTable> node(const std::string& name) {
    return value_of(NodeTable::open(url(), 2, {name, "http://" + name}, std::chrono::hours(1)));
  }
};
INSTANTIATE_TEST_SUITE_P(Kinds, PartitionedJournal, testing::Values("postgres"), kind_name);

TEST_P(PartitionedJournal, HasAsManyPartitionsAsItWasBegunWithAndEachIsAJournal) {
  EXPECT_EQ(value_of(partition_count(url())), 1u);
  EXPECT_DONE(prepare_partitions(url(), 2));
  EXPECT_DONE(prepare_partitions(url(), 2));
  EXPECT_EQ(value_of(partition_count(url())), 2u);
  EXPECT_THAT(prepare_partitions(url(), 4).error().message, HasSubstr("has 2 partitions, and --partitions says 4"));
  EXPECT_THAT(prepare_partitions(url(), 1).error().message, HasSubstr("has 2 partitions"));
  auto first = open_store(part(0)), last = open_store(part(1));
  EXPECT_DONE(first->append({{started("A")}, {}}));
  EXPECT_DONE(last->append({{started("B")}, {}}));
  EXPECT_THAT(value_of(first->unfinished_instances()), ElementsAre("A"));
  EXPECT_THAT(value_of(last->unfinished_instances()), ElementsAre("B"));
  EXPECT_EQ(value_of(value_of(Query::open(part(1)))->instance("B")).string_or("id", ""), "B");
}

TEST_P(PartitionedJournal, IsOpenedOnePartitionAtATimeByName) {
  EXPECT_DONE(prepare_partitions(url(), 2));
  for (const bool read_only : {false, true}) {
    const auto whole = Store::open(url(), {.read_only = read_only});
    ASSERT_FALSE(whole.ok());
    EXPECT_EQ(whole.error().code, Code::invalid_argument);
    EXPECT_THAT(whole.error().message, HasSubstr("partition=0 to partition=1"));
    EXPECT_FALSE(Store::open(url() + "_p1", {.read_only = read_only}).ok())
        << "by its schema it would be taken for a journal of its own";
  }
}

TEST_P(PartitionedJournal, TokensAreThoseOfTheHome) {
  EXPECT_DONE(prepare_partitions(url(), 2));
  auto tokens = open_store(url(), {.tokens_only = true});
  EXPECT_DONE(tokens->add_token(
      {.hash = "abc", .person = "ada", .roles = {"operator"}, .created = {}, .expires = {}, .revoked = false}));
  auto second = open_store(part(1));
  ASSERT_TRUE(value_of(second->find_token("abc")).has_value());
  EXPECT_DONE(tokens->revoke_tokens("ada"));
  EXPECT_TRUE(value_of(second->find_token("abc"))->revoked);
}

TEST_P(PartitionedJournal, AJournalThatWasBegunAsOneOrIsBeingWrittenStaysOne) {
  auto store = open_store(url());
  EXPECT_EQ(prepare_partitions(url(), 2).error().code, Code::unavailable) << "somebody writes it";
  EXPECT_DONE(store->append({{started("A")}, {}}));
  store.reset();
  EXPECT_THAT(prepare_partitions(url(), 2).error().message, HasSubstr("was begun as one journal"));
  EXPECT_EQ(value_of(partition_count(url())), 1u);
  EXPECT_NE(open_store(url()), nullptr);
}

TEST_P(PartitionedJournal, NodesSeeWhoLivesAndWhoHasWhat) {
  EXPECT_DONE(prepare_partitions(url(), 2));
  auto north = node("north"), south = node("south");
  EXPECT_THAT(value_of(north->beat()).nodes, ElementsAre("http://north"));
  auto store = open_store(part(1), {.node = "north", .node_address = "http://north"});
  NodesView view = value_of(south->beat());
  EXPECT_THAT(view.nodes, ElementsAre("http://north", "http://south"));
  EXPECT_TRUE(view.partitions[1].is_held);
  EXPECT_EQ(view.partitions[1].owner.address, "http://north");
  EXPECT_FALSE(view.partitions[0].is_held);
  north.reset();  // its session ends, as when the process is killed: nobody waits for the time
  for (int tries = 0; tries < 100 && view.nodes.size() == 2; ++tries) view = value_of(south->look());
  EXPECT_THAT(view.nodes, ElementsAre("http://south"));
  EXPECT_FALSE(view.partitions[1].is_held) << "the lease runs, but its owner is gone";
  EXPECT_DONE(south->leave());
  EXPECT_THAT(value_of(south->look()).nodes, IsEmpty());
}

TEST_P(PartitionedJournal, WhatTheHomeDecidesIsFoundByThoseWhoFollow) {
  EXPECT_DONE(prepare_partitions(url(), 2));
  auto table = node("north");
  auto home = open_store(part(0));
  const auto of_home = [](std::uint64_t sequence, EventType type) {
    return event("", sequence, type, R"({"project":"p"})");
  };
  EXPECT_DONE(
      home->append({{of_home(1, EventType::project_deployed), started("A"), of_home(2, EventType::gate_stopped)}, {}}));
  const NodesView view = value_of(table->look());
  EXPECT_EQ(view.home_position, 3u);
  const auto changes = value_of(table->home_changes(0, view.home_position));
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].type, EventType::project_deployed);
  EXPECT_EQ(changes[1].type, EventType::gate_stopped);
  EXPECT_THAT(value_of(table->home_changes(1, 2)), IsEmpty());
  EXPECT_EQ(value_of(table->last_home_change(0)), 3u);
  EXPECT_EQ(value_of(table->last_home_change(3)), 0u);
  EXPECT_DONE(table->note_followed(1, 3));
  EXPECT_DONE(table->note_followed(1, 1));
  EXPECT_EQ(value_of(table->look()).partitions[1].followed, 3u) << "it never goes back";
}

}  // namespace
}  // namespace gantry::journal
