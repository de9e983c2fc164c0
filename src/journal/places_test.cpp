// Where the events of each instance are: what is asked by instance says the same whether events have their place or are
// the tail.
#include <gmock/gmock.h>

#include "journal/audit_export.h"
#include "journal/audit_verify.h"
#include "journal/faulty_disk.h"
#include "journal/maintenance.h"
#include "journal/query.h"
#include "journal/raw_database_fixture.h"
#include "journal/store_kinds_fixture.h"

namespace gantry::journal {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Places : public StoreKinds {
 protected:
  std::string one(const std::string& sql) { return RawDatabase(place()).one(sql); }
  // All that can be asked by instance, of the writer and of a reader.
  std::string all_of(Store& store, const std::string& id) {
    std::string text = std::to_string(value_of(store.last_sequence(id))) + "\n";
    for (std::uint64_t after : {0, 7, 18})
      for (const Event& event : value_of(store.events_of(id, after)))
        text += std::to_string(event.sequence) + name_of(event.type) + print_json(event.data) + "\n";
    for (const std::string& unfinished : value_of(store.unfinished_instances())) text += unfinished + " ";
    auto query = value_of(Query::open(store));
    if (!id.empty()) text += print_json(value_of(query->instance(id))) + "\n";
    PageRequest page{.limit = 5};
    do {
      const Page rows = value_of(query->events(id, page));
      for (const Value& row : rows.rows) text += print_json(row) + "\n";
      page.cursor = rows.next_cursor;
    } while (!page.cursor.empty());
    for (const Value& row : value_of(query->audit({.instance = id}, {})).rows) text += print_json(row) + "\n";
    for (const char* effect : {"-e1", "-e2"})
      if (!id.empty()) text += print_json(value_of(query->effect(id + effect))) + "\n";
    const ExportSink sink = [&](std::string_view part) {
      text += part;
      return done();
    };
    EXPECT_DONE(export_lines(store, {.instance = id}, sink));
    EXPECT_DONE(export_ocel(store, {.instance = id}, sink));
    return text + views_of(id);
  }
  std::string views_of(const std::string& id) {
    std::string text;
    RawDatabase raw(place());
    for (const std::string& sql :
         {"SELECT id, events FROM instances WHERE id = '" + id + "'",
          "SELECT * FROM events WHERE instance = '" + id + "' ORDER BY position",
          std::string("SELECT * FROM events WHERE position BETWEEN 3 AND 60 ORDER BY position"),
          "SELECT * FROM effects WHERE instance = '" + id + "' ORDER BY position",
          std::string("SELECT state, count(*) FROM effects GROUP BY state ORDER BY state"),
          std::string("SELECT id, events FROM instances ORDER BY id")}) {
      for (const RawDatabase::Row& row : raw.rows(sql))
        for (const std::string& field : row) text += field + "|";
      text += "\n";
    }
    return text;
  }
  std::string placed() {
    return one("SELECT (SELECT position FROM journal_placed) || ' ' || (SELECT count(*) FROM journal_placed_event)");
  }
  // So many events of so many instances, in turn.
  static Batch events_of_many(std::size_t instances, std::uint64_t sequence, std::size_t count) {
    Batch batch;
    for (std::size_t i = 0; i < instances; ++i)
      for (std::size_t k = 0; k < count; ++k) {
        const std::string id = "M" + std::to_string(i);
        batch.events.push_back(sequence + k == 1 ? started(id)
                                                 : event(id, sequence + k, EventType::event_emitted, R"({"event":1})"));
      }
    return batch;
  }
};
FOR_STORES_ON_DISK(Places);
class PlacesInAFile : public Places {};
INSTANTIATE_TEST_SUITE_P(Kinds, PlacesInAFile, testing::Values("file"), kind_name);

TEST_P(Places, SayTheSameOfEachInstanceBeforeAndAfterEventsAreInThem) {
  const std::vector<std::string> ids = {"", "I2", "I3"};
  auto store = open_store(url(), {.blob_threshold_bytes = 100});
  EXPECT_DONE(store->append({{event("", 1, EventType::project_deployed, R"({"project":"p1","files":1})")}, {}}));
  for (const char* id : {"I1", "I2"}) EXPECT_DONE(store->append(full_story(id)));
  store = nullptr;  // so these are placed
  store = open_store(url(), {.blob_threshold_bytes = 100});
  EXPECT_DONE(store->append(full_story("I3")));
  EXPECT_DONE(store->append(
      {{event("I1", full_story_last_sequence + 1, EventType::instance_suspended),
        event("I2", full_story_last_sequence + 1, EventType::effect_permitted,
              R"({"effect":{"id":"I2-e3","tool":"t","operation":"o"}})"),
        event("I2", full_story_last_sequence + 2, EventType::instance_cancelled, R"({"reason":"no ship"})"),
        event("", 2, EventType::event_received, R"({"event":{"id":"x"}})")},
       {}}));
  if (is("file")) {
    EXPECT_EQ(placed(), "41 41");
  }
  std::vector<std::string> before;
  for (const std::string& id : ids) before.push_back(all_of(*store, id));
  EXPECT_THAT(before[1], HasSubstr("I2-e3"));
  EXPECT_THAT(value_of(store->unfinished_instances()), Contains("I2")) << "an effect of it is open";
  store = nullptr;
  store = open_store(url(), {.blob_threshold_bytes = 100});
  if (is("file")) {
    EXPECT_EQ(placed(), "65 65");
  }
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(all_of(*store, ids[i]), before[i]) << ids[i];
  EXPECT_DONE(rebuild_projections(*store));
  EXPECT_EQ(all_of(*store, "I2"), before[1]);
  EXPECT_THAT(value_of(find_damage(*store)), IsEmpty());
  EXPECT_EQ(store->append({{event("I1", 20, EventType::instance_continued)}, {}}).error().code, Code::conflict);
}

TEST_P(PlacesInAFile, AreGivenToAllEventsAtOnceWhenThereAreEnough) {
  auto store = open_store(url());
  EXPECT_DONE(store->append(events_of_many(100, 1, 20)));
  EXPECT_EQ(placed(), "0 0");
  EXPECT_DONE(store->append(events_of_many(100, 21, 1)));
  EXPECT_EQ(placed(), "2100 2100");
  EXPECT_DONE(store->append(events_of_many(100, 22, 1)));
  EXPECT_EQ(placed(), "2100 2100");
  EXPECT_EQ(value_of(store->events_of("M99")).size(), 22u);
  EXPECT_EQ(value_of(value_of(Query::open(*store))->instance("M99")).integer_or("events", 0), 22);
  // Of 500 instances sixteen each are waited for.
  for (std::uint64_t sequence = 1; sequence <= 16; ++sequence) {
    Batch batch;
    for (int i = 0; i < 500; ++i) {
      const std::string id = "N" + std::to_string(i);
      batch.events.push_back(sequence == 1 ? started(id)
                                           : event(id, sequence, EventType::event_emitted, R"({"event":1})"));
    }
    EXPECT_DONE(store->append(batch));
    EXPECT_EQ(placed(), "2100 2100");
  }
  EXPECT_DONE(store->append(events_of_many(100, 23, 15)));
  EXPECT_EQ(placed(), "11700 11700");
  EXPECT_THAT(value_of(find_damage(*store)), IsEmpty());
}

TEST_P(PlacesInAFile, AreGivenEarlierWhereEventsAreLong) {
  auto store = open_store(url(), {.blob_threshold_bytes = 100'000});
  const Value page = Value::object({{"event", Value(std::string(4'000, 'e'))}});
  for (std::uint64_t sequence = 1; sequence <= 7; ++sequence) {
    EXPECT_EQ(placed(), "0 0");
    Batch batch;
    for (int i = 0; i < 600; ++i)
      batch.events.push_back(event("L" + std::to_string(i), sequence, EventType::event_emitted, page));
    EXPECT_DONE(store->append(batch));
  }
  EXPECT_EQ(placed(), "4200 4200") << "where 4,800 short ones would be waited for";
}

// As if the process had been killed: nothing is placed at the end, and what is not placed is found again.
TEST_P(PlacesInAFile, OfACopyThatWasTakenInTheMiddleAreCompleteWhenItIsOpened) {
  auto store = open_store(url());
  for (const char* id : {"I1", "I2"}) EXPECT_DONE(store->append(full_story(id)));
  EXPECT_DONE(back_up(*store, folder_.file("copy.db")));
  auto copy = open_store(folder_.url("copy.db"));
  EXPECT_EQ(RawDatabase(folder_.file("copy.db")).one("SELECT position FROM journal_placed"), "0");
  EXPECT_EQ(value_of(copy->events_of("I1")).size(), full_story_last_sequence);
  EXPECT_EQ(copy->append({{event("I1", 3, EventType::instance_continued)}, {}}).error().code, Code::conflict);
  EXPECT_DONE(copy->append({{event("I1", 20, EventType::effect_failed, R"({"effect":"I1-e1"})")}, {}}));
  EXPECT_THAT(value_of(find_damage(*copy)), IsEmpty());
}

TEST_P(PlacesInAFile, AreNotHalfGivenWhenTheDiskIsFullWhileTheyAre) {
  FaultyDisk disk;
  auto store = open_store(url());
  EXPECT_DONE(store->append(full_story("I1")));
  EXPECT_DONE(store->append(events_of_many(100, 1, 20)));
  const std::string before = all_of(*store, "I1");
  disk.be_full(true);
  EXPECT_EQ(store->append(events_of_many(100, 21, 1)).error().code, Code::unavailable);
  disk.be_full(false);
  EXPECT_EQ(placed(), "0 0");
  EXPECT_EQ(all_of(*store, "I1"), before);
  EXPECT_EQ(value_of(store->events_of("M7")).size(), 20u);
  Batch wrong = events_of_many(100, 21, 1);
  wrong.events.push_back(event("M7", 21, EventType::event_emitted, R"({"event":1})"));
  EXPECT_EQ(store->append(wrong).error().code, Code::conflict);
  EXPECT_EQ(placed(), "0 0");
  EXPECT_DONE(store->append(events_of_many(100, 21, 1)));
  EXPECT_EQ(placed(), "2120 2120");
  EXPECT_EQ(value_of(store->events_of("I1")).size(), full_story_last_sequence);
  EXPECT_EQ(value_of(store->last_sequence("M7")), 21u);
  EXPECT_THAT(value_of(find_damage(*store)), IsEmpty());
}

TEST_P(Places, OfVersion7AreMadeFromItsIndex) {
  std::string before;
  {
    auto store = open_store(url());
    for (const char* id : {"I1", "I2"}) EXPECT_DONE(store->append(full_story(id)));
    before = all_of(*store, "I2");
  }
  {
    RawDatabase old(place(), true);
    if (is("file")) old.remove_version_8();
    old.execute(is("file") ? "PRAGMA user_version = 7"
                           : "UPDATE journal_schema SET version = 7; DROP VIEW journal_stream_event");
  }
  auto store = open_store(url());
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(all_of(*store, "I2"), before);
  if (is("file")) {
    EXPECT_EQ(placed(), "40 40");
    EXPECT_EQ(one("SELECT count(*) FROM sqlite_schema WHERE name = 'journal_event_sequence'"), "0");
  }
  EXPECT_THAT(value_of(find_damage(*store)), IsEmpty());
  EXPECT_DONE(store->append({{event("I1", 20, EventType::instance_continued)}, {}}));
}

TEST_P(PlacesInAFile, ThatAreWrongAreFoundByTheDoctorAndMadeAnewByARebuild) {
  EXPECT_DONE(open_store(url())->append(full_story("I1")));
  for (const char* damage :
       {"DELETE FROM journal_event_block WHERE block = 1",
        "UPDATE journal_event_block SET positions = json_remove(positions, '$[3]') WHERE block = 0",
        "UPDATE journal_event_block SET positions = json_replace(positions, '$[8]', 3) WHERE block = 0",
        "UPDATE journal_event_block SET sequence = 2 WHERE block = 0",
        "UPDATE journal_event_block SET positions = '[1,2' WHERE block = 0",
        "UPDATE journal_event_block SET positions = '7' WHERE block = 0",
        "INSERT INTO journal_event_block VALUES (1, 4, 77, '[5]')",
        "UPDATE journal_placed SET position = 900; DELETE FROM journal_event_block", "DELETE FROM journal_placed"}) {
    RawDatabase(place(), true).execute(damage);
    auto store = open_store(url());
    EXPECT_THAT(value_of(find_damage(*store)), Not(IsEmpty())) << damage;
    EXPECT_DONE(rebuild_projections(*store));
    EXPECT_THAT(value_of(find_damage(*store)), IsEmpty()) << damage;
    EXPECT_EQ(value_of(store->events_of("I1")).size(), full_story_last_sequence) << damage;
  }
}

// Events that somebody has taken out hide none of those behind them.
TEST_P(PlacesInAFile, ListWhatComesAfterAGap) {
  auto store = open_store(url());
  EXPECT_DONE(store->append(events_of_many(1, 1, 200)));
  store = nullptr;  // so these are placed
  RawDatabase(place(), true)
      .execute("DELETE FROM journal_event WHERE position BETWEEN 40 AND 160; DELETE FROM journal_event_block WHERE block BETWEEN 2 "
               "AND 9");
  store = open_store(url());
  auto query = value_of(Query::open(*store));
  std::vector<std::int64_t> seen;
  PageRequest page{.limit = 5};
  do {
    const Page rows = value_of(query->events("M0", page));
    for (const Value& row : rows.rows) seen.push_back(row.integer_or("sequence", 0));
    page.cursor = rows.next_cursor;
  } while (!page.cursor.empty());
  EXPECT_EQ(seen.size(), 32u + 40u);  // of the blocks that are left
  EXPECT_EQ(seen.back(), 200);
}

// Nothing but these tables keeps a sequence from being used twice.
TEST_P(PlacesInAFile, AnEventThatStandsThereTwiceIsFound) {
  auto store = open_store(url());
  EXPECT_DONE(store->append({{started("A"), event("A", 2, EventType::instance_continued)}, {}}));
  for (const char* sequence : {"2", "1"}) {
    RawDatabase(place(), true)
        .execute(
            std::string("INSERT INTO journal_event SELECT (SELECT max(position) FROM journal_event) + 1, stream, ") +
            sequence + ", at, type, data, labels, hash FROM journal_event WHERE position = 1");
    store = nullptr;
    store = open_store(url());
    EXPECT_THAT(value_of(find_damage(*store)), Contains(HasSubstr("events, but the last sequence is 2")));
    std::vector<std::string> messages;
    for (const AuditFinding& finding : value_of(verify_audit(*store)).findings)
      messages.push_back(finding.what + ": " + finding.message);
    EXPECT_THAT(messages, Contains(HasSubstr(std::string("reordered: event ") + sequence +
                                             " of instance 'A' stands there twice")));
    EXPECT_DONE(store->append({{started(std::string("B") + sequence)}, {}}));
    store = nullptr;  // placed as far as there is a place
    store = open_store(url());
    EXPECT_EQ(value_of(store->events_of("A")).size(), 2u);
  }
}

TEST_P(PlacesInAFile, LetNothingThatIsAskedByInstanceReadAllEvents) {
  { auto store = open_store(url()); }
  RawDatabase raw(place());
  for (const char* sql :
       {"SELECT * FROM events WHERE instance = 'A'",
        "SELECT * FROM events WHERE instance = 'A' ORDER BY position DESC LIMIT 1",
        "SELECT count(*) FROM events WHERE instance = 'A'",
        "SELECT * FROM events WHERE position > 7 ORDER BY position LIMIT 9",
        "SELECT * FROM effects WHERE instance = 'A'", "SELECT * FROM effects WHERE position = 7",
        "SELECT state, count(*) FROM effects WHERE instance = 'A' GROUP BY state",
        "SELECT * FROM instances WHERE id = 'A'",
        "SELECT data FROM journal_event WHERE position IN (SELECT position FROM journal_stream_event WHERE stream = 1 "
        "AND sequence > 5) ORDER BY position",
        "SELECT sequence FROM journal_stream_event WHERE stream = 1 ORDER BY sequence DESC LIMIT 1",
        "SELECT 1 FROM journal_instance i WHERE i.stream = 1 AND EXISTS (SELECT 1 FROM journal_effect_all f WHERE "
        "f.first_event IN (SELECT position FROM journal_stream_event WHERE stream = i.stream))",
        "DELETE FROM journal_effect WHERE first_event IN (SELECT position FROM journal_stream_event WHERE stream = 1)",
        "DELETE FROM journal_event_block WHERE (stream, block) IN (SELECT stream, (sequence - 1) / 16 FROM journal_event "
        "WHERE position BETWEEN 5 AND 9)",
        "SELECT position FROM journal_stream_event WHERE stream = 1 AND block BETWEEN 3 AND 4 AND sequence > 50"})
    for (const RawDatabase::Row& step : raw.rows(std::string("EXPLAIN QUERY PLAN ") + sql))
      if (step[3].starts_with("SCAN ") && !step[3].starts_with("SCAN (") &&
          !step[3].ends_with(" VIRTUAL TABLE INDEX 1:")) {
        // The one row of journal_placed, and what the steps before have found.
        EXPECT_THAT((std::vector<std::string>{"SCAN journal_placed", "SCAN f", "SCAN t", "SCAN events"}),
                    Contains(step[3]))
            << sql;
      }
}

TEST_P(PlacesInAFile, LetSomeEffectsBeFoundWithoutATableOfAll) {
  { auto store = open_store(url()); }
  RawDatabase raw(place());
  for (const char* sql :
       {"SELECT * FROM effects ORDER BY position DESC LIMIT 9", "SELECT * FROM effects WHERE position > 7 ORDER BY position",
        "SELECT state FROM journal_effect_all WHERE first_event = 7",
        "SELECT first_event FROM journal_effect_all WHERE id = 'e' AND first_event IN (SELECT position FROM "
        "journal_stream_event WHERE stream = 1)"})
    for (const RawDatabase::Row& step : raw.rows(std::string("EXPLAIN QUERY PLAN ") + sql))
      for (const char* whole : {"MATERIALIZE", "CO-ROUTINE", "USE TEMP B-TREE"})
        EXPECT_FALSE(step[3].starts_with(whole)) << sql << ": " << step[3];
}

}  // namespace
}  // namespace gantry::journal
