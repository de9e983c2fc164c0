// Bytes that are not UTF-8: refused where they would be written, read as U+FFFD where a journal has them already.
#include "journal/stored_utf8.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "journal/audit_export.h"
#include "journal/query.h"
#include "journal/raw_database_fixture.h"
#include "journal/store_kinds_fixture.h"
#include "value/utf8.h"

namespace gantry::journal {
namespace {

using testing::HasSubstr;

class StoredBytes : public StoreKinds {};
FOR_ALL_STORES(StoredBytes);

TEST_P(StoredBytes, ATextThatIsNotUtf8IsRefusedAndNothingOfItsBatchIsKept) {
  auto store = open_store(url(), {.blob_threshold_bytes = 64});
  const Value bad_text = Value::object({{"result", Value("caf\xe9")}});
  const Value bad_key = Value::object({{"caf\xff", Value(1)}});
  const Value bad_large = Value::object({{"result", Value(std::string(200, 'x') + "\xc3")}});
  for (const Value& bad : {bad_text, bad_key, bad_large}) {
    const Status status = store->append({{started("A"), event("A", 2, EventType::effect_done, bad)}, {}});
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, Code::invalid_argument);
    EXPECT_THAT(status.error().message, HasSubstr("event 2 (effect_done) of instance 'A'"));
    EXPECT_THAT(status.error().message, HasSubstr("expected UTF-8, found the byte 0x"));
    EXPECT_TRUE(is_valid_utf8(status.error().message));
    EXPECT_EQ(value_of(store->last_sequence("A")), 0u);
  }
  EXPECT_DONE(store->append({{started("A")}, {}}));
}

// As older versions wrote it: the bytes of a header, raw.
class BytesFromBefore : public testing::Test {
 protected:
  BytesFromBefore() {
    {
      auto store = open_store(folder_.url(), {.blob_threshold_bytes = 64});
      EXPECT_DONE(store->append(full_story()));
      EXPECT_DONE(store->append({{event("", 1, EventType::event_received,
                                        R"({"event":{"id":"in1","datacontenttype":"text/plain","source":"s"}})")},
                                 {{"I1", 19, R"({"key":"k-I1"})"}}}));
    }
    RawDatabase raw(folder_.file(), true);
    for (const char* replace :
         {"UPDATE journal_event SET data = replace(replace(data, 'k-I1', CAST(x'6be9ff' AS TEXT)), 'text/plain', "
          "CAST(x'7465787420e9' AS TEXT))",
          "UPDATE journal_key SET key = replace(key, 'k-I1', CAST(x'6be9ff' AS TEXT))",
          "UPDATE journal_instance SET key = replace(key, 'k-I1', CAST(x'6be9ff' AS TEXT))",
          "UPDATE journal_snapshot SET state = replace(state, 'k-I1', CAST(x'6be9ff' AS TEXT))"})
      raw.execute(replace);
    store_ = open_store(folder_.url());
    query_ = value_of(Query::open(*store_));
  }

  TestFolder folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Query> query_;
};

TEST_F(BytesFromBefore, EventsAndSnapshotsAreReadWithReplacements) {
  const auto events = value_of(store_->events_of("I1"));
  ASSERT_EQ(events.size(), full_story_last_sequence);
  EXPECT_EQ(events[0].data.string_or("key", ""), "k\uFFFD\uFFFD");
  EXPECT_EQ(value_of(store_->events_of(""))[0].data.member("event").string_or("datacontenttype", ""), "text \uFFFD");
  const auto snapshot = value_of(store_->latest_snapshot("I1"));
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ(snapshot->state, "{\"key\":\"k\uFFFD\uFFFD\"}");
}

TEST_F(BytesFromBefore, ListsTheAuditAndCloudEventsAreReadWithReplacements) {
  const Page listed = value_of(query_->instances({}, {}));
  ASSERT_EQ(listed.rows.size(), 2u);
  std::string all = print_json(Value::array(listed.rows));
  EXPECT_THAT(all, HasSubstr("k\uFFFD\uFFFD"));
  all += print_json(value_of(query_->instance("I1")));
  all += print_json(Value::array(value_of(query_->audit({}, {})).rows));
  all += print_json(Value::array(value_of(query_->cloud_events({})).rows));
  EXPECT_THAT(all, HasSubstr("text \uFFFD"));
  EXPECT_TRUE(is_valid_utf8(all));
}

TEST_F(BytesFromBefore, ExportsAreJson) {
  for (auto* way : {&export_lines, &export_ocel}) {
    std::string text;
    EXPECT_DONE(way(*store_, {}, [&](std::string_view part) {
      text += part;
      return done();
    }));
    EXPECT_THAT(text, HasSubstr(way == &export_ocel ? "I1" : "k\uFFFD\uFFFD"));
    EXPECT_TRUE(is_valid_utf8(text));
  }
}

}  // namespace
}  // namespace gantry::journal
