// Instances that can't be rebuilt from their events.
#include "engine/engine_fixture.h"
#include "journal/query.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class EngineStuck : public EngineTest {
 protected:
  Value row(const std::string& instance) {
    auto query = journal::Query::open(*kept_);
    EXPECT_TRUE(query.ok());
    auto found = (*query)->instance(instance);
    EXPECT_TRUE(found.ok()) << found.error().message;
    return found.ok() ? *found : Value();
  }
  Value totals() {
    auto query = journal::Query::open(*kept_);
    EXPECT_TRUE(query.ok());
    return (*query)->totals()->member("instances");
  }
  // What sleeps is read when somebody looks at it.
  void look_at(const std::string& instance) { (void)engine_->wait(instance, Duration::zero()); }
  // The engine's own commands are done before that of a caller.
  void settle() { (void)engine_->cancel("nothing", admin_, ""); }
};

TEST_F(EngineStuck, OneIsNamedWithItsReasonAndTheOthersGoOn) {
  open_with("  - a: {wait: PT1M}\n  - b: {call: world.pay}\n");
  const std::string stuck = start(), fine = start();
  engine_.reset();
  const std::uint64_t last_sequence = *kept_->last_sequence(stuck);
  ASSERT_TRUE(kept_
                  ->append({{{stuck, last_sequence + 1, clock_.now(), EventType::effect_done,
                              Value::object({{"effect", "nobody knows it"}, {"result", 1}})}},
                            {}})
                  .ok());
  open();
  look_at(stuck);
  settle();
  EXPECT_EQ(row(stuck).string_or("status", ""), "stuck");
  EXPECT_THAT(std::string(row(stuck).string_or("reason", "")), HasSubstr("the effect is not known here"));
  EXPECT_EQ(row(fine).string_or("status", ""), "running");
  EXPECT_EQ(totals().integer_or("stuck", 0), 1);
  EXPECT_EQ(totals().integer_or("running", 0), 1);
  auto query = *journal::Query::open(*kept_);
  EXPECT_EQ(query->instances({.status = "stuck"}, {})->rows.size(), 1u);
  EXPECT_EQ(query->instances({.status = "running"}, {})->rows.size(), 1u);
  EXPECT_EQ(engine_->wait(stuck, std::chrono::seconds(20))->status, "stuck");
  auto cancelled = engine_->cancel(stuck, admin_, "");
  EXPECT_EQ(cancelled.error().code, Code::conflict);
  EXPECT_THAT(cancelled.error().message, HasSubstr("is stuck: "));
  clock_.advance(std::chrono::minutes(2));
  EXPECT_EQ(wait_advancing(fine, std::chrono::seconds(1)).status, "waiting");
  open();  // says nothing new
  settle();
  EXPECT_EQ(count(stuck, EventType::instance_stuck), 1);
}

TEST_F(EngineStuck, ItGoesOnWhenItCanBeRebuiltAgain) {
  open_with("  - a: {wait: PT1M}\n");
  const std::string instance = start();
  damaged_ = {instance};
  open();
  look_at(instance);
  settle();
  EXPECT_EQ(row(instance).string_or("reason", ""), "its events are damaged");
  damaged_.clear();
  open();
  clock_.advance(std::chrono::minutes(2));
  EXPECT_EQ(wait(instance).status, "completed");
  EXPECT_EQ(row(instance).string_or("status", ""), "completed");
  EXPECT_THAT(event_names(instance), ElementsAre("instance_started", "timer_set", "instance_stuck", "instance_stuck",
                                                 "timer_fired", "instance_completed"));
}

TEST_F(EngineStuck, NeitherTheChildNorTheParentOfOneIsGivenUp) {
  workflow("  - c: {wait: PT1M}\n", "child");
  open_with("  - p: {run: {workflow: {namespace: t, name: child, version: 1.0.0}}}\n");
  const std::string parent = start(), child = parent + "-c1";
  for (const std::string& stuck : {parent, child}) {
    damaged_ = {stuck};
    open();
    settle();
    for (const std::string& one : {parent, child}) {
      auto outcome = engine_->wait(one, Duration::zero());
      ASSERT_TRUE(outcome.ok()) << outcome.error().message;
      EXPECT_EQ(outcome->status, one == stuck ? "stuck" : "waiting");
    }
  }
  damaged_.clear();
  open();
  clock_.advance(std::chrono::minutes(2));
  EXPECT_EQ(wait(parent).status, "completed");
}

}  // namespace
}  // namespace gantry::engine
