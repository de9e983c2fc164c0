#include "journal/audit_verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "journal/missing_blobs.h"
#include "journal/sqlite_erasure.h"
#include "journal/sqlite_reader.h"
#include "journal/stored_data.h"

namespace gantry::journal {
namespace {

constexpr std::size_t audit_findings_max = 100;

// One pass over the events in order of position, beside the removals and checkpoints, which are few.
class Verification {
 public:
  Verification(DatabaseConnection& connection, const VerifyOptions& options)
      : connection_(connection), options_(options) {}

  Result<VerifyReport> run() {
    TRY(read_removals());
    TRY(read_signed());
    TRY(walk_events());
    check_left_over();
    TRY(check_erasures());
    TRY(check_sequences());
    TRY(check_blobs());
    TRY(check_projects());
    std::stable_sort(report_.findings.begin(), report_.findings.end(),
                     [](const auto& a, const auto& b) { return a.position < b.position; });
    return std::move(report_);
  }

 private:
  Status read_removals();
  Status read_signed();
  Status walk_events();
  Status check_event(const DatabaseStatement& row);
  void go_to(std::uint64_t position);
  void arrive(std::uint64_t position, const Digest& hash);
  void check_left_over();
  Status check_erasures();
  Status check_sequences();
  Status check_blobs();
  Status check_projects();
  bool trusts(const PublicKey& key) const {
    return std::find(report_.keys.begin(), report_.keys.end(), key) != report_.keys.end();
  }
  void find(std::uint64_t position, std::string_view instance, std::string_view what, std::string message) {
    if (report_.findings.size() < audit_findings_max)
      report_.findings.push_back({position, std::string(instance), std::string(what), std::move(message)});
  }

  DatabaseConnection& connection_;
  const VerifyOptions& options_;
  VerifyReport report_;
  ChainHasher hasher_;
  std::map<std::uint64_t, Removal> removals_;          // by first
  std::multimap<std::uint64_t, Checkpoint> to_check_;  // genuine ones, by position
  bool linked_ = true;                                 // the hash before is known; false after events are missing
};

Status Verification::read_removals() {
  auto select = TRY(
      connection_.prepare("SELECT first, last, at, before, after, key, signature FROM journal_removal ORDER BY first"));
  while (TRY(select->step())) {
    Removal removal;
    removal.first = static_cast<std::uint64_t>(select->integer(0));
    removal.last = static_cast<std::uint64_t>(select->integer(1));
    removal.at = select->integer(2);
    auto before = digest_from_bytes(select->blob(3)), after = digest_from_bytes(select->blob(4));
    auto key = PublicKey::from_bytes(select->blob(5));
    std::string_view signature = select->blob(6);
    if (!before || !after || !key || signature.size() != removal.signature.size() || removal.last < removal.first) {
      find(removal.first, "", "damaged", "the record of removed events can't be read");
      continue;
    }
    removal.before = *before;
    removal.after = *after;
    removal.key = *key;
    std::copy(signature.begin(), signature.end(), removal.signature.begin());
    removals_.emplace(removal.first, removal);
  }
  return done();
}

// Which keys count, then which checkpoints are genuine. Those are compared with the chain on the way.
Status Verification::read_signed() {
  auto stored = read_checkpoints(connection_);
  if (!stored) {
    if (stored.error().code != Code::internal) return stored.error();
    find(0, "", "damaged", stored.error().message);
    stored = std::vector<Checkpoint>();
  }
  report_.keys_are_given = !options_.keys.empty();
  report_.keys = options_.keys;
  if (report_.keys.empty() && !options_.checkpoints.empty()) report_.keys.push_back(options_.checkpoints.back().key);
  if (report_.keys.empty() && !stored->empty()) report_.keys.push_back(stored->back().key);
  if (report_.keys.empty() && !removals_.empty()) report_.keys.push_back(removals_.rbegin()->second.key);
  auto take = [&](const Checkpoint& checkpoint, std::string_view where) {
    const std::uint64_t position = checkpoint.head.position;
    if (!trusts(checkpoint.key))
      find(position, "", "forged",
           fmt::format("the {} checkpoint at position {} is signed by another key ({})", where, position,
                       checkpoint.key.hex()));
    else if (!checkpoint.is_genuine())
      find(position, "", "forged",
           fmt::format("the {} checkpoint at position {} has a wrong signature", where, position));
    else
      to_check_.emplace(position, checkpoint);
  };
  for (const Checkpoint& checkpoint : *stored) take(checkpoint, "stored");
  for (const Checkpoint& checkpoint : options_.checkpoints) take(checkpoint, "given");
  return done();
}

Status Verification::walk_events() {
  auto select = TRY(connection_.prepare_scan(std::string(chain_rows) + " ORDER BY e.position"));
  while (TRY(select->step())) {
    go_to(static_cast<std::uint64_t>(select->integer(0)));
    TRY(check_event(*select));
  }
  // Removed events at the very end leave no event behind them.
  if (auto removal = removals_.find(report_.head.position + 1); removal != removals_.end())
    go_to(removal->second.last + 1);
  return done();
}

// Up to the event before `position`: over what is missing, by a signed removal or as a finding.
void Verification::go_to(std::uint64_t position) {
  while (report_.head.position + 1 < position) {
    const std::uint64_t first = report_.head.position + 1;
    auto found = removals_.find(first);
    if (found == removals_.end() || found->second.last >= position) {
      find(first, "", "missing", fmt::format("the events at positions {} to {} are missing", first, position - 1));
      report_.head.position = position - 1;
      linked_ = false;
      return;
    }
    const Removal& removal = found->second;
    if (!trusts(removal.key) || !removal.is_genuine())
      find(first, "", "forged",
           fmt::format("the record that events {} to {} were removed has a wrong signature", removal.first,
                       removal.last));
    else if (linked_ && removal.before != report_.head.hash)
      find(first, "", "changed",
           fmt::format("the removed events {} to {} do not follow from the event before them", removal.first,
                       removal.last));
    report_.removed += removal.last - removal.first + 1;
    report_.head = {removal.last, removal.at, removal.after};
    linked_ = true;
    arrive(removal.last, removal.after);
  }
}

Status Verification::check_event(const DatabaseStatement& row) {
  const ChainLink link = link_from_row(row);
  ++report_.events;
  auto stored = digest_from_bytes(row.blob(8));
  auto digest = data_digest_of(hasher_, row);
  if (!row.is_null(9)) ++report_.erased;
  const bool readable = stored && digest && link.type.size() <= 0xff && link.instance.size() <= 0xffff;
  if (!readable) {
    find(link.position, link.instance, "damaged",
         fmt::format("event {} of instance '{}' has no hash, no salt, or no type", link.sequence, link.instance));
    linked_ = false;
  } else if (linked_ && hasher_.hash_of(report_.head.hash, link, *digest) != *stored) {
    find(link.position, link.instance, "changed",
         fmt::format("event {} ({}) of instance '{}' does not have the hash that its content and the event before it "
                     "give: it, or the order, was changed",
                     link.sequence, link.type, link.instance));
  } else if (!linked_) {
    linked_ = true;  // nothing to compare with: what follows is checked against this one
  }
  report_.head = {link.position, link.at, stored.value_or(Digest{})};
  if (stored) arrive(link.position, *stored);
  return done();
}

void Verification::arrive(std::uint64_t position, const Digest& hash) {
  auto [from, to] = to_check_.equal_range(position);
  std::uint64_t agreed = 0;
  for (auto each = from; each != to; ++each) {
    if (each->second.head.hash == hash)
      ++agreed;
    else
      find(
          position, "", "changed",
          fmt::format("the chain up to position {} is not the one that was signed: an event was changed and the hashes "
                      "after it were made to fit, at or before this position and after the last checkpoint that agrees",
                      position));
  }
  report_.checkpoints += agreed;
  to_check_.erase(from, to);
  report_.unsigned_events = agreed > 0 ? 0 : report_.unsigned_events + 1;
}

// What was signed lies beyond the end, or within what was removed; there it says nothing any more.
void Verification::check_left_over() {
  for (const auto& [position, checkpoint] : to_check_)
    if (position > report_.head.position)
      find(position, "", "truncated",
           fmt::format(
               "a checkpoint was signed at position {}, but the journal ends at {}: the events after it were cut off",
               position, report_.head.position));
}

// A digest instead of data is believed only where an event of the chain says who erased it and what remains; otherwise
// anybody could put another text beside the old digest.
Status Verification::check_erasures() {
  auto records = TRY(connection_.prepare("SELECT record, min(position) FROM journal_erased GROUP BY record"));
  while (TRY(records->step())) {
    const auto record = static_cast<std::uint64_t>(records->integer(0)),
               first = static_cast<std::uint64_t>(records->integer(1));
    auto event = TRY(connection_.prepare(
        "SELECT CASE WHEN json_valid(e.data) THEN e.data ->> '$.remains' END FROM journal_event e JOIN journal_stream s ON s.number = e.stream JOIN "
        "journal_event_type y ON y.number = e.type WHERE e.position = ? AND s.id = '' AND y.name = 'data_erased'"));
    event->bind(1, records->integer(0));
    const bool known = TRY(event->step()) && !event->is_null(0);
    const Digest remains = TRY(SqliteErasure::remains_of(connection_, hasher_, record));
    if (!known)
      find(first, "", "erased", fmt::format("data is marked as erased, but no event at position {} says so", record));
    else if (event->text(0) != remains.hex())
      find(first, "", "changed",
           fmt::format("what the erasure at position {} left of the events, from position {} on, was changed", record,
                       first));
  }
  return done();
}

Status Verification::check_sequences() {
  auto select = TRY(connection_.prepare(
      "SELECT e.position, s.id, e.sequence, CASE WHEN e.before = e.sequence THEN 1 ELSE 0 END FROM (SELECT position, stream, "
      "sequence, lag(position) OVER neighbours AS position_before, lag(sequence) OVER neighbours AS before FROM journal_event WINDOW neighbours AS (PARTITION "
      "BY stream ORDER BY sequence, position)) e LEFT JOIN journal_stream s ON s.number = e.stream WHERE e.position_before > "
      "e.position OR e.before = e.sequence LIMIT 20"));
  while (TRY(select->step()))
    find(static_cast<std::uint64_t>(select->integer(0)), select->text(1), "reordered",
         fmt::format("event {} of instance '{}' stands {}", select->integer(2), select->text(1),
                     select->integer(3) != 0 ? "there twice" : "before the one that came before it"));
  return done();
}

// Large values are covered through their hashes in the events' data.
Status Verification::check_blobs() {
  auto select = TRY(connection_.prepare_scan("SELECT hash, data, labels FROM journal_blob"));
  while (TRY(select->step())) {
    StoredText text{std::string(select->text(1)), std::string(select->text(2))};
    if (blob_hash(text) != select->text(0))
      find(0, "", "changed", fmt::format("the large value {} has another content", select->text(0)));
  }
  constexpr std::size_t named_max = 20;
  const std::vector<MissingBlob> all = TRY(missing_blobs(connection_, named_max));
  for (const MissingBlob& missing : all)
    find(static_cast<std::uint64_t>(missing.position), "", "missing", fmt::format("the large value {} is missing", missing.hash));
  return done();
}

Status Verification::check_projects() {
  auto select = TRY(connection_.prepare("SELECT digest, files FROM journal_project"));
  while (TRY(select->step()))
    if (sha256(select->blob(1)).hex() != select->text(0))
      find(0, "", "changed",
           fmt::format("the files of the project {} are not those that were deployed", select->text(0)));
  // With the files goes what the policies said at the time. An erased event may name no project any more.
  auto missing = TRY(connection_.prepare(
      "SELECT d.position, d.project FROM (SELECT e.position AS position, CASE WHEN json_valid(e.data) THEN e.data ->> "
      "'$.project' END AS project FROM journal_event e JOIN journal_event_type y ON y.number = e.type WHERE y.name = "
      "'project_deployed') d WHERE d.project IS NOT NULL AND NOT EXISTS (SELECT 1 FROM journal_project p WHERE p.digest "
      "= d.project) ORDER BY d.position LIMIT 20"));
  while (TRY(missing->step()))
    find(static_cast<std::uint64_t>(missing->integer(0)), "", "missing",
         fmt::format("the files of the project {}, deployed here, are missing", missing->text(1)));
  return done();
}

}  // namespace

Result<VerifyReport> verify_audit(Store& store, const VerifyOptions& options) {
  auto connection = TRY(reader_of(store));
  std::lock_guard lock(connection->mutex());
  // One picture of the database from start to end, whatever is written meanwhile.
  TRY(connection->begin_reading());
  auto report = Verification(*connection, options).run();
  connection->roll_back();
  return report;
}

Result<ChainHead> audit_head(Store& store) {
  auto connection = TRY(reader_of(store));
  std::lock_guard lock(connection->mutex());
  SqliteChain chain(*connection);
  TRY(chain.load());
  return chain.head();
}

}  // namespace gantry::journal
