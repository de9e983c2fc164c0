#include "journal/store_size.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "journal/store_fixture.h"

namespace gantry::journal {
namespace {

TEST(StoreSize, AddsUpToTheFileAndNamesWhatIsLarge) {
  TestFolder folder;
  auto store = open_store(folder.url());
  EXPECT_DONE(store->append(full_story("I1")));
  EXPECT_DONE(store->append({{event("I1", full_story_last_sequence + 1, EventType::instance_completed,
                                    Value::object({{"output", Value(std::string(300'000, 'x'))}}))},
                             {}}));
  store.reset();  // the log goes into the file
  auto reader = open_store(folder.url(), {.read_only = true});
  StoreSize size = value_of(measure_store(*reader, test_time(0)));
  ASSERT_FALSE(size.kinds.empty());
  EXPECT_EQ(size.kinds[0].kind, "large values");
  EXPECT_GT(size.kinds[0].bytes, 300'000u);
  std::uint64_t sum = size.unused_bytes;
  for (const SizeOfKind& kind : size.kinds) sum += kind.bytes;
  EXPECT_EQ(sum, size.file_bytes) << "no page is left out";
  EXPECT_EQ(size.file_bytes, std::filesystem::file_size(folder.file()));
  EXPECT_EQ(size.events, full_story("I1").events.size() + 1);
  EXPECT_GT(size.disk_free_bytes, 0u);
}

// Ten days with 100 events each, the last seven of them measured.
TEST(StoreSize, ForecastsFromTheLastSevenDays) {
  TestFolder folder;
  auto store = open_store(folder.url());
  for (int nth_day = 0; nth_day < 10; ++nth_day) {
    Batch batch;
    for (int i = 0; i < 50; ++i) {
      const std::string id = "D" + std::to_string(nth_day) + "-" + std::to_string(i);
      batch.events.push_back(started(id));
      batch.events.push_back(event(id, 2, EventType::instance_completed));
      for (Event& each : batch.events) each.at = test_time(nth_day * 86'400);
    }
    EXPECT_DONE(store->append(batch));
  }
  StoreSize size = value_of(measure_store(*store, test_time(9 * 86'400)));
  EXPECT_DOUBLE_EQ(size.measured_days, 7);
  EXPECT_NEAR(size.events_per_day, 800 / 7.0, 1) << "eight days' events lie in seven days";
  EXPECT_NEAR(size.growth_bytes_per_day, size.events_per_day * size.bytes_per_event, 1);
  const double left = static_cast<double>(size.disk_free_bytes + size.unused_bytes) / size.growth_bytes_per_day;
  ASSERT_TRUE(size.full_at.has_value() || left > 36'000);
  if (size.full_at) {
    const double days = std::chrono::duration<double>(*size.full_at - test_time(9 * 86'400)).count() / 86'400;
    EXPECT_NEAR(days, left, 0.01);
  }
}

TEST(StoreSize, OfAnEmptyStoreHasNoForecast) {
  TestFolder folder;
  StoreSize size = value_of(measure_store(*open_store(folder.url()), test_time(0)));
  EXPECT_EQ(size.events, 0u);
  EXPECT_FALSE(size.full_at.has_value());
}

}  // namespace
}  // namespace gantry::journal
