#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>

#include "journal/audit_verify.h"
#include "journal/maintenance.h"
#include "journal/raw_database_fixture.h"
#include "journal/sqlite_chain.h"
#include "journal/store_kinds_fixture.h"

namespace gantry::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A real file with three stories, a large value and checkpoints, closed; each test tampers with it.
class Audit : public StoreKinds {
 protected:
  void SetUp() override {
    StoreKinds::SetUp();
    if (IsSkipped()) return;
    auto store = open();
    EXPECT_DONE(store->append(full_story("I1")));
    EXPECT_DONE(store->append(full_story("I2")));
    Batch large;
    large.events.push_back(started("I3"));
    large.events.push_back(
        event("I3", 2, EventType::instance_completed, Value::object({{"output", Value(std::string(5000, 'x'))}})));
    EXPECT_DONE(store->append(large));
  }

  std::unique_ptr<Store> open(bool read_only = false) {
    StoreOptions options;
    options.read_only = read_only;
    options.audit.key_file = key_file();
    options.audit.checkpoint_every_events = 10;
    return open_store(url(), options);
  }
  std::string key_file() const { return folder_.file("gantry.db.key"); }
  VerifyReport verify(const VerifyOptions& options = {}) { return value_of(verify_audit(*open(true), options)); }
  std::vector<std::string> kinds(const VerifyOptions& options = {}) {
    std::vector<std::string> kinds;
    for (const AuditFinding& finding : verify(options).findings) kinds.push_back(finding.what);
    return kinds;
  }
  Checkpoint exported_head() {
    return Checkpoint::sign(value_of(audit_head(*open(true))), *SigningKey::open(key_file()));
  }
  void tamper(const std::string& sql) { RawDatabase(place(), true).execute(sql); }
  // As somebody without the key would hide a change: all hashes made anew from the changed content.
  void rehash() {
    tamper("UPDATE journal_event SET hash = NULL");
    auto connection = this->connection();
    EXPECT_DONE(SqliteChain::chain_existing(*connection));
  }

  std::string zeros(std::size_t bytes) { return RawDatabase(place()).bytes(std::string(2 * bytes, '0')); }
};
FOR_STORES_ON_DISK(Audit);

TEST_P(Audit, AnUntouchedJournalIsIntactAndSignedToItsEnd) {
  VerifyReport report = verify();
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_GT(report.events, 30u);
  EXPECT_EQ(report.head.position, report.events);
  EXPECT_GE(report.checkpoints, 3u) << "every 10 events, and at the end";
  EXPECT_EQ(report.unsigned_events, 0u);
  EXPECT_THAT(report.keys, ElementsAre(SigningKey::open(key_file())->public_key()));
}

TEST_P(Audit, TheKeyIsMadeOnceForItsOwnerOnly) {
  struct stat about {};
  ASSERT_EQ(stat(key_file().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  std::string before = read_whole(key_file());
  open();
  EXPECT_EQ(read_whole(key_file()), before);
  ASSERT_EQ(chmod(key_file().c_str(), 0644), 0);
  StoreOptions options;
  options.audit.key_file = key_file();
  auto refused = Store::open(url(), options);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("chmod 600"));
}

TEST_P(Audit, OpensslReadsTheKeysAndAKeyOfOpensslSigns) {
  std::string made = folder_.file("openssl.key");
  ASSERT_EQ(
      std::system(("openssl genpkey -algorithm ed25519 -out " + made + " 2>/dev/null && chmod 600 " + made).c_str()),
      0);
  auto key = SigningKey::open(made);
  ASSERT_TRUE(key.ok()) << key.error().message;
  std::ofstream(folder_.file("public.pem")) << key->public_key().pem();
  ASSERT_EQ(std::system(("openssl pkey -in " + made + " -pubout -out " + folder_.file("theirs.pem")).c_str()), 0);
  EXPECT_EQ(read_whole(folder_.file("theirs.pem")), key->public_key().pem());
  EXPECT_EQ(value_of(PublicKey::from_pem(key->public_key().pem())), key->public_key());
  Checkpoint checkpoint = Checkpoint::sign({7, 8, sha256("x")}, *key);
  EXPECT_TRUE(checkpoint.is_genuine());
  EXPECT_EQ(value_of(Checkpoint::from_value(checkpoint.to_value())).signature, checkpoint.signature);
  checkpoint.head.at = 9;
  EXPECT_FALSE(checkpoint.is_genuine());
}

TEST_P(Audit, AnEditedEventIsNamedWithItsPlace) {
  for (const std::string& change : std::vector<std::string>{"data = replace(data, 'reads are free', 'reads are fine')", "at = at + 1", "labels = '{}'",
                             "type = 13", "sequence = 900", "hash = " + zeros(32), "hash = NULL"}) {
    tamper("CREATE TABLE kept AS SELECT * FROM journal_event WHERE position = 3");
    tamper(std::string("UPDATE journal_event SET ") + change + " WHERE position = 3");
    VerifyReport report = verify();
    ASSERT_THAT(report.findings, testing::Not(IsEmpty())) << change;
    EXPECT_EQ(report.findings[0].position, 3u) << change;
    EXPECT_EQ(report.findings[0].instance, "I1") << change;
    tamper(
        "UPDATE journal_event SET (sequence, at, type, data, labels, hash) = (SELECT sequence, at, type, data, labels, "
        "hash FROM kept) "
        "WHERE position = 3; DROP TABLE kept");
    ASSERT_THAT(verify().findings, IsEmpty()) << change;
  }
}

TEST_P(Audit, AnEditWithAllHashesMadeToFitIsCaughtByTheNextCheckpoint) {
  tamper("UPDATE journal_event SET data = replace(data, 'reads are free', 'reads are fine') WHERE position = 3");
  rehash();
  VerifyReport report = verify();
  ASSERT_THAT(report.findings, testing::Not(IsEmpty()));
  EXPECT_THAT(report.findings[0].what, "changed");
  EXPECT_THAT(report.findings[0].message, HasSubstr("is not the one that was signed"));
  EXPECT_EQ(
      report.findings[0].position,
      value_of(read_checkpoints(*this->connection()))[0]
          .head.position);
}

TEST_P(Audit, RenamedTypesAndMovedInstancesAreChanges) {
  tamper("UPDATE journal_event_type SET name = 'effect_done' WHERE name = 'effect_denied'");
  EXPECT_THAT(verify().findings, testing::IsEmpty()) << "no event of these stories was denied";
  tamper("UPDATE journal_event_type SET name = 'effect_refused' WHERE name = 'effect_done'");
  EXPECT_THAT(kinds(), testing::Contains("changed"));
  tamper("UPDATE journal_event_type SET name = 'effect_done' WHERE name = 'effect_refused'");
  tamper("UPDATE journal_stream SET id = 'I9' WHERE id = 'I2'");
  EXPECT_THAT(kinds(), testing::Contains("changed"));
}

TEST_P(Audit, ADeletedEventIsMissing) {
  tamper("DELETE FROM journal_event WHERE position IN (5, 6)");
  VerifyReport report = verify();
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_EQ(report.findings[0].what, "missing");
  EXPECT_THAT(report.findings[0].message, HasSubstr("positions 5 to 6"));
  tamper("DELETE FROM journal_event WHERE position <= 4");
  EXPECT_THAT(verify().findings[0].message, HasSubstr("positions 1 to 6"));
}

TEST_P(Audit, ADeletedEventWithEverythingAfterItMovedUpIsCaughtByACheckpoint) {
  tamper("DELETE FROM journal_event WHERE position = 5");
  tamper("UPDATE journal_event SET position = position - 1 WHERE position > 5");
  EXPECT_EQ(verify().findings[0].position, 5u);
  rehash();
  EXPECT_THAT(kinds(), testing::Contains("changed"));
  EXPECT_THAT(kinds(), testing::Contains("truncated")) << "the last checkpoint is one beyond the end now";
}

TEST_P(Audit, SwappedEventsAreReordered) {
  tamper(
      "UPDATE journal_event SET position = -1 WHERE position = 4; UPDATE journal_event SET position = 4 WHERE "
      "position = 5; UPDATE journal_event SET position = 5 WHERE position = -1");
  EXPECT_THAT(kinds(), testing::IsSupersetOf({"changed", "reordered"}));
}

TEST_P(Audit, ATruncatedJournalIsCaughtByItsOwnCheckpointsAndByThoseKeptElsewhere) {
  Checkpoint head = exported_head();
  tamper("DELETE FROM journal_event WHERE position > 25");
  EXPECT_THAT(kinds(), testing::Contains("truncated"));
  tamper("DELETE FROM journal_checkpoint WHERE position > 25");
  EXPECT_THAT(kinds(), IsEmpty()) << "nothing inside the file can tell";
  VerifyReport report = verify({{head}, {}});
  ASSERT_THAT(report.findings, SizeIs(1));
  EXPECT_EQ(report.findings[0].what, "truncated");
  EXPECT_THAT(report.findings[0].message, HasSubstr("ends at 25"));
}

TEST_P(Audit, AForgedCheckpointIsNotBelieved) {
  std::string other_file = folder_.file("other.key");
  SigningKey mine = *SigningKey::open(key_file());
  tamper(
      "UPDATE journal_checkpoint SET signature = " + zeros(64) + " WHERE position = (SELECT min(position) FROM "
      "journal_checkpoint)");
  EXPECT_THAT(kinds(), ElementsAre("forged"));
  // Rewritten and signed anew by a key of the forger's: only the public key kept elsewhere tells.
  tamper(
      "UPDATE journal_event SET data = replace(data, 'reads are free', 'reads are fine'); DELETE FROM "
      "journal_checkpoint");
  rehash();
  rename(key_file().c_str(), other_file.c_str());
  {
    auto store = open();
    EXPECT_DONE(store->append({{started("I4")}, {}}));
  }
  EXPECT_THAT(kinds(), IsEmpty());
  EXPECT_THAT(kinds({{}, {mine.public_key()}}), ElementsAre("forged"));
}

TEST_P(Audit, LargeValuesAndProjectsAreCoveredByTheirHashes) {
  tamper("UPDATE journal_blob SET data = replace(data, 'xxx', 'xyx')");
  EXPECT_THAT(kinds(), ElementsAre("changed"));
  tamper("DELETE FROM journal_blob");
  EXPECT_THAT(kinds(), ElementsAre("missing"));
}

TEST_P(Audit, DataThatLooksLikeAReferenceToALargeValueIsNone) {
  auto store = open();
  const Value data = *parse_json(R"({"$blob":"x","a":{"b":{"$blob":"y"}},"c":[{"$blob":"z"}],"d":{"$blob":"v","e":1}})");
  EXPECT_DONE(store->append({{started("I4"), event("I4", 2, EventType::instance_completed, Value::object({{"output", data}}))}, {}}));
  EXPECT_EQ(value_of(store->events_of("I4"))[1].data.member("output"), data);
  EXPECT_THAT(value_of(find_damage(*store)), IsEmpty());
  store.reset();
  EXPECT_THAT(verify().findings, IsEmpty());
}

TEST_P(Audit, AFailedBatchLeavesTheChainWhereItWas) {
  {
    auto store = open();
    Batch wrong;
    wrong.events.push_back(started("I5"));
    wrong.events.push_back(event("I5", 7, EventType::instance_completed));
    EXPECT_FALSE(store->append(wrong).ok());
    EXPECT_DONE(store->append({{started("I5")}, {}}));
  }
  EXPECT_THAT(verify().findings, IsEmpty());
}

TEST_P(Audit, AStoreOfTheVersionBeforeGetsAChainWhenItIsOpened) {
  {
    RawDatabase raw(place(), true);
    if (raw.is_postgres()) GTEST_SKIP() << "the first version on PostgreSQL has one";
    raw.remove_version_3();
    raw.execute("PRAGMA user_version = 2");
  }
  {
    auto store = open();
    EXPECT_DONE(store->append({{started("I6")}, {}}));
  }
  VerifyReport report = verify();
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.unsigned_events, 0u);
}

// The bytes of docs/reference/audit.md, made by hand.
TEST(AuditChain, HasTheDocumentedBytes) {
  ChainHasher hasher;
  StreamSecret secret{};
  Salt salt = hasher.salt_of(secret, 1);
  std::string salted(16, '\0');
  salted += std::string("\0\0\0\0\0\0\0\1", 8);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(salt.data()), 16), bytes_of(sha256(salted)).substr(0, 16));
  Digest digest = hasher.digest_of(salt, "{}", "");
  std::string content(reinterpret_cast<const char*>(salt.data()), 16);
  content += std::string("\0\0\0\0\0\0\0\2{}\0\0\0\0\0\0\0\0", 18);
  EXPECT_EQ(digest, sha256(content));
  Digest hash = hasher.hash_of({}, {1, 258, 1, "timer_set", "I1"}, digest);
  std::string link(32, '\0');
  link += std::string("\0\0\0\0\0\0\0\1\0\0\0\0\0\0\1\2\0\0\0\0\0\0\0\1\x09timer_set\0\2I1", 38);
  link += bytes_of(digest);
  EXPECT_EQ(hash, sha256(link));
}

}  // namespace
}  // namespace gantry::journal
