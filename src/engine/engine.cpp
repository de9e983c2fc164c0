#include "engine/engine.h"

#include <algorithm>

#include "base/assert.h"
#include "engine/loop.h"

namespace gantry::engine {

namespace {

constexpr Duration change_patience = std::chrono::seconds(30);

}  // namespace

Engine::Engine() = default;
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::open(Parts parts, EngineOptions options) {
  GANTRY_ASSERT(parts.store && parts.clock && parts.random,
                "the engine needs a store, a clock and a source of randomness");
  std::unique_ptr<Engine> engine(new Engine());
  engine->loop_ = std::make_unique<Loop>(std::move(parts), options);
  TRY(engine->loop_->open());
  engine->loop_->start_thread();
  return engine;
}

Result<Deployed> Engine::deploy(definition::ProjectPointer project, const definition::Principal& by) {
  GANTRY_ASSERT(project != nullptr, "there is nothing to deploy");
  if (loop_->options_.admits) TRY(loop_->options_.admits(*project));
  const Value answer = TRY(loop_->ask(DeployRequest{std::move(project), by, ""}));
  Deployed deployed{std::string(answer.string_or("status", "")), std::string(answer.string_or("instance", ""))};
  if (deployed.instance.empty()) return deployed;
  // The change of policy is an effect, and decided on by now unless people are asked.
  const InstanceOutcome outcome = TRY(wait(deployed.instance, change_patience, true));
  if (outcome.status == "completed") deployed.status = "deployed";
  if (outcome.status == "faulted" || outcome.status == "cancelled")
    return Error{Code::denied, "the change of policy did not take place: " +
                                   std::string(outcome.error.string_or("detail", outcome.status))};
  return deployed;
}

Status Engine::follow(std::vector<HomeChange> changes) {
  for (HomeChange& change : changes) TRY(loop_->ask(FollowRequest{std::move(change)}));
  return done();
}

Result<Value> Engine::vote_batch(BatchVoteRequest request) {
  return loop_->ask(std::move(request));
}

Status Engine::stop_gate(const GateStop& stop, const std::string& reason, const definition::Principal& by) {
  TRY(loop_->ask(GateRequest{stop, true, reason, by}));
  return done();
}

Status Engine::start_gate(const GateStop& stop, const definition::Principal& by) {
  TRY(loop_->ask(GateRequest{stop, false, "", by}));
  return done();
}

Value Engine::gate_state() const {
  return loop_->installation_.gate_state();
}

definition::ProjectPointer Engine::current_project() const {
  return loop_->installation_.current();
}

Result<Started> Engine::start(StartRequest request) {
  const Value answer = TRY(loop_->ask(std::move(request)));
  return Started{std::string(answer.string_or("instance", "")), answer.boolean_or("existed", false)};
}

Result<Value> Engine::vote(VoteRequest request) {
  return loop_->ask(std::move(request));
}

Result<Value> Engine::answer(AnswerRequest request) {
  return loop_->ask(std::move(request));
}

Status Engine::cancel(const std::string& instance, const definition::Principal& by, const std::string& reason) {
  TRY(loop_->ask(CancelRequest{instance, by, reason}));
  return done();
}

Status Engine::suspend(const std::string& instance, const definition::Principal& by, const std::string& reason) {
  TRY(loop_->ask(SuspendRequest{instance, by, reason, true}));
  return done();
}

Status Engine::resume(const std::string& instance, const definition::Principal& by) {
  TRY(loop_->ask(SuspendRequest{instance, by, "", false}));
  return done();
}

Result<Value> Engine::fork(const std::string& instance, const std::string& task, const definition::Principal& by,
                           const std::string& key) {
  if (task.empty()) return Error{Code::invalid_argument, "say from which task to go on"};
  return loop_->ask(ForkRequest{instance, task, false, by, key});
}

Result<Value> Engine::retry(const std::string& instance, const std::string& task, const definition::Principal& by,
                            const std::string& key) {
  return loop_->ask(ForkRequest{instance, task, true, by, key});
}

Result<Value> Engine::migrate(MigrationRequest request) {
  return loop_->ask(std::move(request));
}

Result<Value> Engine::undo_migration(UndoMigrationRequest request) {
  return loop_->ask(std::move(request));
}

Result<Value> Engine::schedules() {
  return loop_->ask(DescribeSchedules{});
}

Result<Received> Engine::receive(std::vector<Value> cloud_events, const definition::Principal& from) {
  return loop_->receive(std::move(cloud_events), from);
}

Result<Value> Engine::maintain(std::function<Result<Value>(journal::Store&)> work) {
  return loop_->ask(MaintainRequest{std::move(work)});
}

Result<InstanceOutcome> Engine::wait(const std::string& instance, Duration at_most, bool or_waiting, bool or_idle) {
  // Longer than a year is for ever; adding more could overflow.
  const Duration patience = std::min<Duration>(at_most, std::chrono::hours(24 * 365));
  const SteadyTime deadline = loop_->steady_clock().now() + patience;
  return outcome_from(TRY(loop_->ask(WaitRequest{instance, deadline, or_waiting, or_idle})));
}

EngineStatistics Engine::statistics() const {
  return {.commits = loop_->commits_,
          .events = loop_->events_,
          .effects_sent = loop_->effects_sent_,
          .running = loop_->running_,
          .inbox = loop_->inbox_->size(),
          .in_flight = loop_->in_flight_,
          .in_memory = loop_->in_memory_};
}

}  // namespace gantry::engine
