#include "journal/node_table.h"

#include <fmt/format.h>

#include "journal/partition.h"
#include "journal/postgres_connection.h"
#include "journal/sqlite_store.h"

namespace gantry::journal {
namespace {

std::string followed_types() {
  return fmt::format("{}, {}, {}", static_cast<int>(EventType::project_deployed),
                     static_cast<int>(EventType::gate_stopped), static_cast<int>(EventType::gate_started));
}

class PostgresNodeTable final : public NodeTable {
 public:
  PostgresNodeTable(std::unique_ptr<PostgresConnection> connection, std::size_t count, WriterNode self, Duration life)
      : connection_(std::move(connection)), count_(count), self_(std::move(self)), life_(life) {
    for (std::size_t number = 0; number < count_; ++number)
      leases_ +=
          fmt::format("{}SELECT {} AS number, node, address, expires FROM \"{}{}\".journal_lease WHERE name = 'writer'",
                      number == 0 ? "" : " UNION ALL ", number, connection_->address().base_schema(),
                      number == 0 ? "" : fmt::format("_p{}", number));
  }

  Result<NodesView> beat() override {
    auto insert = TRY(connection_->use(
        "INSERT INTO journal_node VALUES (?, ?, clock_timestamp() + CAST(? AS BIGINT) * interval '1 microsecond', "
        "pg_backend_pid()) ON CONFLICT (address) DO UPDATE SET node = excluded.node, expires = excluded.expires, pid = "
        "excluded.pid"));
    insert->bind(1, std::string_view(self_.address)).bind(2, std::string_view(self_.node));
    insert->bind(3, std::int64_t{life_.count()});
    TRY(insert->run_counted());
    auto forget =
        TRY(connection_->use("DELETE FROM journal_node WHERE expires < clock_timestamp() - interval '1 hour'"));
    TRY(forget->run_counted());
    return look();
  }

  Result<NodesView> look() override {
    NodesView view;
    auto nodes = TRY(
        connection_->use("SELECT n.address FROM journal_node n WHERE n.expires > clock_timestamp() AND EXISTS (SELECT "
                         "FROM pg_stat_activity a "
                         "WHERE a.pid = n.pid AND a.datname = current_database()) ORDER BY n.address COLLATE \"C\""));
    while (TRY(nodes->step())) view.nodes.emplace_back(nodes->text(0));
    view.partitions.resize(count_);
    auto leases = TRY(connection_->prepare(
        "SELECT l.number, l.node, l.address, CAST(l.expires > clock_timestamp() AS INTEGER), f.followed FROM (" +
        leases_ + ") l LEFT JOIN journal_follower f ON f.number = l.number"));
    while (TRY(leases->step())) {
      PartitionView& partition = view.partitions[static_cast<std::size_t>(leases->integer(0))];
      partition.owner = {std::string(leases->text(1)), std::string(leases->text(2))};
      const bool lives = std::find(view.nodes.begin(), view.nodes.end(), partition.owner.address) != view.nodes.end();
      partition.is_held = leases->integer(3) != 0 && lives;
      partition.followed = leases->is_null(4) ? 0 : static_cast<std::uint64_t>(leases->integer(4));
    }
    view.home_position =
        static_cast<std::uint64_t>(TRY(connection_->integer_of("SELECT max(position) FROM journal_event")));
    return view;
  }

  Result<std::vector<Event>> home_changes(std::uint64_t after, std::uint64_t until) override {
    auto select =
        TRY(connection_->prepare(fmt::format("SELECT '' AS id, e.sequence, e.at, e.type, e.data, e.labels FROM "
                                             "journal_event e WHERE e.position > ? AND e.position <= ? "
                                             "AND e.type IN ({}) ORDER BY e.position",
                                             followed_types())));
    select->bind(1, static_cast<std::int64_t>(after)).bind(2, static_cast<std::int64_t>(until));
    std::vector<Event> events;
    while (TRY(select->step())) events.push_back(TRY(event_from_row(*connection_, *select)));
    return events;
  }

  Result<std::uint64_t> last_home_change(std::uint64_t after) override {
    auto select = TRY(connection_->prepare(fmt::format(
        "SELECT coalesce(max(position), 0) FROM journal_event WHERE position > ? AND type IN ({})", followed_types())));
    select->bind(1, static_cast<std::int64_t>(after));
    TRY(select->step());
    return static_cast<std::uint64_t>(select->integer(0));
  }

  Result<std::uint64_t> followed(std::size_t partition) override {
    return static_cast<std::uint64_t>(TRY(
        connection_->integer_of(fmt::format("SELECT followed FROM journal_follower WHERE number = {}", partition))));
  }

  Status note_followed(std::size_t partition, std::uint64_t position) override {
    auto update = TRY(connection_->use(
        "UPDATE journal_follower SET followed = greatest(followed, CAST(? AS BIGINT)) WHERE number = ?"));
    update->bind(1, static_cast<std::int64_t>(position)).bind(2, static_cast<std::int64_t>(partition));
    TRY(update->run_counted());
    return done();
  }

  Status leave() override {
    auto remove = TRY(connection_->use("DELETE FROM journal_node WHERE address = ?"));
    remove->bind(1, std::string_view(self_.address));
    TRY(remove->run_counted());
    return done();
  }

 private:
  std::unique_ptr<PostgresConnection> connection_;
  std::size_t count_;
  WriterNode self_;
  Duration life_;
  std::string leases_;
};

}  // namespace

Result<std::unique_ptr<NodeTable>> NodeTable::open(const std::string& url, std::size_t count, WriterNode self,
                                                   Duration life) {
  const PostgresAddress address = TRY(PostgresAddress::parse(partition_url(url, 0)));
  auto connection = TRY(PostgresConnection::open(address, false));
  return std::unique_ptr<NodeTable>(
      std::make_unique<PostgresNodeTable>(std::move(connection), count, std::move(self), life));
}

}  // namespace gantry::journal
