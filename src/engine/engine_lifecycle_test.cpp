// The standard's lifecycle events: in which order they come, who gets them, and that nobody pays for them otherwise.
#include <gtest/gtest.h>

#include "engine/engine_fixture.h"
#include "journal/query.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using testing::ElementsAre;
using testing::IsEmpty;

class EngineLifecycle : public EngineTest {
 protected:
  // "workflow.started", "task.started /do/0/a": what the journal of the instance has, in order.
  std::vector<std::string> recorded(const std::string& instance) {
    std::vector<std::string> lines;
    for (const auto& event : events(instance)) {
      if (event.type != EventType::event_emitted || !event.data.boolean_or("lifecycle", false)) continue;
      const Value cloud_event = event.data.member("event");
      std::string type(cloud_event.string_or("type", ""));
      type = type.substr(std::string("io.serverlessworkflow.").size());
      type.resize(type.size() - 3);  // .v1
      const Value data = cloud_event.member("data");
      const std::string task(data.string_or("task", "")), status(data.string_or("status", ""));
      lines.push_back(type + (task.empty() ? "" : " " + task) + (status.empty() ? "" : " " + status));
    }
    return lines;
  }
  Value data_of(const std::string& instance, const std::string& type) {
    for (const auto& event : events(instance))
      if (event.data.member("event").string_or("type", "") == "io.serverlessworkflow." + type + ".v1")
        return event.data.member("event").member("data");
    return {};
  }
};

TEST_F(EngineLifecycle, OfAnInstanceThatCompletes) {
  options_.record_lifecycle = {.workflow = true, .task = true, .status = false};
  open_with("  - a: {set: {x: 1}}\n  - b: {do: [{c: {set: {y: 2}}}, {d: {if: 'false', set: {z: 3}}}]}\n");
  const std::string id = start();
  wait(id);
  EXPECT_THAT(recorded(id),
              ElementsAre("workflow.started", "task.created /do/0/a", "task.started /do/0/a", "task.completed /do/0/a",
                          "task.created /do/1/b", "task.started /do/1/b", "task.created /do/1/b/do/0/c",
                          "task.started /do/1/b/do/0/c", "task.completed /do/1/b/do/0/c", "task.completed /do/1/b",
                          "workflow.completed"));
  const Value started = data_of(id, "workflow.started");
  EXPECT_EQ(started.string_or("name", ""), "w-" + id + ".t");
  EXPECT_EQ(print_json(started.member("definition")), R"({"name":"w","namespace":"t","version":"1.0.0"})");
  EXPECT_EQ(print_json(data_of(id, "workflow.completed").member("output")), R"({"y":2})");
  EXPECT_EQ(data_of(id, "task.started").string_or("workflow", ""), "w-" + id + ".t");
}

TEST_F(EngineLifecycle, OfAnInstanceThatRetriesAndFaults) {
  options_.record_lifecycle = {.workflow = true, .task = true, .status = true};
  open_with("  - t: {try: [{r: {raise: {error: {type: x, status: 503, title: no}}}}], "
            "catch: {retry: {delay: PT0S, limit: {attempt: {count: 1}}}}}\n");
  const std::string id = start();
  wait(id);
  EXPECT_THAT(
      recorded(id),
      ElementsAre("workflow.started", "workflow.status-changed running", "task.created /do/0/t",
                  "task.status-changed /do/0/t pending", "task.started /do/0/t", "task.status-changed /do/0/t running",
                  "task.created /do/0/t/try/0/r", "task.status-changed /do/0/t/try/0/r pending",
                  "task.started /do/0/t/try/0/r", "task.status-changed /do/0/t/try/0/r running",
                  "task.faulted /do/0/t/try/0/r", "task.status-changed /do/0/t/try/0/r faulted",
                  "task.retried /do/0/t", "task.status-changed /do/0/t running", "task.created /do/0/t/try/0/r",
                  "task.status-changed /do/0/t/try/0/r pending", "task.started /do/0/t/try/0/r",
                  "task.status-changed /do/0/t/try/0/r running", "task.faulted /do/0/t/try/0/r",
                  "task.status-changed /do/0/t/try/0/r faulted", "task.faulted /do/0/t",
                  "task.status-changed /do/0/t faulted", "workflow.faulted", "workflow.status-changed faulted"));
  EXPECT_EQ(data_of(id, "task.faulted").member("error").integer_or("status", 0), 503);
  EXPECT_EQ(data_of(id, "workflow.faulted").member("error").string_or("title", ""), "no");
}

TEST_F(EngineLifecycle, OfAnInstanceThatIsSuspendedResumedAndCancelled) {
  options_.record_lifecycle = {.workflow = true, .task = true, .status = false};
  open_with("  - f: {fork: {branches: [{a: {wait: PT1H}}, {b: {wait: PT2H}}]}}\n");
  const std::string id = start();
  ASSERT_TRUE(engine_->suspend(id, otto_, "").ok());
  clock_.advance(std::chrono::minutes(61));
  ASSERT_TRUE(engine_->resume(id, otto_).ok());
  ASSERT_TRUE(engine_->cancel(id, otto_, "").ok());
  EXPECT_THAT(recorded(id),
              ElementsAre("workflow.started", "task.created /do/0/f", "task.started /do/0/f",
                          "task.created /do/0/f/fork/branches/0/a", "task.started /do/0/f/fork/branches/0/a",
                          "task.created /do/0/f/fork/branches/1/b", "task.started /do/0/f/fork/branches/1/b",
                          "task.suspended /do/0/f", "task.suspended /do/0/f/fork/branches/0/a",
                          "task.suspended /do/0/f/fork/branches/1/b", "workflow.suspended", "workflow.resumed",
                          "task.resumed /do/0/f", "task.resumed /do/0/f/fork/branches/0/a",
                          "task.resumed /do/0/f/fork/branches/1/b", "task.completed /do/0/f/fork/branches/0/a",
                          "task.cancelled /do/0/f/fork/branches/1/b", "task.cancelled /do/0/f", "workflow.cancelled"))
      << dump(id);
}

TEST_F(EngineLifecycle, OfAnInstanceThatListens) {
  options_.record_lifecycle = {.workflow = true, .task = false, .status = true};
  open_with("  - l: {listen: {to: {one: {with: {type: a}, correlate: {order: {from: .data.order}}}}}}\n");
  const std::string id = start();
  ASSERT_TRUE(engine_
                  ->receive({*parse_json(
                                R"({"specversion":"1.0","source":"/t","type":"a","id":"1","data":{"order":42}})")},
                            ben_)
                  .ok());
  wait(id);
  EXPECT_THAT(recorded(id),
              ElementsAre("workflow.started", "workflow.status-changed running", "task.status-changed /do/0/l pending",
                          "task.status-changed /do/0/l running", "workflow.correlation-started",
                          "workflow.status-changed waiting", "workflow.correlation-completed",
                          "workflow.status-changed running", "task.status-changed /do/0/l completed",
                          "workflow.completed", "workflow.status-changed completed"));
  EXPECT_EQ(print_json(data_of(id, "workflow.correlation-completed").member("correlationKeys")), R"({"order":42})");
}

TEST_F(EngineLifecycle, NobodyAsksSoThereAreNone) {
  open_with("  - a: {set: {x: 1}}\n");
  const std::string id = start();
  wait(id);
  EXPECT_THAT(event_names(id), ElementsAre("instance_started", "instance_completed"));
}

constexpr const char* watch =
    "  - watch:\n      listen:\n        to:\n          any:\n"
    "            - with: {type: io.serverlessworkflow.task.completed.v1}\n"
    "            - with: {type: io.serverlessworkflow.workflow.completed.v1}\n"
    "          until: 'any(.[]; .name != null)'\n";

TEST_F(EngineLifecycle, WhoListensForThemByNameGetsThemAndNothingElseIsKept) {
  workflow(watch, "watcher");
  workflow("  - a: {set: {x: 1}}\n  - b: {set: {x: 2}}\n", "worker");
  open();
  deploy();
  const std::string watcher = start(Value(), "watcher"), worker = start(Value(), "worker");
  const InstanceOutcome outcome = wait(watcher);
  ASSERT_EQ(outcome.status, "completed");
  std::vector<std::string> seen;
  for (const Value& each : outcome.output.items())
    seen.emplace_back(each.string_or("task", each.string_or("name", "")));
  EXPECT_THAT(seen, ElementsAre("/do/0/a", "/do/1/b", "worker-" + worker + ".t"));
  EXPECT_THAT(event_names(worker), ElementsAre("instance_started", "instance_completed"));
}

TEST_F(EngineLifecycle, WhoListensToEverythingDoesNotGetThem) {
  workflow("  - any: {listen: {to: {any: []}}}\n", "listener");
  workflow("  - pattern: {listen: {to: {one: {with: {type: 'io\\.serverlessworkflow\\..*'}}}}}\n", "pattern");
  options_.record_lifecycle = {.workflow = true, .task = true, .status = true};
  workflow("  - a: {set: {x: 1}}\n", "worker");
  open();
  deploy();
  const std::string listener = start(Value(), "listener"), pattern = start(Value(), "pattern");
  wait(start(Value(), "worker"));
  EXPECT_EQ(engine_->wait(listener, Duration::zero())->status, "waiting");
  EXPECT_EQ(engine_->wait(pattern, Duration::zero())->status, "waiting");
}

// Two of them would otherwise keep each other going for ever.
TEST_F(EngineLifecycle, WhoObservesIsNotObserved) {
  workflow(watch, "watcher");
  options_.record_lifecycle = {.workflow = true, .task = true, .status = true};
  open();
  deploy();
  const std::string first = start(Value(), "watcher"), second = start(Value(), "watcher");
  EXPECT_EQ(engine_->wait(first, Duration::zero())->status, "waiting");
  EXPECT_THAT(recorded(second), IsEmpty());
}

TEST_F(EngineLifecycle, AFaultStartsWhatIsScheduledForIt) {
  files_["workflows/alarm.yaml"] =
      "document: {dsl: '1.0.3', namespace: t, name: alarm, version: 1.0.0}\n"
      "schedule: {on: {one: {with: {type: io.serverlessworkflow.workflow.faulted.v1}}}, read: data}\n"
      "do: [{tell: {set: {status: '${ .[0].error.status }'}}}]\n";
  open_with("  - r: {raise: {error: {type: x, status: 503}}}\n");
  wait(start());
  auto query = journal::Query::open(*kept_);
  auto page = (*query)->instances({.status = {}, .workflow = "t/alarm"}, {});
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_EQ(print_json(wait(std::string(page->rows[0].string_or("id", ""))).output), R"({"status":503})");
}

TEST_F(EngineLifecycle, WhatIsRecordedIsReadWithTheOtherCloudEvents) {
  options_.record_lifecycle = {.workflow = true, .task = false, .status = false};
  open_with("  - a: {set: {x: 1}}\n");
  const std::string id = start();
  wait(id);
  auto query = journal::Query::open(*kept_);
  auto page = (*query)->cloud_events({});
  ASSERT_EQ(page->rows.size(), 2u);
  EXPECT_EQ(page->rows[0].member("event").string_or("type", ""), "io.serverlessworkflow.workflow.completed.v1");
  EXPECT_EQ(page->rows[0].member("event").string_or("subject", ""), id);
}

}  // namespace
}  // namespace gantry::engine
