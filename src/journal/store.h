// Where the journal lives. One writer (the engine) appends, one batch at a time; readers use query.h on connections of their own.
//
// Errors of every call: unavailable = the disk is full or the database can't be reached (the message says which file
// and what to do); nothing of the batch is kept then. After a failed sync the store refuses all further writes until it
// is opened again (what is on disk is unknown then). conflict = a sequence number exists already. internal = this one
// event, or a blob that it needs, is damaged; others can be read.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "journal/event.h"
#include "journal/stored_data.h"

namespace gantry::journal {

// The engine's state of one instance, or of the installation (""), after `sequence`, to shorten recovery. `state` is
// text the engine understands.
struct Snapshot {
  std::string instance;
  std::uint64_t sequence = 0;
  std::string state;
};

// What is charged to one part of a budget's window, net of what was given back.
struct BudgetPart {
  Timestamp at{};  // when the part begins; the epoch for a budget without a window
  double amount = 0;
};

// Whether an instance that runs waits for nothing but time and people, so that it need not be in memory. Not an event:
// it follows from them, and says only what may be loaded later.
struct Rest {
  std::string instance;
  bool rests = false;
};

struct Batch {
  std::vector<Event> events;
  std::vector<Snapshot> snapshots;
  std::vector<Rest> rests = {};
  std::vector<StoredData> printed = {};  // the data of the events, see Store::print; empty: not yet
  bool is_empty() const { return events.empty() && snapshots.empty() && rests.empty(); }
};

// What falls due when: a timer of a workflow, or the expiry of an open approval.
struct TimerPosition {
  Timestamp due{};
  std::int64_t place = -1;  // among those of the same time; -1 comes before all
  std::string name;         // of the timer, or the id of the human task
};
struct StoredTimer {
  TimerPosition position;
  std::string instance;
  bool is_expiry = false;
};

struct TokenRecord {
  std::string hash;  // SHA-256 of the token, hexadecimal; the token itself is never stored
  std::string person;
  std::vector<std::string> roles;
  Timestamp created{};
  std::optional<Timestamp> expires;
  bool revoked = false;
};

// The signed checkpoints of the hash chain (docs/reference/audit.md).
struct AuditOptions {
  std::string key_file = {};  // made on first use; empty: nothing is signed
  std::uint64_t checkpoint_every_events = 4096;
  Duration checkpoint_interval = std::chrono::minutes(10);  // by the events' times
};

struct StoreOptions {
  std::size_t blob_threshold_bytes = 4096;          // larger values go to the blob table, once per content
  std::size_t event_bytes_max = 64u << 20;          // one event's data
  std::optional<std::int64_t> page_count_max = {};  // SQLite's max_page_count: a hard limit on the file, for tests too
  bool read_only = false;
  // Opens without the writer's lock, beside a running server: only the token functions may be used then.
  bool tokens_only = false;
  AuditOptions audit = {};
  // The name of a registered SQLite file layer that keeps the files, for simulations: nothing is looked for, created or
  // locked on the machine's own disk then. Empty: the operating system's.
  std::string file_layer = {};
  // PostgreSQL only: how this node is called, where it serves (both for people, and other nodes), how long it keeps the
  // lease to write while it is silent, and what to do when another node has taken it (any thread, once). A store that
  // has lost its lease refuses all writes.
  std::string node = {};
  std::string node_address = {};
  Duration lease = std::chrono::seconds(10);
  std::function<void(const std::string& reason)> when_lost = {};
};

// A store's URL for people to read, without the password that may be in it.
std::string printable_store(const std::string& url);

class Store {
 public:
  // "sqlite:PATH" (created with its folder, mode 0600), "postgres://..." (docs/reference/store.md) or "memory:". A
  // database written by a newer Gantry is refused: conflict, naming both versions. An older one is upgraded in one
  // transaction. A second writer is refused: unavailable, naming its process id, or its node.
  static Result<std::unique_ptr<Store>> open(const std::string& url, const StoreOptions& options = {});
  virtual ~Store() = default;

  // Prints the data of a batch's events, so that append() finds it done: for one who appends on another thread than the one that
  // made the events. Any thread. Errors: exhausted, as append().
  virtual Status print(Batch&) const { return done(); }
  // The same for those that were added since, while what they are made of is still in the processor's cache. One that can't be
  // printed is left to append(), which says why.
  virtual void print_ahead(Batch&) const {}
  // One transaction, on disk when it returns. Sequences continue each instance's without gaps.
  virtual Status append(const Batch& batch) = 0;

  // Instances that run and don't rest, and those that have ended but have effects of which nobody knows what became;
  // oldest first.
  virtual Result<std::vector<std::string>> unfinished_instances() = 0;
  // Instances whose last instance_stuck has a reason, and that reason.
  virtual Result<std::map<std::string, std::string>> stuck_instances() = 0;
  virtual Result<bool> rests(std::string_view instance) = 0;     // it runs, and rests
  virtual Result<std::vector<std::string>> resting_with_tasks() = 0;  // those that rest and have an open human task
  virtual Result<std::size_t> running_instances() = 0;           // resting ones too
  // Instances that run (resting ones too) under this version of a workflow ("namespace/name"), oldest first, at most so many.
  virtual Result<std::vector<std::string>> running_under(std::string_view workflow, std::string_view version,
                                                         std::size_t count_max) = 0;
  // Those that this migration moved last, and that it was not undone for; ended ones too.
  virtual Result<std::vector<std::string>> moved_by(std::string_view migration) = 0;
  // What falls due after `position`, earliest first, at most so many.
  virtual Result<std::vector<StoredTimer>> timers_after(const TimerPosition& position, std::size_t count_max) = 0;
  virtual Result<std::vector<Event>> events_of(std::string_view instance, std::uint64_t after_sequence = 0) = 0;
  virtual Result<std::optional<Snapshot>> latest_snapshot(std::string_view instance) = 0;
  // Source and id of the CloudEvents received last, at most so many, oldest first.
  virtual Result<std::vector<std::pair<std::string, std::string>>> recent_events(std::size_t count_max) = 0;
  // The instance of this workflow ("namespace/name") that was started with this key of somebody (start_key.h), if any.
  virtual Result<std::optional<std::string>> instance_with_key(std::string_view workflow, std::string_view key) = 0;
  virtual Result<std::uint64_t> last_sequence(std::string_view instance) = 0;  // 0 when there are no events
  // The parts of "policy/budget" for one key, oldest first.
  virtual Result<std::vector<BudgetPart>> budget_parts(std::string_view budget, std::string_view key) = 0;

  // Projects: `files` is the canonical JSON of path -> text. Saving the same digest twice is fine.
  virtual Status save_project(std::string_view digest, std::string_view files) = 0;
  virtual Result<std::string> project_files(std::string_view digest) = 0;
  virtual Result<std::optional<std::string>> current_project() = 0;  // digest of the last project_deployed

  virtual Status add_token(const TokenRecord& token) = 0;
  virtual Status revoke_tokens(std::string_view person) = 0;
  virtual Result<std::optional<TokenRecord>> find_token(std::string_view hash) = 0;
  virtual Result<std::vector<TokenRecord>> tokens() = 0;

  // Signs how the hash chain stands now, if events came since the last checkpoint; done at the end of the store, too.
  // Does nothing without a key.
  virtual Status sign_checkpoint() { return done(); }

  virtual std::string location() const = 0;  // the file's path, the database without its password, or "memory"
};

}  // namespace gantry::journal
