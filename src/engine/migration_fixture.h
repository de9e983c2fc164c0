// For tests of migrations: a workflow in two versions, and whether the journal gives what is in memory.
#pragma once

#include "engine/engine_fixture.h"
#include "engine/installation.h"
#include "engine/instance_record.h"
#include "engine/replay_check.h"
#include "journal/query.h"

namespace gantry::engine {

class EngineMigration : public EngineTest {
 protected:
  // Version 1.0.0 is deployed with the first tasks, and 2.0.0 beside it with the second ones.
  void versions(const std::string& first, const std::string& second) {
    open_with(first);
    next_version(second);
  }
  void next_version(const std::string& tasks, const std::string& version = "2.0.0") {
    next_ = [this, tasks, version] {
      files_["workflows/w" + version + ".yaml"] = workflow_file("w", tasks, version);
      deploy();
    };
  }
  void deploy_next() { next_(); }
  std::string start_first(Value input = Value()) { return start(std::move(input)); }

  Result<Value> migrate(bool apply, const char* mapping = nullptr, const std::string& from = "1.0.0",
                        const std::string& to = "2.0.0") {
    return engine_->migrate({.namespace_ = "t",
                             .name = "w",
                             .from = from,
                             .to = to,
                             .mapping = mapping == nullptr ? Value() : *parse_json(mapping),
                             .apply = apply,
                             .by = otto_});
  }
  // The row of the only instance.
  Value row(const Result<Value>& answer) {
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    if (!answer.ok()) return {};
    EXPECT_EQ(answer->member("instances").size(), 1u) << print_json(*answer);
    return answer->member("instances").size() == 1 ? answer->member("instances").item(0) : Value();
  }
  Value plan(const char* mapping = nullptr) { return row(migrate(false, mapping)); }
  std::string apply(const char* mapping = nullptr) {
    auto answer = migrate(true, mapping);
    EXPECT_TRUE(answer.ok()) << answer.error().message;
    if (!answer.ok()) return "";
    EXPECT_GE(answer->integer_or("moved", 0), 1) << print_json(*answer);
    return std::string(answer->string_or("migration", ""));
  }
  Result<Value> undo(const std::string& migration, bool partly = false) {
    return engine_->undo_migration({.migration = migration, .partly = partly, .by = otto_});
  }
  void settle(const std::string& instance, journal::EventType type, int times = 1) {
    for (int i = 0; i < 4'000 && count(instance, type) < times; ++i)
      EXPECT_TRUE(engine_->wait(instance, std::chrono::milliseconds(5)).ok());
    EXPECT_EQ(count(instance, type), times) << dump(instance);
  }
  bool send(const std::string& id, const std::string& type) {
    const std::string event = R"({"specversion":"1.0","source":"/t","type":")" + type + R"(","id":")" + id + "\"}";
    return engine_->receive({*parse_json(event)}, ben_).ok();
  }

  std::unique_ptr<InstanceRecord> replayed(const std::string& instance, std::size_t up_to = SIZE_MAX) {
    Installation definitions(*kept_, ScheduleLimits{});
    const auto journal = events(instance);
    auto first = find_definitions(definitions, instance, journal.front().data);
    EXPECT_TRUE(first.ok());
    auto record = std::make_unique<InstanceRecord>(instance, first->project, first->workflow, options_.interpreter);
    for (std::size_t at = 0; at < std::min(up_to, journal.size()); ++at) {
      auto status = record->replay(journal[at], definitions);
      EXPECT_TRUE(status.ok()) << status.error().message;
    }
    return record;
  }
  // The journal gives what was kept, from its beginning and from a snapshot after any event.
  void expect_replays(const std::string& instance) {
    const std::string end = replayed(instance)->serialise();
    const auto snapshot = kept_->latest_snapshot(instance);
    ASSERT_TRUE(snapshot.ok());
    if (snapshot->has_value()) {
      EXPECT_EQ((*snapshot)->state, replayed(instance, (*snapshot)->sequence)->serialise());
    }
    Installation definitions(*kept_, ScheduleLimits{});
    const auto journal = events(instance);
    for (std::size_t at = 1; at <= journal.size(); ++at) {
      const std::string state = replayed(instance, at)->serialise();
      if (replayed(instance, at)->ended()) continue;
      const Definitions under = replayed(instance, at)->definitions();
      auto parsed = InstanceRecord::parse(state, instance, under.project, under.workflow,
                                          Interpreter(under.project, under.workflow, options_.interpreter), definitions);
      ASSERT_TRUE(parsed.ok()) << parsed.error().message;
      EXPECT_EQ((*parsed)->serialise(), state);
      for (std::size_t rest = at; rest < journal.size(); ++rest) ASSERT_TRUE((*parsed)->replay(journal[rest], definitions).ok());
      EXPECT_EQ((*parsed)->serialise(), end);
    }
    const auto report = replay_instance(*kept_, instance, gate::Gate({}), {});
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_TRUE(report->differences.empty()) << report->differences.front().what << "\n" << dump(instance);
  }
  std::string version_of(const std::string& instance) { return replayed(instance)->definitions().workflow->name.version; }

 private:
  std::function<void()> next_;
};

inline constexpr const char* wait_1 = "  - w: {wait: PT1H}\n  - b: {set: {version: 1}}\n";
inline constexpr const char* wait_2 =
    "  - w: {wait: PT1H}\n  - b: {set: {version: 2}}\n  - c: {set: {all: '${ .version }'}}\n";

inline constexpr const char* fits_decision = R"(
decision: fits
version: 1.0.0
question: Does it fit?
answer: {type: object, properties: {fits: {type: boolean}}}
deciders: [{person: {roles: [cashier]}}]
)";

}  // namespace gantry::engine
