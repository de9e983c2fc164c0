// Running instances go on under another version of their workflow, wherever they wait.
#include "engine/migration_fixture.h"

namespace gantry::engine {
namespace {

using journal::EventType;

TEST_F(EngineMigration, OneThatWaitsForATimerGoesOnUnderTheNewVersion) {
  for (const std::uint64_t snapshot : {1u, 500u}) {
    for (const bool reopens : {false, true}) {
      options_.snapshot_every_events = snapshot;
      begin_anew();
      files_.erase("workflows/w2.0.0.yaml");
      versions(wait_1, wait_2);
      const std::string instance = start_first();
      settle(instance, EventType::timer_set);
      deploy_next();
      EXPECT_EQ(print_json(plan().without_member("instance")), R"({"class":"compatible","movable":true})");
      EXPECT_EQ(version_of(instance), "1.0.0") << "a plan changes nothing";
      if (reopens) open();
      const std::string migration = apply();
      if (reopens) open();
      const Value event = last(instance, EventType::instance_migrated);
      EXPECT_EQ(event.string_or("migration", ""), migration);
      EXPECT_EQ(event.member("workflow").string_or("version", ""), "2.0.0");
      EXPECT_EQ(event.member("before").member("workflow").string_or("version", ""), "1.0.0");
      EXPECT_EQ(event.member("by").string_or("person", ""), "otto");
      EXPECT_EQ(migrate(false)->member("instances").size(), 0u);
      const InstanceOutcome end = wait_advancing(instance, std::chrono::minutes(30));
      EXPECT_EQ(print_json(end.output), R"({"all":2})");
      expect_replays(instance);
    }
  }
}

TEST_F(EngineMigration, OneThatListensGoesOnWithWhatItHasTaken) {
  constexpr const char* listens = "  - l: {listen: {to: {all: [{with: {type: a}}, {with: {type: b}}]}}}\n  - z: {set: {n: '${ length }', v: %}}\n";
  const auto tasks = [&](const char* v) {
    std::string text = listens;
    return text.replace(text.find('%'), 1, v);
  };
  versions(tasks("1"), tasks("2"));
  const std::string instance = start_first();
  ASSERT_TRUE(send("1", "a"));
  deploy_next();
  apply();
  ASSERT_TRUE(send("2", "b"));
  EXPECT_EQ(print_json(wait_ended(instance).output), R"({"n":2,"v":2})");
  expect_replays(instance);
}

TEST_F(EngineMigration, OneThatWaitsForAPersonGoesOnWithTheAnswer) {
  files_["decisions/fits.yaml"] = fits_decision;
  versions("  - d: {call: decide, with: {decision: fits, input: {}}}\n  - e: {set: {v: 1}}\n",
           "  - d: {call: decide, with: {decision: fits, input: {}}}\n  - e: {set: {v: 2, fits: '${ .fits }'}}\n");
  const std::string instance = start_first();
  ASSERT_EQ(wait(instance).status, "waiting");
  deploy_next();
  apply();
  open();
  ASSERT_TRUE(answer(only_task(instance), ben_, R"({"fits":true})").ok());
  EXPECT_EQ(print_json(wait_ended(instance).output), R"({"v":2,"fits":true})");
  expect_replays(instance);
}

TEST_F(EngineMigration, AnEffectInFlightKeepsTheDefinitionThatItWasPermittedUnder) {
  for (const bool crashes : {false, true}) {
    begin_anew();
    files_.erase("workflows/w2.0.0.yaml");
    files_["tools/world.yaml"] = world_tool;
    world_->hold("asked");
    versions("  - a: {call: world.asked, with: {}}\n  - b: {set: {v: 1}}\n",
             "  - a: {call: world.asked, with: {}}\n  - b: {call: world.asked, with: {}}\n  - c: {set: {v: 2}}\n");
    const int calls = world_->calls("asked");
    const std::string instance = start_first();
    world_->wait_for_call("asked", calls + 1);
    // There, nobody can be asked any more whether it took place.
    std::string tool = world_tool;
    const std::string read_back = "    idempotency: readBack\n    readBack: {operation: lookup, arguments: {key: \"${ $effect.key }\"}, done: .found}\n";
    ASSERT_NE(tool.find(read_back), std::string::npos);
    files_["tools/world.yaml"] = tool.replace(tool.find(read_back), read_back.size(), "");
    deploy_next();
    apply();
    const std::string first = instance + "-e1";
    if (crashes) {
      store_->crash_at(store_->appends() + 1, FlakyStore::Crash::before_commit);
      world_->let_go("asked");
      open();
    }
    world_->let_go("asked");
    const InstanceOutcome end = wait_advancing(instance, std::chrono::minutes(1));
    EXPECT_EQ(end.status, "completed") << print_json(end.error) << dump(instance);
    EXPECT_EQ(world_->taken()[first], 1) << "once, whatever happened";
    EXPECT_EQ(replayed(instance)->outcome().status, "completed");
    expect_replays(instance);
  }
}

TEST_F(EngineMigration, AnOpenApprovalStandsAndIsAskedAnewWhenThePolicyChanges) {
  versions("  - p: {call: world.pay, with: {amount: 5}}\n  - b: {set: {v: 1}}\n",
           "  - p: {call: world.pay, with: {amount: 5}}\n  - b: {set: {v: 2}}\n");
  const std::string instance = start_first();
  ASSERT_EQ(wait(instance).status, "waiting");
  const std::string task = only_task(instance);
  ASSERT_TRUE(vote(task, ben_).ok());
  deploy_next();
  apply();
  EXPECT_EQ(only_task(instance), task) << "nothing that it shows has changed";
  std::string stricter = world_policy;
  stricter.replace(stricter.find("Money leaves"), 5, "Funds");
  files_["policies/port.yaml"] = stricter;
  deploy();
  settle(instance, EventType::task_created, 2);
  const std::string again = only_task(instance);
  EXPECT_NE(again, task);
  ASSERT_TRUE(vote(again, ben_).ok());
  ASSERT_TRUE(vote(again, cleo_).ok());
  EXPECT_EQ(print_json(wait_ended(instance).output), R"({"v":2})");
  expect_replays(instance);
}

TEST_F(EngineMigration, WithinALoopTheItemsStayAndTheRestIsNew) {
  versions("  - l: {for: {each: n, in: '${ [1, 2] }'}, do: [{w: {wait: PT1H}}, {s: {set: '${ $n }'}}], export: {as: '${ {got: .} }'}}\n",
           "  - l: {for: {each: m, in: '${ [1, 2] }'}, do: [{w: {wait: PT1H}}, {s: {set: '${ $m * 10 }'}}, {t: {set: '${ . + 1 }'}}]}\n");
  const std::string instance = start_first();
  settle(instance, EventType::timer_set);
  deploy_next();
  apply();
  EXPECT_EQ(print_json(wait_advancing(instance, std::chrono::minutes(30)).output), "21");
  expect_replays(instance);
}

TEST_F(EngineMigration, WithinAForkEachBranchGoesOn) {
  versions("  - f: {fork: {branches: [{a: {do: [{w: {wait: PT1H}}, {x: {set: {a: 1}}}]}}, {b: {listen: {to: {one: {with: {type: e}}}}}}]}}\n",
           "  - f: {fork: {branches: [{a: {do: [{w: {wait: PT1H}}, {x: {set: {a: 2}}}]}}, {b: {listen: {to: {one: {with: {type: e}}}}}}]}}\n  - z: {set: {all: '${ .[0].a }'}}\n");
  const std::string instance = start_first();
  settle(instance, EventType::timer_set);
  deploy_next();
  apply();
  open();
  ASSERT_TRUE(send("1", "e"));
  EXPECT_EQ(print_json(wait_advancing(instance, std::chrono::minutes(30)).output), R"({"all":2})");
  expect_replays(instance);
}

TEST_F(EngineMigration, OneThatWaitsForAChildAndOneThatIsAChild) {
  files_["workflows/p.yaml"] = workflow_file("p", "  - r: {run: {workflow: {namespace: t, name: w, version: 1.0.0}}}\n");
  versions(wait_1, wait_2);
  const std::string parent = start(Value(), "p");
  const std::string child = parent + "-c1";
  settle(child, EventType::timer_set);
  files_["workflows/p2.yaml"] =
      workflow_file("p", "  - r: {run: {workflow: {namespace: t, name: w, version: 1.0.0}}}\n  - s: {set: {child: '${ . }'}}\n", "2.0.0");
  deploy_next();
  apply();
  auto moved = engine_->migrate({.namespace_ = "t", .name = "p", .from = "1.0.0", .to = "2.0.0", .mapping = {}, .apply = true, .by = otto_});
  ASSERT_TRUE(moved.ok()) << moved.error().message;
  EXPECT_EQ(moved->integer_or("moved", 0), 1);
  open();
  EXPECT_EQ(print_json(wait_advancing(parent, std::chrono::minutes(30)).output), R"({"child":{"all":2}})");
  expect_replays(parent);
  expect_replays(child);
}

}  // namespace
}  // namespace gantry::engine
