// Opening the store on PostgreSQL: the schema, the lease, and what became of a commit whose answer was lost.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/log.h"
#include "journal/postgres_dialect.h"
#include "journal/postgres_partition.h"
#include "journal/sqlite_connection.h"
#include "journal/sqlite_schema.h"
#include "journal/sqlite_store.h"

namespace gantry::journal {
namespace {

constexpr int answer_tries_max = 10;
constexpr auto answer_pause = std::chrono::milliseconds(500);

std::string node_name(const StoreOptions& options) {
  if (!options.node.empty()) return options.node;
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return fmt::format("{}:{}", host.data(), getpid());
}

Status warn_if_not_durable(PostgresConnection& connection) {
  if (connection.address().partition().value_or(0) > 0) return done();  // the home says it for all
  const std::int64_t unsafe =
      TRY(connection.integer_of("SELECT count(*) FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND "
                                "setting = 'off'"));
  if (unsafe > 0)
    log(LogLevel::warning, "the database server does not sync its disk (fsync or full_page_writes is off): what is "
                           "acknowledged may be lost in a power cut");
  return done();
}

}  // namespace

Status prepare_lease(PostgresConnection& connection) {
  // Where it is there, nothing may touch its row: a frozen node may hold it.
  const bool is_there = TRY(connection.integer_of("SELECT count(*) FROM pg_class WHERE relname = 'journal_lease' AND "
                                                  "relnamespace = current_schema()::regnamespace")) > 0;
  if (is_there) return done();
  auto transaction = TRY(DatabaseTransaction::begin(connection));
  TRY(connection.execute("SELECT pg_advisory_xact_lock(hashtext('gantry'))"));
  const std::string& schema = connection.address().schema();
  const bool exists = TRY(connection.integer_of("SELECT count(*) FROM pg_namespace WHERE nspname = '" + schema + "'")) > 0;
  if (!exists) TRY(connection.execute(fmt::format("CREATE SCHEMA \"{}\"", schema)));
  TRY(connection.execute(postgres_tables));
  return transaction.commit();
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::open_postgres(const std::string& url, const StoreOptions& options) {
  const PostgresAddress address = TRY(PostgresAddress::parse(url));
  std::shared_ptr<PostgresConnection> connection = TRY(PostgresConnection::open(address, options.read_only));
  if (!options.tokens_only) TRY(check_partition(*connection));
  if (options.read_only) {
    TRY(check_schema(*connection));
    return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(connection), WriterLock(), options));
  }
  TRY(check_owner(*connection));  // nothing of a newer one is touched
  TRY(prepare_lease(*connection));
  if (options.tokens_only) {
    Status usable = check_schema(*connection);
    if (!usable && usable.error().code != Code::not_found) return usable.error();
    if (!usable) TRY(prepare_schema(*connection));
    return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(connection), WriterLock(), options));
  }
  auto lease = TRY(PostgresLease::acquire(
      address,
      {.node = node_name(options), .address = options.node_address, .length = options.lease, .when_lost = options.when_lost}));
  connection->guard_with([owner = lease.get(), writer = connection.get()] { return owner->guard(*writer); });
  TRY(check_owner(*connection));
  TRY(prepare_schema(*connection));
  TRY(warn_if_not_durable(*connection));
  auto store = std::unique_ptr<SqliteStore>(new SqliteStore(std::move(connection), WriterLock(), options));
  store->lease_ = std::move(lease);
  TRY(store->start_writing());
  return store;
}

Result<std::shared_ptr<DatabaseConnection>> SqliteStore::open_reader() {
  if (connection_->is_memory()) return connection_;
  if (const auto* postgres = dynamic_cast<const PostgresConnection*>(connection_.get())) {
    auto connection = TRY(PostgresConnection::open(postgres->address(), true));
    return std::shared_ptr<DatabaseConnection>(std::move(connection));
  }
  auto connection = TRY(SqliteConnection::open(location(), SqliteConnection::Mode::read_only));
  return std::shared_ptr<DatabaseConnection>(std::move(connection));
}

// The guard of the new transaction waits for the row that the old one has changed, so what is read then is final. Only
// this node writes, so the chain's end says whether it was written.
Result<bool> SqliteStore::was_committed() {
  if (connection_->dialect() == Dialect::sqlite) return Error{Code::unavailable, "nobody can say"};
  Result<std::int64_t> last = Error{Code::unavailable, "not asked yet"};
  for (int tries = 0; tries < answer_tries_max && !last; ++tries) {
    if (tries > 0) std::this_thread::sleep_for(answer_pause);
    if (!connection_->begin()) continue;
    last = connection_->integer_of("SELECT max(position) FROM journal_event");
    connection_->roll_back();
  }
  if (!last) return last.error();
  return static_cast<std::uint64_t>(*last) == chain_.head().position && chain_.moved();
}

}  // namespace gantry::journal
