// All or none, through crashes, and back again.
#include "engine/migration_fixture.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using ::testing::HasSubstr;

TEST_F(EngineMigration, AllThatCanMoveDoInOneTransactionOrNone) {
  versions("  - s: {switch: [{one: {when: .x, then: w}}, {two: {then: v}}]}\n  - w: {wait: PT1H}\n  - v: {wait: PT1H}\n",
           "  - s: {switch: [{one: {when: .x, then: w}}, {two: {then: w}}]}\n  - w: {wait: PT1H}\n");
  std::vector<std::string> movable, others;
  for (int i = 0; i < 5; ++i) {
    movable.push_back(start_first(*parse_json(R"({"x":true})")));
    others.push_back(start_first(*parse_json(R"({"x":false})")));
    settle(movable.back(), EventType::timer_set);
    settle(others.back(), EventType::timer_set);
  }
  deploy_next();
  for (auto kind : {FlakyStore::Crash::before_commit, FlakyStore::Crash::after_commit}) {
    const bool kept = kind == FlakyStore::Crash::after_commit;
    store_->crash_at(store_->appends() + 1, kind);
    EXPECT_EQ(migrate(true).error().code, Code::unavailable);
    open();
    for (const std::string& instance : movable) EXPECT_EQ(version_of(instance), kept ? "2.0.0" : "1.0.0");
    for (const std::string& instance : others) EXPECT_EQ(version_of(instance), "1.0.0");
  }
  for (const std::string& instance : movable) {
    EXPECT_EQ(wait_advancing(instance, std::chrono::minutes(30)).status, "completed");
    expect_replays(instance);
  }
  for (const std::string& instance : others) EXPECT_EQ(wait_advancing(instance, std::chrono::minutes(30)).status, "completed");
}

TEST_F(EngineMigration, MoreThanTheMostAreLeftForTheNextMigration) {
  options_.migration_instances_max = 2;
  versions(wait_1, wait_2);
  for (int i = 0; i < 3; ++i) settle(start_first(), EventType::timer_set);
  deploy_next();
  auto first = migrate(true);
  EXPECT_EQ(first->integer_or("moved", 0), 2);
  EXPECT_TRUE(first->boolean_or("more", false));
  auto second = migrate(true);
  EXPECT_EQ(second->integer_or("moved", 0), 1);
  EXPECT_FALSE(second->boolean_or("more", true));
}

TEST_F(EngineMigration, AnUndoGivesTheVeryStateBeforeAndIsRefusedOnceSomethingHasHappened) {
  for (const std::uint64_t snapshot : {1u, 500u}) {
    options_.snapshot_every_events = snapshot;
    begin_anew();
    files_.erase("workflows/w2.0.0.yaml");
    versions(wait_1, wait_2);
    const std::string one = start_first(), two = start_first();
    settle(one, EventType::timer_set);
    settle(two, EventType::timer_set);
    deploy_next();
    const Value state = *parse_json(replayed(one)->serialise());
    const std::string migration = apply();
    open();
    auto undone = undo(migration);
    ASSERT_TRUE(undone.ok()) << undone.error().message;
    EXPECT_EQ(undone->integer_or("undone", 0), 2);
    const Value back = *parse_json(replayed(one)->serialise());
    for (const char* same : {"interpreter", "workflow", "project", "timers", "effects"}) EXPECT_EQ(back.member(same), state.member(same)) << same;
    EXPECT_EQ(undo(migration).error().code, Code::not_found) << "it is undone";
    expect_replays(one);
    const std::string again = apply();
    ASSERT_TRUE(engine_->suspend(one, otto_, "").ok());
    const Error refused = undo(again).error();
    EXPECT_EQ(refused.code, Code::conflict);
    EXPECT_THAT(refused.message, HasSubstr("instance_suspended"));
    EXPECT_THAT(refused.message, HasSubstr(one));
    EXPECT_EQ(version_of(two), "2.0.0") << "none moved back";
    auto partly = undo(again, true);
    ASSERT_TRUE(partly.ok()) << partly.error().message;
    EXPECT_EQ(partly->integer_or("undone", 0), 1);
    EXPECT_EQ(partly->member("stay").item(0).string_or("instance", ""), one);
    EXPECT_EQ(version_of(one), "2.0.0");
    EXPECT_EQ(version_of(two), "1.0.0");
    ASSERT_TRUE(engine_->resume(one, otto_).ok());
    EXPECT_EQ(print_json(wait_advancing(one, std::chrono::minutes(30)).output), R"({"all":2})");
    EXPECT_EQ(print_json(wait_advancing(two, std::chrono::minutes(30)).output), R"({"version":1})");
    expect_replays(one);
    expect_replays(two);
  }
}

TEST_F(EngineMigration, WhatCameWhileItWasSuspendedIsTakenUnderTheNewVersion) {
  versions("  - l: {listen: {to: {one: {with: {type: a}}}}}\n  - b: {set: {v: 1}}\n", "  - l: {listen: {to: {one: {with: {type: a}}}}}\n  - b: {set: {v: 2}}\n");
  const std::string instance = start_first();
  ASSERT_TRUE(engine_->suspend(instance, otto_, "").ok());
  ASSERT_TRUE(send("1", "a"));
  deploy_next();
  apply();
  ASSERT_TRUE(engine_->resume(instance, otto_).ok());
  EXPECT_EQ(print_json(wait_ended(instance).output), R"({"v":2})");
  expect_replays(instance);
}

TEST_F(EngineMigration, AForkOfOneThatMovedGoesOnUnderTheVersionInWhichTheTaskStarted) {
  versions("  - a: {call: world.note, with: {n: 1}}\n  - w: {wait: PT1H}\n  - b: {set: {v: 1}}\n",
           "  - a: {call: world.note, with: {n: 1}}\n  - w: {wait: PT1H}\n  - b: {call: world.plain, with: {n: 2}}\n  - c: {set: {v: 2}}\n");
  const std::string instance = start_first();
  settle(instance, EventType::timer_set);
  deploy_next();
  apply();
  ASSERT_EQ(wait_advancing(instance, std::chrono::minutes(30)).status, "completed");
  auto before = engine_->fork(instance, "w", otto_), after = engine_->fork(instance, "b", otto_);
  ASSERT_TRUE(before.ok()) << before.error().message;
  ASSERT_TRUE(after.ok()) << after.error().message;
  EXPECT_EQ(print_json(wait_advancing(std::string(before->string_or("instance", "")), std::chrono::minutes(30)).output), R"({"v":1})");
  EXPECT_EQ(print_json(wait_ended(std::string(after->string_or("instance", ""))).output), R"({"v":2})");
  EXPECT_EQ(world_->calls("plain"), 2);
}

TEST_F(EngineMigration, ARequestThatIsWrongSaysWhere) {
  versions(wait_1, wait_2);
  const std::string instance = start_first();
  settle(instance, EventType::timer_set);
  EXPECT_THAT(migrate(false).error().message, HasSubstr("no workflow t/w:2.0.0 among those deployed"));
  deploy_next();
  EXPECT_THAT(migrate(false, nullptr, "0.1.0").error().message, HasSubstr("t/w:0.1.0 was never deployed"));
  EXPECT_THAT(migrate(false, nullptr, "1.0.0", "latest").error().message, HasSubstr("t/w:latest"));
  const auto refused = [&](const char* mapping) { return migrate(true, mapping).error().message; };
  EXPECT_THAT(refused("7"), HasSubstr("expected an object"));
  EXPECT_THAT(refused(R"({"tasks":{}})"), HasSubstr("mapping: /mapping: expected its name"));
  EXPECT_THAT(refused(R"({"mapping":"m","task":{}})"), HasSubstr("/task: there is no such key"));
  EXPECT_THAT(refused(R"({"mapping":"m","tasks":{"w":"/do/0/w"}})"), HasSubstr("/tasks/w: expected a reference"));
  EXPECT_THAT(refused(R"({"mapping":"m","tasks":{"/do/0/w":"/do/9/w"}})"), HasSubstr("t/w:2.0.0 has no task /do/9/w"));
  EXPECT_THAT(refused(R"({"mapping":"m","tasks":{"/do/7/w":"/do/0/w"}})"), HasSubstr("t/w:1.0.0 has no task /do/7/w"));
  EXPECT_THAT(refused(R"({"mapping":"m","tasks":{"/do/0/w":"/do/1/b"}})"), HasSubstr("of another kind (set)"));
  EXPECT_THAT(refused(R"({"mapping":"m","context":". +"})"), HasSubstr("/context: at byte"));
  EXPECT_EQ(undo("").error().code, Code::not_found);
  EXPECT_EQ(undo("nothing").error().code, Code::not_found);
  EXPECT_EQ(version_of(instance), "1.0.0");
}

}  // namespace
}  // namespace gantry::engine
