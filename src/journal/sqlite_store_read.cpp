// The reading half of the store, and what lies beside the events: projects and tokens.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "journal/sqlite_schema.h"
#include "journal/sqlite_store.h"
#include "journal/stored_utf8.h"
#include "value/json.h"

namespace gantry::journal {
namespace {

Result<Value> read_blob(DatabaseConnection& connection, std::string_view hash) {
  auto select = TRY(connection.use("SELECT data, labels FROM journal_blob WHERE hash = ?"));
  select->bind(1, hash);
  bool found = TRY(select->step());
  if (!found)
    return Error{Code::internal,
                 fmt::format("the journal's blob {} is missing: the database is damaged; restore it from a backup",
                             hash.substr(0, 64))};
  return from_stored_text(select->text(0), select->text(1));
}

std::string roles_text(const std::vector<std::string>& roles) {
  std::vector<Value> items;
  for (const std::string& role : roles) items.emplace_back(role);
  return print_json(Value::array(std::move(items)));
}

Result<TokenRecord> token_from_row(const DatabaseStatement& row) {
  TokenRecord token;
  token.hash = row.text(0);
  token.person = row.text(1);
  Value roles = TRY(parse_json(readable_text(row.text(2))));
  if (roles.is_array())
    for (const Value& role : roles.items())
      if (role.is_string()) token.roles.emplace_back(role.as_string());
  token.created = Timestamp(Duration(row.integer(3)));
  if (!row.is_null(4)) token.expires = Timestamp(Duration(row.integer(4)));
  token.revoked = row.integer(5) != 0;
  return token;
}

}  // namespace

Result<Value> data_from_text(DatabaseConnection& connection, std::string_view data, std::string_view labels) {
  Value value = TRY(from_stored_text(data, labels));
  return join_data(std::move(value), [&](std::string_view hash) { return read_blob(connection, hash); });
}

Result<Event> event_from_row(DatabaseConnection& connection, DatabaseStatement& row) {
  Event event;
  event.instance = row.text(0);
  event.sequence = static_cast<std::uint64_t>(row.integer(1));
  event.at = Timestamp(Duration(row.integer(2)));
  std::int64_t type = row.integer(3);
  if (type < 0 || type >= static_cast<std::int64_t>(event_type_count))
    return Error{
        Code::internal,
        fmt::format(
            "event {} of instance '{}' has the unknown type {}: the database is damaged; restore it from a backup",
            event.sequence, event.instance, type)};
  event.type = static_cast<EventType>(type);
  auto data = data_from_text(connection, row.text(4), row.text(5));
  if (!data)
    return Error{data.error().code == Code::invalid_argument ? Code::internal : data.error().code,
                 fmt::format("event {} of instance '{}' can't be read: {}", event.sequence, event.instance,
                             data.error().message)};
  event.data = *std::move(data);
  return event;
}

Result<std::vector<std::string>> SqliteStore::unfinished_instances() {
  std::lock_guard lock(connection_->mutex());
  TRY(places_.show());
  auto select =
      TRY(connection_->use("SELECT s.id FROM (SELECT stream FROM journal_instance WHERE status = 0 AND rests = 0 UNION "
                           "SELECT i.stream FROM journal_instance i WHERE i.lingers = 1 AND EXISTS (SELECT 1 FROM "
                           "journal_effect_all f WHERE f.first_event IN (SELECT position FROM journal_stream_event WHERE "
                           "stream = i.stream) AND f.state IN (1, 2))) i JOIN journal_stream s "
                           "ON s.number = i.stream ORDER BY i.stream"));
  std::vector<std::string> instances;
  while (TRY(select->step())) instances.emplace_back(select->text(0));
  return instances;
}

Result<std::map<std::string, std::string>> SqliteStore::stuck_instances() {
  std::lock_guard lock(connection_->mutex());
  auto select = TRY(
      connection_->use("SELECT s.id, e.data ->> '$.reason' FROM journal_instance i JOIN journal_stream s ON s.number "
                       "= i.stream JOIN journal_event e ON e.position = i.stuck_event WHERE i.stuck_event IS NOT "
                       "NULL"));
  std::map<std::string, std::string> instances;
  while (TRY(select->step())) instances.emplace(select->text(0), readable_text(select->text(1)));
  return instances;
}

Result<bool> SqliteStore::rests(std::string_view instance) {
  std::lock_guard lock(connection_->mutex());
  auto select =
      TRY(connection_->use("SELECT i.status = 0 AND i.rests = 1 FROM journal_stream s JOIN journal_instance i ON "
                           "i.stream = s.number WHERE s.id = ?"));
  select->bind(1, instance);
  bool found = TRY(select->step());
  return found && select->integer(0) != 0;
}

Result<std::vector<std::string>> SqliteStore::resting_with_tasks() {
  std::lock_guard lock(connection_->mutex());
  auto select =
      TRY(connection_->use("SELECT s.id FROM journal_task t JOIN journal_instance i ON i.stream = t.stream JOIN "
                           "journal_stream s ON s.number = t.stream WHERE t.open = 1 AND i.status = 0 AND i.rests = 1 "
                           "GROUP BY i.stream, s.id ORDER BY i.stream"));
  std::vector<std::string> instances;
  while (TRY(select->step())) instances.emplace_back(select->text(0));
  return instances;
}

Result<std::vector<std::string>> SqliteStore::running_under(std::string_view workflow, std::string_view version,
                                                            std::size_t count_max) {
  const std::size_t slash = std::min(workflow.find('/'), workflow.size());
  std::lock_guard lock(connection_->mutex());
  auto select =
      TRY(connection_->use("SELECT s.id FROM journal_workflow w JOIN journal_instance i ON i.workflow = w.number JOIN "
                           "journal_stream s ON s.number = i.stream WHERE w.namespace = ? AND w.name = ? AND w.version = ? "
                           "AND i.status = 0 ORDER BY i.stream LIMIT ?"));
  select->bind(1, workflow.substr(0, slash)).bind(2, workflow.substr(std::min(slash + 1, workflow.size())));
  select->bind(3, version).bind(4, static_cast<std::int64_t>(count_max));
  std::vector<std::string> instances;
  while (TRY(select->step())) instances.emplace_back(select->text(0));
  return instances;
}

Result<std::vector<std::string>> SqliteStore::moved_by(std::string_view migration) {
  std::lock_guard lock(connection_->mutex());
  auto select = TRY(connection_->use("SELECT s.id FROM journal_instance i JOIN journal_stream s ON s.number = i.stream "
                                     "WHERE i.migration = ? ORDER BY i.stream"));
  select->bind(1, migration);
  std::vector<std::string> instances;
  while (TRY(select->step())) instances.emplace_back(select->text(0));
  return instances;
}

Result<std::size_t> SqliteStore::running_instances() {
  std::lock_guard lock(connection_->mutex());
  auto select = TRY(connection_->use("SELECT value FROM journal_count WHERE name = 'instances.running'"));
  bool found = TRY(select->step());
  return found ? static_cast<std::size_t>(select->integer(0)) : 0;
}

namespace {

bool comes_before(const StoredTimer& left, const StoredTimer& right) {
  const TimerPosition &a = left.position, &b = right.position;
  return std::tie(a.due, a.place, a.name) < std::tie(b.due, b.place, b.name);
}

Status read_timers(DatabaseStatement& select, const TimerPosition& after, std::size_t count_max, bool is_expiry,
                   std::vector<StoredTimer>& timers) {
  select.bind(1, std::int64_t{after.due.time_since_epoch().count()}).bind(2, after.place).bind(3, after.name);
  select.bind(4, static_cast<std::int64_t>(count_max));
  while (TRY(select.step()))
    timers.push_back({.position = {.due = Timestamp(Duration(select.integer(0))),
                                   .place = select.integer(1),
                                   .name = std::string(select.text(2))},
                      .instance = std::string(select.text(3)),
                      .is_expiry = is_expiry});
  return done();
}

}  // namespace

Result<std::vector<StoredTimer>> SqliteStore::timers_after(const TimerPosition& position, std::size_t count_max) {
  std::lock_guard lock(connection_->mutex());
  std::vector<StoredTimer> timers;
  auto of_workflows =
      TRY(connection_->use("SELECT t.due, t.stream, t.id, s.id FROM journal_timer t CROSS JOIN journal_stream s ON "
                           "s.number = t.stream WHERE "
                           "(t.due, t.stream, t.id) > (?, ?, ?) ORDER BY t.due, t.stream, t.id LIMIT ?"));
  TRY(read_timers(*of_workflows, position, count_max, false, timers));
  auto of_tasks = TRY(connection_->use(
      "SELECT t.expires_at, t.stream, t.id, s.id FROM journal_task t CROSS JOIN journal_stream s ON s.number = "
      "t.stream "
      "WHERE t.open = 1 AND t.expires_at IS NOT NULL AND (t.expires_at, t.stream, t.id) > (?, ?, ?) ORDER BY "
      "t.expires_at, t.stream, t.id LIMIT ?"));
  const std::size_t workflow_timers = timers.size();
  TRY(read_timers(*of_tasks, position, count_max, true, timers));
  std::inplace_merge(timers.begin(), timers.begin() + static_cast<std::ptrdiff_t>(workflow_timers), timers.end(),
                     comes_before);
  if (timers.size() > count_max) timers.resize(count_max);
  return timers;
}

Result<std::vector<Event>> SqliteStore::events_of(std::string_view instance, std::uint64_t after_sequence) {
  std::lock_guard lock(connection_->mutex());
  const std::int64_t stream = TRY(stream_number(instance));
  auto select = TRY(places_.use("SELECT CAST(?1 AS TEXT), e.sequence, e.at, e.type, e.data, e.labels FROM journal_event e WHERE "
                                "e.position IN (SELECT position FROM journal_stream_event WHERE stream = ?2 AND block >= ?3 / 16 AND "
                                "sequence > ?3) ORDER BY e.position",
                                "SELECT CAST(?1 AS TEXT), e.sequence, e.at, e.type, e.data, e.labels FROM journal_placed_event p CROSS "
                                "JOIN journal_event e ON e.position = p.position WHERE p.stream = ?2 AND p.block >= ?3 / 16 AND "
                                "p.sequence > ?3",
                                stream));
  select->bind(1, instance).bind(2, stream).bind(3, static_cast<std::int64_t>(after_sequence));
  std::vector<Event> events;
  while (TRY(select->step())) events.push_back(TRY(event_from_row(*connection_, *select)));
  // What is placed comes in its order; only SQLite does not know that, and would sort all.
  const auto is_before = [](const Event& left, const Event& right) { return left.sequence < right.sequence; };
  if (!std::is_sorted(events.begin(), events.end(), is_before)) std::sort(events.begin(), events.end(), is_before);
  return events;
}

Result<std::optional<Snapshot>> SqliteStore::latest_snapshot(std::string_view instance) {
  std::lock_guard lock(connection_->mutex());
  auto select =
      TRY(connection_->use("SELECT n.sequence, n.state FROM journal_snapshot n JOIN journal_stream s ON s.number = "
                           "n.stream WHERE s.id = ?"));
  select->bind(1, instance);
  bool found = TRY(select->step());
  if (!found) return std::optional<Snapshot>();
  return std::optional(
      Snapshot{std::string(instance), static_cast<std::uint64_t>(select->integer(0)), readable_text(select->text(1))});
}

// Newest first from the index, then turned round.
Result<std::vector<std::pair<std::string, std::string>>> SqliteStore::recent_events(std::size_t count_max) {
  std::lock_guard lock(connection_->mutex());
  auto select = TRY(connection_->prepare(
      fmt::format("SELECT data ->> '$.source', data ->> '$.id' FROM journal_event INDEXED BY journal_event_cloud WHERE "
                  "type IN ({}) AND type = {} ORDER BY position DESC LIMIT {}",
                  cloud_event_types, static_cast<int>(EventType::event_received), count_max)));
  std::vector<std::pair<std::string, std::string>> events;
  while (TRY(select->step())) events.emplace_back(readable_text(select->text(0)), readable_text(select->text(1)));
  std::reverse(events.begin(), events.end());
  return events;
}

Result<std::optional<std::string>> SqliteStore::instance_with_key(std::string_view workflow, std::string_view key) {
  std::lock_guard lock(connection_->mutex());
  auto select =
      TRY(connection_->use("SELECT s.id FROM journal_key k JOIN journal_stream s ON s.number = k.stream WHERE "
                           "k.workflow = ? AND k.key = ?"));
  select->bind(1, workflow).bind(2, key);
  bool found = TRY(select->step());
  return found ? std::optional(std::string(select->text(0))) : std::nullopt;
}

Result<std::uint64_t> SqliteStore::last_sequence(std::string_view instance) {
  std::lock_guard lock(connection_->mutex());
  const std::int64_t stream = TRY(stream_number(instance));
  return places_.last_sequence(stream);
}

Status SqliteStore::save_project(std::string_view digest, std::string_view files) {
  TRY(event_writer());
  std::lock_guard lock(connection_->mutex());
  return in_transaction("saving the project", [&]() -> Status {
    auto insert = TRY(connection_->use(
        "INSERT INTO journal_project (digest, files) VALUES (?, ?) ON CONFLICT DO NOTHING"));
    insert->bind(1, digest).bind_blob(2, files);
    return insert->run();
  });
}

Result<std::string> SqliteStore::project_files(std::string_view digest) {
  std::lock_guard lock(connection_->mutex());
  auto select = TRY(connection_->use("SELECT files FROM journal_project WHERE digest = ?"));
  select->bind(1, digest);
  bool found = TRY(select->step());
  if (!found)
    return Error{Code::not_found, fmt::format("the journal has no project with the digest '{}'", digest.substr(0, 64))};
  return std::string(select->blob(0));
}

Result<std::optional<std::string>> SqliteStore::current_project() {
  std::lock_guard lock(connection_->mutex());
  auto select = TRY(connection_->use("SELECT project FROM journal_deployment ORDER BY event DESC LIMIT 1"));
  bool found = TRY(select->step());
  return found ? std::optional(std::string(select->text(0))) : std::nullopt;
}

Status SqliteStore::add_token(const TokenRecord& token) {
  std::lock_guard lock(connection_->mutex());
  return in_transaction("saving a token", [&]() -> Status {
    auto insert = TRY(connection_->use(
        "INSERT INTO journal_token (hash, person, roles, created, expires, revoked) VALUES (?,?,?,?,?,?)"));
    std::string roles = roles_text(token.roles);
    insert->bind(1, token.hash)
        .bind(2, token.person)
        .bind(3, roles)
        .bind(4, std::int64_t{token.created.time_since_epoch().count()});
    insert->bind(5,
                 token.expires ? std::optional<std::int64_t>(token.expires->time_since_epoch().count()) : std::nullopt);
    insert->bind(6, static_cast<std::int64_t>(token.revoked));
    return insert->run();
  });
}

Status SqliteStore::revoke_tokens(std::string_view person) {
  std::lock_guard lock(connection_->mutex());
  return in_transaction("revoking tokens", [&]() -> Status {
    auto update = TRY(connection_->use("UPDATE journal_token SET revoked = 1 WHERE person = ?"));
    update->bind(1, person);
    return update->run();
  });
}

Result<std::optional<TokenRecord>> find_token_record(DatabaseConnection& connection, std::string_view hash) {
  std::lock_guard lock(connection.mutex());
  auto select =
      TRY(connection.use("SELECT hash, person, roles, created, expires, revoked FROM journal_token WHERE hash = ?"));
  select->bind(1, hash);
  bool found = TRY(select->step());
  if (!found) return std::optional<TokenRecord>();
  TokenRecord token = TRY(token_from_row(*select));
  return std::optional(std::move(token));
}

Result<std::optional<TokenRecord>> SqliteStore::find_token(std::string_view hash) {
  return find_token_record(*connection_, hash);
}

Result<std::vector<TokenRecord>> SqliteStore::tokens() { return token_records(*connection_); }

Result<std::vector<TokenRecord>> token_records(DatabaseConnection& connection) {
  std::lock_guard lock(connection.mutex());
  auto select = TRY(connection.use(
      "SELECT hash, person, roles, created, expires, revoked FROM journal_token ORDER BY created, hash"));
  std::vector<TokenRecord> tokens;
  while (TRY(select->step())) tokens.push_back(TRY(token_from_row(*select)));
  return tokens;
}

}  // namespace gantry::journal
