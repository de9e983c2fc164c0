// What the journal's tests share: a folder that goes away, and short words for events.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "journal/store.h"
#include "value/json.h"

namespace gantry::journal {

class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "gantry_journal_XXXXXX").string();
    if (char* made = mkdtemp(name.data())) path_ = made;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string file(const std::string& name = "gantry.db") const { return (path_ / name).string(); }
  std::string url(const std::string& name = "gantry.db") const { return "sqlite:" + file(name); }

 private:
  std::filesystem::path path_;
};

inline Value json(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value.ok()) << (value ? "" : value.error().message) << "\n" << text;
  return value ? *value : Value();
}

inline Timestamp test_time(std::int64_t seconds) {
  return Timestamp(std::chrono::seconds(1'795'000'000 + seconds));  // 2026-11-18T10:26:40Z and on
}

inline Event event(std::string instance, std::uint64_t sequence, EventType type, Value data = Value::object({})) {
  return {std::move(instance), sequence, test_time(static_cast<std::int64_t>(sequence)), type, std::move(data)};
}
inline Event event(std::string instance, std::uint64_t sequence, EventType type, const std::string& data) {
  return event(std::move(instance), sequence, type, json(data));
}
inline Event event(std::string instance, std::uint64_t sequence, EventType type, const char* data) {
  return event(std::move(instance), sequence, type, json(data));
}

inline Event started(std::string instance, std::string_view more = "") {
  return event(
      std::move(instance), 1, EventType::instance_started,
      std::string(
          R"({"workflow":{"namespace":"port","name":"reslot","version":"1.0.0","digest":"d1"},"project":"p1",)") +
          R"("input":{"vessel":"Aurora"},"principal":{"person":"ada","roles":["planner"]})" + std::string(more) + "}");
}

template <class T>
T value_of(Result<T> result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  return result ? *std::move(result) : T{};
}

inline std::unique_ptr<Store> open_store(const std::string& url, const StoreOptions& options = {}) {
  auto store = Store::open(url, options);
  EXPECT_TRUE(store.ok()) << (store ? "" : store.error().message);
  return store ? *std::move(store) : nullptr;
}

#define EXPECT_DONE(expression)                                         \
  do {                                                                  \
    auto expected_done_ = (expression);                                 \
    EXPECT_TRUE(expected_done_.ok()) << expected_done_.error().message; \
  } while (false)

// The life of one re-slot with everything in it: a decision by rules, an effect that two people vote on, a read, a
// question to a person, a timer, an event, a child. The instance still runs at the end.
inline Batch full_story(const std::string& instance = "I1") {
  auto id = [&](const char* suffix) { return instance + suffix; };
  auto text = [&](std::string pattern) {
    for (std::size_t at; (at = pattern.find("ID-.")) != std::string::npos;) pattern.replace(at, 4, instance);
    for (std::size_t at; (at = pattern.find("ID-")) != std::string::npos;) pattern.replace(at, 2, instance);
    return json(pattern);
  };
  Batch batch;
  std::uint64_t sequence = 1;
  auto add = [&](EventType type, const std::string& data) {
    batch.events.push_back(event(instance, ++sequence, type, text(data)));
  };
  batch.events.push_back(started(instance, R"(,"key":"k-)" + id("") + "\""));
  add(EventType::decision_made,
      R"({"decision":"slot-risk","digest":"dd","task":"/do/0/judge","decider":"rules","rules":["r7"],"answer":{"risk":"low"}})");
  add(EventType::effect_permitted,
      R"({"effect":{"id":"ID-e1","task":"/do/1/read","tool":"tos","operation":"vessel","class":"read","arguments":{"imo":9300001},"digest":"e1d","key":"ID-e1"},"verdict":{"kind":"allow","rule":"port/reads","reason":"reads are free"}})");
  add(EventType::effect_done, R"({"effect":"ID-e1","result":{"name":"Aurora","teu":14000}})");
  add(EventType::effect_proposed,
      R"({"effect":{"id":"ID-e2","task":"/do/2/reslot","tool":"tos","operation":"reslot","class":"write","arguments":{"moves":[1,2]},"digest":"e2d","key":"ID-e2"},"verdict":{"kind":"approve","rule":"port/reslot","reason":"the stowage was signed"}})");
  add(EventType::task_created,
      R"({"task":"ID-t1","kind":"approval","title":"Re-slot Aurora","effect":"ID-e2","digest":"e2d","requirements":[{"role":"vessel_planner","count":1},{"role":"duty_manager","count":1}],"context":{"effect":"two moves"},"expires":"2026-11-24T10:00:00Z","requester":"ada"})");
  add(EventType::timer_set, R"({"timer":"ID-w1","due":"2026-11-24T10:00:00Z","purpose":"expiry"})");
  add(EventType::task_voted,
      R"({"task":"ID-t1","person":"bob","roles":["vessel_planner"],"approve":true,"comment":"fits","digest":"e2d"})");
  add(EventType::task_voted,
      R"({"task":"ID-t1","person":"eve","roles":["duty_manager"],"approve":true,"comment":"go","digest":"e2d"})");
  add(EventType::effect_permitted,
      R"({"effect":{"id":"ID-e2"},"verdict":{"kind":"approve","rule":"port/reslot","reason":"the stowage was signed"},"approvals":[{"person":"bob"},{"person":"eve"}]})");
  add(EventType::task_closed, R"({"task":"ID-t1","outcome":"approved"})");
  add(EventType::timer_cancelled, R"({"timer":"ID-w1"})");
  add(EventType::effect_ambiguous, R"({"effect":"ID-e2","reason":"the connection broke after sending"})");
  add(EventType::effect_sent_again, R"({"effect":"ID-e2","attempt":2,"reason":"idempotency key"})");
  add(EventType::effect_done, R"({"effect":"ID-e2","result":{"confirmed":true},"resolvedBy":"key"})");
  add(EventType::event_emitted,
      R"({"event":{"id":"x1","type":"port.reslotted","source":"gantry"},"task":"/do/3/tell"})");
  add(EventType::child_started, R"({"child":"ID-c1","workflow":"port/notify","task":"/do/4/notify","await":true})");
  add(EventType::timer_set, R"({"timer":"ID-w2","due":"2026-11-25T00:00:00Z","purpose":"wait"})");
  add(EventType::task_created,
      R"({"task":"ID-t2","kind":"decision","title":"Hold the berth?","roles":["duty_manager"],"answerSchema":{"type":"boolean"},"context":{"berth":4},"requester":"ada"})");
  batch.events.push_back(event(
      instance + "-c1", 1, EventType::instance_started,
      text(
          R"({"workflow":{"namespace":"port","name":"notify","version":"1.0.0","digest":"d2"},"project":"p1","input":{},"principal":{"person":"ada","roles":[]},"parent":{"instance":"ID-.","task":"/do/4/notify"}})")));
  return batch;
}
inline constexpr std::uint64_t full_story_last_sequence = 19;

}  // namespace gantry::journal
