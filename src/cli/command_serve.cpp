// serve: the engine and the API until SIGINT or SIGTERM.
#include <arpa/inet.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/log.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/person_name.h"
#include "cli/runtime.h"
#include "cli/shared_node.h"
#include "definition/shared_check.h"
#include "journal/partition.h"
#include "journal/writer_node.h"
#include "prove/prove.h"
#include "server/api.h"
#include "server/retention_runner.h"
#include "server/standby.h"

namespace gantry::cli {
namespace {

// Those of a node that may share the work wait for other nodes, too; as many as may pass something on at a time
// (shared_node.cpp) are left for what comes from these, or nodes that wait for each other would all stand still.
constexpr std::size_t door_workers = 32, shared_door_workers = 64;
constexpr Duration standby_pause = std::chrono::milliseconds(500);  // between two tries to get the store

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

// The first policy with a duty that keeps the author of a workflow from approving; empty: none.
std::string policy_about_authors(const definition::Project& project) {
  for (const auto& [name, policy] : project.policies)
    for (const definition::Duty& duty : policy->duties)
      if (duty.not_author) return name;
  return "";
}

// The account that runs the server is nobody with a token: as author it would keep nobody from approving.
Result<std::string> author_of(const ServeOptions& options, const definition::Project& project) {
  if (!options.author.empty()) {
    TRY(check_person_name("--author", options.author));
    return options.author;
  }
  const std::string policy = policy_about_authors(project);
  if (policy.empty()) return login_name();
  return Error{Code::invalid_argument,
               "policy '" + policy + "' keeps the author of a workflow from approving (author_of_workflow), and of the files in '" +
                   options.directory + "' nobody knows who wrote them: say who with --author NAME, as on their token, or leave " +
                   "--dir to a folder without definitions and let them deploy with 'gantry deploy'"};
}

Status deploy_directory(Runtime& runtime, const definition::ProjectPointer& project, const ServeOptions& options) {
  auto current = runtime.engine->current_project();
  if (!project || (current && current->digest == project->digest)) return done();
  const std::string author = TRY(author_of(options, *project));
  const engine::Deployed deployed = TRY(runtime.engine->deploy(project, {author, {"administrator"}}));
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

// The parts of a serving node, in order of construction: the door closes first at the end.
class Node {
 public:
  Node(const ServeOptions& options, ListenAddress listen) : options_(options), listen_(std::move(listen)) {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
  }

  int serve(RuntimeOptions runtime_options);

 private:
  Status open_door(std::size_t workers);
  // False: a signal came while it stood by.
  Result<bool> open_runtime(const RuntimeOptions& runtime_options);
  Status start_work(const definition::ProjectPointer& project);
  // How many partitions the journal has, which are made if that is asked for. 0: a signal came while the database was away.
  Result<std::size_t> find_partitions(const std::string& url);
  int serve_shared(RuntimeOptions runtime_options, std::size_t partitions);
  Result<std::unique_ptr<SharedNode>> join_others(const SharedNodeOptions& options);
  void say_who_writes(const std::string& url, const Error& reason);
  int caught_within(Duration time) const;

  const ServeOptions& options_;
  ListenAddress listen_;
  sigset_t signals_{};
  std::string address_, said_;
  server::Standby standby_;
  std::unique_ptr<Runtime> runtime_;
  std::optional<server::RetentionRunner> retention_;
  std::optional<server::Api> api_;
  std::unique_ptr<SharedNode> shared_;
  std::unique_ptr<server::HttpServer> http_;
};

Status Node::open_door(std::size_t workers) {
  server::HttpLimits limits;
  limits.workers = workers;
  http_ = TRY(server::HttpServer::start(
      listen_.address, listen_.port, [this](const server::Request& request) { return standby_.handle(request); }, limits));
  const bool is_v6 = listen_.address.find(':') != std::string::npos;
  address_ = "http://" + (is_v6 ? "[" + listen_.address + "]" : listen_.address) + ":" + std::to_string(http_->port());
  return done();
}

// Said once for each node that has the journal, not once for each try.
void Node::say_who_writes(const std::string& url, const Error& reason) {
  auto writer = journal::find_writer(url);
  const std::string who = writer && *writer ? (*writer)->node : std::string();
  if (writer && *writer) standby_.waits_for((*writer)->node, (*writer)->address);
  const std::string text = who.empty() ? reason.message : who;
  if (text == said_) return;
  said_ = text;
  log(LogLevel::info, "standing by" + log_field("address", address_) + log_field("reason", reason.message));
}

int Node::caught_within(Duration time) const {
  const timespec wait{.tv_sec = time / std::chrono::seconds(1), .tv_nsec = (time % std::chrono::seconds(1)) / std::chrono::nanoseconds(1)};
  return std::max(sigtimedwait(&signals_, nullptr, &wait), 0);
}

Result<bool> Node::open_runtime(const RuntimeOptions& runtime_options) {
  for (;;) {
    auto runtime = Runtime::open(runtime_options);
    if (runtime) {
      runtime_ = *std::move(runtime);
      return true;
    }
    if (!options_.standby || runtime.error().code != Code::unavailable) return runtime.error();
    say_who_writes(store_url(runtime_options), runtime.error());
    if (caught_within(standby_pause) != 0) return false;
  }
}

Status Node::start_work(const definition::ProjectPointer& project) {
  TRY(deploy_directory(*runtime_, project, options_));
  retention_.emplace(server::RetentionRunner::Parts{runtime_->engine.get(), runtime_->store.get(), &runtime_->clock});
  retention_->start();
  api_.emplace(server::ApiParts{runtime_->engine.get(), runtime_->query.get(), &runtime_->clock, version_number()});
  standby_.hand_over([this](const server::Request& request) { return api_->handle(request); });
  return done();
}

Result<std::size_t> Node::find_partitions(const std::string& url) {
  for (;;) {
    auto found = options_.partitions > 0 ? Result<std::size_t>(static_cast<std::size_t>(options_.partitions)) : journal::partition_count(url);
    if (found) {
      const Status made = options_.partitions > 0 || *found > 1 ? journal::prepare_partitions(url, *found) : done();
      if (made) return found;
      found = made.error();
    }
    if (!options_.standby || found.error().code != Code::unavailable) return found.error();
    if (std::exchange(said_, found.error().message) != found.error().message) {
      log(LogLevel::info, "standing by" + log_field("address", address_) + log_field("reason", found.error().message));
      if (!options_.port_file.empty() && !write_port_file(options_.port_file, address_))
        return Error{Code::unavailable, options_.port_file + ": can't be written"};
    }
    if (caught_within(standby_pause) != 0) return std::size_t{0};
  }
}

// Where nobody else can reach this node, nobody could pass it what is its own.
Result<std::string> shared_address(const ServeOptions& options, const std::string& listens_at) {
  if (!options.address.empty()) {
    if (options.address.starts_with("http://") || options.address.starts_with("https://")) return options.address;
    return Error{Code::invalid_argument, "--address: expected http://HOST:PORT, found '" + options.address + "'"};
  }
  if (listens_at.starts_with("http://0.0.0.0:") || listens_at.starts_with("http://[::]:"))
    return Error{Code::invalid_argument, "this node listens on all addresses: say with --address at which of them the other nodes reach it"};
  return listens_at;
}

Result<std::unique_ptr<SharedNode>> Node::join_others(const SharedNodeOptions& options) {
  for (;;) {
    auto joined = SharedNode::join(options);
    const bool may_come = options_.standby && !joined && joined.error().code == Code::unavailable;
    if (!may_come || caught_within(standby_pause) != 0) return joined;
  }
}

// The door opens first: its address is what the others must know.
int Node::serve_shared(RuntimeOptions runtime_options, std::size_t partitions) {
  if (runtime_options.project)
    if (auto can = definition::check_shareable(*runtime_options.project); !can) return fail(can.error());
  if (!http_)
    if (auto door = open_door(shared_door_workers); !door) return fail(door.error());
  auto address = shared_address(options_, address_);
  if (!address) return fail(address.error());
  runtime_options.node_address = *address;
  if (runtime_options.node.empty()) runtime_options.node = *address;
  SharedNodeOptions options;
  options.runtime = runtime_options;
  options.partitions = partitions;
  if (runtime_options.lease) options.lease = *runtime_options.lease;
  options.version = version_number();
  options.when_home = [this, project = runtime_options.project](Runtime& home) -> Status {
    if (auto deployed = deploy_directory(home, project, options_); !deployed)
      log(LogLevel::error, "the project in this node's directory is not deployed" + log_field("error", deployed.error().message));
    return done();
  };
  auto joined = join_others(options);
  if (!joined) return fail(joined.error());
  shared_ = *std::move(joined);
  standby_.hand_over([this](const server::Request& request) { return shared_->handle(request); });
  if (!options_.port_file.empty() && !write_port_file(options_.port_file, address_))
    return fail({Code::unavailable, options_.port_file + ": can't be written"});
  log(LogLevel::info, "ready" + log_field("address", address_) + log_field("partitions", std::to_string(partitions)));
  int caught = 0;
  sigwait(&signals_, &caught);
  log(LogLevel::info, "stopping" + log_field("signal", caught == SIGINT ? "SIGINT" : "SIGTERM"));
  shared_->hurry();
  http_.reset();
  shared_.reset();
  return exit_done;
}

int Node::serve(RuntimeOptions runtime_options) {
  auto say_address = [this] { return options_.port_file.empty() || write_port_file(options_.port_file, address_); };
  const Error no_port_file{Code::unavailable, options_.port_file + ": can't be written"};
  // A node that stands by answers from the start; any other when it is ready.
  if (options_.standby) {
    if (auto opened = open_door(shared_door_workers); !opened) return fail(opened.error());  // it is not known yet which
  }
  const auto partitions = find_partitions(store_url(runtime_options));
  if (!partitions) return fail(partitions.error());
  if (*partitions == 0) return exit_done;
  if (*partitions > 1) return serve_shared(std::move(runtime_options), *partitions);
  if (options_.standby && !say_address()) return fail(no_port_file);
  runtime_options.node_address =
      options_.standby ? address_ : "http://" + listen_.address + ":" + std::to_string(listen_.port);
  auto opened = open_runtime(runtime_options);
  if (!opened) return fail(opened.error());
  if (!*opened) return exit_done;
  if (auto started = start_work(runtime_options.project); !started) return fail(started.error());
  if (!options_.standby) {
    if (auto door = open_door(door_workers); !door) return fail(door.error());
    if (!say_address()) return fail(no_port_file);
  }
  log(LogLevel::info, "ready" + log_field("address", address_) + log_field("store", runtime_->store->location()));
  int caught = 0;
  sigwait(&signals_, &caught);
  log(LogLevel::info, "stopping" + log_field("signal", caught == SIGINT ? "SIGINT" : "SIGTERM"));
  return exit_done;
}

Result<RuntimeOptions> runtime_options_of(const ServeOptions& options, const definition::ProjectPointer& project) {
  RuntimeOptions runtime;
  runtime.project = project;
  runtime.directory = options.directory;
  runtime.store = options.store;
  runtime.host_overrides = TRY(read_host_overrides(options.host_overrides));
  runtime.run_schedules = true;
  runtime.node = options.node;
  // At once: what this node would still send, the next one may be settling already.
  runtime.when_lost = [](const std::string&) { std::_Exit(exit_unreachable); };
  if (options.lease.empty()) return runtime;
  const auto lease = parse_duration(options.lease);
  if (!lease || *lease < std::chrono::seconds(1) || *lease > std::chrono::minutes(5))
    return Error{Code::invalid_argument, "--lease: expected an ISO 8601 duration from PT1S to PT5M, found '" + options.lease + "'"};
  runtime.lease = *lease;
  return runtime;
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
  auto runtime_options = runtime_options_of(options, project);
  if (!runtime_options) return fail(runtime_options.error());
  return Node(options, *listen).serve(*std::move(runtime_options));
}

}  // namespace gantry::cli
