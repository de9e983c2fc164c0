// What an instance costs on disk.
#include "engine/engine_fixture.h"
#include "journal/query.h"

namespace gantry::engine {
namespace {

class EngineStorage : public EngineTest {
 protected:
  // Each step adds a text of `bytes` to the context, so the state grows with the steps.
  void run_steps(int steps, int bytes) {
    open_with("- loop:\n    for: {each: n, in: '${ [range(" + std::to_string(steps) +
              ")] }'}\n    do:\n    - step:\n        call: world.plain\n        with: {n: '${ $n }'}\n        export: "
              "{as: '${ ($context // []) + [\"x\" * " +
              std::to_string(bytes) + "] }'}\n");
    auto started = engine_->start(
        {.namespace_ = "t", .name = "w", .version = {}, .input = Value(), .principal = {"ada", {}}, .key = {}});
    ASSERT_TRUE(started.ok()) << started.error().message;
    auto outcome = engine_->wait(started->instance, std::chrono::minutes(2));
    ASSERT_TRUE(outcome.ok());
    ASSERT_EQ(outcome->status, "completed") << print_json(outcome->error);
  }
  std::int64_t stored_bytes() const {
    auto query = journal::Query::open(*kept_);
    return (*(*query)->totals()).integer_or("bytes", 0);
  }
};

TEST_F(EngineStorage, SnapshotsOfAGrowingStateCostABoundedNumberOfBytesForEachEvent) {
  options_.snapshot_every_events = 10;
  run_steps(300, 2'000);
  EXPECT_GT(store_->largest_snapshot(), 200'000u) << "the state has grown, or nothing is shown";
  EXPECT_LE(store_->snapshot_bytes(),
            store_->events() * options_.snapshot_bytes_per_event + store_->largest_snapshot());
}

TEST_F(EngineStorage, AThousandStepsCostTwiceWhatFiveHundredDo) {
  run_steps(500, 1);
  const std::int64_t half = stored_bytes();
  kept_ = *journal::Store::open("memory:");
  run_steps(1'000, 1);
  const std::int64_t whole = stored_bytes();
  EXPECT_LT(whole, 2.3 * static_cast<double>(half)) << half << " bytes, then " << whole;
}

}  // namespace
}  // namespace gantry::engine
