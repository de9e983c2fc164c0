#include "journal/sqlite_retention.h"

#include <fmt/format.h>

#include <algorithm>

#include "journal/sqlite_reader.h"
#include "journal/sqlite_store.h"

namespace gantry::journal {
namespace {

Result<Removal> removal_from_row(const DatabaseStatement& row) {
  Removal removal;
  removal.first = static_cast<std::uint64_t>(row.integer(0));
  removal.last = static_cast<std::uint64_t>(row.integer(1));
  removal.at = row.integer(2);
  auto before = digest_from_bytes(row.blob(3)), after = digest_from_bytes(row.blob(4));
  auto key = PublicKey::from_bytes(row.blob(5));
  std::string_view signature = row.blob(6);
  if (!before || !after || !key || signature.size() != removal.signature.size())
    return Error{
        Code::conflict,
        fmt::format("the record that events from position {} on were removed is damaged; run 'gantry audit verify'",
                    removal.first)};
  removal.before = *before;
  removal.after = *after;
  removal.key = *key;
  std::copy(signature.begin(), signature.end(), removal.signature.begin());
  return removal;
}

}  // namespace

std::optional<Duration> RetentionPolicy::kept_for(const std::string& workflow) const {
  auto own = workflows.find(workflow);
  return own != workflows.end() ? own->second : instances;
}

Result<std::vector<std::string>> find_removable(Store& store, const RetentionPolicy& policy, Timestamp now,
                                                std::size_t instances_max) {
  std::vector<std::string> found;
  if (policy.keeps_everything()) return found;
  auto connection = TRY(reader_of(store));
  std::lock_guard lock(connection->mutex());
  // What an earlier step began: events of an instance that is in no table any more.
  auto begun = TRY(connection->prepare(
      "SELECT id FROM journal_stream WHERE id <> '' AND number NOT IN (SELECT stream FROM journal_instance) LIMIT ?"));
  begun->bind(1, static_cast<std::int64_t>(instances_max));
  while (TRY(begun->step())) found.emplace_back(begun->text(0));
  auto workflows = TRY(connection->prepare("SELECT number, namespace || '/' || name FROM journal_workflow"));
  while (found.size() < instances_max && TRY(workflows->step())) {
    auto kept = policy.kept_for(std::string(workflows->text(1)));
    if (!kept) continue;
    auto select = TRY(connection->prepare(fmt::format(
        "SELECT s.id FROM journal_instance i JOIN journal_stream s ON s.number = i.stream JOIN journal_workflow w ON "
        "w.number = i.workflow WHERE i.workflow = ? AND i.ended_at <= ? AND {} ORDER BY i.stream LIMIT ?",
        removable_condition)));
    select->bind(1, workflows->integer(0)).bind(2, std::int64_t{(now - *kept).time_since_epoch().count()});
    select->bind(3, static_cast<std::int64_t>(instances_max - found.size()));
    while (TRY(select->step())) found.emplace_back(select->text(0));
  }
  return found;
}

Status SqliteRetention::take(const std::string& instance, const RetentionPolicy& policy, Timestamp now,
                             std::size_t events_max, Removed& removed) {
  auto stream = TRY(connection_.use("SELECT number FROM journal_stream WHERE id = ? AND id <> ''"));
  stream->bind(1, instance);
  if (!TRY(stream->step())) return done();
  const std::int64_t number = stream->integer(0);
  auto select = TRY(connection_.prepare(fmt::format(
      "SELECT w.namespace || '/' || w.name, i.ended_at, {} FROM journal_instance i JOIN journal_stream s ON s.number = "
      "i.stream JOIN journal_workflow w ON w.number = i.workflow WHERE i.stream = ?",
      removable_condition)));
  select->bind(1, number);
  if (TRY(select->step())) {
    const std::string workflow(select->text(0));
    auto kept = policy.kept_for(workflow);
    const bool old = kept && !select->is_null(1) && Timestamp(Duration(select->integer(1))) + *kept <= now;
    if (!old || select->integer(2) == 0) return done();
    TRY(projection_.uncount_stream(number));  // with all its events, also those that a later step removes
    TRY(projection_.forget_stream(number));
    ++by_workflow_[workflow];
    ++removed.instances;
  }
  // All is placed. Each block has an event at least, so with as many of them there are enough.
  auto events = TRY(connection_.use(
      connection_.dialect() == Dialect::postgres
          ? "SELECT position FROM journal_event WHERE stream = ?1 ORDER BY sequence LIMIT ?2"
          : "SELECT position FROM journal_placed_event WHERE stream = ?1 AND block IN (SELECT block FROM "
            "journal_event_block WHERE stream = ?1 ORDER BY block LIMIT ?2) ORDER BY sequence LIMIT ?2"));
  events->bind(1, number).bind(2, static_cast<std::int64_t>(events_max - removed.events + 1));
  bool finished = true;
  while (TRY(events->step())) {
    if (removed.events == events_max) {
      finished = false;
      break;
    }
    positions_.push_back(events->integer(0));
    ++removed.events;
  }
  if (finished) finished_.push_back(number);
  removed.more = removed.more || !finished;
  return done();
}

Result<Digest> SqliteRetention::hash_before(std::int64_t position) {
  if (position == 1) return Digest{};
  auto select =
      TRY(connection_.use("SELECT hash FROM journal_event WHERE position = ?1 UNION ALL SELECT after FROM "
                          "journal_removal WHERE last = ?1"));
  select->bind(1, position - 1);
  const bool found = TRY(select->step());
  auto hash = found ? digest_from_bytes(select->blob(0)) : std::nullopt;
  if (!hash)
    return Error{
        Code::conflict,
        fmt::format("the event at position {} is missing or has no hash; run 'gantry audit verify'", position - 1)};
  return *hash;
}

// Nothing is signed away that does not follow from what is before it.
Status SqliteRetention::check_run(std::int64_t first, std::int64_t last, const Digest& before, Removal& removal) {
  auto rows =
      TRY(connection_.prepare(std::string(chain_rows) + " WHERE e.position BETWEEN ? AND ? ORDER BY e.position"));
  rows->bind(1, first).bind(2, last);
  removal.first = static_cast<std::uint64_t>(first);
  removal.last = static_cast<std::uint64_t>(last);
  removal.before = removal.after = before;
  while (TRY(rows->step())) {
    const ChainLink link = link_from_row(*rows);
    auto digest = data_digest_of(chain_.hasher(), *rows);
    auto stored = digest_from_bytes(rows->blob(8));
    if (!digest || !stored || chain_.hasher().hash_of(removal.after, link, *digest) != *stored)
      return Error{
          Code::conflict,
          fmt::format(
              "the event at position {} was changed, so nothing around it is removed; run 'gantry audit verify'",
              link.position)};
    removal.after = *stored;
    removal.at = link.at;
  }
  return done();
}

// One record for what is gone without a gap. A record that is not ours is left alone, or we would make it genuine.
Status SqliteRetention::join_neighbours(Removal& removal) {
  auto drop = TRY(connection_.prepare("DELETE FROM journal_removal WHERE first = ?"));
  for (bool left : {true, false}) {
    auto select = TRY(connection_.prepare(
        fmt::format("SELECT first, last, at, before, after, key, signature FROM journal_removal WHERE {} = ?",
                    left ? "last" : "first")));
    select->bind(1, static_cast<std::int64_t>(left ? removal.first - 1 : removal.last + 1));
    if (!TRY(select->step())) continue;
    Removal neighbour = TRY(removal_from_row(*select));
    if (neighbour.key != chain_.key()->public_key() || !neighbour.is_genuine()) continue;
    if (left && neighbour.after == removal.before) {
      removal.first = neighbour.first;
      removal.before = neighbour.before;
    } else if (!left && neighbour.before == removal.after) {
      removal.last = neighbour.last;
      removal.after = neighbour.after;
      removal.at = neighbour.at;
    } else {
      continue;
    }
    drop->bind(1, static_cast<std::int64_t>(neighbour.first));
    TRY(drop->run());
  }
  return done();
}

Status SqliteRetention::remove_run(std::int64_t first, std::int64_t last) {
  Removal removal;
  const Digest before = TRY(hash_before(first));
  TRY(check_run(first, last, before, removal));
  TRY(places_.remove(first, last));
  for (const char* sql : {"DELETE FROM journal_event WHERE position BETWEEN ? AND ?",
                          "DELETE FROM journal_salt WHERE position BETWEEN ? AND ?",
                          "DELETE FROM journal_erased WHERE position BETWEEN ? AND ?"}) {
    auto remove = TRY(connection_.prepare(sql));
    remove->bind(1, first).bind(2, last);
    TRY(remove->run());
  }
  TRY(join_neighbours(removal));
  removal.sign(*chain_.key());
  auto insert = TRY(connection_.prepare(
      "INSERT INTO journal_removal (first, last, at, before, after, key, signature) VALUES (?,?,?,?,?,?,?)"));
  insert->bind(1, static_cast<std::int64_t>(removal.first))
      .bind(2, static_cast<std::int64_t>(removal.last))
      .bind(3, removal.at);
  insert->bind_blob(4, bytes_of(removal.before)).bind_blob(5, bytes_of(removal.after));
  insert->bind_blob(6, view_of(removal.key.bytes)).bind_blob(7, view_of(removal.signature));
  TRY(insert->run());
  auto checkpoints = TRY(connection_.prepare("DELETE FROM journal_checkpoint WHERE position >= ? AND position < ?"));
  checkpoints->bind(1, static_cast<std::int64_t>(removal.first)).bind(2, static_cast<std::int64_t>(removal.last));
  return checkpoints->run();
}

Status SqliteRetention::drop_streams() {
  auto blobs =
      TRY(connection_.prepare("DELETE FROM journal_blob WHERE hash IN (SELECT hash FROM journal_blob_use WHERE stream "
                              "= ?1) AND NOT EXISTS (SELECT 1 FROM "
                              "journal_blob_use u WHERE u.hash = journal_blob.hash AND u.stream <> ?1)"));
  auto uses = TRY(connection_.prepare("DELETE FROM journal_blob_use WHERE stream = ?"));
  auto snapshots = TRY(connection_.prepare("DELETE FROM journal_snapshot WHERE stream = ?"));
  auto streams = TRY(connection_.prepare("DELETE FROM journal_stream WHERE number = ?"));
  for (std::int64_t stream : finished_)
    for (auto* statement : {blobs.get(), uses.get(), snapshots.get(), streams.get()}) {
      statement->bind(1, stream);
      TRY(statement->run());
    }
  return done();
}

Result<Removed> SqliteRetention::run(const std::vector<std::string>& instances, const RetentionPolicy& policy,
                                     Timestamp now, std::size_t events_max) {
  Removed removed;
  TRY(places_.place());
  TRY(projection_.flush(true));
  for (const std::string& instance : instances) {
    if (removed.events == events_max) {
      removed.more = true;
      break;
    }
    TRY(take(instance, policy, now, events_max, removed));
  }
  std::sort(positions_.begin(), positions_.end());
  for (std::size_t start = 0; start < positions_.size();) {
    std::size_t end = start + 1;
    while (end < positions_.size() && positions_[end] == positions_[end - 1] + 1) ++end;
    TRY(remove_run(positions_[start], positions_[end - 1]));
    start = end;
  }
  TRY(drop_streams());
  return removed;
}

Result<Removed> SqliteStore::remove_instances(const std::vector<std::string>& instances, const RetentionPolicy& policy,
                                              Timestamp now, std::size_t events_max) {
  TRY(event_writer());
  if (!chain_.key())
    return Error{Code::invalid_argument,
                 "retention needs the signing key of the audit chain, and this store was opened without one"};
  Removed removed;
  std::lock_guard lock(connection_->mutex());
  Status changed = in_transaction("removing old instances", [&]() -> Status {
    SqliteRetention work(*connection_, chain_, projection_, places_);
    removed = TRY(work.run(instances, policy, now, events_max));
    if (removed.events == 0) return done();
    streams_.clear();
    std::vector<Member> workflows;
    for (const auto& [workflow, count] : work.by_workflow()) workflows.push_back({Text(workflow), Value(count)});
    Value data = Value::object({{"workflows", Value::object(std::move(workflows))},
                                {"instances", Value(removed.instances)},
                                {"events", Value(removed.events)}});
    TRY(write_own(EventType::instances_removed, std::move(data), now));
    TRY(chain_.sign_when_due(true));  // checkpoints went with what they were about
    return finish_events();
  });
  TRY(changed);
  return removed;
}

Result<Removed> remove_instances(Store& store, const std::vector<std::string>& instances, const RetentionPolicy& policy,
                                 Timestamp now, std::size_t events_max) {
  SqliteStore* sqlite = TRY(sqlite_store_of(store));
  return sqlite->remove_instances(instances, policy, now, events_max);
}

}  // namespace gantry::journal
