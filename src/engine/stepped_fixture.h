// An engine without threads, for tests that look at each moment.
#pragma once

#include "engine/effect_executor.h"
#include "engine/engine_fixture.h"
#include "engine/stepped_engine.h"

namespace gantry::engine {

template <class Executor>
class SteppedTest : public EngineTest {
 protected:
  using Answer = std::future<Result<Value>>;

  void open_on(journal::Store& store, const SteadyClock& steady_clock) {
    auto opened = SteppedEngine::open({.store = &store,
                                       .drivers = {{"world", world_}},
                                       .clock = &clock_,
                                       .random = &random_,
                                       .trace = {},
                                       .when_idle = {},
                                       .steady_clock = &steady_clock,
                                       .make_executor = [](auto, auto) { return std::make_unique<Executor>(); }},
                                      options_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    stepped_ = *std::move(opened);
  }
  Answer post(Command::Request request) { return *stepped_->post(std::move(request)); }
  static bool is_ready(const Answer& answer) {
    return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

  std::unique_ptr<SteppedEngine> stepped_;
};

}  // namespace gantry::engine
