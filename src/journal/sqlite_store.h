// The store, on SQLite or PostgreSQL. Calls are serialised by the connection's mutex, so any thread may make them; only one thread
// should append, because a batch is atomic but its place among other batches is not.
#pragma once

#include <functional>
#include <unordered_map>

#include "journal/erasure.h"
#include "journal/retention.h"
#include "journal/sqlite_chain.h"
#include "journal/database_connection.h"
#include "journal/postgres_lease.h"
#include "journal/sqlite_places.h"
#include "journal/sqlite_projection.h"
#include "journal/store.h"
#include "journal/store_file.h"
#include "journal/stored_data.h"

namespace gantry::journal {

class SqliteStore final : public Store {
 public:
  static Result<std::unique_ptr<SqliteStore>> open_sqlite(const std::string& url, const StoreOptions& options);
  static Result<std::unique_ptr<SqliteStore>> open_postgres(const std::string& url, const StoreOptions& options);

  Status print(Batch& batch) const override;
  void print_ahead(Batch& batch) const override;
  Status append(const Batch& batch) override;
  Result<std::vector<std::string>> unfinished_instances() override;
  Result<std::map<std::string, std::string>> stuck_instances() override;
  Result<bool> rests(std::string_view instance) override;
  Result<std::vector<std::string>> resting_with_tasks() override;
  Result<std::size_t> running_instances() override;
  Result<std::vector<std::string>> running_under(std::string_view workflow, std::string_view version,
                                                 std::size_t count_max) override;
  Result<std::vector<std::string>> moved_by(std::string_view migration) override;
  Result<std::vector<StoredTimer>> timers_after(const TimerPosition& position, std::size_t count_max) override;
  Result<std::vector<Event>> events_of(std::string_view instance, std::uint64_t after_sequence) override;
  Result<std::optional<Snapshot>> latest_snapshot(std::string_view instance) override;
  Result<std::vector<std::pair<std::string, std::string>>> recent_events(std::size_t count_max) override;
  Result<std::optional<std::string>> instance_with_key(std::string_view workflow, std::string_view key) override;
  Result<std::uint64_t> last_sequence(std::string_view instance) override;
  Result<std::vector<BudgetPart>> budget_parts(std::string_view budget, std::string_view key) override;
  Status save_project(std::string_view digest, std::string_view files) override;
  Result<std::string> project_files(std::string_view digest) override;
  Result<std::optional<std::string>> current_project() override;
  Status add_token(const TokenRecord& token) override;
  Status revoke_tokens(std::string_view person) override;
  Result<std::optional<TokenRecord>> find_token(std::string_view hash) override;
  Result<std::vector<TokenRecord>> tokens() override;
  Status sign_checkpoint() override;
  std::string location() const override;
  ~SqliteStore() override;

  Status rebuild();  // of the projections, see maintenance.h
  // retention.h; in sqlite_retention.cpp and sqlite_hold.cpp
  Result<Removed> remove_instances(const std::vector<std::string>& instances, const RetentionPolicy& policy,
                                   Timestamp now, std::size_t events_max);
  Status change_hold(const HoldRequest& request, bool place);
  Status scrub();  // the file of what it does not show any more
  Result<Erasure> erase(const ErasureRequest& request);  // erasure.h; in sqlite_erasure.cpp
  std::shared_ptr<DatabaseConnection> connection() { return connection_; }
  // For reading beside the writer: a connection of its own, but for a store in memory the only one.
  Result<std::shared_ptr<DatabaseConnection>> open_reader();

 private:
  struct Stream {
    std::int64_t number = 0;
    std::uint64_t last_sequence = 0;
    bool may_have_snapshot = false;
    std::optional<StreamSecret> secret;  // none: it was erased with the data
  };

  SqliteStore(std::shared_ptr<DatabaseConnection> connection, WriterLock lock, const StoreOptions& options)
      : lock_(std::move(lock)), connection_(std::move(connection)), options_(options), places_(*connection_), projection_(*connection_, places_), chain_(*connection_) {}

  static Result<std::unique_ptr<SqliteStore>> open_beside_writer(const std::string& path, const StoreOptions& options);
  Status start_writing();  // after opening: reads where the chain ends and what has no place yet, opens the signing key
  // At the end: places what is left, so that the next to open it finds nothing to do.
  Status finish_writing();
  // After a commit whose answer was lost: whether it took place. Waits until the database answers, for a while.
  Result<bool> was_committed();
  Status writable() const;
  // Runs `write` in a transaction; after a failure nothing of it is left, on disk or in memory.
  Status in_transaction(std::string_view doing, const std::function<Status()>& write);
  Status event_writer() const;  // denied when only tokens may be written
  Result<StoredData> printed(const Event& event) const;
  // Those events that come after as many as are printed.
  Status print_rest(const std::vector<Event>& events, std::vector<StoredData>& printed_ones) const;
  Status write_batch(const Batch& batch, const std::vector<StoredData>& stored);
  struct EventRow {
    std::int64_t stream = 0;
    const Event* event = nullptr;
    const StoredData* stored = nullptr;
    ChainHead head;
  };
  Status write_events(std::span<const Event> events, std::span<const StoredData> stored);
  Status add_row(const Event& event, const StoredData& stored);
  Status finish_events();
  static void bind_row(DatabaseStatement& insert, int before, const EventRow& row);
  // An event of the installation that the store itself decides; in a transaction.
  Status write_own(EventType type, Value data, Timestamp at);
  Status write_snapshot(const Snapshot& snapshot);
  Status write_rest(const Rest& rest);
  Status drop_snapshot(std::int64_t stream);
  Result<std::int64_t> stream_number(std::string_view instance);
  Result<Stream*> stream_of(const std::string& instance, bool create);

  WriterLock lock_;
  std::unique_ptr<PostgresLease> lease_;
  std::shared_ptr<DatabaseConnection> connection_;
  StoreOptions options_;
  SqlitePlaces places_;
  SqliteProjection projection_;
  SqliteChain chain_;
  std::unordered_map<std::string, Stream> streams_;  // those written lately; bounded
  std::vector<EventRow> rows_;                       // of the batch at hand; kept for its memory
  std::string refused_;                              // why no more writes are taken; empty: they are
};

// Reads one row of journal_event; blobs are put back. Columns: instance id, sequence, at, type, data, labels.
Result<Event> event_from_row(DatabaseConnection& connection, DatabaseStatement& row);
Result<std::optional<TokenRecord>> find_token_record(DatabaseConnection& connection, std::string_view hash);
Result<std::vector<TokenRecord>> token_records(DatabaseConnection& connection);
Result<Value> data_from_text(DatabaseConnection& connection, std::string_view data, std::string_view labels);

}  // namespace gantry::journal
