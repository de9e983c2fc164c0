// Who is asked about an event, and which events are known again.
#include "engine/event_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/recent_events.h"

namespace gantry::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

definition::EventConsumption for_types(const std::vector<std::string>& types) {
  definition::EventConsumption consumption;
  consumption.kind = definition::EventConsumption::Kind::any;
  for (const std::string& type : types) {
    definition::EventAttribute attribute;
    attribute.name = "type";
    if (type != "*") attribute.only_text = type;
    definition::EventFilter filter;
    filter.with.push_back(std::move(attribute));
    consumption.filters.push_back(std::move(filter));
  }
  return consumption;
}

TEST(EventIndex, FindsListenersByTypeAndThoseOfAnyType) {
  const auto a = for_types({"a"}), ab = for_types({"a", "b"}), any = for_types({}), pattern = for_types({"*"});
  EventIndex index;
  index.set("1", {&a});
  index.set("2", {&ab, &a});
  index.set("3", {&any});
  index.set("4", {&pattern});
  EXPECT_THAT(index.candidates("a"), ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(index.candidates("b"), ElementsAre("2", "3", "4"));
  EXPECT_THAT(index.candidates("c"), ElementsAre("3", "4"));
}

TEST(EventIndex, ForgetsWhatIsNoLongerWanted) {
  const auto a = for_types({"a"}), b = for_types({"b"}), any = for_types({});
  EventIndex index;
  index.set("1", {&a, &any});
  index.set("1", {&b});
  EXPECT_THAT(index.candidates("a"), IsEmpty());
  EXPECT_THAT(index.candidates("b"), ElementsAre("1"));
  index.set("1", {});
  index.set("2", {});
  EXPECT_THAT(index.candidates("b"), IsEmpty());
  EXPECT_EQ(index.listeners(), 0u);
}

TEST(EventIndex, SeesTheTypesOfUntil) {
  auto until = for_types({"a"});
  until.until_consumed = std::make_shared<const definition::EventConsumption>(for_types({"stop"}));
  EventIndex index;
  index.set("1", {&until});
  EXPECT_THAT(index.candidates("stop"), ElementsAre("1"));
}

TEST(RecentEvents, ForgetsTheOldestAndWhatWasRolledBack) {
  RecentEvents recent(2);
  recent.add("a");
  recent.add("b");
  recent.committed();
  recent.add("c");
  EXPECT_TRUE(recent.contains("c"));
  recent.rolled_back();
  EXPECT_FALSE(recent.contains("c"));
  EXPECT_TRUE(recent.contains("a"));
  recent.add("c");
  recent.committed();
  EXPECT_FALSE(recent.contains("a"));
  EXPECT_TRUE(recent.contains("b"));
  EXPECT_TRUE(recent.contains("c"));
}

}  // namespace
}  // namespace gantry::engine
