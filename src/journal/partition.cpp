#include "journal/partition.h"

#include <fmt/format.h>

#include <array>
#include <span>

#include "base/random.h"
#include "journal/postgres_connection.h"
#include "journal/postgres_dialect.h"
#include "journal/postgres_lease.h"
#include "journal/postgres_partition.h"
#include "journal/sqlite_schema.h"
#include "journal/store.h"

namespace gantry::journal {
namespace {

constexpr const char* partition_table =
    "CREATE TABLE journal_partition (number bigint NOT NULL, count bigint NOT NULL, secret text NOT NULL)";
constexpr const char* node_table =
    "CREATE TABLE IF NOT EXISTS journal_node (address text PRIMARY KEY, node text NOT NULL, expires timestamptz NOT "
    "NULL, "
    "pid bigint NOT NULL); CREATE TABLE IF NOT EXISTS journal_follower (number bigint PRIMARY KEY, followed bigint NOT "
    "NULL)";

std::uint64_t fnv1a(std::string_view text, std::uint64_t hash = 14695981039346656037u) {
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211u;
  return hash;
}

std::string new_secret() {
  std::array<std::byte, 32> bytes{};
  SystemRandom().fill(bytes);
  std::string text;
  for (const std::byte each : bytes) text += fmt::format("{:02x}", std::to_integer<int>(each));
  return text;
}

Result<bool> has_table(PostgresConnection& connection, std::string_view name) {
  const std::int64_t found = TRY(connection.integer_of(fmt::format(
      "SELECT count(*) FROM pg_class WHERE relname = '{}' AND relnamespace = to_regnamespace(current_schema())",
      name)));
  return found > 0;
}

// Makes the schema and the tables of a journal, as a first owner would, and says which partition it is. Tokens are
// those of the home, seen through a view.
Status prepare_one(const PostgresAddress& address, std::size_t count, const std::string& secret) {
  auto connection = TRY(PostgresConnection::open(address, false));
  TRY(check_owner(*connection));
  TRY(prepare_lease(*connection));
  if (TRY(has_table(*connection, "journal_partition"))) return done();
  // Nobody may be writing it as a journal of its own.
  const auto lease = TRY(PostgresLease::acquire(
      address, {.node = "gantry", .address = {}, .length = std::chrono::seconds(10), .when_lost = {}}));
  const std::size_t number = *address.partition();
  if (TRY(has_table(*connection, "journal_event")) &&
      TRY(connection->integer_of("SELECT count(*) FROM (SELECT 1 FROM journal_event LIMIT 1) e")) > 0)
    return Error{
        Code::invalid_argument,
        fmt::format("{} was begun as one journal, and can't get partitions any more; serve it without --partitions, "
                    "or begin another with 'schema=NAME' in the URL",
                    connection->path())};
  TRY(prepare_schema(*connection));
  auto transaction = TRY(DatabaseTransaction::begin(*connection));
  TRY(connection->execute(partition_table));
  if (number == 0)
    TRY(connection->execute(node_table));
  else
    TRY(connection->execute(
        fmt::format("DROP TABLE journal_token; CREATE VIEW journal_token AS SELECT * FROM \"{}\".journal_token; "
                    "INSERT INTO \"{}\".journal_follower VALUES ({}, 0) ON CONFLICT DO NOTHING",
                    address.base_schema(), address.base_schema(), number)));
  auto insert =
      TRY(connection->prepare("INSERT INTO journal_partition VALUES (CAST(? AS BIGINT), CAST(? AS BIGINT), ?)"));
  insert->bind(1, static_cast<std::int64_t>(number))
      .bind(2, static_cast<std::int64_t>(count))
      .bind(3, std::string_view(secret));
  TRY(insert->run());
  insert.reset();
  return transaction.commit();
}

// Made one after the other: those that are not there yet were not reached the last time.
Result<bool> are_all_there(PostgresConnection& connection, std::size_t count) {
  std::string names;
  const std::string& base = connection.address().base_schema();
  for (std::size_t number = 0; number < count; ++number)
    names += number == 0 ? fmt::format("'{}'", base) : fmt::format(", '{}_p{}'", base, number);
  const std::int64_t found =
      TRY(connection.integer_of(fmt::format("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = "
                                            "c.relnamespace WHERE c.relname = 'journal_partition' AND "
                                            "n.nspname IN ({})",
                                            names)));
  return static_cast<std::size_t>(found) == count;
}

Error other_count(const std::string& where, std::size_t is, std::size_t wanted) {
  return {Code::invalid_argument,
          fmt::format(
              "{} has {} partition{}, and --partitions says {}: how many there are is decided when a journal is begun",
              where, is, is == 1 ? "" : "s", wanted)};
}

}  // namespace

std::size_t partition_of(std::string_view id, std::size_t count) {
  return count <= 1 ? 0 : fnv1a(id.substr(0, id.find('-'))) % count;
}

std::size_t partition_of_key(std::string_view workflow, std::string_view key, std::size_t count) {
  return count <= 1 ? 0 : fnv1a(key, fnv1a(" ", fnv1a(workflow))) % count;
}

std::string partition_url(const std::string& url, std::size_t number) {
  return fmt::format("{}{}partition={}", url, url.find('?') == std::string::npos ? '?' : '&', number);
}

bool names_partition(const std::string& url) {
  if (!is_postgres_url(url)) return false;
  const auto address = PostgresAddress::parse(url);
  return address && address->partition();
}

Result<std::optional<PartitionMark>> read_partition_mark(PostgresConnection& connection) {
  if (!TRY(has_table(connection, "journal_partition"))) return std::optional<PartitionMark>();
  auto select = TRY(connection.prepare("SELECT number, count, secret FROM journal_partition"));
  if (!TRY(select->step())) return std::optional<PartitionMark>();
  return std::optional(PartitionMark{static_cast<std::size_t>(select->integer(0)),
                                     static_cast<std::size_t>(select->integer(1)), std::string(select->text(2))});
}

Status check_partition(PostgresConnection& connection) {
  const PostgresAddress& address = connection.address();
  const std::optional<PartitionMark> mark = TRY(read_partition_mark(connection));
  if (!mark && !address.partition()) return done();
  if (!mark)
    return Error{Code::invalid_argument,
                 fmt::format("{}: this journal has no partitions; leave 'partition=' out", connection.path())};
  if (address.partition() && *address.partition() == mark->number) return done();
  return Error{
      Code::invalid_argument,
      fmt::format("{} is one of {} partitions that nodes share: 'gantry serve' serves them all; any other command "
                  "works on one of them, which the URL names with partition=0 to partition={}",
                  connection.path(), mark->count, mark->count - 1)};
}

Result<std::size_t> partition_count(const std::string& url) {
  if (!is_postgres_url(url)) return std::size_t{1};
  const PostgresAddress address = TRY(PostgresAddress::parse(url));
  if (address.partition()) return std::size_t{1};
  auto connection = TRY(PostgresConnection::open(address, true));
  const std::optional<PartitionMark> mark = TRY(read_partition_mark(*connection));
  return mark && mark->number == 0 ? mark->count : std::size_t{1};
}

Result<std::string> node_secret(const std::string& url) {
  const PostgresAddress address = TRY(PostgresAddress::parse(url));
  auto connection = TRY(PostgresConnection::open(address, true));
  const std::optional<PartitionMark> mark = TRY(read_partition_mark(*connection));
  if (mark) return mark->secret;
  return Error{Code::not_found, fmt::format("{} has no partitions", connection->path())};
}

// One node at a time: the lock goes with its connection.
Status prepare_partitions(const std::string& url, std::size_t count) {
  if (!is_postgres_url(url))
    return count == 1 ? done()
                      : Status(Error{Code::invalid_argument,
                                     "--partitions: only a journal in PostgreSQL can be shared by nodes"});
  if (count < 1 || count > partitions_max)
    return Error{Code::invalid_argument,
                 fmt::format("--partitions: expected 1 to {}, found {}", partitions_max, count)};
  if (count == 1) {
    const std::size_t is = TRY(partition_count(url));
    return is == 1 ? done() : Status(other_count(printable_store(url), is, 1));
  }
  const PostgresAddress home = TRY(PostgresAddress::parse(partition_url(url, 0)));
  auto connection = TRY(PostgresConnection::open(home, false));
  TRY(connection->execute("SELECT pg_advisory_lock(hashtext('gantry partitions'))"));
  const std::optional<PartitionMark> known = TRY(read_partition_mark(*connection));
  if (known && (known->number != 0 || known->count != count))
    return other_count(connection->path(), known->count, count);
  if (known && TRY(are_all_there(*connection, count))) return done();
  const std::string secret = known ? known->secret : new_secret();
  for (std::size_t number = 0; number < count; ++number) {
    const PostgresAddress address = TRY(PostgresAddress::parse(partition_url(url, number)));
    TRY(prepare_one(address, count, number == 0 ? secret : ""));
  }
  return done();
}

}  // namespace gantry::journal
