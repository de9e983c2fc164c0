#include "tool/sse_reader.h"

#include <gmock/gmock.h>

namespace gantry::tool {
namespace {

using testing::ElementsAre;

std::vector<std::string> events_in(const std::vector<std::string>& pieces, SseReader& reader) {
  std::vector<std::string> events;
  for (const std::string& piece : pieces) {
    EXPECT_TRUE(reader.feed(piece, [&](const SseEvent& event) {
      events.push_back(event.type + ":" + event.data);
      return true;
    }));
  }
  return events;
}

std::vector<std::string> events_in(const std::string& text) {
  SseReader reader(1'000);
  return events_in({text}, reader);
}

TEST(SseReader, FollowsTheStandardsExamples) {
  EXPECT_THAT(events_in("data: YHOO\ndata: +2\ndata: 10\n\n"), ElementsAre("message:YHOO\n+2\n10"));
  EXPECT_THAT(events_in(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event"),
              ElementsAre("message:first event", "message:second event"));
  EXPECT_THAT(events_in("data\n\ndata\ndata\n\ndata:"), ElementsAre("message:", "message:\n"));
  EXPECT_THAT(events_in("data:test\n\ndata: test\n\n"), ElementsAre("message:test", "message:test"));
  EXPECT_THAT(events_in("event: add\ndata: 1\n\nevent: lost\n\ndata: 2\n\n"), ElementsAre("add:1", "message:2"));
}

TEST(SseReader, ReadsTheSameWhereverTheBytesAreCut) {
  const std::string text =
      "\xEF\xBB\xBF"
      "event: a\r\ndata: 1\r\ndata: 2\r\r\ndata: 3\n\nid: 7\ndata: x\r\n\r\n";
  SseReader whole(1'000);
  const auto expected = events_in({text}, whole);
  EXPECT_THAT(expected, ElementsAre("a:1\n2", "message:3", "message:x"));
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    SseReader reader(1'000);
    EXPECT_EQ(events_in({text.substr(0, cut), text.substr(cut)}, reader), expected) << cut;
    EXPECT_EQ(reader.last_id(), "7");
  }
}

TEST(SseReader, RemembersTheLastIdOfWhatWasComplete) {
  SseReader reader(1'000);
  events_in({"id: 1\n\nid: 2\ndata: lost"}, reader);
  EXPECT_EQ(reader.last_id(), "1");
  reader.restart();
  EXPECT_THAT(events_in({"data: new\n\n"}, reader), ElementsAre("message:new"));
  EXPECT_EQ(reader.last_id(), "1");
  events_in({std::string("id: a\0b\n\n", 9) + "id: \x01\n\nid: " + std::string(2'000, 'x').substr(0, 900) + "\n\n"},
            reader);
  EXPECT_EQ(reader.last_id().size(), 900u);
}

TEST(SseReader, TakesOnlyWholeNumbersAsTheTimeToWait) {
  SseReader reader(1'000);
  events_in({"retry: 250\n\n"}, reader);
  EXPECT_EQ(reader.retry(), std::chrono::milliseconds(250));
  events_in({"retry: 1s\nretry: -1\nretry:\nretry: 99999999999999999999\n\n"}, reader);
  EXPECT_EQ(reader.retry(), std::chrono::milliseconds(250));
  events_in({"retry: 999999999999\n\n"}, reader);
  EXPECT_EQ(reader.retry(), std::chrono::hours(24));
}

TEST(SseReader, HasALimit) {
  SseReader reader(10);
  const auto ignore = [](const SseEvent&) { return true; };
  EXPECT_TRUE(reader.feed("data: 1234\n\n", ignore));
  EXPECT_FALSE(reader.feed("data: 12345", ignore));
  EXPECT_FALSE(reader.feed("\n\n", ignore));
  SseReader many(20);
  EXPECT_FALSE(many.feed("data: 1\ndata: 2\ndata: 3\ndata: 4\ndata: 5\ndata: 6\ndata: 7\n data: 12345678", ignore));
}

TEST(SseReader, StopsWhereItIsTold) {
  SseReader reader(1'000);
  int events = 0;
  EXPECT_TRUE(reader.feed("data: 1\n\ndata: 2\n\ndata: 3\n\n", [&](const SseEvent&) { return ++events < 2; }));
  EXPECT_EQ(events, 2);
}

}  // namespace
}  // namespace gantry::tool
