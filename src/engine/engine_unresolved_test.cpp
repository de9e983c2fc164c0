// Effects whose outcome is not known: when a read-back's "no" counts, and what becomes of those that nobody waits for.
#include "engine/engine_fixture.h"
#include "journal/query.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class EngineUnresolved : public EngineTest {
 protected:
  std::string state_of(const std::string& effect) {
    auto query = journal::Query::open(*kept_);
    EXPECT_TRUE(query.ok());
    auto row = (*query)->effect(effect);
    EXPECT_TRUE(row.ok()) << row.error().message;
    return row.ok() ? std::string(row->string_or("state", "")) : "";
  }
  // The process dies while the call is under way: what the call answers is lost.
  void crash_during(const std::string& operation) {
    store_->crash_at(store_->appends() + 1, FlakyStore::Crash::before_commit);
    world_->let_go(operation);
    open();
  }
  // Until the instance has such an event.
  void wait_for(const std::string& instance, EventType type) {
    for (int i = 0; i < 2'000 && count(instance, type) == 0; ++i)
      (void)engine_->wait(instance, std::chrono::milliseconds(2));
    ASSERT_GT(count(instance, type), 0) << dump(instance);
  }
};

TEST_F(EngineUnresolved, ANoFromBeforeTheCallHasSettledDoesNotCount) {
  open_with("  - a: {call: world.asked}\n");
  world_->script("asked", {Behaviour::lose_request});
  const std::string instance = start();
  world_->wait_for_call("lookup");
  for (int i = 0; i < 29; ++i) {
    clock_.advance(seconds(1));
    ASSERT_EQ(engine_->wait(instance, std::chrono::milliseconds(2))->status, "running") << dump(instance);
  }
  EXPECT_EQ(world_->calls("asked"), 1) << "the first call may still be under way";
  EXPECT_EQ(world_->calls("lookup"), 1);
  clock_.advance(seconds(1));
  EXPECT_EQ(wait(instance).status, "completed");
  EXPECT_EQ(world_->calls("lookup"), 2);
  EXPECT_EQ(world_->calls("asked"), 2);
  EXPECT_THAT(world_->taken(), ElementsAre(Pair(instance + "-e1", 1)));
}

TEST_F(EngineUnresolved, ACallThatTakesPlaceAfterTheFirstNoIsFound) {
  open_with("  - a: {call: world.asked}\n");
  world_->script("asked", {Behaviour::lose_request});
  const std::string instance = start();
  world_->wait_for_call("lookup");
  world_->take_place(instance + "-e1");  // the request was in a queue all the time
  EXPECT_EQ(wait_advancing(instance, seconds(10)).status, "completed");
  EXPECT_EQ(world_->calls("asked"), 1);
  EXPECT_EQ(last(instance, EventType::effect_done).string_or("resolvedBy", ""), "readBack");
  EXPECT_THAT(world_->taken(), ElementsAre(Pair(instance + "-e1", 1)));
}

TEST_F(EngineUnresolved, AClockThatIsSetForwardSettlesNothing) {
  open_with("  - a: {call: world.asked}\n");
  world_->script("asked", {Behaviour::lose_request});
  const std::string instance = start();
  world_->wait_for_call("lookup");
  for (int i = 0; i < 3; ++i) {
    clock_.set_forward(std::chrono::hours(1));
    ASSERT_EQ(engine_->wait(instance, std::chrono::milliseconds(20))->status, "running") << dump(instance);
  }
  EXPECT_EQ(world_->calls("asked"), 1) << "the first call may still be under way";
  EXPECT_EQ(world_->calls("lookup"), 1) << "a no would not count yet";
  world_->take_place(instance + "-e1");
  clock_.advance(seconds(30));
  EXPECT_EQ(wait(instance).status, "completed");
  EXPECT_EQ(world_->calls("asked"), 1);
  EXPECT_THAT(world_->taken(), ElementsAre(Pair(instance + "-e1", 1)));
}

TEST_F(EngineUnresolved, TheSettleTimeIsTheTools) {
  std::string& tool = files_["tools/world.yaml"];
  tool.replace(tool.find("done: .found}"), 13, "done: .found, settle: PT5M}");
  open_with("  - a: {call: world.asked}\n");
  world_->script("asked", {Behaviour::lose_request});
  const std::string instance = start();
  world_->wait_for_call("lookup");
  clock_.advance(seconds(299));
  ASSERT_EQ(engine_->wait(instance, std::chrono::milliseconds(20))->status, "running");
  EXPECT_EQ(world_->calls("asked"), 1);
  clock_.advance(seconds(1));
  EXPECT_EQ(wait(instance).status, "completed");
  EXPECT_EQ(world_->calls("asked"), 2);
}

TEST_F(EngineUnresolved, AfterACrashTheSettleTimeCountsFromTheRestart) {
  open_with("  - a: {call: world.asked}\n");
  world_->script("asked", {Behaviour::lose_request});
  world_->hold("asked");
  const std::string instance = start();
  world_->wait_for_call("asked");
  clock_.advance(std::chrono::hours(1));
  crash_during("asked");
  world_->wait_for_call("lookup");
  clock_.advance(seconds(29));
  ASSERT_EQ(engine_->wait(instance, std::chrono::milliseconds(20))->status, "running");
  EXPECT_EQ(world_->calls("asked"), 1);
  EXPECT_EQ(wait_advancing(instance, seconds(1)).status, "completed");
  EXPECT_EQ(world_->calls("asked"), 2);
}

// It was never sent: nobody has to find out what became of it.
TEST_F(EngineUnresolved, OneThatWaitedForAWorkerAndIsNoLongerWantedAsksNobody) {
  options_.workers = 1;
  open_with("  - a: {call: world.plain, timeout: {after: PT5M}}\n");
  world_->hold("plain");
  const std::string first = start();
  world_->wait_for_call("plain");
  const std::string second = start();
  ASSERT_TRUE(engine_->stop_gate({.tool = "world.plain", .workflow = "", .principal = ""}, "", otto_).ok());
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the engine is stopping by then
    world_->let_go("plain");
  });
  open();
  EXPECT_TRUE(last(second, EventType::effect_ambiguous).boolean_or("notSent", false)) << dump(second);
  EXPECT_EQ(wait_advancing(second, seconds(30)).status, "faulted");
  clock_.advance(std::chrono::hours(3));
  ASSERT_TRUE(engine_->wait(second, std::chrono::milliseconds(20)).ok());
  EXPECT_EQ(count(second, EventType::task_created), 0) << dump(second);
  EXPECT_EQ(state_of(second + "-e1"), "failed");
  EXPECT_EQ(world_->calls("plain"), 1);
}

TEST_F(EngineUnresolved, APersonWhoIsAskedIsNotOvertakenByAnotherAttempt) {
  options_.send_backoff = std::chrono::minutes(1);
  open_with("  - a: {call: world.note, timeout: {after: PT10S}}\n");
  world_->script("note", {Behaviour::lose_answer});
  const std::string instance = start();
  world_->wait_for_call("note");
  wait_for(instance, EventType::effect_ambiguous);
  clock_.advance(seconds(10));
  wait_for(instance, EventType::task_created);
  clock_.advance(std::chrono::hours(1));  // when it would have been sent again
  ASSERT_TRUE(engine_->wait(instance, std::chrono::milliseconds(20)).ok());
  EXPECT_EQ(count(instance, EventType::task_created), 1) << dump(instance);
  EXPECT_EQ(world_->calls("note"), 1);
  const std::string task = only_task(instance);
  auto answered = answer(task, otto_, R"({"outcome":"done"})");
  EXPECT_TRUE(answered.ok()) << answered.error().message;
  EXPECT_THAT(open_tasks(instance), IsEmpty());
  EXPECT_EQ(state_of(instance + "-e1"), "done");
}

constexpr const char* race_tasks = R"(  - race:
      fork:
        compete: true
        branches:
          - slow: {call: world.plain}
          - fast: {call: world.look}
)";

TEST_F(EngineUnresolved, AnEffectOfAnInstanceThatEndedIsListedForAPersonAfterACrash) {
  open_with(race_tasks);
  world_->hold("plain");
  const std::string instance = start();
  world_->wait_for_call("plain");
  ASSERT_EQ(wait(instance).status, "completed");
  EXPECT_EQ(state_of(instance + "-e1"), "permitted");
  crash_during("plain");
  wait_for(instance, EventType::task_created);
  EXPECT_EQ(state_of(instance + "-e1"), "ambiguous");
  EXPECT_EQ(wait(instance).status, "completed") << "it has ended all the same";
  const std::string task = only_task(instance);
  open();  // and it stays listed
  EXPECT_EQ(only_task(instance), task);
  auto answered = answer(task, otto_, R"({"outcome":"done"})");
  ASSERT_TRUE(answered.ok()) << answered.error().message;
  EXPECT_EQ(state_of(instance + "-e1"), "done");
  (void)engine_->cancel("nothing", admin_, "");  // the turn before is over then
  EXPECT_EQ(engine_->statistics().running, 0u);
  open();
  EXPECT_THAT(open_tasks(instance), IsEmpty());
}

TEST_F(EngineUnresolved, AnEffectOfAnInstanceThatEndedIsReadBackAfterACrash) {
  open_with("  - a: {call: world.asked}\n");
  world_->hold("asked");
  const std::string instance = start();
  world_->wait_for_call("asked");
  ASSERT_TRUE(engine_->cancel(instance, admin_, "wrong ship").ok());
  crash_during("asked");
  wait_for(instance, EventType::effect_done);
  EXPECT_EQ(state_of(instance + "-e1"), "done");
  EXPECT_EQ(wait(instance).status, "cancelled");
  EXPECT_EQ(world_->calls("asked"), 1);
}

TEST_F(EngineUnresolved, AnEffectThatNobodyWaitsForIsNotSentAgainToFindOut) {
  open_with("  - a: {call: world.note}\n");
  world_->hold("note");
  world_->script("note", {Behaviour::lose_answer});
  const std::string instance = start();
  world_->wait_for_call("note");
  ASSERT_TRUE(engine_->cancel(instance, admin_, "wrong ship").ok());
  world_->let_go("note");
  wait_for(instance, EventType::task_created);
  EXPECT_EQ(last(instance, EventType::task_created).string_or("kind", ""), "resolution");
  clock_.advance(std::chrono::hours(2));
  (void)engine_->wait(instance, std::chrono::milliseconds(20));
  EXPECT_EQ(world_->calls("note"), 1);
  ASSERT_TRUE(answer(only_task(instance), otto_, R"({"outcome":"not_done"})").ok());
  EXPECT_EQ(state_of(instance + "-e1"), "failed");
}

TEST_F(EngineUnresolved, CancellingAnInstanceWhoseEffectIsInDoubtKeepsTheQuestionOpen) {
  open_with("  - a: {call: world.plain}\n");
  world_->script("plain", {Behaviour::lose_answer});
  const std::string instance = start();
  ASSERT_EQ(wait(instance).status, "waiting");
  const std::string task = only_task(instance);
  ASSERT_TRUE(engine_->cancel(instance, admin_, "").ok());
  EXPECT_EQ(only_task(instance), task);
  open();
  ASSERT_TRUE(answer(task, otto_, R"({"outcome":"done"})").ok());
  EXPECT_EQ(state_of(instance + "-e1"), "done");
  EXPECT_EQ(wait(instance).status, "cancelled");
}

// Found by the simulator: the gate was stopped when the call would have been sent again, and started again before the
// instance was cancelled. That is then found out by asking the system, and nobody else is asked meanwhile.
TEST_F(EngineUnresolved, APersonIsNotAskedWhileTheSystemIs) {
  open_with("  - a: {call: world.asked}\n");
  world_->script("asked", {Behaviour::lose_request});
  const std::string instance = start();
  world_->wait_for_call("lookup");
  wait_for(instance, EventType::effect_done);
  world_->hold("lookup");
  clock_.advance(seconds(30));
  world_->wait_for_call("lookup", 2);
  const GateStop stop{.tool = "world", .workflow = "", .principal = ""};
  ASSERT_TRUE(engine_->stop_gate(stop, "", admin_).ok());
  world_->let_go("lookup");
  for (int i = 0; i < 2'000 && count(instance, EventType::effect_done) < 2; ++i)
    (void)engine_->wait(instance, std::chrono::milliseconds(2));
  ASSERT_EQ(count(instance, EventType::effect_sent_again), 0) << dump(instance);
  ASSERT_TRUE(engine_->start_gate(stop, admin_).ok());
  world_->hold("lookup");
  ASSERT_TRUE(engine_->cancel(instance, admin_, "wrong ship").ok());
  world_->wait_for_call("lookup", 3);
  clock_.advance(seconds(10));  // the time to send it again has come
  (void)engine_->wait(instance, std::chrono::milliseconds(20));
  world_->let_go("lookup");
  wait_for(instance, EventType::effect_failed);
  EXPECT_EQ(last(instance, EventType::effect_failed).string_or("resolvedBy", ""), "readBack");
  EXPECT_THAT(open_tasks(instance), IsEmpty()) << dump(instance);
}

// The call is on its way to a worker when the gate is stopped. That this attempt was not sent says nothing of the
// first.
TEST_F(EngineUnresolved, AnEffectThatTookPlaceIsNotTakenForFailedWhenTheGateStopsItsSecondAttempt) {
  options_.workers = 1;
  open_with("  - a: {call: world.note}\n");
  world_->script("note", {Behaviour::lose_answer});
  const std::string instance = start();
  wait_for(instance, EventType::effect_ambiguous);
  workflow("  - a: {call: world.look}\n", "looks");
  deploy();
  world_->hold("look");
  const std::string other = start({}, "looks");
  world_->wait_for_call("look");  // the only worker is busy
  clock_.advance(seconds(1));
  wait_for(instance, EventType::effect_sent_again);
  const GateStop stop{.tool = "world", .workflow = "", .principal = ""};
  ASSERT_TRUE(engine_->stop_gate(stop, "", admin_).ok());
  world_->let_go("look");
  EXPECT_EQ(wait_ended(other).status, "completed");
  (void)engine_->wait(instance, std::chrono::milliseconds(2));
  EXPECT_EQ(count(instance, EventType::effect_failed), 0) << dump(instance);
  ASSERT_TRUE(engine_->start_gate(stop, admin_).ok());
  EXPECT_EQ(wait_advancing(instance, seconds(1)).status, "completed") << dump(instance);
  EXPECT_EQ(last(instance, EventType::effect_done).string_or("resolvedBy", ""), "key");
  EXPECT_THAT(world_->taken(), ElementsAre(Pair(instance + "-e1", 1)));
}

}  // namespace
}  // namespace gantry::engine
