// One journal among several: it draws ids that are its own, and does what the home has done.
#include "engine/engine_fixture.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using ::testing::HasSubstr;

class EngineFollow : public EngineTest {
 protected:
  // Deploys and stops there, as the home; what it has decided, in order.
  std::vector<HomeChange> home_that(const std::function<void(Engine&)>& decides) {
    auto store = journal::Store::open("memory:");
    EXPECT_TRUE(store.ok());
    auto home = Engine::open(
        {.store = store->get(), .drivers = {{"world", world_}}, .clock = &clock_, .random = &random_, .trace = {}}, {});
    EXPECT_TRUE(home.ok());
    decides(**home);
    home->reset();
    std::vector<HomeChange> changes;
    const auto events = (*store)->events_of("");
    for (const journal::Event& event : *events) {
      HomeChange change{event, {}};
      if (event.type == EventType::project_deployed)
        change.files = *(*store)->project_files(event.data.string_or("project", ""));
      changes.push_back(std::move(change));
    }
    return changes;
  }
  std::size_t events_of_installation() { return kept_->events_of("")->size(); }

  const GateStop all_{};
};

TEST_F(EngineFollow, IdsAreDrawnUntilTheyAreItsOwn) {
  options_.accepts_id = [](std::string_view id) { return id.back() == '7'; };
  open_with("  - one: {set: {a: 1}}\n");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(start().back(), '7');
}

TEST_F(EngineFollow, AProjectThatIsNotAdmittedIsRefusedBeforeAnythingIsWritten) {
  options_.admits = [](const definition::Project&) -> Status { return Error{Code::invalid_argument, "not here"}; };
  workflow("  - one: {set: {a: 1}}\n");
  open();
  const auto refused = engine_->deploy(project(), admin_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "not here");
  EXPECT_EQ(events_of_installation(), 0u);
}

TEST_F(EngineFollow, WhatTheHomeDeployedAndStoppedIsSoHereAndAgainDoesNoHarm) {
  workflow("  - pay: {call: world.pay, with: {amount: 1}}\n");
  const auto changes = home_that([&](Engine& home) {
    ASSERT_TRUE(home.deploy(project(), {"ben", {"administrator"}}).ok());
    ASSERT_TRUE(home.stop_gate(all_, "storm", admin_).ok());
  });
  ASSERT_EQ(changes.size(), 2u);
  open();
  for (int times = 0; times < 2; ++times) ASSERT_TRUE(engine_->follow(changes).ok());
  EXPECT_EQ(events_of_installation(), 2u);
  ASSERT_NE(engine_->current_project(), nullptr);
  EXPECT_EQ(engine_->current_project()->digest, project()->digest);
  const InstanceOutcome end = wait(start());
  EXPECT_EQ(end.status, "faulted");
  EXPECT_THAT(std::string(end.error.string_or("detail", "")), HasSubstr("storm"));
  EXPECT_EQ(world_->calls("pay"), 0);
}

// The policy that governs changes was asked at home.
TEST_F(EngineFollow, AChangeOfPolicyThatTheHomeMadeIsNotAskedForAgain) {
  const std::string governed =
      "policy: port\nversion: 1.0.0\nrules:\n  - {id: all, verdict: allow}\n"
      "  - {id: change, tools: [policy.change], verdict: deny}\n";
  workflow("  - one: {set: {a: 1}}\n");
  files_["policies/port.yaml"] = governed;
  open();
  deploy();
  files_["policies/port.yaml"] =
      "policy: port\nversion: 2.0.0\nrules:\n  - {id: reads, classes: [read], verdict: allow}\n";
  EXPECT_FALSE(engine_->deploy(project(), admin_).ok());
  const auto changes = home_that([&](Engine& home) { ASSERT_TRUE(home.deploy(project(), admin_).ok()); });
  ASSERT_TRUE(engine_->follow(changes).ok());
  EXPECT_EQ(engine_->current_project()->digest, project()->digest);
}

// An engine that was away sends nothing of what was stopped meanwhile, also not of what it finds unfinished.
TEST_F(EngineFollow, WhatWasStoppedWhileItWasAwayIsNotSentWhenItIsBack) {
  open_with("  - rest: {wait: PT1H}\n  - pay: {call: world.pay, with: {amount: 1}}\n");
  const std::string instance = start();
  engine_.reset();
  clock_.advance(std::chrono::hours(2));
  auto changes = home_that([&](Engine& home) { ASSERT_TRUE(home.stop_gate(all_, "storm", admin_).ok()); });
  store_ = std::make_unique<FlakyStore>(*kept_, damaged_);
  auto opened = Engine::open({.store = store_.get(),
                              .drivers = {{"world", world_}},
                              .clock = &clock_,
                              .random = &random_,
                              .trace = {},
                              .when_idle = {},
                              .home_changes = std::move(changes)},
                             options_);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  engine_ = *std::move(opened);
  EXPECT_EQ(wait(instance).status, "faulted");
  EXPECT_EQ(world_->calls("pay"), 0);
}

}  // namespace
}  // namespace gantry::engine
