#include "step_load.h"

#include <mutex>
#include <thread>

namespace gantry::bench {
namespace {

const definition::Principal principal{"bench", {}};

}  // namespace

std::unique_ptr<OpenEngine> open_engine(const std::string& url, tool::Drivers drivers, engine::EngineOptions options,
                                        const Clock* clock) {
  auto open = std::make_unique<OpenEngine>();
  auto store = journal::Store::open(url);
  if (!store) give_up(store.error().message);
  open->store = *std::move(store);
  auto engine = engine::Engine::open({.store = open->store.get(),
                                      .drivers = std::move(drivers),
                                      .clock = clock != nullptr ? clock : &open->clock,
                                      .random = &open->random,
                                      .trace = {}},
                                     options);
  if (!engine) give_up(engine.error().message);
  open->engine = *std::move(engine);
  return open;
}

std::string start_instance(engine::Engine& engine, const std::string& workflow) {
  auto started = engine.start(
      {.namespace_ = "bench", .name = workflow, .version = "", .input = {}, .principal = principal, .key = ""});
  if (!started) give_up(started.error().message);
  return started->instance;
}

void run_instance(engine::Engine& engine, const std::string& workflow) {
  auto outcome = engine.wait(start_instance(engine, workflow), std::chrono::minutes(5));
  if (!outcome) give_up(outcome.error().message);
  if (outcome->status != "completed") give_up("an instance ended as " + outcome->status);
}

Load run_load(const Folder& folder, const std::string& name, const LoadOptions& options) {
  engine::EngineOptions engine_options;
  engine_options.workers = std::max<std::size_t>(16, options.concurrency);
  auto open = open_engine(folder.store(name), options.drivers, engine_options);
  engine::Engine& engine = *open->engine;
  const std::string workflow = fmt::format("steps{}", options.steps);
  if (auto deployed = engine.deploy(project_of_steps({options.steps}, options.tool), principal); !deployed)
    give_up(deployed.error().message);
  for (int i = 0; i < 3; ++i) run_instance(engine, workflow);

  Load load;
  std::mutex mutex;
  const auto before = engine.statistics();
  const std::uint64_t syncs_before = disk_syncs();
  const double written_before = written_bytes();
  const double processor_before = processor_seconds();
  const auto start = SteadyClock::now();
  {
    std::vector<std::jthread> callers;
    for (std::size_t caller = 0; caller < options.concurrency; ++caller)
      callers.emplace_back([&] {
        std::vector<double> mine;
        while (SteadyClock::now() - start < options.time) {
          const auto begin = SteadyClock::now();
          run_instance(engine, workflow);
          mine.push_back(seconds_since(begin));
        }
        std::lock_guard lock(mutex);
        load.instance_seconds.insert(load.instance_seconds.end(), mine.begin(), mine.end());
      });
  }
  const double seconds = seconds_since(start);
  const double processor = processor_seconds() - processor_before;
  const auto after = engine.statistics();
  const double steps = static_cast<double>(after.effects_sent - before.effects_sent);
  const double commits = static_cast<double>(after.commits - before.commits);
  const double events = static_cast<double>(after.events - before.events);
  load.steps_per_second = steps / seconds;
  load.processor_microseconds = 1e6 * processor / steps;
  load.syncs_per_step = static_cast<double>(disk_syncs() - syncs_before) / steps;
  load.bytes_per_step = (written_bytes() - written_before) / steps;
  load.rows_per_commit = events / commits;
  load.rows_per_step = events / steps;
  std::sort(load.instance_seconds.begin(), load.instance_seconds.end());
  return load;
}

}  // namespace gantry::bench
