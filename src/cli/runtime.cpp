#include "cli/runtime.h"

#include <filesystem>

#include "cli/input.h"
#include "tool/drivers.h"

namespace gantry::cli {

std::string resolve_store(const std::string& url, const std::string& directory) {
  constexpr std::string_view scheme = "sqlite:";
  if (!url.starts_with(scheme)) return url;
  std::filesystem::path path = url.substr(scheme.size());
  return path.is_absolute()
             ? url
             : std::string(scheme) + (std::filesystem::path(directory) / path).lexically_normal().string();
}

Result<std::unique_ptr<journal::Store>> open_store(const std::string& url, const journal::StoreOptions& options) {
  auto store = journal::Store::open(url, options);
  if (!store && store.error().code == Code::conflict) return Error{Code::unavailable, store.error().message};
  return store;
}

Result<std::unique_ptr<Runtime>> Runtime::open(const RuntimeOptions& options) {
  auto runtime = std::make_unique<Runtime>();
  definition::Settings settings = options.project ? options.project->settings : definition::Settings{};
  std::string url = options.store.empty() ? resolve_store(settings.store, options.directory) : options.store;
  runtime->store = TRY(open_store(url));
  runtime->query = TRY(journal::Query::open(*runtime->store));

  tool::HttpOptions http;
  http.egress_allow = settings.egress_allow;
  http.egress_any = options.egress_any;
  http.host_override = options.host_overrides;
  if (options.project) http.secrets = TRY(read_secrets(*options.project, options.directory));

  engine::EngineOptions engine_options;
  engine_options.workers = settings.workers;
  engine_options.children_depth_max = settings.workflow_depth;
  engine_options.run_schedules = options.run_schedules;
  engine_options.record_lifecycle = {.workflow = settings.record_workflow_events,
                                     .task = settings.record_task_events,
                                     .status = settings.record_status_events};
  std::function<void(std::optional<Timestamp>)> when_idle;
  if (options.when_idle)
    when_idle = [skip = options.when_idle, clock = &runtime->clock](std::optional<Timestamp> due) { skip(*clock, due); };
  runtime->engine = TRY(engine::Engine::open({.store = runtime->store.get(),
                                              .drivers = tool::standard_drivers(std::move(http)),
                                              .clock = &runtime->clock,
                                              .random = &runtime->random,
                                              .trace = options.trace,
                                              .when_idle = std::move(when_idle)},
                                             engine_options));
  return runtime;
}

}  // namespace gantry::cli
