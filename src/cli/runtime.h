// What `run` and `serve` share: the store, the drivers and the engine of one project, wired together.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "engine/engine.h"
#include "journal/query.h"

namespace gantry::cli {

// The system's clock, and further: waits that are skipped count as time that has passed. Any thread.
class SkippingClock final : public Clock {
 public:
  Timestamp now() const override { return system_.now() + Duration(skipped_.load()); }
  void skip_to(Timestamp at) {
    if (const Duration left = at - now(); left > Duration::zero()) skipped_ += left.count();
  }

 private:
  SystemClock system_;
  std::atomic<std::int64_t> skipped_{0};
};

struct RuntimeOptions {
  definition::ProjectPointer project;  // may be null for serve without a project
  std::string directory = ".";         // that relative paths of the project start from
  std::string store;                   // URL; empty: as the project's settings say
  std::map<std::string, std::string> host_overrides;
  // Of a database that nodes share: StoreOptions. Empty: its defaults.
  std::string node = {}, node_address = {};
  std::optional<Duration> lease = {};
  std::function<void(const std::string& reason)> when_lost = {};  // StoreOptions::when_lost
  // Of a journal with partitions (journal/partition.h): which of how many this is, and what the home has decided that this
  // one has not followed yet, asked for when it is this node's.
  std::size_t partition = 0, partitions = 1;
  std::function<Result<std::vector<engine::HomeChange>>()> home_changes = {};
  bool egress_any = false;
  bool run_schedules = false;
  // As Engine::Parts::when_idle. May be empty.
  std::function<void(SkippingClock& clock, std::optional<Timestamp> next_due)> when_idle;
  std::function<void(const std::string&, const std::vector<engine::TaskTrace>&)> trace;
};

// The store that the options name, or else the project.
std::string store_url(const RuntimeOptions& options);

// Members in order of construction: the engine goes first at the end.
struct Runtime {
  SkippingClock clock;
  SystemRandom random;
  std::unique_ptr<journal::Store> store;
  std::unique_ptr<journal::Query> query;
  std::unique_ptr<engine::Engine> engine;

  static Result<std::unique_ptr<Runtime>> open(const RuntimeOptions& options);
};

// What to say of a deployment that changes policies and that people have to approve first.
Error policy_change_waits(const engine::Deployed& deployed);
// journal::Store::open for commands: a store that a newer Gantry wrote can't be reached by this one (exit status 4).
Result<std::unique_ptr<journal::Store>> open_store(const std::string& url, const journal::StoreOptions& options = {});

// Which key signs the audit chain of the store at this URL, and how often. Nothing for a store in memory.
journal::AuditOptions audit_options(const definition::Settings& settings, const std::string& url,
                                    const std::string& directory);

// The settings of the project in `directory`; the defaults where there is no gantry.yaml. Nothing else of the project
// has to be right. Errors: not_found and exhausted of reading it; invalid_argument, its problems are printed.
Result<definition::Settings> read_settings(const std::string& directory);

// "sqlite:PATH" with a relative PATH taken from `directory`.
std::string resolve_store(const std::string& url, const std::string& directory);

}  // namespace gantry::cli
