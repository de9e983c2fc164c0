#include "journal/erasure.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "journal/audit_verify.h"
#include "journal/maintenance.h"
#include "journal/query.h"
#include "journal/raw_database_fixture.h"
#include "journal/redaction.h"
#include "journal/sqlite_chain.h"
#include "journal/store_kinds_fixture.h"

namespace gantry::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Every byte of every file of the folder: the database, its log, whatever is left of either.
std::string all_bytes(const TestFolder& folder) {
  std::string bytes;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(folder.file()).parent_path())) {
    std::ifstream file(entry.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(file), {});
  }
  return bytes;
}

class Erase : public StoreKinds {
 protected:
  void SetUp() override {
    StoreKinds::SetUp();
    if (IsSkipped()) return;
    StoreOptions options;
    options.audit.key_file = folder_.file("key");
    store = open_store(url(), options);
    append({customer("C1", "Grace Hopper", std::string(6000, 'g') + " for Grace Hopper")});
    append({event("C1", 2, EventType::instance_completed, R"({"output":{"greeting":"Dear Grace Hopper"}})")});
    append({customer("C2", "Alan Turing", "short")});
    append({event("C2", 2, EventType::instance_completed,
                  R"({"output":{"greeting":"Dear Alan Turing, Grace Hopper says hello"}})")});
    append({customer("C3", "Grace Hopper", "goes on")});
    append({event(
        "", 1, EventType::event_received,
        R"({"source":"shop","id":"1","event":{"data":{"name":"Grace Hopper"}},"principal":{"person":"shop","roles":[]}})")});
  }

  static Event customer(const std::string& id, const std::string& name, const std::string& letter) {
    Value data = json(
        R"({"workflow":{"namespace":"shop","name":"order","version":"1.0.0","digest":"d1"},"project":"p1","principal":{"person":"ada","roles":["clerk"]}})");
    return event(id, 1, EventType::instance_started,
                 std::move(data)
                     .with_member("input", Value::object({{"name", Value(name)}, {"letter", Value(letter)}}))
                     .with_member("key", "order of " + name + " " + id));
  }
  void append(std::vector<Event> events) { EXPECT_DONE(store->append({std::move(events), {}})); }
  ErasureRequest request(std::string instance, std::string text) {
    return {std::move(instance), std::move(text), {"dora", {"privacy"}}, "request 4711", test_time(900)};
  }
  std::vector<AuditFinding> findings() { return value_of(verify_audit(*store)).findings; }
  void expect_projections_are_those_of_a_rebuild() {
    RawDatabase raw(place());
    std::string before = raw.dump_projections();
    EXPECT_DONE(rebuild_projections(*store));
    EXPECT_EQ(raw.dump_projections(), before);
  }

  // Every byte that is kept, or in PostgreSQL every row.
  std::string everything() { return is("postgres") ? RawDatabase(place()).dump() : all_bytes(folder_); }

  std::unique_ptr<Store> store;
};
FOR_STORES_ON_DISK(Erase);

TEST_P(Erase, LeavesEffectsAsTheyEnded) {
  append({customer("C4", "Grace Hopper", "short"),
          event("C4", 2, EventType::effect_permitted,
                R"({"effect":{"id":"C4-e1","tool":"mail","operation":"send","arguments":{"to":"Grace Hopper"}}})")});
  append({event("C4", 3, EventType::effect_done, R"({"effect":"C4-e1","result":"Grace Hopper"})"),
          event("C4", 4, EventType::instance_completed, R"({"output":1})")});
  ASSERT_NE(value_of(erase(*store, request("C4", ""))).record, 0u);
  auto query = value_of(Query::open(*store));
  EXPECT_EQ(value_of(query->effect("C4-e1")).string_or("state", ""), "done");
  EXPECT_EQ(value_of(query->totals()).member("effects").integer_or("done", 0), 1);
  const std::string before = RawDatabase(place()).dump_projections();
  EXPECT_DONE(rebuild_projections(*store));
  EXPECT_EQ(RawDatabase(place()).dump_projections(), before);
}

TEST_P(Erase, OfAnInstanceTakesItsContentOutOfEveryFileAndLeavesTheChainIntact) {
  ASSERT_THAT(everything(), HasSubstr("gggg"));
  Erasure erasure = value_of(erase(*store, request("C1", "")));
  EXPECT_EQ(erasure.events, 2u);
  EXPECT_EQ(erasure.blobs, 1u);
  std::string bytes = everything();
  EXPECT_THAT(bytes, Not(HasSubstr("gggg")));
  EXPECT_THAT(bytes, Not(HasSubstr("Dear Grace")));
  EXPECT_THAT(bytes, Not(HasSubstr("order of Grace Hopper C1")));
  EXPECT_THAT(findings(), IsEmpty());
  VerifyReport report = value_of(verify_audit(*store));
  EXPECT_EQ(report.erased, 2u);
  EXPECT_EQ(report.unsigned_events, 0u) << "an erasure is signed at once";
  RawDatabase raw(place());
  EXPECT_THAT(raw.rows("SELECT status, workflow_name, person, key, input FROM instances WHERE id = 'C1'"),
              ElementsAre(ElementsAre("completed", "order", "ada", "NULL", "NULL")));
  EXPECT_THAT(
      raw.one("SELECT data FROM events WHERE type = 'data_erased'"),
      testing::AllOf(HasSubstr(R"("person":"dora")"), HasSubstr("request 4711"), HasSubstr(R"("instance":"C1")")));
  expect_projections_are_those_of_a_rebuild();
}

TEST_P(Erase, OfATextTakesItOutOfEveryEndedInstanceAndSaysWhichGoOn) {
  Erasure erasure = value_of(erase(*store, request("", "Grace Hopper")));
  EXPECT_THAT(erasure.running, ElementsAre("C3"));
  RawDatabase raw(place());
  EXPECT_EQ(raw.one("SELECT output FROM instances WHERE id = 'C1'"), R"({"greeting":"[erased]"})");
  EXPECT_EQ(raw.one("SELECT input ->> '$.name' FROM instances WHERE id = 'C2'"), "Alan Turing");
  EXPECT_EQ(raw.one("SELECT data ->> '$.event.data.name' FROM events WHERE type = 'event_received'"), "[erased]");
  EXPECT_THAT(findings(), IsEmpty());
  expect_projections_are_those_of_a_rebuild();
  append({event("C3", 2, EventType::instance_completed, R"({"output":null})")});
  Erasure rest = value_of(erase(*store, request("", "Grace Hopper")));
  EXPECT_THAT(rest.running, IsEmpty());
  EXPECT_THAT(everything(), Not(HasSubstr("Grace Hopper")));
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_EQ(value_of(erase(*store, request("", "Grace Hopper"))).record, 0u)
      << "nothing is left, so nothing is recorded";
}

TEST_P(Erase, TwiceOfTheSameEventsGivesOneRecordThatCoversBoth) {
  ASSERT_NE(value_of(erase(*store, request("", "Alan Turing"))).record, 0u);
  EXPECT_THAT(findings(), IsEmpty());
  ASSERT_NE(value_of(erase(*store, request("C2", ""))).record, 0u);
  EXPECT_THAT(findings(), IsEmpty());
  append({customer("C4", "Someone", "new events after an erasure")});
  EXPECT_THAT(findings(), IsEmpty());
  RawDatabase raw(place());
  EXPECT_EQ(raw.one("SELECT count(DISTINCT record) FROM journal_erased"), "1");
}

TEST_P(Erase, WhatItLeftCannotBeChangedAndNothingElseCanBeMarkedAsErased) {
  ASSERT_NE(value_of(erase(*store, request("C2", ""))).record, 0u);
  RawDatabase raw(place(), true);
  raw.execute("CREATE TABLE kept AS SELECT position, data FROM journal_event WHERE position = 3");
  raw.execute("UPDATE journal_event SET data = replace(data, 'ada', 'eve') WHERE position = 3");
  ASSERT_THAT(findings(), testing::SizeIs(1));
  EXPECT_THAT(findings()[0].message, HasSubstr("what the erasure"));
  raw.execute("UPDATE journal_event SET data = (SELECT data FROM kept) WHERE position = 3");
  ASSERT_THAT(findings(), IsEmpty());
  // The right digest beside another text, as somebody who knows the format could put it.
  ChainHasher hasher;
  auto connection = this->connection();
  auto row =
      value_of(connection->prepare("SELECT s.secret, e.data FROM journal_event e JOIN journal_stream s ON s.number = "
                                   "e.stream WHERE e.position = 5"));
  ASSERT_TRUE(value_of(row->step()));
  StreamSecret secret = *value_of(secret_from_column(*row, 0));
  Digest digest = hasher.digest_of(hasher.salt_of(secret, 1), row->text(1), "");
  row.reset();
  raw.execute("UPDATE journal_event SET data = replace(data, 'goes on', 'is paid') WHERE position = 5");
  for (const char* record : {"99", "4", "7"}) {
    raw.execute("DELETE FROM journal_erased WHERE position = 5");
    raw.execute("INSERT INTO journal_erased VALUES (5, " + raw.bytes(digest.hex()) + ", " + record + ")");
    EXPECT_THAT(findings(), Not(IsEmpty())) << record;
  }
}

TEST_P(Erase, RefusesWhatGoesOnAndRequestsThatSayTooLittle) {
  auto code = [&](const ErasureRequest& wanted) { return erase(*store, wanted).error().code; };
  EXPECT_EQ(code(request("C3", "")), Code::conflict);
  EXPECT_EQ(code(request("C9", "")), Code::not_found);
  EXPECT_EQ(code(request("", "")), Code::invalid_argument);
  EXPECT_EQ(code(request("C1", "Grace")), Code::invalid_argument);
  EXPECT_EQ(code(request("", "ab")), Code::invalid_argument);
  ErasureRequest naming = request("", "Grace Hopper");
  naming.reason = "Grace Hopper asked for it";
  EXPECT_EQ(code(naming), Code::invalid_argument);
  naming.reason.clear();
  EXPECT_EQ(code(naming), Code::invalid_argument);
}

TEST(Redaction, KeepsStructureAndWhoActedAndDropsWhatItDoesNotKnow) {
  Value data = json(
      R"({"effect":{"id":"E","tool":"tos","operation":"reslot","class":"write","task":"/do/0","arguments":{"a":1},"digest":"d","key":"k"},"verdict":{"kind":"allow","rule":"r","effect":"d","reason":"said Ada"},"approvals":[{"person":"bo","comment":"fine"}],"later":"unknown"})");
  EXPECT_EQ(
      redact_content(EventType::effect_permitted, data),
      json(
          R"({"effect":{"id":"E","tool":"tos","operation":"reslot","class":"write","task":"/do/0"},"verdict":{"kind":"allow","rule":"r"},"approvals":[{"person":"bo"}]})"));
  EXPECT_EQ(redact_text(EventType::effect_permitted, data, "tos", false), std::nullopt)
      << "names of tools are structure";
  auto remains = redact_text(EventType::task_voted,
                             json(R"({"task":"T","person":"Ada L","comment":"by Ada L","digest":"d"})"), "Ada L", true);
  ASSERT_TRUE(remains.has_value());
  EXPECT_EQ(*remains, json(R"({"task":"T","person":"[erased]","comment":"[erased]"})"));
}

TEST(Redaction, TakesAKeyWithTheNameOfWhoUsedIt) {
  const Value started = json(R"({"principal":{"person":"Ada L","roles":[]},"key":"k","continues":"x"})");
  EXPECT_EQ(*redact_text(EventType::instance_started, started, "Ada L", false),
            json(R"({"principal":{"person":"[erased]","roles":[]},"continues":"x"})"));
}

TEST(Redaction, KeepsWhoWasExcludedForTheAuditAndErasesTheirNamesOnRequest) {
  const Value created = json(
      R"({"task":"T","kind":"approval","requester":"bo","authorExcluded":"Ada L","alsoExcluded":["Ada L","cy"],"title":"x"})");
  EXPECT_EQ(
      redact_content(EventType::task_created, created),
      json(
          R"({"task":"T","kind":"approval","requester":"bo","authorExcluded":"Ada L","alsoExcluded":["Ada L","cy"]})"));
  EXPECT_EQ(
      *redact_text(EventType::task_created, created, "Ada L", false),
      json(
          R"({"task":"T","kind":"approval","requester":"bo","authorExcluded":"[erased]","alsoExcluded":["[erased]","cy"],"title":"x"})"));
  const Value started = json(R"({"parent":{"instance":"ID","task":"/do/0","above":["a/b:1.0.0"],"askers":["Ada L"]}})");
  EXPECT_EQ(redact_content(EventType::instance_started, started), started);
  EXPECT_EQ(*redact_text(EventType::instance_started, started, "Ada L", false),
            json(R"({"parent":{"instance":"ID","task":"/do/0","above":["a/b:1.0.0"],"askers":["[erased]"]}})"));
  EXPECT_EQ(redact_text(EventType::instance_started, started, "a/b", false), std::nullopt);
}

}  // namespace
}  // namespace gantry::journal
