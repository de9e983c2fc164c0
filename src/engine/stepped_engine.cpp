#include "engine/stepped_engine.h"

#include "base/assert.h"
#include "engine/loop.h"

namespace gantry::engine {

SteppedEngine::SteppedEngine() : engine_(new Engine()) {}
SteppedEngine::~SteppedEngine() = default;

Result<std::unique_ptr<SteppedEngine>> SteppedEngine::open(Engine::Parts parts, EngineOptions options) {
  GANTRY_ASSERT(parts.store && parts.clock && parts.random && parts.steady_clock && parts.make_executor,
                "an engine without threads needs a store, clocks, randomness and an executor");
  std::unique_ptr<SteppedEngine> stepped(new SteppedEngine());
  stepped->engine_->loop_ = std::make_unique<Engine::Loop>(std::move(parts), options);
  TRY(stepped->engine_->loop_->open());
  return stepped;
}

Result<std::future<Result<Value>>> SteppedEngine::post(Command::Request request) {
  auto promise = std::make_shared<std::promise<Result<Value>>>();
  auto future = promise->get_future();
  TRY(engine_->loop_->inbox_->post({std::move(request), std::move(promise)}));
  return future;
}

void SteppedEngine::step() {
  engine_->loop_->step();
}

bool SteppedEngine::is_settled() const {
  return engine_->loop_->is_settled();
}

bool SteppedEngine::has_work() const {
  return engine_->loop_->has_work() || engine_->loop_->inbox_->has_any();
}

std::optional<Timestamp> SteppedEngine::next_due() const {
  return engine_->loop_->next_due();
}

SteadyTime SteppedEngine::paused_until() const {
  return engine_->loop_->paused_until();
}

void SteppedEngine::stop() {
  engine_->loop_->inbox_->stop();
  engine_->loop_->stop();
}

EngineStatistics SteppedEngine::statistics() const {
  return engine_->statistics();
}

definition::ProjectPointer SteppedEngine::current_project() const {
  return engine_->current_project();
}

std::optional<std::string> SteppedEngine::serialised(const std::string& instance) const {
  return engine_->loop_->serialised(instance);
}

Result<std::string> SteppedEngine::rebuilt(const std::string& instance, bool from_snapshot) {
  return engine_->loop_->rebuilt(instance, from_snapshot);
}

}  // namespace gantry::engine
