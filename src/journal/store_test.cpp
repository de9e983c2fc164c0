#include "journal/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "journal/store_kinds_fixture.h"

namespace gantry::journal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class StoreTest : public StoreKinds {};
FOR_ALL_STORES(StoreTest);
class StoreOnDisk : public StoreKinds {};
FOR_STORES_ON_DISK(StoreOnDisk);

TEST_P(StoreTest, GivesBackWhatWasAppended) {
  auto store = open_store(url());
  Batch batch = full_story();
  ASSERT_TRUE(store->append(batch).ok());
  auto events = value_of(store->events_of("I1"));
  ASSERT_EQ(events.size(), full_story_last_sequence);
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].instance, "I1");
    EXPECT_EQ(events[i].sequence, i + 1);
    EXPECT_EQ(events[i].at, batch.events[i].at);
    EXPECT_EQ(events[i].type, batch.events[i].type);
    EXPECT_EQ(events[i].data, batch.events[i].data);
  }
  EXPECT_EQ(value_of(store->events_of("I1", 17)).size(), 2u);
  EXPECT_EQ(value_of(store->last_sequence("I1")), full_story_last_sequence);
  EXPECT_EQ(value_of(store->last_sequence("nobody")), 0u);
  EXPECT_THAT(value_of(store->events_of("nobody")), IsEmpty());
}

TEST_P(StoreTest, RefusesGapsAndSequencesThatExist) {
  auto store = open_store(url());
  ASSERT_TRUE(store->append({{started("A")}, {}}).ok());
  Status gap = store->append({{event("A", 3, EventType::instance_continued)}, {}});
  EXPECT_EQ(gap.error().code, Code::invalid_argument);
  EXPECT_THAT(gap.error().message, HasSubstr("would leave a gap"));
  Status twice = store->append({{event("A", 1, EventType::instance_continued)}, {}});
  EXPECT_EQ(twice.error().code, Code::conflict);
  EXPECT_THAT(twice.error().message, HasSubstr("exists already"));
  EXPECT_EQ(store->append({{event("B", 2, EventType::instance_continued)}, {}}).error().code, Code::invalid_argument);
  EXPECT_EQ(store->append({{event("B", 0, EventType::instance_continued)}, {}}).error().code, Code::invalid_argument);
  EXPECT_DONE(store->append({{event("A", 2, EventType::instance_continued)}, {}}));
}

TEST_P(StoreTest, KeepsNothingOfABatchThatFails) {
  auto store = open_store(url());
  ASSERT_TRUE(store->append({{started("A")}, {}}).ok());
  Batch bad;
  bad.events = {event("A", 2, EventType::instance_completed, R"({"output":1})"), started("B"),
                event("A", 9, EventType::instance_continued)};
  bad.snapshots = {{"B", 1, "state"}};
  EXPECT_FALSE(store->append(bad).ok());
  EXPECT_EQ(value_of(store->last_sequence("A")), 1u);
  EXPECT_EQ(value_of(store->last_sequence("B")), 0u);
  EXPECT_THAT(value_of(store->unfinished_instances()), ElementsAre("A"));
  // What was remembered about the failed batch is forgotten too: the same events fit now.
  bad.events.pop_back();
  EXPECT_DONE(store->append(bad));
  EXPECT_THAT(value_of(store->unfinished_instances()), ElementsAre("B"));
}

TEST_P(StoreTest, ListsUnfinishedInstancesOldestFirst) {
  auto store = open_store(url());
  ASSERT_TRUE(store->append({{started("Z"), started("A"), started("M"), started("Q")}, {}}).ok());
  ASSERT_TRUE(store
                  ->append({{event("A", 2, EventType::instance_faulted, R"({"error":{"status":500}})"),
                             event("Q", 2, EventType::instance_cancelled)},
                            {}})
                  .ok());
  EXPECT_THAT(value_of(store->unfinished_instances()), ElementsAre("Z", "M"));
}

TEST_P(StoreTest, KeepsTheLatestSnapshotUntilTheInstanceEnds) {
  auto store = open_store(url());
  ASSERT_TRUE(store->append({{started("A")}, {{"A", 1, "one"}}}).ok());
  ASSERT_TRUE(store->append({{event("A", 2, EventType::instance_continued)}, {{"A", 2, "two"}}}).ok());
  auto snapshot = value_of(store->latest_snapshot("A"));
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ(snapshot->sequence, 2u);
  EXPECT_EQ(snapshot->state, "two");
  EXPECT_DONE(store->append({{}, {{"A", 1, "older"}}}));
  EXPECT_EQ(value_of(store->latest_snapshot("A"))->state, "two");
  EXPECT_EQ(store->append({{}, {{"A", 7, "future"}}}).error().code, Code::invalid_argument);
  ASSERT_TRUE(
      store->append({{event("A", 3, EventType::instance_completed, R"({"output":1})")}, {{"A", 3, "three"}}}).ok());
  EXPECT_FALSE(value_of(store->latest_snapshot("A")).has_value());
}

TEST_P(StoreTest, KeepsASnapshotOfTheInstallation) {
  auto store = open_store(url());
  EXPECT_DONE(store->append({{event("", 1, EventType::event_received, "{}")}, {{"", 1, "state"}}}));
  auto snapshot = value_of(store->latest_snapshot(""));
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ(snapshot->sequence, 1u);
  EXPECT_EQ(snapshot->state, "state");
}

TEST_P(StoreTest, ListsEndedInstancesWhoseEffectsAreOpen) {
  auto store = open_store(url());
  EXPECT_DONE(store->append(
      {{started("A"),
        event("A", 2, EventType::effect_permitted, R"({"effect":{"id":"A-e1","tool":"t","operation":"o"}})"),
        event("A", 3, EventType::instance_cancelled, "{}")},
       {}}));
  EXPECT_THAT(value_of(store->unfinished_instances()), ElementsAre("A"));
  EXPECT_DONE(store->append({{event("A", 4, EventType::effect_done, R"({"effect":"A-e1","result":1})")}, {}}));
  EXPECT_THAT(value_of(store->unfinished_instances()), testing::IsEmpty());
}

TEST_P(StoreTest, TellsRestingInstancesFromTheOthers) {
  auto store = open_store(url());
  EXPECT_DONE(store->append({{started("A"), started("B"), started("C")}, {}, {{"A", true}, {"B", true}}}));
  EXPECT_THAT(value_of(store->unfinished_instances()), ElementsAre("C"));
  EXPECT_EQ(value_of(store->running_instances()), 3u);
  EXPECT_TRUE(value_of(store->rests("A")));
  EXPECT_FALSE(value_of(store->rests("C")));
  EXPECT_FALSE(value_of(store->rests("nobody")));
  EXPECT_DONE(store->append({{event("A", 2, EventType::instance_continued)}, {}, {{"A", false}}}));
  EXPECT_DONE(store->append({{event("B", 2, EventType::instance_completed, R"({"output":1})")}, {}}));
  EXPECT_THAT(value_of(store->unfinished_instances()), ElementsAre("A", "C"));
  EXPECT_FALSE(value_of(store->rests("B")));
  EXPECT_EQ(value_of(store->running_instances()), 2u);
}

TEST_P(StoreTest, FindsInstancesByTheVersionThatTheyRunUnderAndByTheMigrationThatMovedThem) {
  auto store = open_store(url());
  EXPECT_DONE(store->append({{started("A"), started("B"), started("C"), started("D")}, {}, {{"A", true}}}));
  EXPECT_DONE(store->append({{event("D", 2, EventType::instance_completed, R"({"output":1})")}, {}}));
  EXPECT_THAT(value_of(store->running_under("port/reslot", "1.0.0", 10)), ElementsAre("A", "B", "C"));
  EXPECT_THAT(value_of(store->running_under("port/reslot", "1.0.0", 2)), ElementsAre("A", "B"));
  const std::string moved =
      R"({"migration":"M1","workflow":{"namespace":"port","name":"reslot","version":"2.0.0","digest":"d2"},"project":"p2"})";
  const std::string back =
      R"({"migration":"M1","workflow":{"namespace":"port","name":"reslot","version":"1.0.0","digest":"d1"},"project":"p1"})";
  EXPECT_DONE(store->append(
      {{event("A", 2, EventType::instance_migrated, moved), event("C", 2, EventType::instance_migrated, moved)}, {}}));
  EXPECT_THAT(value_of(store->running_under("port/reslot", "1.0.0", 10)), ElementsAre("B"));
  EXPECT_THAT(value_of(store->running_under("port/reslot", "2.0.0", 10)), ElementsAre("A", "C"));
  EXPECT_THAT(value_of(store->moved_by("M1")), ElementsAre("A", "C"));
  EXPECT_DONE(store->append({{event("A", 3, EventType::migration_undone, back)}, {}}));
  EXPECT_THAT(value_of(store->moved_by("M1")), ElementsAre("C"));
  EXPECT_THAT(value_of(store->running_under("port/reslot", "1.0.0", 10)), ElementsAre("A", "B"));
  for (const char* nothing : {"", "port", "port/", "/reslot", "port/other"})
    EXPECT_THAT(value_of(store->running_under(nothing, "1.0.0", 10)), testing::IsEmpty()) << nothing;
}

TEST_P(StoreTest, GivesWhatFallsDueInOrderPageByPage) {
  auto store = open_store(url());
  auto timer = [](const char* name, int minute) {
    return json("{\"timer\":\"" + std::string(name) + "\",\"due\":\"2026-11-24T10:" + std::to_string(minute) +
                ":00Z\",\"purpose\":\"wait\"}");
  };
  EXPECT_DONE(store->append(
      {{started("A"), started("B"), event("A", 2, EventType::timer_set, timer("late", 30)),
        event("A", 3, EventType::timer_set, timer("early", 10)), event("B", 2, EventType::timer_set, timer("same", 30)),
        event("A", 4, EventType::timer_set, timer("gone", 20)),
        event("A", 5, EventType::timer_fired, R"({"timer":"gone"})"),
        event("B", 3, EventType::task_created,
              R"({"task":"B-t1","kind":"approval","title":"t","expires":"2026-11-24T10:20:00Z"})")},
       {}}));
  std::vector<std::string> names;
  TimerPosition position{Timestamp::min(), -1, {}};
  while (true) {
    const auto page = value_of(store->timers_after(position, 2));
    for (const StoredTimer& found : page) names.push_back(found.instance + " " + found.position.name);
    if (page.size() < 2) break;
    position = page.back().position;
  }
  EXPECT_THAT(names, ElementsAre("A early", "B B-t1", "A late", "B same"));
  EXPECT_EQ(value_of(store->timers_after({test_time(0), -1, {}}, 1)).size(), 1u);
}

TEST_P(StoreTest, NamesStuckInstancesUntilTheyGoOn) {
  auto store = open_store(url());
  EXPECT_DONE(store->append({{started("A"), event("A", 2, EventType::instance_stuck, R"({"reason":"why"})")}, {}}));
  EXPECT_THAT(value_of(store->stuck_instances()), ElementsAre(testing::Pair("A", "why")));
  EXPECT_DONE(store->append({{event("A", 3, EventType::instance_stuck, "{}")}, {}}));
  EXPECT_THAT(value_of(store->stuck_instances()), testing::IsEmpty());
}

TEST_P(StoreTest, FindsAnInstanceByItsIdempotencyKey) {
  auto store = open_store(url());
  ASSERT_TRUE(store->append({{started("A", R"(,"key":"order-7")")}, {}}).ok());
  EXPECT_EQ(value_of(store->instance_with_key("port/reslot", R"(["ada","order-7"])")), "A");
  EXPECT_EQ(value_of(store->instance_with_key("port/other", R"(["ada","order-7"])")), std::nullopt);
  EXPECT_EQ(value_of(store->instance_with_key("port/reslot", R"(["ada","order-8"])")), std::nullopt);
  EXPECT_EQ(store->append({{started("B", R"(,"key":"order-7")")}, {}}).error().code, Code::conflict);
  EXPECT_EQ(value_of(store->last_sequence("B")), 0u);
}

TEST_P(StoreTest, KeepsProjectsAndKnowsTheCurrentOne) {
  auto store = open_store(url());
  EXPECT_EQ(value_of(store->current_project()), std::nullopt);
  EXPECT_EQ(store->project_files("p1").error().code, Code::not_found);
  ASSERT_TRUE(store->save_project("p1", R"({"gantry.yaml":"a: 1"})").ok());
  ASSERT_TRUE(store->save_project("p1", R"({"gantry.yaml":"a: 1"})").ok());
  ASSERT_TRUE(store->save_project("p2", R"({"gantry.yaml":"a: 2"})").ok());
  ASSERT_TRUE(store
                  ->append({{event("", 1, EventType::project_deployed,
                                   R"({"project":"p2","files":1,"principal":{"person":"ada","roles":[]}})"),
                             event("", 2, EventType::project_deployed,
                                   R"({"project":"p1","files":1,"principal":{"person":"ada","roles":[]}})")},
                            {}})
                  .ok());
  EXPECT_EQ(value_of(store->current_project()), "p1");
  EXPECT_EQ(value_of(store->project_files("p2")), R"({"gantry.yaml":"a: 2"})");
}

TEST_P(StoreTest, KeepsTokensAndRevokesThemByPerson) {
  auto store = open_store(url());
  TokenRecord token{"hash-a", "ada", {"planner", "duty_manager"}, test_time(1), test_time(99), false};
  ASSERT_TRUE(store->add_token(token).ok());
  ASSERT_TRUE(store->add_token({"hash-b", "bob", {}, test_time(2), std::nullopt, false}).ok());
  EXPECT_EQ(store->add_token(token).error().code, Code::conflict);
  auto found = value_of(store->find_token("hash-a"));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->person, "ada");
  EXPECT_THAT(found->roles, ElementsAre("planner", "duty_manager"));
  EXPECT_EQ(found->created, test_time(1));
  EXPECT_EQ(found->expires, test_time(99));
  EXPECT_FALSE(found->revoked);
  ASSERT_TRUE(store->revoke_tokens("ada").ok());
  EXPECT_TRUE(value_of(store->find_token("hash-a"))->revoked);
  EXPECT_FALSE(value_of(store->find_token("hash-b"))->revoked);
  EXPECT_FALSE(value_of(store->find_token("hash-c")).has_value());
  EXPECT_EQ(value_of(store->tokens()).size(), 2u);
}

TEST_P(StoreTest, KeepsLabelsOfSmallAndOfLargeValues) {
  auto store = open_store(url(), {.blob_threshold_bytes = 100});
  Label mail = Label::of({Integrity::untrusted, Secrecy::confidential, {"tool:mail.read"}, {"customs"}});
  Value data = Value::object({{"effect", Value("A-e1")},
                              {"result", Value::object({{"small", Value("x").labelled(mail)},
                                                        {"big", Value(std::string(500, 'b')).labelled(mail)}})},
                              {"note", Value("plain")}});
  ASSERT_TRUE(store->append({{started("A"), event("A", 2, EventType::effect_done, data)}, {}}).ok());
  Value back = value_of(store->events_of("A", 1)).at(0).data;
  EXPECT_EQ(back, data);
  EXPECT_EQ(back.member("result").member("small").label(), mail);
  EXPECT_EQ(back.member("result").member("big").label(), mail);
  EXPECT_TRUE(back.member("note").label().is_default());
  EXPECT_TRUE(back.member("result").label().is_default());
}

TEST_P(StoreTest, GivesBackValuesThatLookLikeItsOwnMarks) {
  auto store = open_store(url(), {.blob_threshold_bytes = 64});
  std::vector<const char*> tricky = {
      R"({"result":{"$blob":"0000"}})",
      R"({"result":{"inner":{"$blob":7}}})",
      R"({"result":{"inner":{"deeper":{"$blob":"x"}}}})",
      R"({"effect":{"arguments":{"$blob":{"$blob":null}}}})",
      R"({"result":{"$labelled":1,"labels":{}}})",
      R"({"$labelled":{"a":1},"labels":{"/a":{"integrity":"trusted"}}})",
      R"({"$blob":"top"})",
      R"({"result":"\",\"labels\":{\"","labels":{"labels":{}}})",
      R"({"result":null,"output":[],"input":{}})",
      R"({"result":{"$blob":"0000","more":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}})"};
  Batch batch{{started("A")}, {}};
  for (const char* text : tricky)
    batch.events.push_back(event("A", batch.events.size() + 1, EventType::event_emitted, text));
  ASSERT_TRUE(store->append(batch).ok());
  auto events = value_of(store->events_of("A", 1));
  ASSERT_EQ(events.size(), tricky.size());
  for (std::size_t i = 0; i < tricky.size(); ++i) EXPECT_EQ(print_json(events[i].data), tricky[i]);
}

TEST_P(StoreTest, RefusesDataAboveItsLimitAndNamesIt) {
  auto store = open_store(url(), {.event_bytes_max = 1000});
  ASSERT_TRUE(store->append({{started("A")}, {}}).ok());
  Status status = store->append(
      {{event("A", 2, EventType::effect_done, Value::object({{"result", Value(std::string(2000, 'x'))}}))}, {}});
  EXPECT_EQ(status.error().code, Code::exhausted);
  EXPECT_THAT(status.error().message, HasSubstr("limit is 1000"));
  EXPECT_EQ(value_of(store->last_sequence("A")), 1u);
}

TEST_P(StoreOnDisk, IsStillThereAfterClosing) {
  ASSERT_TRUE(open_store(url())->append(full_story()).ok());
  auto store = open_store(url());
  EXPECT_EQ(value_of(store->events_of("I1")).size(), full_story_last_sequence);
  EXPECT_THAT(value_of(store->unfinished_instances()), ElementsAre("I1", "I1-c1"));
  EXPECT_DONE(store->append(
      {{event("I1", full_story_last_sequence + 1, EventType::instance_completed, R"({"output":{}})")}, {}}));
}

TEST(StoreFile, IsCreatedForItsOwnerOnly) {
  TestFolder folder;
  auto store = open_store("sqlite:" + folder.file("new/deeper/gantry.db"));
  ASSERT_TRUE(store->append({{started("A")}, {}}).ok());
  auto mode = [&](const char* name) {
    struct stat found {};
    EXPECT_EQ(stat(folder.file(name).c_str(), &found), 0) << name;
    return found.st_mode & 0777;
  };
  EXPECT_EQ(mode("new"), 0700u);
  EXPECT_EQ(mode("new/deeper"), 0700u);
  EXPECT_EQ(mode("new/deeper/gantry.db"), 0600u);
  EXPECT_EQ(mode("new/deeper/gantry.db-wal"), 0600u);
  EXPECT_EQ(mode("new/deeper/gantry.db.lock"), 0600u);
}

TEST_P(StoreOnDisk, RefusesASecondWriterAndNamesTheFirst) {
  auto first = open_store(url(), {.node = "north"});
  auto second = Store::open(url());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::unavailable);
  EXPECT_THAT(second.error().message, HasSubstr(is("file") ? "process " + std::to_string(getpid()) : "node north"));
  first.reset();
  EXPECT_TRUE(Store::open(url()).ok());
}

TEST_P(StoreOnDisk, OpenedForTokensWorksBesideTheWriter) {
  auto writer = open_store(url());
  auto tokens = open_store(url(), {.tokens_only = true});
  EXPECT_DONE(tokens->add_token({"hash", "ada", {"planner"}, test_time(1), std::nullopt, false}));
  EXPECT_TRUE(value_of(writer->find_token("hash")).has_value());
  EXPECT_EQ(tokens->append({{started("A")}, {}}).error().code, Code::denied);
  EXPECT_EQ(tokens->save_project("p", "{}").error().code, Code::denied);
}

TEST_P(StoreOnDisk, OpenedReadOnlyReadsAndRefusesToWrite) {
  EXPECT_EQ(Store::open(url(), {.read_only = true}).error().code, Code::not_found);
  auto writer = open_store(url());
  ASSERT_TRUE(writer->append({{started("A")}, {}}).ok());
  auto reader = open_store(url(), {.read_only = true});
  EXPECT_EQ(value_of(reader->last_sequence("A")), 1u);
  ASSERT_TRUE(writer->append({{event("A", 2, EventType::instance_continued)}, {}}).ok());
  EXPECT_EQ(value_of(reader->last_sequence("A")), 2u);
  EXPECT_EQ(reader->append({{started("B")}, {}}).error().code, Code::denied);
  EXPECT_EQ(reader->revoke_tokens("ada").error().code, Code::denied);
}

TEST(StoreUrl, IsExplainedWhenWrong) {
  EXPECT_THAT(Store::open("mysql://ada:hunter2@localhost/x").error().message,
              testing::AllOf(HasSubstr("expected sqlite:PATH, postgres://"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(Store::open("sqlite:").error().message, HasSubstr("needs the path"));
  EXPECT_EQ(Store::open("sqlite:/proc/no/such/folder.db").error().code, Code::unavailable);
}

TEST(EventNames, ReadBackAsTheSameType) {
  for (std::size_t i = 0; i < event_type_count; ++i) {
    auto type = static_cast<EventType>(i);
    EXPECT_EQ(value_of(parse_event_type(name_of(type))), type);
  }
  EXPECT_STREQ(name_of(EventType::event_emitted), "event_emitted");
  EXPECT_STREQ(name_of(EventType::child_ended), "child_ended");
  EXPECT_EQ(parse_event_type("effect_undone").error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace gantry::journal
