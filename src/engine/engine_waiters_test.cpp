// Callers that wait for people, of instances that do not look as if they waited for any. Without threads.
#include <gtest/gtest.h>

#include "engine/effect_executor.h"
#include "engine/engine_fixture.h"
#include "engine/stepped_engine.h"

namespace gantry::engine {
namespace {

// No call ever comes back.
class LostCalls final : public EffectExecutor {
 public:
  void submit(std::vector<SendEffect>) override {}
  bool wait_idle(Duration) override { return true; }
};

class EngineWaiters : public EngineTest {
 protected:
  using Answer = std::future<Result<Value>>;

  void open_stepped(const std::string& tasks) {
    workflow(tasks);
    auto opened = SteppedEngine::open({.store = kept_.get(),
                                       .drivers = {{"world", world_}},
                                       .clock = &clock_,
                                       .random = &random_,
                                       .trace = {},
                                       .when_idle = {},
                                       .steady_clock = &steady_clock_,
                                       .make_executor = [](auto, auto) { return std::make_unique<LostCalls>(); }},
                                      options_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    stepped_ = *std::move(opened);
    Answer deployed = post(DeployRequest{.project = project(), .by = admin_, .effect = {}});
    ASSERT_TRUE(deployed.get().ok());
  }
  Answer post(Command::Request request) {
    Answer answer = *stepped_->post(std::move(request));
    do stepped_->step();
    while (stepped_->has_work());
    return answer;
  }
  Answer wait_for_people(const std::string& instance) {
    return post(
        WaitRequest{.instance = instance, .deadline = steady_clock_.now() + std::chrono::hours(1), .or_waiting = true});
  }
  std::string start() {
    Answer answer =
        post(StartRequest{.namespace_ = "t", .name = "w", .version = "", .input = {}, .principal = ada_, .key = ""});
    return std::string(answer.get()->string_or("instance", ""));
  }
  static bool is_ready(const Answer& answer) {
    return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

  std::unique_ptr<SteppedEngine> stepped_;
};

TEST_F(EngineWaiters, AreToldOfASuspensionWhileACallIsUnderWay) {
  open_stepped("  - note: {call: world.note, with: {}}\n");
  const std::string id = start();
  Answer told = wait_for_people(id);
  EXPECT_FALSE(is_ready(told));
  EXPECT_TRUE(post(SuspendRequest{.instance = id, .by = admin_, .reason = "look first"}).get().ok());
  ASSERT_TRUE(is_ready(told));
  EXPECT_EQ(told.get()->string_or("status", ""), "suspended");
}

TEST_F(EngineWaiters, AreToldOfTheEndWhileACallIsUnderWay) {
  open_stepped("  - note: {call: world.note, with: {}}\n");
  const std::string id = start();
  Answer told = wait_for_people(id);
  EXPECT_TRUE(post(CancelRequest{.instance = id, .by = admin_, .reason = "enough"}).get().ok());
  ASSERT_TRUE(is_ready(told));
  EXPECT_EQ(told.get()->string_or("status", ""), "cancelled");
}

}  // namespace
}  // namespace gantry::engine
