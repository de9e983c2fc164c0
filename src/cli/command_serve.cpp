// serve: the engine and the API until SIGINT or SIGTERM.
#include <arpa/inet.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/log.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/runtime.h"
#include "prove/prove.h"
#include "server/api.h"
#include "server/retention_runner.h"

namespace gantry::cli {
namespace {

struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
};

Result<ListenAddress> parse_listen(const std::string& text) {
  std::size_t colon = text.rfind(':');
  Error wrong{Code::invalid_argument,
              "--listen: expected ADDRESS:PORT like 127.0.0.1:8420 or [::1]:8420, found '" + text + "'"};
  if (colon == std::string::npos || colon + 1 == text.size() || text.size() - colon > 6) return wrong;
  ListenAddress listen{text.substr(0, colon), 0};
  if (listen.address.starts_with('[') && listen.address.ends_with(']'))
    listen.address = listen.address.substr(1, listen.address.size() - 2);
  int port = 0;
  for (char digit : text.substr(colon + 1)) {
    if (digit < '0' || digit > '9') return wrong;
    port = port * 10 + (digit - '0');
  }
  if (port > 65535) return wrong;
  listen.port = static_cast<std::uint16_t>(port);
  return listen;
}

bool is_loopback(const std::string& address) {
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return address == "::1";
}

bool has_definitions(const std::string& directory) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::path(directory) / "gantry.yaml", ignored) ||
         std::filesystem::exists(std::filesystem::path(directory) / "workflows", ignored);
}

// Written whole or not at all, so that whoever waits for it never reads half an address.
bool write_port_file(const std::string& path, const std::string& address) {
  std::string temporary = path + ".new";
  {
    std::ofstream file(temporary);
    file << address << "\n";
    if (!file) return false;
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  return !error;
}

Status deploy_directory(Runtime& runtime, const definition::ProjectPointer& project) {
  auto current = runtime.engine->current_project();
  if (!project || (current && current->digest == project->digest)) return done();
  const engine::Deployed deployed = TRY(runtime.engine->deploy(project, {login_name(), {"administrator"}}));
  if (deployed.status != "deployed") {
    log(LogLevel::warning, policy_change_waits(deployed).message);
    return done();
  }
  log(LogLevel::info, "deployed project" + log_field("digest", project->digest.hex().substr(0, 12)) +
                          log_field("workflows", std::to_string(project->workflows.size())));
  return done();
}

Result<ListenAddress> listen_address(const ServeOptions& options, const definition::ProjectPointer& project) {
  std::string text = !options.listen.empty() ? options.listen
                     : project               ? project->settings.listen
                                             : definition::Settings{}.listen;
  ListenAddress listen = TRY(parse_listen(text));
  if (!is_loopback(listen.address) && !options.any_address)
    return Error{Code::invalid_argument,
                 "'" + listen.address +
                     "' is not a loopback address; Gantry listens on loopback only unless --any-address is given"};
  return listen;
}

}  // namespace

int serve_command(const ServeOptions& options) {
  // Signals are taken by sigwait below; blocking them first makes all threads inherit that.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  definition::ProjectPointer project;
  if (has_definitions(options.directory)) {
    auto loaded = read_project(options.directory);
    if (!loaded) return fail(loaded.error());
    project = *loaded;
    // As for a deploy: what breaks its own invariants does not run.
    const definition::Problems proven = prove::problems_of(project);
    print_problems(proven, project->files, options.directory);
    for (const definition::Problem& problem : proven)
      if (problem.severity == definition::Severity::error)
        return fail({Code::invalid_argument, "an invariant of the policies does not hold"});
  }
  auto listen = listen_address(options, project);
  if (!listen) return fail(listen.error());
  auto overrides = read_host_overrides(options.host_overrides);
  if (!overrides) return fail(overrides.error());
  RuntimeOptions runtime_options;
  runtime_options.project = project;
  runtime_options.directory = options.directory;
  runtime_options.store = options.store;
  runtime_options.host_overrides = *overrides;
  runtime_options.run_schedules = true;
  runtime_options.node_address = "http://" + listen->address + ":" + std::to_string(listen->port);
  // At once: what this node would still send, the next one may be settling already.
  runtime_options.when_lost = [](const std::string&) { std::_Exit(exit_unreachable); };
  auto runtime = Runtime::open(runtime_options);
  if (!runtime) return fail(runtime.error());
  if (auto deployed = deploy_directory(**runtime, project); !deployed) return fail(deployed.error());

  server::RetentionRunner retention({(*runtime)->engine.get(), (*runtime)->store.get(), &(*runtime)->clock});
  retention.start();
  server::Api api({(*runtime)->engine.get(), (*runtime)->query.get(), &(*runtime)->clock, version_number()});
  server::HttpLimits limits;
  limits.workers = 32;
  auto http = server::HttpServer::start(
      listen->address, listen->port, [&api](const server::Request& request) { return api.handle(request); }, limits);
  if (!http) return fail(http.error());
  bool is_v6 = listen->address.find(':') != std::string::npos;
  std::string address =
      "http://" + (is_v6 ? "[" + listen->address + "]" : listen->address) + ":" + std::to_string((*http)->port());
  if (!options.port_file.empty() && !write_port_file(options.port_file, address))
    return fail({Code::unavailable, options.port_file + ": can't be written"});
  log(LogLevel::info, "ready" + log_field("address", address) + log_field("store", (*runtime)->store->location()));
  int caught = 0;
  sigwait(&signals, &caught);
  log(LogLevel::info, "stopping" + log_field("signal", caught == SIGINT ? "SIGINT" : "SIGTERM"));
  return exit_done;
}

}  // namespace gantry::cli
