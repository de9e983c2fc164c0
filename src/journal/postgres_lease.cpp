#include "journal/postgres_lease.h"

#include <fmt/format.h>

#include "base/log.h"
#include "journal/writer_node.h"

namespace gantry::journal {

Result<std::unique_ptr<PostgresLease>> PostgresLease::acquire(const PostgresAddress& address, LeaseOptions options) {
  auto connection = TRY(PostgresConnection::open(address, false));
  std::unique_ptr<PostgresLease> lease(new PostgresLease(std::move(connection), std::move(options)));
  TRY(lease->take());
  lease->thread_ = std::thread([raw = lease.get()] { raw->keep(); });
  return lease;
}

// An advisory lock lives as long as its session.
Result<bool> PostgresLease::lock_epoch(std::int64_t epoch) {
  auto select = TRY(connection_->use("SELECT pg_try_advisory_lock(hashtext('gantry ' || current_schema()), CAST(? AS "
                                     "BIGINT)::int)"));
  select->bind(1, epoch);
  TRY(select->step());
  return select->integer(0) != 0;
}

Status PostgresLease::unlock_epoch(std::int64_t epoch) {
  auto select = TRY(connection_->use("SELECT pg_advisory_unlock(hashtext('gantry ' || current_schema()), CAST(? AS "
                                     "BIGINT)::int)"));
  select->bind(1, epoch);
  TRY(select->step());
  return done();
}

Result<bool> PostgresLease::replace(std::int64_t epoch, bool owner_is_gone) {
  auto update = TRY(connection_->use(
      "UPDATE journal_lease SET epoch = epoch + 1, node = ?, address = ?, expires = clock_timestamp() + CAST(? AS "
      "BIGINT) * interval '1 microsecond' WHERE name = 'writer' AND epoch = ? AND (CAST(? AS BIGINT) = 1 OR expires < "
      "clock_timestamp())"));
  update->bind(1, std::string_view(options_.node)).bind(2, std::string_view(options_.address));
  update->bind(3, std::int64_t{options_.length.count()}).bind(4, epoch).bind(5, std::int64_t{owner_is_gone});
  const std::int64_t changed = TRY(update->run_counted());
  return changed > 0;
}

Status PostgresLease::mark(PostgresConnection& writer) const {
  auto select = TRY(writer.use("SELECT set_config('application_name', 'gantry writer ' || CAST(? AS BIGINT) || ' ' || "
                               "current_schema(), false)"));
  select->bind(1, epoch_);
  TRY(select->step());
  return done();
}

// Only once its time is over.
Status PostgresLease::end_writer_of(std::int64_t epoch) {
  auto select = TRY(connection_->use(
      "SELECT pg_terminate_backend(a.pid, 5000) FROM pg_stat_activity a, journal_lease l WHERE l.name = 'writer' AND "
      "l.epoch = ? AND l.expires < clock_timestamp() AND a.datname = current_database() AND a.application_name = "
      "'gantry writer ' || l.epoch || ' ' || current_schema()"));
  select->bind(1, epoch);
  TRY(select->step());
  return done();
}

// The lock of the next epoch is taken first, so that nobody finds the new owner without it.
Status PostgresLease::take() {
  const auto asked_at = std::chrono::steady_clock::now();
  const std::int64_t epoch = TRY(connection_->integer_of("SELECT epoch FROM journal_lease WHERE name = 'writer'"));
  const bool owner_is_gone = TRY(lock_epoch(epoch));
  const bool locked = TRY(lock_epoch(epoch + 1));
  if (locked) TRY(end_writer_of(epoch));
  const bool replaced = locked && TRY(replace(epoch, owner_is_gone));
  if (owner_is_gone) TRY(unlock_epoch(epoch));
  if (!replaced) {
    if (locked) TRY(unlock_epoch(epoch + 1));
    return busy();
  }
  epoch_ = epoch + 1;
  runs_until_ = asked_at + options_.length;
  locked_in_ = connection_->connections();
  return done();
}

Status PostgresLease::busy() {
  auto select = TRY(
      // It may have been given up meanwhile, and infinite times can't be subtracted.
      connection_->use("SELECT node, address, CAST(CASE WHEN isfinite(expires) THEN greatest(extract(epoch FROM expires - "
                       "clock_timestamp()), 0) ELSE 0 END AS DOUBLE PRECISION) FROM journal_lease WHERE name = 'writer'"));
  TRY(select->step());
  const std::string address(select->text(1));
  return Error{Code::unavailable,
               fmt::format("{} is written by node {}{}, whose lease runs for another {:.1f} s, and a journal has one "
                           "writer; stop that node or talk to it over its API",
                           connection_->path(), select->text(0), address.empty() ? "" : " at " + address,
                           select->real(2))};
}

Result<bool> PostgresLease::renew(PostgresConnection& connection) {
  const auto asked_at = std::chrono::steady_clock::now();
  auto update =
      TRY(connection.use("UPDATE journal_lease SET expires = clock_timestamp() + CAST(? AS BIGINT) * interval '1 "
                         "microsecond' WHERE name = 'writer' AND epoch = ?"));
  update->bind(1, std::int64_t{options_.length.count()}).bind(2, epoch_);
  const std::int64_t changed = TRY(update->run_counted());
  if (changed > 0) runs_until_ = asked_at + options_.length;
  return changed > 0;
}

bool PostgresLease::is_overdue() const {
  return std::chrono::steady_clock::now() > runs_until_.load();
}

Status PostgresLease::guard(PostgresConnection& writer) {
  if (std::exchange(marked_in_, writer.connections()) != writer.connections()) TRY(mark(writer));
  const bool owned = !lost_ && TRY(renew(writer));
  if (owned) return done();
  lose("another node has taken over");
  return Error{Code::unavailable,
               fmt::format("{}: this node has lost its lease: another one writes the journal now", writer.path())};
}

void PostgresLease::lose(const std::string& reason) {
  if (lost_.exchange(true)) return;
  log(LogLevel::error, "the lease of the journal is lost" + log_field("reason", reason));
  if (options_.when_lost) options_.when_lost(reason);
}

Result<std::optional<WriterNode>> find_writer(const std::string& url) {
  if (!is_postgres_url(url)) return std::optional<WriterNode>();
  const PostgresAddress address = TRY(PostgresAddress::parse(url));
  auto connection = TRY(PostgresConnection::open(address, true));
  auto select = TRY(connection->prepare("SELECT node, address FROM journal_lease WHERE name = 'writer' AND expires > "
                                        "clock_timestamp()"));
  if (!TRY(select->step())) return std::optional<WriterNode>();
  return std::optional(WriterNode{std::string(select->text(0)), std::string(select->text(1))});
}

void PostgresLease::keep() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, options_.length / 3, [this] { return stopping_; }) && !lost_) {
    auto owned = renew(*connection_);
    if (!owned) {
      log(LogLevel::warning, "the lease of the journal could not be renewed" + log_field("error", owned.error().message));
      if (is_overdue()) lose("it could not be renewed in time");
    } else if (!*owned) {
      lose("another node has taken over");
    } else if (connection_->connections() != locked_in_) {
      const auto locked = lock_epoch(epoch_);  // without it the time counts
      if (locked && *locked) locked_in_ = connection_->connections();
    }
  }
}

PostgresLease::~PostgresLease() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (epoch_ == 0 || lost_) return;
  auto end = connection_->use(
      "UPDATE journal_lease SET expires = '-infinity' WHERE name = 'writer' AND epoch = ?");
  if (!end) return;
  (*end)->bind(1, epoch_);
  (void)(*end)->run();
}

}  // namespace gantry::journal
