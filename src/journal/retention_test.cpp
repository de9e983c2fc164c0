#include "journal/retention.h"

#include <gmock/gmock.h>

#include "journal/audit_verify.h"
#include "journal/maintenance.h"
#include "journal/raw_database_fixture.h"
#include "journal/store_kinds_fixture.h"

namespace gantry::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::int64_t day = 86'400;

class Retention : public StoreKinds {
 protected:
  void SetUp() override {
    StoreKinds::SetUp();
    if (!IsSkipped()) open();
  }
  void open() {
    store.reset();
    StoreOptions options;
    options.audit.key_file = folder_.file("key");
    options.audit.checkpoint_every_events = 7;
    store = open_store(url(), options);
  }
  static Event at_day(Event event, std::int64_t days) {
    event.at = test_time(days * day);
    return event;
  }
  void append(std::vector<Event> events) { EXPECT_DONE(store->append({std::move(events), {}})); }
  // Three events each, interleaved as concurrent instances are.
  void run_instances(const std::vector<std::string>& ids, std::int64_t days) {
    for (const std::string& id : ids) append({at_day(started(id), days)});
    for (const std::string& id : ids)
      append({at_day(
          event(id, 2, EventType::event_emitted, Value::object({{"event", Value(id + std::string(5000, 'e'))}})),
          days)});
    for (const std::string& id : ids)
      append({at_day(event(id, 3, EventType::instance_completed, R"({"output":1})"), days)});
  }
  RetentionPolicy keep_days(int days) {
    RetentionPolicy policy;
    policy.instances = std::chrono::hours(24 * days);
    return policy;
  }
  Removed remove_all(const RetentionPolicy& policy, std::int64_t now_day, std::size_t events_max = 1000) {
    Removed sum;
    for (int step = 0; step < 100; ++step) {
      const Timestamp now = test_time(now_day * day);
      auto ids = value_of(find_removable(*store, policy, now, 100));
      if (ids.empty()) break;
      Removed removed = value_of(remove_instances(*store, ids, policy, now, events_max));
      EXPECT_LE(removed.events, events_max);
      sum.instances += removed.instances;
      sum.events += removed.events;
    }
    return sum;
  }
  VerifyReport verify() { return value_of(verify_audit(*store)); }
  std::vector<std::string> instances() {
    RawDatabase raw(place());
    std::vector<std::string> ids;
    for (const auto& row : raw.rows("SELECT id FROM instances ORDER BY id")) ids.push_back(row[0]);
    return ids;
  }
  void expect_sound() {
    EXPECT_THAT(verify().findings, IsEmpty());
    EXPECT_THAT(value_of(find_damage(*store)), IsEmpty());
    RawDatabase raw(place());
    std::string before = raw.dump_projections();
    EXPECT_DONE(rebuild_projections(*store));
    EXPECT_EQ(raw.dump_projections(), before);
  }

  std::unique_ptr<Store> store;
};
FOR_STORES_ON_DISK(Retention);

TEST_P(Retention, RemovesWhatEndedLongAgoAndTheChainGoesOnOverIt) {
  run_instances({"A1", "A2"}, 0);
  run_instances({"B1", "B2"}, 20);
  append({at_day(started("C1"), 0)});
  Removed removed = remove_all(keep_days(10), 25);
  EXPECT_EQ(removed.instances, 2u);
  EXPECT_EQ(removed.events, 6u);
  EXPECT_THAT(instances(), ElementsAre("B1", "B2", "C1"));
  expect_sound();
  VerifyReport report = verify();
  EXPECT_EQ(report.removed, 6u);
  EXPECT_EQ(report.head.position, 14u) << "instances_removed is the last";
  RawDatabase raw(place());
  EXPECT_EQ(raw.one("SELECT count(*) FROM journal_removal"), "1") << "what is gone without a gap is one record";
  EXPECT_EQ(raw.one("SELECT count(*) FROM journal_blob"), "2") << "large values go with their instances";
  EXPECT_EQ(raw.one("SELECT data ->> '$.workflows.port/reslot' FROM events WHERE type = 'instances_removed'"), "2");
  open();  // the chain goes on after a restart, too
  run_instances({"D1"}, 26);
  EXPECT_THAT(verify().findings, IsEmpty());
}

TEST_P(Retention, JoinsTheRecordsOfWhatIsRemovedLater) {
  run_instances({"A1", "B1", "A2"}, 0);
  append({at_day(started("K"), 0)});
  ASSERT_EQ(value_of(remove_instances(*store, {"B1"}, keep_days(1), test_time(9 * day), 100)).instances, 1u);
  RawDatabase raw(place());
  EXPECT_EQ(raw.one("SELECT count(*) FROM journal_removal"), "3");
  expect_sound();
  EXPECT_EQ(remove_all(keep_days(1), 9).instances, 2u);
  EXPECT_EQ(raw.one("SELECT count(*) FROM journal_removal"), "1");
  expect_sound();
}

TEST_P(Retention, TakesALargeInstanceInBoundedSteps) {
  append({at_day(started("K"), 0)});
  Batch batch;
  batch.events.push_back(at_day(started("L"), 0));
  for (std::uint64_t i = 2; i < 50; ++i)
    batch.events.push_back(at_day(event("L", i, EventType::instance_continued), 0));
  batch.events.push_back(at_day(event("L", 50, EventType::instance_completed, R"({"output":1})"), 0));
  EXPECT_DONE(store->append(batch));
  Removed first = value_of(remove_instances(*store, {"L"}, keep_days(1), test_time(9 * day), 20));
  EXPECT_EQ(first.events, 20u);
  EXPECT_TRUE(first.more);
  EXPECT_THAT(instances(), ElementsAre("K")) << "no half instance is shown";
  expect_sound();
  EXPECT_EQ(remove_all(keep_days(1), 9, 20).events, 30u);
  RawDatabase raw(place());
  EXPECT_EQ(raw.one("SELECT count(*) FROM journal_stream WHERE id = 'L'"), "0");
  expect_sound();
}

// Steps end anywhere in a block of places, and events of others lie between those that go.
TEST_P(Retention, TakesLongInstancesInStepsOfAnyLength) {
  for (const std::size_t step : {1, 5, 16, 17, 40}) {
    const std::string name = "L" + std::to_string(step);
    append({at_day(started(name), 1), started("K" + name)});
    for (std::uint64_t sequence = 2; sequence <= 37; ++sequence)
      append({at_day(event(name, sequence, EventType::event_emitted, R"({"event":1})"), 1),
              event("K" + name, sequence, EventType::event_emitted, R"({"event":1})")});
    append({at_day(event(name, 38, EventType::instance_completed, R"({"output":1})"), 1)});
    std::size_t removed = 0;
    for (bool more = true; more;) {
      const Removed now = value_of(remove_instances(*store, {name}, keep_days(1), test_time(9 * day), step));
      removed += now.events;
      more = now.more;
      ASSERT_LE(now.events, step);
      ASSERT_THAT(value_of(find_damage(*store)), IsEmpty()) << name << " after " << removed;
    }
    EXPECT_EQ(removed, 38u);
    EXPECT_EQ(value_of(store->events_of("K" + name)).size(), 37u);
  }
  expect_sound();
}

TEST_P(Retention, KeepsWhatIsHeldRunsOrIsNeeded) {
  run_instances({"A1", "A2"}, 0);
  append({at_day(started("P"), 0),
          at_day(started("Q", R"(,"parent":{"instance":"P","task":"/do/0","await":true,"depth":1})"), 0)});
  append({at_day(event("Q", 2, EventType::instance_completed, R"({"output":1})"), 0)});
  append(
      {at_day(started("U"), 0),
       at_day(event("U", 2, EventType::effect_permitted,
                    R"({"effect":{"id":"U-e1","tool":"t","operation":"o"},"verdict":{"kind":"allow","rule":"r"}})"),
              0),
       at_day(event("U", 3, EventType::instance_cancelled, R"({"by":{"person":"ada","roles":[]},"reason":"x"})"), 0)});
  HoldRequest hold{"", "A1", {"lee", {"counsel"}}, "case 12", test_time(day)};
  EXPECT_DONE(place_hold(*store, hold));
  EXPECT_EQ(place_hold(*store, hold).error().code, Code::conflict);
  EXPECT_EQ(remove_all(keep_days(10), 25).instances, 1u);
  EXPECT_THAT(instances(), ElementsAre("A1", "P", "Q", "U")) << "held; runs; its parent runs; an effect is unresolved";
  ASSERT_EQ(value_of(holds(*store)).size(), 1u);
  EXPECT_EQ(value_of(holds(*store))[0].scope, "instance:A1");
  EXPECT_EQ(value_of(holds(*store))[0].person, "lee");
  EXPECT_DONE(lift_hold(*store, hold));
  EXPECT_EQ(lift_hold(*store, hold).error().code, Code::not_found);
  EXPECT_DONE(place_hold(*store, {"port/reslot", "", {"lee", {}}, "all of them", test_time(day)}));
  EXPECT_EQ(remove_all(keep_days(10), 25).instances, 0u);
  EXPECT_DONE(lift_hold(*store, {"port/reslot", "", {"lee", {}}, "settled", test_time(day)}));
  EXPECT_EQ(remove_all(keep_days(10), 25).instances, 1u);
  expect_sound();
}

TEST_P(Retention, HasATimeOfItsOwnForAWorkflow) {
  run_instances({"A1"}, 0);
  RetentionPolicy policy = keep_days(1);
  policy.workflows["port/reslot"] = std::chrono::hours(24 * 30);
  EXPECT_EQ(remove_all(policy, 25).instances, 0u);
  EXPECT_EQ(remove_all(policy, 31).instances, 1u);
  EXPECT_EQ(remove_all(RetentionPolicy{}, 1000).instances, 0u) << "without a policy nothing goes";
}

TEST_P(Retention, SignsNothingAwayThatWasChangedAndBelievesNoRecordOfOthers) {
  run_instances({"A1"}, 0);
  append({at_day(started("K"), 0)});
  RawDatabase raw(place(), true);
  raw.execute("UPDATE journal_event SET data = replace(data, '1', '2') WHERE position = 3");
  auto refused = remove_instances(*store, {"A1"}, keep_days(1), test_time(9 * day), 100);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("position 3"));
  raw.execute("UPDATE journal_event SET data = replace(data, '2', '1') WHERE position = 3");
  EXPECT_EQ(remove_all(keep_days(1), 9).instances, 1u);
  expect_sound();
  raw.execute("UPDATE journal_removal SET last = 4; DELETE FROM journal_event WHERE position = 4");
  EXPECT_THAT(verify().findings, Not(IsEmpty()));
}

TEST_P(Retention, NeedsTheSigningKey) {
  run_instances({"A1"}, 0);
  store.reset();
  store = open_store(url());
  auto refused = remove_instances(*store, {"A1"}, keep_days(1), test_time(9 * day), 100);
  EXPECT_EQ(refused.error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace gantry::journal
