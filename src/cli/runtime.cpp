#include "cli/runtime.h"

#include <filesystem>

#include "base/log.h"
#include "tool/drivers.h"
#include "tool/sandbox.h"

namespace gantry::cli {

namespace {

void warn_without_sandbox(const definition::ProjectPointer& project) {
  if (!project) return;
  for (const auto& [name, tool] : project->tools) {
    if (tool->driver != "process" || tool::sandbox_problem().empty()) continue;
    log(LogLevel::warning, "tool '" + name + "' can't run: " + tool::sandbox_problem());
    return;
  }
}

}  // namespace

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

  tool::DriverOptions drivers;
  drivers.directory = options.directory;
  if (url.starts_with("sqlite:")) drivers.journal = url.substr(std::string_view("sqlite:").size());
  tool::HttpOptions& http = drivers.http;
  http.egress_allow = settings.egress_allow;
  http.egress_any = options.egress_any;
  http.host_override = options.host_overrides;
  if (options.project) {
    auto opened = TRY(tool::Secrets::open(settings.secrets, options.directory));
    for (const std::string& warning : opened.warnings) log(LogLevel::warning, warning);
    http.secrets = std::move(opened.secrets);
  }

  warn_without_sandbox(options.project);

  engine::EngineOptions engine_options;
  engine_options.workers = settings.workers;
  engine_options.children_depth_max = settings.workflow_depth;
  runtime->engine = TRY(engine::Engine::open({.store = runtime->store.get(),
                                              .drivers = tool::standard_drivers(drivers),
                                              .clock = &runtime->clock,
                                              .random = &runtime->random,
                                              .trace = options.trace},
                                             engine_options));
  return runtime;
}

}  // namespace gantry::cli
