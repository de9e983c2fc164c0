#include "cli/runtime.h"

#include <filesystem>

#include "base/log.h"
#include "definition/shared_check.h"
#include "journal/partition.h"
#include "tool/drivers.h"
#include "tool/sandbox_problem.h"

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

journal::AuditOptions audit_options(const definition::Settings& settings, const std::string& url,
                                    const std::string& directory) {
  constexpr std::string_view scheme = "sqlite:";
  journal::AuditOptions options;
  // Nodes that share a database share a key, too: it has to be named.
  if (!url.starts_with(scheme) && (url == "memory:" || settings.audit_key_file.empty())) return options;
  options.key_file = settings.audit_key_file.empty()
                         ? url.substr(scheme.size()) + ".key"
                         : (std::filesystem::path(directory) / settings.audit_key_file).lexically_normal().string();
  options.checkpoint_every_events = settings.audit_checkpoint_events;
  options.checkpoint_interval = settings.audit_checkpoint_interval;
  return options;
}

Result<definition::Settings> read_settings(const std::string& directory) {
  const std::filesystem::path path = std::filesystem::path(directory) / "gantry.yaml";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return definition::Settings{};
  std::string text = TRY(read_file(path.string()));
  const definition::SourceFiles settings_only{{"gantry.yaml", std::move(text)}};
  auto loaded = definition::load_project(settings_only);
  if (auto* project = std::get_if<definition::ProjectPointer>(&loaded)) return (*project)->settings;
  print_problems(std::get<definition::Problems>(loaded), settings_only, directory);
  return Error{Code::invalid_argument, path.string() + " can't be read; name the journal with --store"};
}

Result<std::unique_ptr<journal::Store>> open_store(const std::string& url, const journal::StoreOptions& options) {
  auto store = journal::Store::open(url, options);
  if (!store && store.error().code == Code::conflict) return Error{Code::unavailable, store.error().message};
  return store;
}

Error policy_change_waits(const engine::Deployed& deployed) {
  return {Code::conflict, "the project changes policies, and people must approve that first (instance " +
                              deployed.instance + "); until then what was deployed before stays in force"};
}

std::string store_url(const RuntimeOptions& options) {
  if (!options.store.empty()) return options.store;
  return resolve_store(options.project ? options.project->settings.store : definition::Settings{}.store, options.directory);
}

Result<std::unique_ptr<Runtime>> Runtime::open(const RuntimeOptions& options) {
  auto runtime = std::make_unique<Runtime>();
  definition::Settings settings = options.project ? options.project->settings : definition::Settings{};
  const bool is_shared = options.partitions > 1;
  const std::string url = is_shared ? journal::partition_url(store_url(options), options.partition) : store_url(options);
  if (!is_shared && journal::names_partition(url))
    return Error{Code::invalid_argument, "one partition alone runs nothing: 'gantry serve' serves them all, without 'partition=' in the URL"};
  journal::StoreOptions store_options;
  store_options.audit = audit_options(settings, url, options.directory);
  store_options.node = options.node;
  store_options.node_address = options.node_address;
  if (options.lease) store_options.lease = *options.lease;
  store_options.when_lost = options.when_lost;
  runtime->store = TRY(open_store(url, store_options));
  runtime->query = TRY(journal::Query::open(*runtime->store));
  std::vector<engine::HomeChange> home_changes;
  if (options.home_changes) home_changes = TRY(options.home_changes());

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
  engine_options.run_schedules = options.run_schedules;
  engine_options.record_lifecycle = {.workflow = settings.record_workflow_events,
                                     .task = settings.record_task_events,
                                     .status = settings.record_status_events};
  if (is_shared) {
    engine_options.accepts_id = [number = options.partition, count = options.partitions](std::string_view id) {
      return journal::partition_of(id, count) == number;
    };
    engine_options.admits = definition::check_shareable;
  }
  std::function<void(std::optional<Timestamp>)> when_idle;
  if (options.when_idle)
    when_idle = [skip = options.when_idle, clock = &runtime->clock](std::optional<Timestamp> due) { skip(*clock, due); };
  runtime->engine = TRY(engine::Engine::open({.store = runtime->store.get(),
                                              .drivers = tool::standard_drivers(drivers),
                                              .clock = &runtime->clock,
                                              .random = &runtime->random,
                                              .trace = options.trace,
                                              .when_idle = std::move(when_idle),
                                              .home_changes = std::move(home_changes)},
                                             engine_options));
  return runtime;
}

}  // namespace gantry::cli
