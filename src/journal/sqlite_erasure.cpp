#include "journal/sqlite_erasure.h"

#include <fmt/format.h>

#include <algorithm>

#include "journal/redaction.h"
#include "journal/sqlite_reader.h"
#include "journal/sqlite_store.h"
#include "journal/stored_utf8.h"
#include "value/json.h"

namespace gantry::journal {
namespace {

constexpr std::size_t text_bytes_min = 3;  // shorter ones are in everything

// As it stands inside a JSON text.
std::string escaped(std::string_view text) {
  std::string quoted = print_json(Value(text));
  return quoted.substr(1, quoted.size() - 2);
}

// The hashes in {"$blob": HASH}.
void add_blobs(std::string_view data, std::set<std::string>& blobs) {
  constexpr std::string_view start = "{\"$blob\":\"";
  for (std::size_t at = data.find(start); at != std::string_view::npos; at = data.find(start, at + 1))
    blobs.emplace(data.substr(at + start.size(), 64));
}

}  // namespace

Result<bool> SqliteErasure::is_open(std::int64_t stream) {
  auto select = TRY(connection_.use(
      "SELECT EXISTS (SELECT 1 FROM journal_instance WHERE stream = ?1 AND status = 0) OR EXISTS (SELECT 1 FROM "
      "journal_effect WHERE first_event IN (SELECT position FROM journal_stream_event WHERE stream = ?1) AND state IN "
      "(1, 2))"));
  select->bind(1, stream);
  TRY(select->step());
  return select->integer(0) != 0;
}

Result<std::int64_t> SqliteErasure::ended_stream(const std::string& instance) {
  auto select = TRY(connection_.use("SELECT number FROM journal_stream WHERE id = ? AND id <> ''"));
  select->bind(1, instance);
  if (!TRY(select->step()))
    return Error{Code::not_found, fmt::format("the journal has no instance '{}'", instance.substr(0, 100))};
  const std::int64_t stream = select->integer(0);
  if (TRY(is_open(stream)))
    return Error{
        Code::conflict,
        fmt::format("instance {} has not ended, or one of its effects is unresolved: cancel it or settle it first",
                    instance)};
  return stream;
}

Status SqliteErasure::find_instance(const ErasureRequest& request, Erasure& erasure) {
  const std::int64_t stream = TRY(ended_stream(request.instance));
  auto select =
      TRY(connection_.use("SELECT position, type, data, labels FROM journal_event WHERE position IN (SELECT position FROM "
                          "journal_stream_event WHERE stream = ?) ORDER BY position"));
  select->bind(1, stream);
  while (TRY(select->step())) {
    add_blobs(select->text(2), blobs_before_);
    Value data = TRY(data_from_text(connection_, select->text(2), select->text(3)));
    const std::int64_t position = select->integer(0);
    touched_[position] = {position, stream, redact_content(static_cast<EventType>(select->integer(1)), data)};
  }
  streams_.insert(stream);
  erasure.instances = 1;
  return done();
}

// Candidates by their text; each is then read whole, with its large values, and changed member by member.
Status SqliteErasure::find_text(const ErasureRequest& request, Erasure& erasure) {
  auto select = TRY(connection_.prepare_scan(
      "SELECT e.position, e.stream, e.type, e.data, e.labels, s.id FROM journal_event e JOIN journal_stream s ON "
      "s.number = e.stream WHERE instr(e.data, ?1) > 0 OR instr(e.labels, ?1) > 0 OR instr(e.data, '\"$blob\"') > 0 "
      "ORDER BY e.position"));
  const std::string needle = escaped(request.text);
  select->bind(1, std::string_view(needle));
  std::set<std::string> running;
  while (TRY(select->step())) {
    const std::int64_t position = select->integer(0), stream = select->integer(1);
    const auto type = static_cast<EventType>(select->integer(2));
    const std::string labels(select->text(4));
    Value whole = TRY(data_from_text(connection_, select->text(3), labels));
    auto remains = redact_text(type, whole, request.text, false);
    if (!remains && labels.find(needle) == std::string::npos) continue;
    if (TRY(is_open(stream))) {
      running.emplace(select->text(5));
      continue;
    }
    add_blobs(select->text(3), blobs_before_);
    Value kept = remains.value_or(whole);
    // Sources in labels may name a person, too.
    if (to_stored_text(kept).labels.find(needle) != std::string::npos) kept = kept.relabelled(Label());
    touched_[position] = {position, stream, std::move(kept)};
    if (streams_.insert(stream).second && !select->text(5).empty()) ++erasure.instances;
  }
  erasure.running.assign(running.begin(), running.end());
  return add_digests_of_touched(request);
}

// A digest of arguments that held the text could confirm a guess, wherever in the instance it stands.
Status SqliteErasure::add_digests_of_touched(const ErasureRequest& request) {
  for (std::int64_t stream : streams_) {
    auto select =
        TRY(connection_.prepare("SELECT e.position, e.type, e.data, e.labels FROM journal_event e JOIN journal_stream "
                                "s ON s.number = e.stream WHERE e.position IN (SELECT position FROM "
                                "journal_stream_event WHERE stream = ?) AND s.id <> ''"));
    select->bind(1, stream);
    while (TRY(select->step())) {
      const std::int64_t position = select->integer(0);
      auto known = touched_.find(position);
      Value data;
      if (known != touched_.end())
        data = known->second.remains;
      else
        data = TRY(data_from_text(connection_, select->text(2), select->text(3)));
      auto remains = redact_text(static_cast<EventType>(select->integer(1)), data, request.text, true);
      if (!remains) continue;
      if (known == touched_.end()) add_blobs(select->text(2), blobs_before_);
      touched_[position] = {position, stream, std::move(*remains)};
    }
  }
  return done();
}

// The chain goes on to cover the data by its digest; what it was computed with goes away.
Status SqliteErasure::keep_digest(std::int64_t position, std::uint64_t record) {
  auto before = TRY(connection_.use("SELECT record FROM journal_erased WHERE position = ?"));
  before->bind(1, position);
  if (TRY(before->step())) {
    superseded_.insert(static_cast<std::uint64_t>(before->integer(0)));
    return done();
  }
  auto select = TRY(connection_.use(
      "SELECT e.sequence, s.secret, t.salt, e.data, e.labels FROM journal_event e JOIN journal_stream s ON s.number = "
      "e.stream LEFT JOIN journal_salt t ON t.position = e.position WHERE e.position = ?"));
  select->bind(1, position);
  TRY(select->step());
  Salt salt{};
  if (std::string_view own = select->blob(2); own.size() == salt.size())
    std::copy(own.begin(), own.end(), salt.begin());
  else if (auto secret = TRY(secret_from_column(*select, 1)))
    salt = chain_.hasher().salt_of(*secret, static_cast<std::uint64_t>(select->integer(0)));
  else
    return Error{Code::internal,
                 fmt::format("the event at position {} has no salt: run 'gantry audit verify'", position)};
  const Digest digest = chain_.hasher().digest_of(salt, select->text(3), select->text(4));
  auto insert = TRY(connection_.use("INSERT INTO journal_erased (position, digest, record) VALUES (?,?,?)"));
  insert->bind(1, position).bind_blob(2, bytes_of(digest)).bind(3, static_cast<std::int64_t>(record));
  return insert->run();
}

// The secret that the erased salts came from is replaced; events that stay keep theirs by themselves.
Status SqliteErasure::renew_salts(std::int64_t stream) {
  auto events = TRY(connection_.prepare(
      "SELECT e.position, e.sequence, s.secret FROM journal_event e JOIN journal_stream s ON s.number = e.stream WHERE "
      "e.position IN (SELECT position FROM journal_stream_event WHERE stream = ?) AND s.secret IS NOT NULL AND NOT EXISTS (SELECT 1 FROM journal_salt t WHERE t.position = "
      "e.position) "
      "AND NOT EXISTS (SELECT 1 FROM journal_erased g WHERE g.position = e.position)"));
  events->bind(1, stream);
  auto keep = TRY(connection_.prepare("INSERT INTO journal_salt (position, salt) VALUES (?,?)"));
  while (TRY(events->step())) {
    auto secret = TRY(secret_from_column(*events, 2));
    const Salt salt =
        chain_.hasher().salt_of(secret.value_or(StreamSecret{}), static_cast<std::uint64_t>(events->integer(1)));
    keep->bind(1, events->integer(0)).bind_blob(2, view_of(salt));
    TRY(keep->run());
  }
  const StreamSecret fresh = chain_.new_secret();
  auto renew = TRY(connection_.prepare("UPDATE journal_stream SET secret = ? WHERE number = ?"));
  renew->bind_blob(1, view_of(fresh)).bind(2, stream);
  TRY(renew->run());
  auto drop = TRY(
      connection_.prepare("DELETE FROM journal_salt WHERE position IN (SELECT position FROM journal_stream_event WHERE "
                          "stream = ?) AND position IN (SELECT position FROM journal_erased)"));
  drop->bind(1, stream);
  return drop->run();
}

Status SqliteErasure::write_remains(std::uint64_t record) {
  auto update = TRY(connection_.prepare("UPDATE journal_event SET data = ?, labels = ? WHERE position = ?"));
  auto add_blob = TRY(connection_.prepare(
      "INSERT INTO journal_blob (hash, data, labels) VALUES (?,?,?) ON CONFLICT (hash) DO NOTHING"));
  for (const auto& [position, touched] : touched_) {
    const StoredData stored = TRY(checked_split(touched.remains, blob_threshold_bytes_));
    for (const StoredBlob& blob : stored.blobs) {
      add_blob->bind(1, std::string_view(blob.hash))
          .bind(2, std::string_view(blob.text.data))
          .bind_text_or_null(3, blob.text.labels);
      TRY(add_blob->run());
    }
    update->bind(1, std::string_view(stored.text.data)).bind_text_or_null(2, stored.text.labels).bind(3, position);
    TRY(update->run());
  }
  for (std::uint64_t earlier : superseded_) {
    auto move = TRY(connection_.prepare("UPDATE journal_erased SET record = ? WHERE record = ?"));
    move->bind(1, static_cast<std::int64_t>(record)).bind(2, static_cast<std::int64_t>(earlier));
    TRY(move->run());
  }
  return done();
}

// The touched instances' uses are counted again from what remains of their events.
Status SqliteErasure::drop_unused_blobs(Erasure& erasure) {
  auto forget = TRY(connection_.prepare("DELETE FROM journal_blob_use WHERE stream = ?"));
  auto select =
      TRY(connection_.prepare("SELECT data FROM journal_event WHERE position IN (SELECT position FROM journal_stream_event "
                              "WHERE stream = ?) AND instr(data, '\"$blob\"') > 0"));
  auto add =
      TRY(connection_.prepare("INSERT INTO journal_blob_use (stream, hash) VALUES (?,?) ON CONFLICT DO NOTHING"));
  for (std::int64_t stream : streams_) {
    forget->bind(1, stream);
    TRY(forget->run());
    std::set<std::string> used;
    select->bind(1, stream);
    while (TRY(select->step())) add_blobs(select->text(0), used);
    select->reset();
    for (const std::string& hash : used) {
      add->bind(1, stream).bind(2, std::string_view(hash));
      TRY(add->run());
    }
  }
  auto remove = TRY(connection_.prepare(
      "DELETE FROM journal_blob WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM journal_blob_use WHERE hash = ?1)"));
  for (const std::string& hash : blobs_before_) {
    remove->bind(1, std::string_view(hash));
    const std::int64_t removed = TRY(remove->run_counted());
    erasure.blobs += static_cast<std::size_t>(removed);
  }
  return done();
}

// The rows that the remaining events give. The counters stay: states have not changed.
Status SqliteErasure::project_again(std::int64_t stream) {
  TRY(projection_.forget_stream(stream));
  auto select = TRY(connection_.prepare(
      "SELECT s.id, e.sequence, e.at, e.type, e.data, e.labels, e.position, e.stream FROM "
      "journal_event e JOIN journal_stream s ON s.number = e.stream WHERE e.position IN (SELECT position FROM "
      "journal_stream_event WHERE stream = ?) ORDER BY e.position"));
  select->bind(1, stream);
  while (TRY(select->step())) {
    Event event = TRY(event_from_row(connection_, *select));
    TRY(projection_.apply({select->integer(6), select->integer(7)}, event));
  }
  TRY(projection_.flush_effects());
  projection_.forget();
  return done();
}

Result<Digest> SqliteErasure::remains_of(DatabaseConnection& connection, ChainHasher& hasher, std::uint64_t record) {
  auto select = TRY(connection.prepare(
      "SELECT e.position, e.data, e.labels FROM journal_erased g JOIN journal_event e ON e.position = g.position WHERE "
      "g.record = ? ORDER BY g.position"));
  select->bind(1, static_cast<std::int64_t>(record));
  Digest sum;
  std::string text;
  while (TRY(select->step())) {
    text.assign(bytes_of(sum));
    append_big_endian(text, static_cast<std::uint64_t>(select->integer(0)));
    for (int column : {1, 2}) {
      append_big_endian(text, select->text(column).size());
      text.append(select->text(column));
    }
    sum = hasher.of({text});
  }
  return sum;
}

Result<Erasure> SqliteErasure::run(const ErasureRequest& request, std::uint64_t record) {
  Erasure erasure;
  TRY(request.instance.empty() ? find_text(request, erasure) : find_instance(request, erasure));
  if (touched_.empty()) return erasure;
  for (const auto& [position, touched] : touched_) TRY(keep_digest(position, record));
  for (std::int64_t stream : streams_) TRY(renew_salts(stream));
  TRY(write_remains(record));
  TRY(drop_unused_blobs(erasure));
  for (std::int64_t stream : streams_) TRY(project_again(stream));
  erasure.record = record;
  erasure.events = touched_.size();
  return erasure;
}

namespace {

Status check_request(const ErasureRequest& request) {
  if (request.instance.empty() == request.text.empty())
    return Error{Code::invalid_argument, "name an instance, or a text, to erase: one of the two"};
  if (!request.text.empty() && request.text.size() < text_bytes_min)
    return Error{Code::invalid_argument,
                 fmt::format("the text to erase has {} bytes; at least {}, or it would be in everything",
                             request.text.size(), text_bytes_min)};
  if (request.reason.empty())
    return Error{Code::invalid_argument, "an erasure needs a reason; it is kept in the journal"};
  if (!request.text.empty() && request.reason.find(request.text) != std::string::npos)
    return Error{Code::invalid_argument,
                 "the reason is kept in the journal, so it must not hold the text that is to be erased"};
  return done();
}

}  // namespace

Result<Erasure> SqliteStore::erase(const ErasureRequest& request) {
  TRY(event_writer());
  TRY(check_request(request));
  Erasure erasure;
  std::lock_guard lock(connection_->mutex());
  if (connection_->dialect() == Dialect::sqlite) TRY(connection_->execute("PRAGMA secure_delete = ON"));
  Status changed = in_transaction("erasing", [&]() -> Status {
    TRY(places_.place());
    TRY(projection_.flush(true));
    SqliteErasure work(*connection_, chain_, projection_, options_.blob_threshold_bytes);
    const std::uint64_t record = chain_.head().position + 1;
    erasure = TRY(work.run(request, record));
    if (erasure.record == 0) return done();
    streams_.clear();  // their secrets have changed
    const Digest remains = TRY(SqliteErasure::remains_of(*connection_, chain_.hasher(), record));
    std::vector<Value> roles(request.by.roles.begin(), request.by.roles.end()), superseded;
    for (std::uint64_t earlier : work.superseded()) superseded.emplace_back(static_cast<std::int64_t>(earlier));
    Value data = Value::object(
        {{"by", Value::object({{"person", Value(request.by.person)}, {"roles", Value::array(std::move(roles))}})},
         {"reason", Value(request.reason)},
         {"events", Value(erasure.events)},
         {"instances", Value(erasure.instances)},
         {"remains", Value(remains.hex())},
         {"supersedes", Value::array(std::move(superseded))}});
    if (!request.instance.empty()) data = std::move(data).with_member("instance", Value(request.instance));
    TRY(write_own(EventType::data_erased, std::move(data), request.at));
    TRY(chain_.sign_when_due(true));
    return finish_events();
  });
  TRY(changed);
  TRY(scrub());
  return erasure;
}

// Pages and parts of pages that nobody uses any more hold what was erased, and so does the write-ahead log. Also when
// nothing was found: an earlier erasure may have been interrupted here.
Status SqliteStore::scrub() {
  if (connection_->dialect() == Dialect::postgres) {
    for (const char* table : {"event", "blob", "salt", "stream", "snapshot", "instance", "key", "task", "vote", "decision"})
      TRY(connection_->execute(fmt::format("VACUUM (FULL) journal_{}", table)));
    return done();
  }
  // A change of temp_store drops the temporary tables.
  const Status cleaned = connection_->execute("PRAGMA temp_store = FILE; VACUUM");
  Status ready = connection_->execute("PRAGMA temp_store = MEMORY");
  if (ready) ready = places_.open();
  if (!ready) refused_ = ready.error().message;
  TRY(cleaned);
  TRY(ready);
  if (connection_->is_memory()) return done();
  const std::int64_t busy = TRY(connection_->integer_of("PRAGMA wal_checkpoint(TRUNCATE)"));
  if (busy == 0) return done();
  return Error{Code::unavailable,
               fmt::format("it is erased, but {}-wal still holds the old content, because another program has the store "
                           "open; close that and erase again",
                           location())};
}

Result<Erasure> erase(Store& store, const ErasureRequest& request) {
  SqliteStore* sqlite = TRY(sqlite_store_of(store));
  return sqlite->erase(request);
}

}  // namespace gantry::journal
