#include "journal/sqlite_store.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/planted.h"
#include "journal/durable_log.h"
#include "journal/insert_rows.h"
#include "journal/sqlite_connection.h"
#include "journal/sqlite_schema.h"
#include "journal/stored_utf8.h"

namespace gantry::journal {
namespace {

constexpr std::size_t remembered_streams_max = 200'000;

bool ends_instance(EventType type) {
  return type == EventType::instance_completed || type == EventType::instance_faulted ||
         type == EventType::instance_cancelled;
}

Status configure_writer(DatabaseConnection& connection, const StoreOptions& options) {
  if (!connection.is_memory()) {
    // FULL syncs the write-ahead log at every commit: a committed batch survives a power cut.
    // Changing to that mode writes a rollback journal and deletes it; only EXTRA makes sure that it can't come back when
    // the power fails later, and take everything with it.
    TRY(connection.execute("PRAGMA synchronous = EXTRA; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"));
    // Checkpoint each 16 MiB: each one syncs the database too. The log's file is cut back to 64 MiB after a burst.
    TRY(connection.execute("PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 67108864"));
  }
  if (GANTRY_PLANTED(commits_without_sync)) TRY(connection.execute("PRAGMA synchronous = NORMAL"));
  TRY(connection.execute("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192"));
  if (options.page_count_max)
    TRY(connection.execute(fmt::format("PRAGMA max_page_count = {}", *options.page_count_max)));
  return done();
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& url, const StoreOptions& options) {
  auto store = TRY(is_postgres_url(url) ? SqliteStore::open_postgres(url, options) : SqliteStore::open_sqlite(url, options));
  return std::unique_ptr<Store>(std::move(store));
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open_sqlite(const std::string& url, const StoreOptions& options) {
  std::string path = TRY(store_path(url));
  WriterLock lock;
  std::shared_ptr<DatabaseConnection> connection;
  if (options.tokens_only && !options.read_only && !path.empty()) return open_beside_writer(path, options);
  if (options.read_only) {
    if (path.empty())
      return Error{Code::invalid_argument,
                   "the store memory: is always new and empty, so it can't be opened for reading only"};
    connection = TRY(SqliteConnection::open(path, SqliteConnection::Mode::read_only));
    TRY(check_schema(*connection));
  } else {
    if (!path.empty() && options.file_layer.empty()) {
      TRY(create_store_file(path));
      lock = TRY(WriterLock::acquire(path));
    }
    const std::shared_ptr<SqliteConnection> opened = TRY(
        SqliteConnection::open(path, path.empty() ? SqliteConnection::Mode::memory : SqliteConnection::Mode::create,
                               options.file_layer));
    connection = opened;
    // After a sync that failed the next one may say that all is written although it is not. What the log holds must not
    // get into the database before it is known to be on the disk, or half of a batch may stay there.
    opened->set_checkpoint_at_close(false);
    // Look before the first write: a foreign or newer file stays byte for byte as it is.
    TRY(check_owner(*connection));
    TRY(configure_writer(*connection, options));
    TRY(make_log_durable(*connection, options.file_layer));
    opened->set_checkpoint_at_close(true);
    TRY(prepare_schema(*connection));
  }
  auto store = std::unique_ptr<SqliteStore>(new SqliteStore(std::move(connection), std::move(lock), options));
  if (!options.read_only) TRY(store->start_writing());
  return store;
}

Status SqliteStore::start_writing() {
  TRY(chain_.load());
  TRY(places_.open());
  if (options_.audit.key_file.empty()) return done();
  auto key = TRY(SigningKey::open(options_.audit.key_file));
  chain_.sign_with(std::move(key), options_.audit);
  return done();
}

SqliteStore::~SqliteStore() {
  if (options_.read_only || options_.tokens_only || !refused_.empty()) return;
  if (auto signed_ = sign_checkpoint(); !signed_)
    log(LogLevel::warning, "the end of the journal could not be signed" + log_field("error", signed_.error().message));
  (void)finish_writing();  // when it fails, whoever opens the store finds a tail as after a crash
}

Status SqliteStore::finish_writing() {
  std::lock_guard lock(connection_->mutex());
  if (places_.is_empty()) return done();
  return in_transaction("placing the last events", [&]() -> Status {
    TRY(places_.place());
    return projection_.flush(true);
  });
}

Status SqliteStore::sign_checkpoint() {
  TRY(event_writer());
  std::lock_guard lock(connection_->mutex());
  if (!chain_.has_unsigned()) return done();
  return in_transaction("signing a checkpoint", [&] { return chain_.sign_when_due(true); });
}

// SQLite's own locks keep the two writers apart; ours is about who assigns sequence numbers, and who brings the log
// into the database: only the writer, and while there is none who has made the log durable. With two at it, SQLite
// before 3.51.3 may lose pages when the log begins anew (https://sqlite.org/wal.html#walresetbug).
Result<std::unique_ptr<SqliteStore>> SqliteStore::open_beside_writer(const std::string& path,
                                                                     const StoreOptions& options) {
  TRY(create_store_file(path));
  const std::shared_ptr<SqliteConnection> connection =
      TRY(SqliteConnection::open(path, SqliteConnection::Mode::create));
  connection->set_checkpoint_at_close(false);
  Status usable = check_schema(*connection);
  if (!usable && usable.error().code != Code::not_found) return usable.error();
  TRY(configure_writer(*connection, options));
  TRY(connection->execute("PRAGMA wal_autocheckpoint = 0"));
  if (const auto alone = WriterLock::acquire(path)) {
    TRY(make_log_durable(*connection, options.file_layer));
    connection->set_checkpoint_at_close(true);
  }
  if (!usable) TRY(prepare_schema(*connection));
  return std::unique_ptr<SqliteStore>(new SqliteStore(connection, WriterLock(), options));
}

std::string SqliteStore::location() const {
  return connection_->is_memory() ? "memory" : connection_->path();
}

Status SqliteStore::writable() const {
  if (options_.read_only) return Error{Code::denied, fmt::format("{} was opened for reading only", location())};
  if (refused_.empty()) return done();
  return Error{
      Code::unavailable,
      fmt::format("the journal takes no more writes since an earlier one failed ({}); check the disk and start again",
                  refused_)};
}

Status SqliteStore::event_writer() const {
  if (options_.tokens_only) return Error{Code::denied, fmt::format("{} was opened for tokens only", location())};
  return done();
}

Status SqliteStore::in_transaction(std::string_view doing, const std::function<Status()>& write) {
  TRY(writable());
  Status status = done();
  {
    auto transaction = DatabaseTransaction::begin(*connection_);
    if (!transaction) status = transaction.error();
    if (status && !options_.tokens_only) status = projection_.load_tail();
    if (status) status = write();
    if (status && connection_->is_memory()) status = places_.show();  // queries share the connection
    bool written = status.ok();
    if (written) status = transaction->commit();
    if (status) {
      chain_.committed();
      return status;
    }
    if (connection_->is_in_doubt(written)) {
      if (transaction) transaction->abandon();
      const auto committed = was_committed();
      if (committed && *committed) {
        chain_.committed();
        return done();
      }
      if (!committed) refused_ = status.error().message;
    }
  }
  streams_.clear();
  projection_.forget();
  chain_.rolled_back();
  places_.rolled_back();
  return Error{status.error().code, fmt::format("{}: {}", doing, status.error().message)};
}

Result<StoredData> SqliteStore::printed(const Event& event) const {
  auto split = checked_split(event.data, options_.blob_threshold_bytes);
  if (!split)
    return Error{split.error().code, fmt::format("event {} ({}) of instance '{}': {}", event.sequence,
                                                 name_of(event.type), event.instance, split.error().message)};
  if (split->size() > options_.event_bytes_max)
    return Error{Code::exhausted,
                 fmt::format("the data of event {} ({}) of instance '{}' is {} bytes; the store's limit is {}", event.sequence,
                             name_of(event.type), event.instance, split->size(), options_.event_bytes_max)};
  return split;
}

Status SqliteStore::print_rest(const std::vector<Event>& events, std::vector<StoredData>& printed_ones) const {
  while (printed_ones.size() < events.size()) {
    StoredData stored = TRY(printed(events[printed_ones.size()]));
    printed_ones.push_back(std::move(stored));
  }
  return done();
}

Status SqliteStore::print(Batch& batch) const {
  return print_rest(batch.events, batch.printed);
}

void SqliteStore::print_ahead(Batch& batch) const {
  [[maybe_unused]] const Status printed = print_rest(batch.events, batch.printed);
}

Status SqliteStore::append(const Batch& batch) {
  TRY(event_writer());
  if (batch.is_empty()) return done();
  // Printing happens before the lock is taken, so that readers of tokens don't wait for it.
  std::vector<StoredData> stored;
  const bool is_printed = batch.printed.size() == batch.events.size();
  if (!is_printed) TRY(print_rest(batch.events, stored));
  std::lock_guard lock(connection_->mutex());
  return in_transaction("writing events", [&] { return write_batch(batch, is_printed ? batch.printed : stored); });
}

Status SqliteStore::write_batch(const Batch& batch, const std::vector<StoredData>& stored) {
  TRY(write_events(batch.events, stored));
  for (const Snapshot& snapshot : batch.snapshots) TRY(write_snapshot(snapshot));
  for (const Rest& rest : batch.rests) TRY(write_rest(rest));
  TRY(chain_.sign_when_due());
  return finish_events();
}

// After the last event of a transaction: what follows from it.
Status SqliteStore::finish_events() {
  if (places_.is_due() || projection_.needs_placed_tail()) TRY(places_.place());
  return projection_.flush(places_.is_empty());
}

Result<SqliteStore::Stream*> SqliteStore::stream_of(const std::string& instance, bool create) {
  auto known = streams_.find(instance);
  if (known != streams_.end()) return &known->second;
  Stream stream;
  if (create) {
    StreamSecret secret = chain_.new_secret();
    auto insert =
        TRY(connection_->use("INSERT INTO journal_stream (id, secret) VALUES (?,?) ON CONFLICT DO NOTHING RETURNING "
                             "number"));
    insert->bind(1, instance).bind_blob(2, {reinterpret_cast<const char*>(secret.data()), secret.size()});
    if (TRY(insert->step())) {
      stream.number = insert->integer(0);
      stream.secret = secret;
      return &streams_.emplace(instance, stream).first->second;
    }
  }
  auto known_stream = TRY(connection_->use("SELECT number, secret FROM journal_stream WHERE id = ?"));
  known_stream->bind(1, instance);
  if (!TRY(known_stream->step())) return static_cast<Stream*>(nullptr);
  stream.number = known_stream->integer(0);
  stream.secret = TRY(secret_from_column(*known_stream, 1));
  stream.may_have_snapshot = true;
  stream.last_sequence = TRY(places_.last_sequence(stream.number));
  return &streams_.emplace(instance, stream).first->second;
}

// 0: there is none. What the writer reads it will soon write to.
Result<std::int64_t> SqliteStore::stream_number(std::string_view instance) {
  if (!options_.read_only && !options_.tokens_only) {
    if (streams_.size() >= remembered_streams_max) streams_.clear();
    const Stream* stream = TRY(stream_of(std::string(instance), false));
    return stream ? stream->number : 0;
  }
  auto select = TRY(connection_->use("SELECT number FROM journal_stream WHERE id = ?"));
  select->bind(1, instance);
  const bool found = TRY(select->step());
  return found ? select->integer(0) : 0;
}

// The journal first, then what follows from it.
Status SqliteStore::write_events(std::span<const Event> events, std::span<const StoredData> stored) {
  if (streams_.size() >= remembered_streams_max) streams_.clear();
  rows_.clear();
  for (std::size_t i = 0; i < events.size(); ++i) TRY(add_row(events[i], stored[i]));
  static const InsertText text(
      "INSERT INTO journal_event (stream, sequence, at, type, data, labels, hash, position)", 8);
  TRY(insert_rows(*connection_, text, std::span<const EventRow>(rows_), bind_row));
  std::vector<SqlitePlaces::Added> added;
  added.reserve(rows_.size());
  for (const EventRow& row : rows_)
    added.push_back({row.stream, static_cast<std::int64_t>(row.head.position), row.event, row.stored->text.data.size()});
  TRY(places_.add(added));
  for (const EventRow& row : rows_)
    TRY(projection_.apply({static_cast<std::int64_t>(row.head.position), row.stream}, *row.event));
  return done();
}

void SqliteStore::bind_row(DatabaseStatement& insert, int before, const EventRow& row) {
  insert.bind(before + 1, row.stream).bind(before + 2, static_cast<std::int64_t>(row.event->sequence));
  insert.bind(before + 3, std::int64_t{row.event->at.time_since_epoch().count()});
  insert.bind(before + 4, static_cast<std::int64_t>(row.event->type));
  insert.bind(before + 5, row.stored->text.data).bind_text_or_null(before + 6, row.stored->text.labels);
  insert.bind_blob(before + 7, bytes_of(row.head.hash));
  insert.bind(before + 8, static_cast<std::int64_t>(row.head.position));
}

Status SqliteStore::add_row(const Event& event, const StoredData& stored) {
  Stream* stream = TRY(stream_of(event.instance, true));
  if (event.sequence != stream->last_sequence + 1) {
    bool exists = event.sequence <= stream->last_sequence && event.sequence > 0;
    return Error{exists ? Code::conflict : Code::invalid_argument,
                 fmt::format("event {} ({}) of instance '{}' {}: the last one is {}, so {} is next", event.sequence,
                             name_of(event.type), event.instance, exists ? "exists already" : "would leave a gap",
                             stream->last_sequence, stream->last_sequence + 1)};
  }
  for (const StoredBlob& blob : stored.blobs) {
    auto insert = TRY(
        connection_->use("INSERT INTO journal_blob (hash, data, labels) VALUES (?,?,?) ON CONFLICT (hash) DO NOTHING"));
    insert->bind(1, blob.hash).bind(2, blob.text.data).bind_text_or_null(3, blob.text.labels);
    TRY(insert->run());
    auto use = TRY(connection_->use("INSERT INTO journal_blob_use (stream, hash) VALUES (?,?) ON CONFLICT DO NOTHING"));
    use->bind(1, stream->number).bind(2, blob.hash);
    TRY(use->run());
  }
  rows_.push_back({stream->number, &event, &stored, TRY(chain_.extend(event, stored.text, stream->secret))});
  stream->last_sequence = event.sequence;
  return stream->may_have_snapshot && ends_instance(event.type) ? drop_snapshot(stream->number) : done();
}

Status SqliteStore::write_own(EventType type, Value data, Timestamp at) {
  Stream* installation = TRY(stream_of("", true));
  const Event event{"", installation->last_sequence + 1, at, type, std::move(data)};
  const StoredData stored = TRY(checked_split(event.data, options_.blob_threshold_bytes));
  return write_events({&event, 1}, {&stored, 1});
}

Status SqliteStore::drop_snapshot(std::int64_t stream) {
  auto remove = TRY(connection_->use("DELETE FROM journal_snapshot WHERE stream = ?"));
  remove->bind(1, stream);
  return remove->run();
}

Status SqliteStore::write_snapshot(const Snapshot& snapshot) {
  Stream* stream = TRY(stream_of(snapshot.instance, false));
  if (!stream || snapshot.sequence > stream->last_sequence)
    return Error{Code::invalid_argument,
                 fmt::format("a snapshot of instance '{}' after event {}, but the journal ends at {}",
                             snapshot.instance, snapshot.sequence, stream ? stream->last_sequence : 0)};
  stream->may_have_snapshot = true;
  // Not for instances that have ended; the newest wins. The installation never ends.
  auto insert = TRY(
      connection_->use("INSERT INTO journal_snapshot (stream, sequence, state) SELECT CAST(?1 AS BIGINT), CAST(?2 AS BIGINT), CAST(?3 AS TEXT) WHERE CAST(?4 AS BIGINT) = 1 OR EXISTS "
                       "(SELECT 1 FROM journal_instance WHERE stream = ?1 AND status = 0)"
                       " ON CONFLICT (stream) DO UPDATE SET sequence = excluded.sequence, state = excluded.state "
                       "WHERE excluded.sequence >= journal_snapshot.sequence"));
  insert->bind(1, stream->number).bind(2, static_cast<std::int64_t>(snapshot.sequence)).bind(3, snapshot.state);
  insert->bind(4, std::int64_t{snapshot.instance.empty()});
  return insert->run();
}

Status SqliteStore::write_rest(const Rest& rest) {
  Stream* stream = TRY(stream_of(rest.instance, false));
  if (!stream) return done();
  auto update = TRY(connection_->use("UPDATE journal_instance SET rests = ? WHERE stream = ?"));
  update->bind(1, std::int64_t{rest.rests}).bind(2, stream->number);
  return update->run();
}

Status SqliteStore::rebuild() {
  TRY(event_writer());
  std::lock_guard lock(connection_->mutex());
  return in_transaction("rebuilding the projections", [&]() -> Status {
    TRY(places_.rebuild());  // with this the tail is empty
    TRY(projection_.clear());
    auto select =
        TRY(connection_->prepare_scan("SELECT s.id, e.sequence, e.at, e.type, e.data, e.labels, e.position, e.stream FROM "
                                 "journal_event e JOIN journal_stream s ON s.number = e.stream WHERE s.id = '' OR EXISTS "
                                 // Not what retention has begun to remove: it is in no projection any more.
                                 "(SELECT 1 FROM journal_stream_event b WHERE b.stream = e.stream AND b.block = 0 AND b.sequence = 1) ORDER BY "
                                 "e.position"));
    while (TRY(select->step())) {
      Event event = TRY(event_from_row(*connection_, *select));
      EventPlace place{select->integer(6), select->integer(7)};
      TRY(projection_.apply(place, event));
    }
    return projection_.flush(true);
  });
}

}  // namespace gantry::journal
