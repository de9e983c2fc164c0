#include "server/retention_runner.h"

#include "base/log.h"

namespace gantry::server {
namespace {

constexpr auto look_interval = std::chrono::minutes(1);
constexpr std::size_t instances_per_look = 256;
constexpr std::size_t events_per_step = 1'000;  // some milliseconds of the engine's thread
constexpr auto rest_between_steps = std::chrono::milliseconds(20);

journal::RetentionPolicy policy_of(const definition::Settings& settings) {
  return {settings.retention_instances, settings.retention_workflows};
}

}  // namespace

void RetentionRunner::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Result<journal::Removed> RetentionRunner::run_once(const std::stop_token& stop) {
  journal::Removed sum;
  const definition::ProjectPointer project = parts_.engine->current_project();
  if (!project) return sum;
  const journal::RetentionPolicy policy = policy_of(project->settings);
  while (!stop.stop_requested()) {
    const Timestamp now = parts_.clock->now();
    const auto instances = TRY(journal::find_removable(*parts_.store, policy, now, instances_per_look));
    if (instances.empty()) break;
    journal::Removed step;
    const auto done_step = parts_.engine->maintain([&](journal::Store& store) -> Result<Value> {
      step = TRY(journal::remove_instances(store, instances, policy, now, events_per_step));
      return Value();
    });
    TRY(done_step);
    if (step.events == 0) break;  // somebody held them meanwhile
    sum.instances += step.instances;
    sum.events += step.events;
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, rest_between_steps, [] { return false; });
  }
  return sum;
}

void RetentionRunner::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    auto removed = run_once(stop);
    if (!removed)
      log(LogLevel::error, "retention failed" + log_field("error", removed.error().message));
    else if (removed->events > 0)
      log(LogLevel::info, "retention removed old instances" +
                              log_field("instances", std::to_string(removed->instances)) +
                              log_field("events", std::to_string(removed->events)));
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, look_interval, [] { return false; });
  }
}

}  // namespace gantry::server
