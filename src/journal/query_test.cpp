#include "journal/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "journal/maintenance.h"
#include "journal/raw_database_fixture.h"
#include "journal/store_kinds_fixture.h"

namespace gantry::journal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> column(const std::vector<Value>& rows, std::string_view name) {
  std::vector<std::string> texts;
  for (const Value& row : rows) texts.emplace_back(row.string_or(name, ""));
  return texts;
}

class QueryTest : public StoreKinds {
 protected:
  void SetUp() override {
    StoreKinds::SetUp();
    if (IsSkipped()) return;
    store_ = open_store(url(), {.blob_threshold_bytes = 200});
    EXPECT_DONE(store_->save_project("p1", R"({"gantry.yaml":"listen: x","workflows/a.yaml":"b"})"));
    EXPECT_DONE(store_->append({{event("", 1, EventType::project_deployed,
                                       R"({"project":"p1","files":2,"principal":{"person":"ada","roles":[]}})"),
                                 event("", 2, EventType::event_received,
                                       R"({"event":{"id":"in1","type":"vessel.late"},"principal":{"person":"ais"}})")},
                                {}}));
    EXPECT_DONE(store_->append(full_story()));
    query_ = value_of(Query::open(*store_));
    ASSERT_NE(query_, nullptr);
  }
  void append(const Event& event) { EXPECT_DONE(store_->append({{event}, {}})); }

  std::unique_ptr<Store> store_;
  std::unique_ptr<Query> query_;
};
FOR_ALL_STORES(QueryTest);

TEST_P(QueryTest, AnEffectThatPeopleAreAskedAboutAnewIsOneAsItIsAskedAboutNow) {
  const auto proposed = [](std::uint64_t sequence, const char* rule) {
    return event("I1", sequence, EventType::effect_proposed,
                 std::string(R"({"effect":{"id":"I1-e9","tool":"a","operation":"b"},"verdict":{"rule":")") + rule + "\"}}");
  };
  append(proposed(full_story_last_sequence + 1, "p/first"));
  const auto before = value_of(query_->totals()).member("effects").integer_or("proposed", 0);
  append(proposed(full_story_last_sequence + 2, "p/second"));
  EXPECT_EQ(value_of(query_->totals()).member("effects").integer_or("proposed", 0), before);
  EXPECT_EQ(value_of(query_->effect("I1-e9")).string_or("rule", ""), "p/second");
  EXPECT_THAT(column(value_of(query_->instance("I1")).member("effects").items(), "id"), ElementsAre("I1-e1", "I1-e2", "I1-e9"));
}

TEST_P(QueryTest, ShowsAnInstanceWithItsEffectsTasksAndChildren) {
  Value instance = value_of(query_->instance("I1"));
  EXPECT_EQ(instance.string_or("status", ""), "waiting");
  EXPECT_EQ(instance.string_or("workflowName", ""), "reslot");
  EXPECT_EQ(instance.string_or("workflowNamespace", ""), "port");
  EXPECT_EQ(instance.string_or("person", ""), "ada");
  EXPECT_EQ(instance.string_or("key", ""), "k-I1");
  EXPECT_EQ(instance.string_or("startedAt", ""), "2026-11-18T11:06:41.000000Z");
  EXPECT_EQ(instance.integer_or("events", 0), static_cast<std::int64_t>(full_story_last_sequence));
  EXPECT_EQ(instance.member("input"), json(R"({"vessel":"Aurora"})"));
  EXPECT_TRUE(instance.member("output").is_null());
  EXPECT_THAT(column(instance.member("effects").items(), "id"), ElementsAre("I1-e1", "I1-e2"));
  EXPECT_THAT(column(instance.member("tasks").items(), "id"), ElementsAre("I1-t1", "I1-t2"));
  EXPECT_THAT(column(instance.member("children").items(), "id"), ElementsAre("I1-c1"));
  EXPECT_EQ(query_->instance("I9").error().code, Code::not_found);

  append(event("I1", full_story_last_sequence + 1, EventType::task_closed, R"({"task":"I1-t2","outcome":"answered"})"));
  EXPECT_EQ(value_of(query_->instance("I1")).string_or("status", ""), "running");
  append(event("I1", full_story_last_sequence + 2, EventType::instance_completed,
               Value::object({{"output", Value(std::string(900, 'o'))}})));
  instance = value_of(query_->instance("I1"));
  EXPECT_EQ(instance.string_or("status", ""), "completed");
  EXPECT_EQ(instance.member("output").size(), 900u);
}

TEST_P(QueryTest, ShowsAnEffectFromProposalToResult) {
  Value effect = value_of(query_->effect("I1-e2"));
  EXPECT_EQ(effect.string_or("state", ""), "done");
  EXPECT_EQ(effect.string_or("tool", ""), "tos");
  EXPECT_EQ(effect.string_or("operation", ""), "reslot");
  EXPECT_EQ(effect.string_or("class", ""), "write");
  EXPECT_EQ(effect.string_or("task", ""), "/do/2/reslot");
  EXPECT_EQ(effect.string_or("rule", ""), "port/reslot");
  EXPECT_EQ(effect.string_or("resolvedBy", ""), "key");
  EXPECT_EQ(effect.integer_or("attempts", 0), 2);
  EXPECT_EQ(effect.member("arguments"), json(R"({"moves":[1,2]})"));
  EXPECT_EQ(effect.member("result"), json(R"({"confirmed":true})"));
  EXPECT_EQ(effect.member("approvals").size(), 2u);
  EXPECT_LT(effect.string_or("proposedAt", ""), effect.string_or("permittedAt", ""));
  EXPECT_EQ(query_->effect("I1-e9").error().code, Code::not_found);
}

TEST_P(QueryTest, FollowsEffectsThroughTheirStates) {
  auto state = [&](const char* id) { return std::string(value_of(query_->effect(id)).string_or("state", "")); };
  std::uint64_t next = full_story_last_sequence;
  auto add = [&](EventType type, const char* data) { append(event("I1", ++next, type, data)); };
  add(EventType::effect_proposed, R"({"effect":{"id":"x","tool":"a","operation":"b"},"verdict":{}})");
  EXPECT_EQ(state("x"), "proposed");
  add(EventType::effect_denied, R"({"effect":{"id":"x"},"verdict":{},"reason":"rejected by bob"})");
  EXPECT_EQ(state("x"), "denied");
  EXPECT_EQ(value_of(query_->effect("x")).string_or("reason", ""), "rejected by bob");
  add(EventType::effect_denied,
      R"({"effect":{"id":"y","tool":"a","operation":"b"},"verdict":{},"reason":"default-deny"})");
  EXPECT_EQ(state("y"), "denied");
  add(EventType::effect_permitted, R"({"effect":{"id":"z","tool":"a","operation":"b"},"verdict":{}})");
  EXPECT_EQ(state("z"), "permitted");
  add(EventType::effect_ambiguous, R"({"effect":"z","reason":"no answer"})");
  EXPECT_EQ(state("z"), "ambiguous");
  add(EventType::effect_failed, R"({"effect":"z","error":{"status":502}})");
  EXPECT_EQ(state("z"), "failed");
  add(EventType::effect_done, R"({"effect":"z","result":"late"})");
  EXPECT_EQ(state("z"), "failed") << "the first end counts";
  Value effects = value_of(query_->totals()).member("effects");
  EXPECT_EQ(effects, json(R"({"proposed":0,"permitted":0,"ambiguous":0,"done":2,"failed":1,"denied":2})"));
}

TEST_P(QueryTest, ShowsATaskWithItsContextVotesAndEffect) {
  Value task = value_of(query_->task("I1-t1"));
  EXPECT_EQ(task.string_or("kind", ""), "approval");
  EXPECT_EQ(task.string_or("state", ""), "closed");
  EXPECT_EQ(task.string_or("outcome", ""), "approved");
  EXPECT_EQ(task.string_or("digest", ""), "e2d");
  EXPECT_EQ(task.member("context"), json(R"({"effect":"two moves"})"));
  EXPECT_EQ(task.member("requirements").size(), 2u);
  EXPECT_EQ(task.member("roles"), json(R"(["duty_manager","vessel_planner"])"));
  EXPECT_EQ(task.string_or("expiresAt", ""), "2026-11-24T10:00:00.000000Z");
  EXPECT_THAT(column(task.member("votes").items(), "person"), ElementsAre("bob", "eve"));
  EXPECT_THAT(column(task.member("votes").items(), "vote"), ElementsAre("approve", "approve"));
  EXPECT_EQ(task.member("effectDetail").member("arguments"), json(R"({"moves":[1,2]})"));
  append(event("I1", full_story_last_sequence + 1, EventType::task_answered,
               R"({"task":"I1-t2","person":"eve","roles":["duty_manager"],"answer":true})"));
  task = value_of(query_->task("I1-t2"));
  EXPECT_TRUE(task.member("answer").is_true());
  EXPECT_EQ(task.string_or("answeredBy", ""), "eve");
  EXPECT_TRUE(task.member("effectDetail").is_null());
  EXPECT_EQ(query_->task("I1-t9").error().code, Code::not_found);
}

TEST_P(QueryTest, ListsTasksByStateInstanceAndRole) {
  auto ids = [&](const TaskFilter& filter) { return column(value_of(query_->tasks(filter, {})).rows, "id"); };
  EXPECT_THAT(ids({}), ElementsAre("I1-t2"));
  EXPECT_THAT(ids({.state = "closed"}), ElementsAre("I1-t1"));
  EXPECT_THAT(ids({.roles = {"vessel_planner"}}), IsEmpty());
  EXPECT_THAT(ids({.roles = {"vessel_planner", "duty_manager"}}), ElementsAre("I1-t2"));
  EXPECT_THAT(ids({.state = "closed", .roles = {"vessel_planner"}}), ElementsAre("I1-t1"));
  EXPECT_THAT(ids({.roles = {"' OR 1=1 --"}}), IsEmpty());
  EXPECT_THAT(ids({.instance = "I1"}), ElementsAre("I1-t2"));
  EXPECT_THAT(ids({.instance = "I1-c1"}), IsEmpty());
  EXPECT_EQ(query_->tasks({.state = "half"}, {}).error().code, Code::invalid_argument);
}

TEST_P(QueryTest, FiltersInstances) {
  append(started("F"));
  append(event("F", 2, EventType::instance_faulted, R"({"error":{"status":500}})"));
  auto ids = [&](const InstanceFilter& filter) { return column(value_of(query_->instances(filter, {})).rows, "id"); };
  EXPECT_THAT(ids({}), ElementsAre("F", "I1-c1", "I1"));
  EXPECT_THAT(ids({.status = "waiting"}), ElementsAre("I1"));
  EXPECT_THAT(ids({.status = "running"}), ElementsAre("I1-c1"));
  EXPECT_THAT(ids({.status = "faulted"}), ElementsAre("F"));
  EXPECT_THAT(ids({.status = "completed"}), IsEmpty());
  EXPECT_THAT(ids({.workflow = "port/reslot"}), ElementsAre("F", "I1"));
  EXPECT_THAT(ids({.status = "waiting", .workflow = "port/notify"}), IsEmpty());
  EXPECT_EQ(query_->instances({.status = "asleep"}, {}).error().code, Code::invalid_argument);
  EXPECT_EQ(query_->instances({.workflow = "reslot"}, {}).error().code, Code::invalid_argument);
}

TEST_P(QueryTest, PagesStayStableWhileInstancesAreAdded) {
  for (int i = 0; i < 5; ++i) append(started("P" + std::to_string(i)));
  auto first = value_of(query_->instances({}, {.limit = 3}));
  EXPECT_THAT(column(first.rows, "id"), ElementsAre("P4", "P3", "P2"));
  append(started("later"));
  auto second = value_of(query_->instances({}, {.cursor = first.next_cursor, .limit = 3}));
  EXPECT_THAT(column(second.rows, "id"), ElementsAre("P1", "P0", "I1-c1"));
  auto third = value_of(query_->instances({}, {.cursor = second.next_cursor, .limit = 3}));
  EXPECT_THAT(column(third.rows, "id"), ElementsAre("I1"));
  EXPECT_EQ(third.next_cursor, "");
  EXPECT_EQ(query_->instances({}, {.cursor = "7; DROP"}).error().code, Code::invalid_argument);
  const PageRequest far = {.cursor = "9223372036854775807"};  // nothing can be added to it
  EXPECT_EQ(query_->instances({}, far).error().code, Code::invalid_argument);
  EXPECT_EQ(query_->events("I1", far).error().code, Code::invalid_argument);
  EXPECT_EQ(query_->audit({}, far).error().code, Code::invalid_argument);
  EXPECT_EQ(query_->instances({}, {.limit = 0}).error().code, Code::invalid_argument);
  EXPECT_EQ(query_->instances({}, {.limit = 1001}).error().code, Code::invalid_argument);
}

TEST_P(QueryTest, PagesThroughTheEventsOfAnInstance) {
  std::size_t seen = 0;
  std::string cursor;
  do {
    auto page = value_of(query_->events("I1", {.cursor = cursor, .limit = 7}));
    for (const Value& row : page.rows) EXPECT_EQ(row.integer_or("sequence", 0), static_cast<std::int64_t>(++seen));
    cursor = page.next_cursor;
  } while (!cursor.empty() && seen < 100);
  EXPECT_EQ(seen, full_story_last_sequence);
  EXPECT_THAT(column(value_of(query_->events("", {})).rows, "type"), ElementsAre("project_deployed", "event_received"));
  EXPECT_EQ(query_->events("I9", {}).error().code, Code::not_found);
}

TEST_P(QueryTest, ListsCloudEventsNewestFirst) {
  auto page = value_of(query_->cloud_events({.limit = 1}));
  EXPECT_THAT(column(page.rows, "direction"), ElementsAre("out"));
  EXPECT_EQ(page.rows[0].member("event").string_or("type", ""), "port.reslotted");
  EXPECT_EQ(page.rows[0].string_or("instance", ""), "I1");
  page = value_of(query_->cloud_events({.cursor = page.next_cursor}));
  EXPECT_THAT(column(page.rows, "direction"), ElementsAre("in"));
  EXPECT_EQ(page.next_cursor, "");
}

TEST_P(QueryTest, CountsForMetrics) {
  Value totals = value_of(query_->totals());
  EXPECT_EQ(totals.member("instances"),
            json(R"({"running":1,"waiting":1,"completed":0,"faulted":0,"cancelled":0,"suspended":0,"stuck":0})"));
  EXPECT_EQ(totals.member("tasks"), json(R"({"open":1})"));
  EXPECT_EQ(totals.member("effects").integer_or("done", 0), 2);
  EXPECT_EQ(totals.integer_or("events", 0), static_cast<std::int64_t>(full_story_last_sequence + 3));
  EXPECT_GT(totals.integer_or("bytes", 0), 4096);
}

TEST_P(QueryTest, CarriesTheLabelsOfWhatItShows) {
  Label secret = Label::of({Integrity::untrusted, Secrecy::confidential, {"tool:mail.read"}, {}});
  Value result = Value::object({{"text", Value(std::string(400, 'm')).labelled(secret)}});
  append(event("I1", full_story_last_sequence + 1, EventType::effect_permitted,
               R"({"effect":{"id":"m","tool":"mail","operation":"read"},"verdict":{}})"));
  append(event("I1", full_story_last_sequence + 2, EventType::effect_done,
               Value::object({{"effect", Value("m")}, {"result", result}})));
  EXPECT_EQ(value_of(query_->effect("m")).member("result").member("text").label(), secret);
}

TEST_P(QueryTest, FindsTokens) {
  EXPECT_DONE(store_->add_token({"hash", "ada", {"planner"}, test_time(1), std::nullopt, false}));
  EXPECT_EQ(value_of(query_->find_token("hash"))->person, "ada");
  EXPECT_FALSE(value_of(query_->find_token("other")).has_value());
}

TEST_P(QueryTest, IsTheSameAfterRebuildingTheProjections) {
  append(event("I1", full_story_last_sequence + 1, EventType::instance_cancelled,
               R"({"by":{"person":"ada"},"reason":"no ship"})"));
  auto everything = [&] {
    std::string text = print_json(value_of(query_->totals()));
    for (const char* id : {"I1", "I1-c1"}) text += print_json(value_of(query_->instance(id)));
    for (const char* id : {"I1-t1", "I1-t2"}) text += print_json(value_of(query_->task(id)));
    for (const Value& row : value_of(query_->tasks({}, {})).rows) text += print_json(row);
    return text;
  };
  std::string before = everything();
  EXPECT_DONE(rebuild_projections(*store_));
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(value_of(store_->current_project()), "p1");
  EXPECT_EQ(value_of(store_->instance_with_key("port/reslot", R"(["ada","k-I1"])")), "I1");
}

TEST_P(QueryTest, WorksOnABackup) {
  std::string copy = folder_.file("copy.db");
  if (is("postgres")) {
    EXPECT_THAT(back_up(*store_, copy).error().message, testing::HasSubstr("pg_dump"));
    return;
  }
  EXPECT_DONE(back_up(*store_, copy));
  EXPECT_EQ(back_up(*store_, copy).error().code, Code::conflict);
  auto restored = open_store("sqlite:" + copy);
  EXPECT_EQ(value_of(restored->events_of("I1")).size(), full_story_last_sequence);
  EXPECT_EQ(print_json(value_of(value_of(Query::open(*restored))->instance("I1"))),
            print_json(value_of(query_->instance("I1"))));
  EXPECT_THAT(value_of(find_damage(*restored)), IsEmpty());
}

class Projections : public StoreKinds {};
FOR_STORES_ON_DISK(Projections);

TEST_P(Projections, HaveTheSameRowsAfterARebuild) {
  auto store = open_store(url(), {.blob_threshold_bytes = 100});
  for (const char* id : {"A", "B", "C"}) EXPECT_DONE(store->append(full_story(id)));
  EXPECT_DONE(store->append(
      {{event("", 1, EventType::project_deployed, R"({"project":"p1","files":1,"principal":{"person":"ada"}})"),
        event("B", full_story_last_sequence + 1, EventType::instance_completed, R"({"output":1})")},
       {}}));
  RawDatabase raw(place());
  std::string before = raw.dump_projections();
  EXPECT_EQ(raw.one("SELECT count(*) FROM journal_timer"), "2") << "the timers of B went with it";
  {
    RawDatabase damage(place(), true);
    damage.execute(
        "DELETE FROM journal_effect; UPDATE journal_instance SET status = 3; UPDATE journal_count SET value = 7; "
        "DELETE FROM journal_task_role");
  }
  EXPECT_NE(raw.dump_projections(), before);
  EXPECT_DONE(rebuild_projections(*store));
  EXPECT_EQ(raw.dump_projections(), before);
  EXPECT_DONE(store->append(full_story("D")));
}

TEST_P(Projections, AreBesideBlobsThatAreKeptOncePerContent) {
  auto store = open_store(url());
  Value large = Value::object({{"result", Value(std::string(9000, 'z'))}});
  EXPECT_DONE(store->append(
      {{started("A"), event("A", 2, EventType::event_emitted, large), event("A", 3, EventType::event_emitted, large)},
       {}}));
  RawDatabase raw(place());
  EXPECT_EQ(raw.one("SELECT count(*) FROM journal_blob"), "1");
  EXPECT_EQ(raw.one("SELECT max(length(data)) < 200 FROM journal_event"), "1");
  EXPECT_EQ(value_of(store->events_of("A", 1)).at(1).data, large);
}

}  // namespace
}  // namespace gantry::journal
