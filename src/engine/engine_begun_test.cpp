// Effects that a driver performs without a thread of the engine's.
#include "engine/engine_fixture.h"

namespace gantry::engine {
namespace {

using ::testing::ElementsAre;

// Keeps what it has begun until the test answers.
class LaterDriver final : public tool::Driver {
 public:
  std::vector<std::string> check(const definition::Tool&) const override { return {}; }
  tool::Outcome call(tool::Permit, const tool::CallContext&) override {
    ADD_FAILURE() << "it is to be begun";
    return {};
  }
  bool can_begin(const tool::Effect&, const tool::CallContext&) const override { return true; }
  void begin(tool::Begun begun) override {
    std::lock_guard lock(mutex_);
    begun_.push_back(std::move(begun));
    changed_.notify_all();
  }

  std::vector<tool::Begun> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return begun_.size() >= count; }));
    return std::exchange(begun_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<tool::Begun> begun_;
};

class EngineBegun : public EngineTest {
 protected:
  void open_later(const std::string& tasks) {
    workflow(tasks);
    store_ = std::make_unique<FlakyStore>(*kept_, damaged_);
    auto opened = Engine::open(
        {.store = store_.get(), .drivers = {{"world", later_}}, .clock = &clock_, .random = &random_, .trace = {}},
        options_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    engine_ = *std::move(opened);
    deploy();
  }

  std::shared_ptr<LaterDriver> later_ = std::make_shared<LaterDriver>();
};

TEST_F(EngineBegun, AnswersThatComeTogetherReachTheirInstances) {
  open_later("  - a: {call: world.plain, with: {x: '${ .x }'}}\n");
  std::vector<std::string> instances;
  for (int x = 0; x < 4; ++x) instances.push_back(start(Value::object({{"x", x}})));
  std::vector<tool::Begun> begun = later_->wait_for(4);
  ASSERT_EQ(begun.size(), 4u);
  const std::shared_ptr<tool::OutcomeReceiver> receiver = begun[0].receiver;
  std::vector<tool::Finished> finished;
  for (auto one = begun.rbegin(); one != begun.rend(); ++one)
    finished.push_back({std::move(one->errand), tool::Outcome::done_with(one->permit.effect().arguments)});
  receiver->take(std::move(finished));
  for (int x = 0; x < 4; ++x) {
    const InstanceOutcome end = wait_ended(instances[static_cast<std::size_t>(x)]);
    EXPECT_EQ(end.status, "completed");
    EXPECT_EQ(end.output.integer_or("x", -1), x);
  }
}

TEST_F(EngineBegun, AResultIsLabelledAsOneOfACall) {
  open_later("  - a: {call: world.plain}\n");
  const std::string instance = start();
  std::vector<tool::Begun> begun = later_->wait_for(1);
  ASSERT_EQ(begun.size(), 1u);
  std::vector<tool::Finished> finished;
  finished.push_back({std::move(begun[0].errand), tool::Outcome::done_with("said")});
  begun[0].receiver->take(std::move(finished));
  EXPECT_EQ(wait_ended(instance).status, "completed");
  const Value done = last(instance, journal::EventType::effect_done);
  EXPECT_THAT(done.member("result").label().content().sources, ElementsAre("tool:world.plain"));
}

TEST_F(EngineBegun, OneThatIsAmbiguousIsAskedAboutLikeACall) {
  open_later("  - a: {call: world.note, with: {x: 1}}\n");
  const std::string instance = start();
  std::vector<tool::Begun> first = later_->wait_for(1);
  ASSERT_EQ(first.size(), 1u);
  std::vector<tool::Finished> lost;
  lost.push_back(
      {std::move(first[0].errand), tool::Outcome::ambiguous_with(tool::standard_error("communication", "lost"))});
  first[0].receiver->take(std::move(lost));
  for (int i = 0; i < 4'000 && count(instance, journal::EventType::effect_ambiguous) == 0; ++i)
    EXPECT_TRUE(engine_->wait(instance, std::chrono::milliseconds(5)).ok());
  clock_.advance(std::chrono::minutes(5));
  std::vector<tool::Begun> again = later_->wait_for(1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].permit.effect().key, first[0].permit.effect().key);
  EXPECT_EQ(again[0].context.attempt, 2);
  std::vector<tool::Finished> finished;
  finished.push_back({std::move(again[0].errand), tool::Outcome::done_with(1)});
  again[0].receiver->take(std::move(finished));
  EXPECT_EQ(wait_ended(instance).status, "completed");
}

}  // namespace
}  // namespace gantry::engine
