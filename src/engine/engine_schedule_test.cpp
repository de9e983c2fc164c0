// Instances that nobody starts: by the clock, after each other, for events; once for each occasion, whatever happens.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/engine_fixture.h"
#include "journal/query.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class EngineSchedule : public EngineTest {
 protected:
  EngineSchedule() { options_.snapshot_every_events = 4; }  // of the installation, too

  void scheduled(const std::string& schedule, const std::string& tasks = "  - a: {set: {x: 1}}\n",
                 const std::string& version = "1.0.0", const std::string& name = "w") {
    files_["workflows/" + name + ".yaml"] = "document: {dsl: '1.0.3', namespace: t, name: " + name +
                                            ", version: " + version + "}\nschedule: " + schedule + "\ndo:\n" + tasks;
  }
  void open_scheduled(const std::string& schedule, const std::string& tasks = "  - a: {set: {x: 1}}\n") {
    scheduled(schedule, tasks);
    open();
    deploy();
  }

  // Time passes, and the engine has done what fell due.
  Value pass(Duration time) {
    clock_.advance(time);
    auto schedules = engine_->schedules();
    EXPECT_TRUE(schedules.ok());
    return schedules.ok() ? *schedules : Value();
  }

  // All instances, oldest first.
  std::vector<Value> instances() {
    auto query = journal::Query::open(*kept_);
    auto page = (*query)->instances({}, {});
    EXPECT_TRUE(page.ok());
    std::vector<Value> rows = page->rows;
    std::reverse(rows.begin(), rows.end());
    return rows;
  }
  std::int64_t completed() {
    auto query = journal::Query::open(*kept_);
    auto totals = (*query)->totals();
    return totals ? totals->member("instances").integer_or("completed", 0) : 0;
  }
  // When each was due, as their inputs say, from the start of the test on.
  std::vector<std::string> due_times() {
    std::vector<std::string> times;
    for (const Value& row : instances()) {
      const Value input = events(std::string(row.string_or("id", "")))[0].data.member("input");
      auto due = parse_timestamp(input.string_or("due", ""));
      times.push_back(due ? format_duration(*due - fixture_start) : print_json(input));
    }
    return times;
  }
  std::string id(std::size_t index) {
    const auto rows = instances();
    EXPECT_LT(index, rows.size());
    return index < rows.size() ? std::string(rows[index].string_or("id", "")) : "";
  }
  Received receive(const std::string& type, const char* id, const char* data = "{}") {
    auto received = engine_->receive({*parse_json(std::string(R"({"specversion": "1.0", "id": ")") + id +
                                                  R"(", "source": "/test", "type": ")" + type + R"(", "data": )" +
                                                  data + "}")},
                                     ben_);
    EXPECT_TRUE(received.ok()) << received.error().message;
    return received.ok() ? *received : Received{};
  }
  // The data of the events that an instance was started with.
  std::string collected(std::size_t index) {
    std::vector<Value> data;
    const Value input = events(id(index))[0].data.member("input");
    for (const Value& event : input.is_array() ? input.items() : std::vector<Value>{})
      data.push_back(event.member("data"));
    return print_json(Value::array(std::move(data)));
  }
};

constexpr const char* waits = "  - hold: {wait: P1D}\n";
const Duration minute = std::chrono::minutes(1);

TEST_F(EngineSchedule, EveryStartsAlsoWhileTheOneBeforeStillRuns) {
  open_scheduled("{every: PT10M}", waits);
  pass(minute * 9);
  EXPECT_THAT(instances(), IsEmpty());  // a deployment by itself starts nothing
  pass(minute);
  pass(minute * 10);
  EXPECT_THAT(due_times(), ElementsAre("PT10M", "PT20M"));
  EXPECT_EQ(engine_->statistics().running, 2u);
  EXPECT_EQ(instances()[0].string_or("person", ""), "schedule");
}

TEST_F(EngineSchedule, CronStartsAtItsTimes) {
  // fixture_start is 2025-11-24T16:00:00Z, a Monday.
  open_scheduled("{cron: '30 16 * * mon,tue'}");
  pass(minute * 29);
  EXPECT_THAT(instances(), IsEmpty());
  pass(minute);
  pass(std::chrono::hours(24));
  pass(std::chrono::hours(24 * 6 - 1));
  EXPECT_THAT(due_times(), ElementsAre("PT30M", "P1DT30M"));
}

TEST_F(EngineSchedule, AfterCountsFromTheEndOfTheOneBefore) {
  open_scheduled("{after: PT10M}", "  - hold: {wait: PT25M}\n");
  pass(minute * 10);
  EXPECT_THAT(due_times(), ElementsAre("PT10M"));
  pass(minute * 24);
  EXPECT_THAT(instances(), SizeIs(1));
  pass(minute);      // it ends, after 35 minutes
  pass(minute * 9);
  EXPECT_THAT(instances(), SizeIs(1));
  pass(minute);
  EXPECT_THAT(due_times(), ElementsAre("PT10M", "PT45M"));
}

TEST_F(EngineSchedule, AfterGoesOnWhenAnInstanceFaultsOrIsCancelled) {
  open_scheduled("{after: PT10M}", "  - judge: {switch: [{late: {when: '.due > \"2025-11-24T16:15\"', then: hold}}], then: "
                                   "fail}\n  - fail: {raise: {error: {type: x, status: 500}}}\n  - hold: {wait: P1D}\n");
  pass(minute * 10);
  EXPECT_EQ(instances()[0].string_or("status", ""), "faulted");
  pass(minute * 10);
  ASSERT_THAT(instances(), SizeIs(2));
  ASSERT_TRUE(engine_->cancel(id(1), otto_, "enough").ok());
  pass(minute * 10);
  EXPECT_THAT(due_times(), ElementsAre("PT10M", "PT20M", "PT30M"));
}

TEST_F(EngineSchedule, WhatWasMissedWhileTheServerWasDownIsMadeUpForOnce) {
  open_scheduled("{every: PT10M}");
  pass(minute * 10);
  engine_.reset();
  clock_.advance(minute * 35);
  open();
  pass(Duration::zero());
  EXPECT_THAT(due_times(), ElementsAre("PT10M", "PT40M"));
  pass(minute * 5);
  EXPECT_THAT(due_times(), ElementsAre("PT10M", "PT40M", "PT50M"));
}

TEST_F(EngineSchedule, ARestartStartsNothingTwice) {
  open_scheduled("{every: PT10M}");
  pass(minute * 10);
  for (int i = 0; i < 3; ++i) {
    open();
    pass(Duration::zero());
  }
  EXPECT_THAT(due_times(), ElementsAre("PT10M"));
}

// The server dies around the transaction in which an instance starts or ends.
TEST_F(EngineSchedule, ACrashAtAnyAppendLosesAndDoublesNothing) {
  for (const char* schedule : {"{every: PT10M}", "{after: PT10M}"}) {
    for (std::uint64_t append = 1; append <= 8; ++append) {
      for (const auto kind : {FlakyStore::Crash::before_commit, FlakyStore::Crash::after_commit}) {
        engine_.reset();
        auto opened = journal::Store::open("memory:");
        kept_ = *std::move(opened);
        scheduled(schedule);
        open();
        deploy();
        store_->crash_at(append, kind);
        const Timestamp begin = clock_.now();
        for (int i = 0; i < 4; ++i) {
          clock_.advance(minute * 10);
          if (!engine_->schedules().ok() || store_->crashed()) open();
          ASSERT_TRUE(engine_->schedules().ok());
        }
        std::set<std::string> due;
        for (const Value& row : instances())
          due.insert(std::string(events(std::string(row.string_or("id", "")))[0].data.member("input").string_or("due", "")));
        EXPECT_EQ(due.size(), 4u) << schedule << " " << append;
        EXPECT_EQ(instances().size(), 4u) << schedule << " " << append;
        EXPECT_EQ(due.count(format_timestamp(begin + minute * 40)), 1u) << schedule << " " << append;
      }
    }
  }
}

TEST_F(EngineSchedule, ANewerVersionEndsTheScheduleOfTheOlder) {
  open_scheduled("{every: PT10M}");
  pass(minute * 10);
  files_["workflows/w2.yaml"] = files_["workflows/w.yaml"];
  scheduled("{every: PT1H}", "  - a: {set: {x: 2}}\n", "1.1.0");
  std::swap(files_["workflows/w2.yaml"], files_["workflows/w.yaml"]);
  deploy();
  pass(minute * 55);
  EXPECT_THAT(due_times(), ElementsAre("PT10M"));
  pass(minute * 5);
  EXPECT_THAT(due_times(), ElementsAre("PT10M", "PT1H10M"));
  EXPECT_EQ(instances()[1].string_or("workflowVersion", ""), "1.1.0");
}

TEST_F(EngineSchedule, ADeploymentThatKeepsTheVersionGoesOnWithItsSchedule) {
  open_scheduled("{every: PT10M}");
  pass(minute * 5);
  workflow("  - b: {set: {x: 1}}\n", "other");
  deploy();
  pass(minute * 5);
  EXPECT_THAT(due_times(), ElementsAre("PT10M"));
  files_.erase("workflows/w.yaml");
  deploy();
  pass(minute * 30);
  EXPECT_THAT(due_times(), ElementsAre("PT10M"));
}

TEST_F(EngineSchedule, ALongPauseStartsOnlyTheLastOfWhatFellDue) {
  open_scheduled("{cron: '*/10 * * * *'}");
  pass(minute * 47);
  EXPECT_THAT(due_times(), ElementsAre("PT40M"));
}

TEST_F(EngineSchedule, WhenTheEngineIsNotToRunThemNothingStarts) {
  options_.run_schedules = false;
  open_scheduled("{every: PT10M, on: {one: {with: {type: a}}}}");
  pass(minute * 60);
  receive("a", "1");
  EXPECT_THAT(instances(), IsEmpty());
}

TEST_F(EngineSchedule, AnEventStartsAnInstanceWhoseInputIsTheListOfEvents) {
  open_scheduled("{on: {one: {with: {type: port.arrived, data: '${ .kg > 10 }'}}}}",
                 "  - a: {set: '${ $workflow.input[0].data.kg }'}\n");
  receive("port.arrived", "1", R"({"kg": 5})");
  EXPECT_THAT(instances(), IsEmpty());
  receive("port.arrived", "2", R"({"kg": 25})");
  receive("port.arrived", "2", R"({"kg": 25})");  // the same again
  ASSERT_THAT(instances(), SizeIs(1));
  EXPECT_EQ(wait(id(0)).output, Value(25));
  EXPECT_EQ(instances()[0].string_or("person", ""), "ben");
  const Value input = events(id(0))[0].data.member("input");
  EXPECT_EQ(input.items()[0].string_or("type", ""), "port.arrived");
  EXPECT_EQ(input.deep_label().content().integrity, Integrity::untrusted);
}

TEST_F(EngineSchedule, ReadSaysWhatOfTheEventsIsTheInput) {
  open_scheduled("{on: {one: {with: {type: a}}}, read: data}", "  - a: {set: '${ .[0] }'}\n");
  receive("a", "1", R"({"kg": 5})");
  EXPECT_EQ(print_json(wait(id(0)).output), R"({"kg":5})");
}

TEST_F(EngineSchedule, AllWaitsForOneEventForEachFilter) {
  open_scheduled("{on: {all: [{with: {type: a}}, {with: {type: b}}]}}");
  receive("a", "1", "1");
  receive("a", "2", "2");
  EXPECT_THAT(instances(), IsEmpty());
  receive("b", "3", "3");
  EXPECT_EQ(collected(0), "[1,3]");
  open();  // what is collected outlives the process
  receive("b", "4", "4");
  ASSERT_THAT(instances(), SizeIs(2));
  EXPECT_EQ(collected(1), "[2,4]");
}

TEST_F(EngineSchedule, EventsThatBelongTogetherAreCollectedTogether) {
  const std::string filter = "correlate: {order: {from: .data.order}}";
  open_scheduled("{on: {all: [{with: {type: a}, " + filter + "}, {with: {type: b}, " + filter + "}]}}");
  receive("a", "1", R"({"order": 1})");
  receive("a", "2", R"({"order": 2})");
  receive("b", "3", R"({"order": 2})");
  ASSERT_THAT(instances(), SizeIs(1));
  EXPECT_EQ(collected(0), R"([{"order":2},{"order":2}])");
  open();
  receive("b", "4", R"({"order": 1})");
  ASSERT_THAT(instances(), SizeIs(2));
  EXPECT_EQ(collected(1), R"([{"order":1},{"order":1}])");
}

TEST_F(EngineSchedule, AnyCollectsUntil) {
  open_scheduled("{on: {any: [{with: {type: a}}], until: 'map(.data) | add > 10'}}");
  receive("a", "1", "4");
  receive("a", "2", "5");
  EXPECT_THAT(instances(), IsEmpty());
  receive("a", "3", "6");
  receive("a", "4", "1");
  ASSERT_THAT(instances(), SizeIs(1));
  EXPECT_EQ(collected(0), "[4,5,6]");
}

TEST_F(EngineSchedule, TheEventsOfUntilEndACollection) {
  open_scheduled("{on: {any: [{with: {type: a}}], until: {one: {with: {type: stop}}}}}");
  receive("stop", "0");
  receive("a", "1", "4");
  receive("a", "2", "5");
  EXPECT_THAT(instances(), IsEmpty());
  receive("stop", "3");
  receive("stop", "4");
  ASSERT_THAT(instances(), SizeIs(1));
  EXPECT_EQ(collected(0), "[4,5]");
}

TEST_F(EngineSchedule, CollectionsHaveABound) {
  options_.schedules.collections_max = 2;
  const std::string filter = "correlate: {order: {from: .data}}";
  open_scheduled("{on: {all: [{with: {type: a}, " + filter + "}, {with: {type: b}, " + filter + "}]}}");
  receive("a", "1", "1");
  receive("a", "2", "2");
  receive("a", "3", "3");  // the first is dropped
  EXPECT_EQ(engine_->schedules()->items()[0].integer_or("collecting", 0), 2);
  receive("b", "4", "1");  // begins one of its own, for which the second is dropped
  receive("b", "5", "3");
  ASSERT_THAT(instances(), SizeIs(1));
  EXPECT_EQ(collected(0), "[3,3]");
}

TEST_F(EngineSchedule, AnEmittedEventStartsWhatIsScheduledForItInTheSameEntry) {
  scheduled("{on: {one: {with: {type: a.b}}}}", "  - x: {set: '${ .[0].data }'}\n", "1.0.0", "taker");
  workflow("  - tell: {emit: {event: {with: {type: a.b, data: 7}}}}\n", "teller");
  open();
  deploy();
  const auto commits = engine_->statistics().commits;
  wait(start(Value(), "teller"));
  EXPECT_EQ(engine_->statistics().commits, commits + 1);
  ASSERT_THAT(instances(), SizeIs(2));
  EXPECT_EQ(wait(id(1)).output, Value(7));
  EXPECT_EQ(instances()[1].string_or("person", ""), "ada");
}

// It starts itself without an end; others must still get their turn, and it must be there after a restart.
TEST_F(EngineSchedule, AnEndlessChainOfEventsLeavesRoomAndOutlivesTheProcess) {
  scheduled("{on: {one: {with: {type: again}}}}", "  - more: {emit: {event: {with: {type: again}}}}\n", "1.0.0", "chain");
  workflow("  - a: {set: {x: 1}}\n", "calm");
  open();
  deploy();
  receive("again", "1");
  EXPECT_EQ(wait(start(Value(), "calm")).status, "completed");
  engine_.reset();
  const std::int64_t before = completed();
  EXPECT_GE(before, 8);
  open();
  EXPECT_EQ(wait(start(Value(), "calm")).status, "completed");
  engine_.reset();
  EXPECT_GT(completed(), before + 1);
}

TEST_F(EngineSchedule, AreDescribedWithTheirNextTime) {
  scheduled("{every: PT10M}");
  scheduled("{cron: '@daily', on: {one: {with: {type: a}}}}", "  - a: {set: {x: 1}}\n", "1.0.0", "v");
  open();
  deploy();
  const Value rows = pass(minute);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(print_json(rows.items()[0]),
            R"({"schedule":"t/v:1.0.0","since":"2025-11-24T16:00:00Z","cron":"@daily","collecting":0,)"
            R"("next":"2025-11-25T00:00:00Z"})");
  EXPECT_EQ(print_json(rows.items()[1]),
            R"({"schedule":"t/w:1.0.0","since":"2025-11-24T16:00:00Z","every":"PT10M","next":"2025-11-24T16:10:00Z"})");
}

}  // namespace
}  // namespace gantry::engine
