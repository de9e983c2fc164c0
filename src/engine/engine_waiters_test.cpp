// Callers that wait for people, of instances that do not look as if they waited for any. Without threads.
#include <gtest/gtest.h>

#include "engine/stepped_fixture.h"

namespace gantry::engine {
namespace {

// No call ever comes back.
class LostCalls final : public EffectExecutor {
 public:
  void submit(std::vector<SendEffect>) override {}
  bool wait_idle(Duration) override { return true; }
};

class EngineWaiters : public SteppedTest<LostCalls> {
 protected:
  void open_stepped(const std::string& tasks) {
    workflow(tasks);
    open_on(*kept_, steady_clock_);
    Answer deployed = handled(DeployRequest{.project = project(), .by = admin_, .effect = {}});
    ASSERT_TRUE(deployed.get().ok());
  }
  Answer handled(Command::Request request) {
    Answer answer = post(std::move(request));
    do stepped_->step();
    while (stepped_->has_work());
    return answer;
  }
  Answer wait_for_people(const std::string& instance) {
    return handled(
        WaitRequest{.instance = instance, .deadline = steady_clock_.now() + std::chrono::hours(1), .or_waiting = true});
  }
  std::string start() {
    Answer answer =
        handled(StartRequest{.namespace_ = "t", .name = "w", .version = "", .input = {}, .principal = ada_, .key = ""});
    return std::string(answer.get()->string_or("instance", ""));
  }
};

TEST_F(EngineWaiters, AreToldOfASuspensionWhileACallIsUnderWay) {
  open_stepped("  - note: {call: world.note, with: {}}\n");
  const std::string id = start();
  Answer told = wait_for_people(id);
  EXPECT_FALSE(is_ready(told));
  EXPECT_TRUE(handled(SuspendRequest{.instance = id, .by = admin_, .reason = "look first"}).get().ok());
  ASSERT_TRUE(is_ready(told));
  EXPECT_EQ(told.get()->string_or("status", ""), "suspended");
}

TEST_F(EngineWaiters, AreToldOfTheEndWhileACallIsUnderWay) {
  open_stepped("  - note: {call: world.note, with: {}}\n");
  const std::string id = start();
  Answer told = wait_for_people(id);
  EXPECT_TRUE(handled(CancelRequest{.instance = id, .by = admin_, .reason = "enough"}).get().ok());
  ASSERT_TRUE(is_ready(told));
  EXPECT_EQ(told.get()->string_or("status", ""), "cancelled");
}

}  // namespace
}  // namespace gantry::engine
