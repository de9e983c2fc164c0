// Rows are inserted several at once: what comes after them in the same batch finds them all the same.
#include "journal/insert_rows.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "journal/query.h"
#include "journal/store_kinds_fixture.h"

namespace gantry::journal {
namespace {

class InsertRows : public StoreKinds {};
FOR_ALL_STORES(InsertRows);

TEST_P(InsertRows, EffectsThatBeginAndEndInOneBatchAreWhatTheyWereLast) {
  auto store = open_store(url());
  for (const int effects : {1, 15, 16, 17, 40}) {
    const std::string instance = fmt::format("I{}", effects);
    Batch batch;
    batch.events.push_back(started(instance));
    const auto add = [&](EventType type, Value data) {
      batch.events.push_back(event(instance, batch.events.size() + 1, type, std::move(data)));
    };
    const auto id = [&](int number) { return fmt::format("{}-e{}", instance, number); };
    for (int i = 0; i < effects; ++i) {
      add(EventType::effect_permitted,
          Value::object({{"effect", Value::object({{"id", id(i)}, {"tool", "tos"}, {"operation", "move"}})}}));
      if (i % 4 == 1) add(EventType::effect_ambiguous, Value::object({{"effect", id(i)}}));
      if (i % 8 == 1) add(EventType::effect_sent_again, Value::object({{"effect", id(i)}}));
      if (i % 4 == 2 || i % 8 == 1) add(EventType::effect_done, Value::object({{"effect", id(i)}}));
      if (i % 4 == 3) add(EventType::effect_failed, Value::object({{"effect", id(i - 1)}}));  // too late
    }
    ASSERT_TRUE(store->append(batch).ok());
    EXPECT_EQ(value_of(store->events_of(instance)).size(), batch.events.size());
    auto query = value_of(Query::open(*store));
    const Value row = value_of(query->instance(instance));
    ASSERT_EQ(row.member("effects").size(), static_cast<std::size_t>(effects));
    for (int i = 0; i < effects; ++i) {
      const Value effect = value_of(query->effect(id(i)));
      const char* state = i % 4 == 2 || i % 8 == 1 ? "done" : i % 4 == 1 ? "ambiguous" : "permitted";
      EXPECT_EQ(effect.string_or("state", ""), state) << id(i);
      EXPECT_EQ(effect.string_or("operation", ""), "move");
      EXPECT_EQ(effect.integer_or("attempts", 0), i % 8 == 1 ? 2 : 1) << id(i);
    }
  }
  const Value totals = value_of(value_of(Query::open(*store))->totals()).member("effects");
  EXPECT_EQ(totals.integer_or("done", 0) + totals.integer_or("ambiguous", 0) + totals.integer_or("permitted", 0),
            1 + 15 + 16 + 17 + 40);
  EXPECT_EQ(totals.integer_or("failed", 0), 0);
}

// Changes of rows that are there already, many in one statement.
TEST_P(InsertRows, EffectsThatEndInALaterBatchAreWhatTheyWereLast) {
  auto store = open_store(url());
  constexpr int effects = 50;
  Batch batch;
  std::uint64_t sequence = 0;
  const auto add = [&](EventType type, Value data) {
    batch.events.push_back(event("I", ++sequence, type, std::move(data)));
  };
  const auto id = [](int number) { return fmt::format("I-e{}", number); };
  const auto write = [&] {
    EXPECT_TRUE(store->append(batch).ok());
    batch.events.clear();
  };
  batch.events.push_back(started("I"));
  ++sequence;
  for (int i = 0; i < effects; ++i)
    add(EventType::effect_permitted,
        Value::object({{"effect", Value::object({{"id", id(i)}, {"tool", "tos"}, {"operation", "move"}})}}));
  write();
  // Every third one becomes doubtful and is sent again; then all but every fifth one end, some of them twice.
  for (int i = 0; i < effects; i += 3) {
    add(EventType::effect_ambiguous, Value::object({{"effect", id(i)}}));
    add(EventType::effect_sent_again, Value::object({{"effect", id(i)}}));
  }
  for (int i = 0; i < effects; ++i)
    if (i % 5 != 0)
      add(i % 2 == 0 ? EventType::effect_done : EventType::effect_failed, Value::object({{"effect", id(i)}}));
  for (int i = 1; i < effects; i += 5) add(EventType::effect_done, Value::object({{"effect", id(i)}}));
  write();
  if (url() != "memory:") {
    store.reset();
    store = open_store(url());  // of these nothing is remembered
  }
  for (int i = 0; i < effects; i += 5) add(EventType::effect_done, Value::object({{"effect", id(i)}}));
  write();
  auto query = value_of(Query::open(*store));
  for (int i = 0; i < effects; ++i) {
    const Value effect = value_of(query->effect(id(i)));
    EXPECT_EQ(effect.string_or("state", ""), i % 5 == 0 || i % 2 == 0 ? "done" : "failed") << id(i);
    EXPECT_EQ(effect.integer_or("attempts", 0), i % 3 == 0 ? 2 : 1) << id(i);
    EXPECT_EQ(effect.string_or("tool", ""), "tos");
  }
  const Value totals = value_of(query->totals()).member("effects");
  EXPECT_EQ(totals.integer_or("permitted", 0) + totals.integer_or("ambiguous", 0), 0);
  EXPECT_EQ(totals.integer_or("done", 0), 30);
  EXPECT_EQ(totals.integer_or("failed", 0), 20);
}

}  // namespace
}  // namespace gantry::journal
