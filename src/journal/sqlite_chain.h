// The end of the hash chain in a database: extends it by each event of a transaction, and signs checkpoints. Owned by
// the store; under the connection's mutex.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "journal/audit_chain.h"
#include "journal/audit_key.h"
#include "journal/event.h"
#include "journal/database_connection.h"
#include "journal/store.h"
#include "journal/stored_data.h"

namespace gantry::journal {

// The names of event types as bytes under the hash, and the salt of an event: derived from its stream's secret, or kept
// in journal_salt once that secret is gone.
class SqliteChain {
 public:
  explicit SqliteChain(DatabaseConnection& connection) : connection_(connection) {}

  // Reads where the chain and the checkpoints end. Errors: those of the database.
  Status load();
  void sign_with(SigningKey key, const AuditOptions& options);
  const std::optional<SigningKey>& key() const { return key_; }

  StreamSecret new_secret();
  // The place and the hash of the next event. `secret` is the stream's; none: it was erased, so the event gets a salt
  // of its own.
  Result<ChainHead> extend(const Event& event, const StoredText& text, const std::optional<StreamSecret>& secret);
  // Signs the head when enough events or time went by since the last checkpoint, or when `now`. In the transaction.
  Status sign_when_due(bool now = false);
  void committed();
  void rolled_back();

  bool has_unsigned() const { return key_ && head_.position != signed_position_; }
  const ChainHead& head() const { return head_; }
  bool moved() const { return head_.position != committed_head_.position; }  // in this transaction
  ChainHasher& hasher() { return hasher_; }

  // For an upgrade: gives every stream a secret and every event its hash.
  static Status chain_existing(DatabaseConnection& connection);

 private:
  DatabaseConnection& connection_;
  ChainHasher hasher_;
  SystemRandom random_;
  std::array<StreamSecret, 64> secrets_{};  // drawn ahead: a system call each would cost more than the hash
  std::size_t secrets_used_ = secrets_.size();
  ChainHead head_, committed_head_;
  std::uint64_t signed_position_ = 0, committed_signed_position_ = 0;
  std::int64_t signed_at_ = 0, committed_signed_at_ = 0;
  std::optional<SigningKey> key_;
  AuditOptions options_;
};

// Events with all that their hashes are made of; conditions and an order are to follow.
inline constexpr const char* chain_rows =
    "SELECT e.position, e.at, e.sequence, y.name, s.id, s.secret, e.data, e.labels, e.hash, g.digest, t.salt FROM "
    "journal_event e LEFT JOIN journal_stream s ON s.number = e.stream LEFT JOIN journal_event_type y ON y.number = "
    "e.type LEFT JOIN journal_erased g ON g.position = e.position LEFT JOIN journal_salt t ON t.position = e.position";
ChainLink link_from_row(const DatabaseStatement& row);  // views into the row
// The digest of the row's data, calculated or kept; none when it has no salt.
std::optional<Digest> data_digest_of(ChainHasher& hasher, const DatabaseStatement& row);

Result<std::optional<StreamSecret>> secret_from_column(const DatabaseStatement& row, int column);
// All checkpoints of the database, or the last one only, in order of position.
Result<std::vector<Checkpoint>> read_checkpoints(DatabaseConnection& connection, bool last_only = false);

}  // namespace gantry::journal
