#include "journal/sqlite_chain.h"

#include <fmt/format.h>

#include <algorithm>

namespace gantry::journal {
namespace {

Result<Checkpoint> checkpoint_from_row(const DatabaseStatement& row) {
  Checkpoint checkpoint;
  checkpoint.head.position = static_cast<std::uint64_t>(row.integer(0));
  checkpoint.head.at = row.integer(1);
  auto hash = digest_from_bytes(row.blob(2));
  auto key = PublicKey::from_bytes(row.blob(3));
  std::string_view signature = row.blob(4);
  if (!hash || !key || signature.size() != checkpoint.signature.size())
    return Error{Code::internal, fmt::format("the checkpoint at position {} is damaged", checkpoint.head.position)};
  checkpoint.head.hash = *hash;
  checkpoint.key = *key;
  std::copy(signature.begin(), signature.end(), checkpoint.signature.begin());
  return checkpoint;
}

}  // namespace

Result<std::optional<StreamSecret>> secret_from_column(const DatabaseStatement& row, int column) {
  if (row.is_null(column)) return std::optional<StreamSecret>();
  std::string_view bytes = row.blob(column);
  StreamSecret secret;
  if (bytes.size() != secret.size())
    return Error{Code::internal,
                 "a stream's secret has the wrong length: the database is damaged; restore it from a backup"};
  std::copy(bytes.begin(), bytes.end(), secret.begin());
  return std::optional(secret);
}

ChainLink link_from_row(const DatabaseStatement& row) {
  return {static_cast<std::uint64_t>(row.integer(0)), row.integer(1), static_cast<std::uint64_t>(row.integer(2)),
          row.text(3), row.text(4)};
}

std::optional<Digest> data_digest_of(ChainHasher& hasher, const DatabaseStatement& row) {
  if (!row.is_null(9)) return digest_from_bytes(row.blob(9));
  Salt salt;
  if (std::string_view own = row.blob(10); own.size() == salt.size()) {
    std::copy(own.begin(), own.end(), salt.begin());
  } else {
    StreamSecret secret;
    std::string_view bytes = row.blob(5);
    if (bytes.size() != secret.size()) return std::nullopt;
    std::copy(bytes.begin(), bytes.end(), secret.begin());
    salt = hasher.salt_of(secret, static_cast<std::uint64_t>(row.integer(2)));
  }
  return hasher.digest_of(salt, row.text(6), row.text(7));
}

Result<std::vector<Checkpoint>> read_checkpoints(DatabaseConnection& connection, bool last_only) {
  auto select = TRY(connection.prepare(
      fmt::format("SELECT position, at, hash, key, signature FROM journal_checkpoint ORDER BY position {}",
                  last_only ? "DESC LIMIT 1" : "")));
  std::vector<Checkpoint> checkpoints;
  while (TRY(select->step())) checkpoints.push_back(TRY(checkpoint_from_row(*select)));
  return checkpoints;
}

Status SqliteChain::load() {
  ChainHead head;
  auto last = TRY(connection_.prepare("SELECT position, at, hash FROM journal_event ORDER BY position DESC LIMIT 1"));
  if (TRY(last->step())) {
    auto hash = digest_from_bytes(last->blob(2));
    head = {static_cast<std::uint64_t>(last->integer(0)), last->integer(1), hash.value_or(Digest{})};
  }
  auto removed = TRY(connection_.prepare("SELECT last, at, after FROM journal_removal ORDER BY last DESC LIMIT 1"));
  if (TRY(removed->step()) && static_cast<std::uint64_t>(removed->integer(0)) > head.position)
    head = {static_cast<std::uint64_t>(removed->integer(0)), removed->integer(1),
            digest_from_bytes(removed->blob(2)).value_or(Digest{})};
  auto checkpoint =
      TRY(connection_.prepare("SELECT position, at FROM journal_checkpoint ORDER BY position DESC LIMIT 1"));
  if (TRY(checkpoint->step())) {
    signed_position_ = static_cast<std::uint64_t>(checkpoint->integer(0));
    signed_at_ = checkpoint->integer(1);
  }
  head_ = head;
  committed();
  return done();
}

void SqliteChain::sign_with(SigningKey key, const AuditOptions& options) {
  key_ = std::move(key);
  options_ = options;
}

StreamSecret SqliteChain::new_secret() {
  if (secrets_used_ == secrets_.size()) {
    random_.fill(std::as_writable_bytes(std::span(secrets_)));
    secrets_used_ = 0;
  }
  return std::exchange(secrets_[secrets_used_++], StreamSecret{});
}

Result<ChainHead> SqliteChain::extend(const Event& event, const StoredText& text,
                                      const std::optional<StreamSecret>& secret) {
  ChainLink link{head_.position + 1, event.at.time_since_epoch().count(), event.sequence, name_of(event.type),
                 event.instance};
  Salt salt;
  if (secret) {
    salt = hasher_.salt_of(*secret, event.sequence);
  } else {
    salt = new_secret();
    auto insert = TRY(connection_.use("INSERT INTO journal_salt (position, salt) VALUES (?,?)"));
    insert->bind(1, static_cast<std::int64_t>(link.position)).bind_blob(2, view_of(salt));
    TRY(insert->run());
  }
  Digest digest = hasher_.digest_of(salt, text.data, text.labels);
  head_ = {link.position, link.at, hasher_.hash_of(head_.hash, link, digest)};
  return head_;
}

Status SqliteChain::sign_when_due(bool now) {
  if (!key_ || head_.position == signed_position_) return done();
  const bool due = head_.position - signed_position_ >= options_.checkpoint_every_events ||
                   head_.at - signed_at_ >= options_.checkpoint_interval.count();
  if (!now && !due) return done();
  Checkpoint checkpoint = Checkpoint::sign(head_, *key_);
  auto insert =
      TRY(connection_.use("INSERT INTO journal_checkpoint (position, at, hash, key, signature) VALUES (?,?,?,?,?)"));
  insert->bind(1, static_cast<std::int64_t>(head_.position)).bind(2, head_.at).bind_blob(3, bytes_of(head_.hash));
  insert->bind_blob(4, view_of(checkpoint.key.bytes)).bind_blob(5, view_of(checkpoint.signature));
  TRY(insert->run());
  signed_position_ = head_.position;
  signed_at_ = head_.at;
  return done();
}

void SqliteChain::committed() {
  committed_head_ = head_;
  committed_signed_position_ = signed_position_;
  committed_signed_at_ = signed_at_;
}

void SqliteChain::rolled_back() {
  head_ = committed_head_;
  signed_position_ = committed_signed_position_;
  signed_at_ = committed_signed_at_;
}

Status SqliteChain::chain_existing(DatabaseConnection& connection) {
  SqliteChain chain(connection);
  auto streams = TRY(connection.prepare("SELECT number FROM journal_stream WHERE secret IS NULL"));
  auto give = TRY(connection.prepare("UPDATE journal_stream SET secret = ? WHERE number = ?"));
  while (TRY(streams->step())) {
    StreamSecret secret = chain.new_secret();
    give->bind_blob(1, view_of(secret)).bind(2, streams->integer(0));
    TRY(give->run());
  }
  auto events = TRY(
      connection.prepare("SELECT e.position, e.at, e.sequence, y.name, s.id, s.secret, e.data, e.labels FROM "
                         "journal_event e JOIN journal_stream s ON s.number = e.stream JOIN journal_event_type y ON "
                         "y.number = e.type ORDER BY e.position"));
  auto set = TRY(connection.prepare("UPDATE journal_event SET hash = ? WHERE position = ?"));
  Digest before;
  while (TRY(events->step())) {
    ChainLink link{static_cast<std::uint64_t>(events->integer(0)), events->integer(1),
                   static_cast<std::uint64_t>(events->integer(2)), events->text(3), events->text(4)};
    auto secret = TRY(secret_from_column(*events, 5));
    Salt salt = chain.hasher_.salt_of(secret.value_or(StreamSecret{}), link.sequence);
    before = chain.hasher_.hash_of(before, link, chain.hasher_.digest_of(salt, events->text(6), events->text(7)));
    set->bind_blob(1, bytes_of(before)).bind(2, events->integer(0));
    TRY(set->run());
  }
  return done();
}

}  // namespace gantry::journal
