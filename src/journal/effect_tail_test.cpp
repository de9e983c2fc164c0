// Effects of the tail have no row of their own yet: whatever happened to them, readers see what a placed tail says.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "journal/maintenance.h"
#include "journal/query.h"
#include "journal/raw_database_fixture.h"
#include "journal/store_fixture.h"

namespace gantry::journal {
namespace {

// Any order of events, also such as the engine never writes; only that one id has two open effects is left out.
class History {
 public:
  // With `plain` ones all effects are allowed at once, and end or not.
  History(std::uint32_t seed, bool plain) : random_(seed), plain_(plain) {}

  Batch next_batch() {
    Batch batch;
    for (int count = below(6); count >= 0; --count) batch.events.push_back(next_event());
    return batch;
  }

 private:
  struct Instance {
    std::uint64_t sequence = 0;
    bool is_running = false;
    std::vector<std::string> open;  // ids of effects
    int effects = 0;
  };

  int below(int count) { return std::uniform_int_distribution<>(0, count - 1)(random_); }

  std::string id_of(int number, Instance& instance) {
    // The last three can't be read where they stand, or not easily.
    static const std::array<std::string, 6> endings = {"", "", "", std::string(90, 'x'), "\"quoted\\", "\xc3\xa4"};
    const int ending = plain_ ? 0 : below(6);
    return fmt::format("I{}-e{}{}", number, ++instance.effects, endings.at(static_cast<std::size_t>(ending)));
  }

  Event next_event() {
    const int number = below(4);
    Instance& instance = instances_.at(static_cast<std::size_t>(number));
    const std::string name = fmt::format("I{}", number);
    if (instance.sequence == 0) {
      instance.is_running = true;
      return started_at(name, ++instance.sequence);
    }
    const auto event_of = [&](EventType type, Value effect) {
      Value data = Value::object({{"effect", std::move(effect)}});
      if (below(3) == 0) data = std::move(data).with_member("result", Value(std::string(200, 'r')));
      return event(name, ++instance.sequence, type, std::move(data));
    };
    if (instance.open.empty() || below(3) == 0) {
      if (instance.is_running && below(12) == 0) {
        instance.is_running = false;
        return event(name, ++instance.sequence, EventType::instance_completed);
      }
      const std::string id = id_of(number, instance);
      const EventType begin = std::array{EventType::effect_permitted, EventType::effect_permitted,
                                         EventType::effect_proposed, EventType::effect_denied}
                                  .at(static_cast<std::size_t>(below(plain_ ? 2 : 4)));
      if (begin != EventType::effect_denied) instance.open.push_back(id);
      Value effect = Value::object({{"id", Value(id)}, {"tool", Value(!plain_ && below(8) == 0 ? "" : "tos")}});
      if (below(4) != 0) effect = std::move(effect).with_member("operation", Value("move"));
      return event_of(begin, std::move(effect));
    }
    const std::string id = instance.open.at(static_cast<std::size_t>(below(static_cast<int>(instance.open.size()))));
    const EventType change =
        std::array{EventType::effect_done,      EventType::effect_done,       EventType::effect_failed,
                   EventType::effect_ambiguous, EventType::effect_sent_again, EventType::effect_permitted}
            .at(static_cast<std::size_t>(below(plain_ ? 3 : 6)));
    if (change == EventType::effect_done || change == EventType::effect_failed)
      if (below(5) != 0) std::erase(instance.open, id);  // or it ends once more
    if (change == EventType::effect_permitted || below(2) == 0)
      return event_of(change, Value::object({{"id", Value(id)}}));
    return event_of(change, Value(id));
  }

  static Event started_at(const std::string& name, std::uint64_t sequence) {
    Event first = started(name);
    first.sequence = sequence;
    return first;
  }

  std::mt19937 random_;
  bool plain_;
  std::array<Instance, 4> instances_;
};

std::string said_of(const TestFolder& folder, Store& store) {
  std::string text = RawDatabase(folder.file()).dump_projections();
  auto query = value_of(Query::open(store));
  text += print_json(value_of(query->totals()).without_member("bytes"));
  for (int number = 0; number < 4; ++number)
    if (const auto instance = query->instance(fmt::format("I{}", number))) {
      text += print_json(*instance) + "\n";
      for (const Value& effect : instance->member("effects").items())
        text += print_json(value_of(query->effect(effect.string_or("id", "")))) + "\n";
    }
  for (const std::string& unfinished : value_of(store.unfinished_instances())) text += unfinished + " ";
  return text;
}

// As the power leaves it.
void copy_store(const TestFolder& from, const TestFolder& to) {
  for (const char* ending : {"", "-wal"}) std::filesystem::copy_file(from.file() + ending, to.file() + ending);
}

TEST(EffectTail, IsReadAsIfItWerePlaced) {
  std::size_t without_row = 0;
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    const StoreOptions options{.blob_threshold_bytes = 100};
    TestFolder placed;
    auto folder = std::make_unique<TestFolder>();
    auto store = open_store(folder->url(), options);
    History history(seed, seed % 2 == 0);
    for (int count = 1; count <= 40; ++count) {
      // Of a batch that is rolled back nothing is left.
      Batch wrong = History(history).next_batch();
      wrong.events.push_back(event("I9", 1'000, EventType::effect_done));
      if (count % 3 == 0) {
        EXPECT_FALSE(store->append(wrong).ok());
      }
      if (count % 10 == 0) {
        auto next = std::make_unique<TestFolder>();
        copy_store(*folder, *next);
        store.reset();
        folder = std::move(next);
        store = open_store(folder->url(), options);
      }
      const Batch batch = history.next_batch();
      EXPECT_DONE(store->append(batch));
      EXPECT_DONE(open_store(placed.url(), options)->append(batch));  // and closed, which places all
      if (count % 4 != 0) continue;
      without_row += std::stoul(RawDatabase(folder->file()).one("SELECT count(*) FROM journal_effect_tail"));
      auto other = open_store(placed.url(), options);
      ASSERT_EQ(said_of(*folder, *store), said_of(placed, *other)) << "seed " << seed << ", batch " << count;
    }
    const std::string before = said_of(*folder, *store);
    EXPECT_DONE(rebuild_projections(*store));
    EXPECT_EQ(said_of(*folder, *store), before) << "seed " << seed;
    EXPECT_EQ(RawDatabase(folder->file()).one("SELECT count(*) FROM journal_effect_tail"), "0");
  }
  EXPECT_GT(without_row, 50u);
}

// It looks like the begin of one.
TEST(EffectTail, DoesNotShowAnEffectTwiceThatIsPermittedAsAWholeLater) {
  TestFolder folder;
  auto store = open_store(folder.url());
  const char* effect = R"({"effect":{"id":"A-e1","tool":"tos","operation":"move"}})";
  EXPECT_DONE(store->append({{started("A"), event("A", 2, EventType::effect_proposed, effect)}, {}}));
  EXPECT_EQ(RawDatabase(folder.file()).one("SELECT position FROM journal_placed"), "0");
  EXPECT_DONE(store->append({{event("A", 3, EventType::effect_permitted, effect)}, {}}));
  RawDatabase raw(folder.file());
  EXPECT_EQ(raw.one("SELECT first_event || ' ' || permit_event FROM journal_effect_all"), "2 3");
  EXPECT_EQ(raw.one("SELECT value FROM journal_count_all WHERE name = 'effects.permitted'"), "1");
  EXPECT_EQ(raw.one("SELECT count(*) FROM effects"), "1");
}

// In version 9 the tail's effects had their rows, its events were counted with the others, and each placed event had a row.
TEST(EffectTail, OfVersion9IsCountedOnce) {
  TestFolder folder, before;
  EXPECT_DONE(open_store(folder.url())->append(full_story("I0")));  // and closed: these are placed
  auto store = open_store(folder.url());
  EXPECT_DONE(store->append(full_story("I1")));
  const Event second = event("I1", full_story_last_sequence + 1, EventType::effect_permitted,
                             R"({"effect":{"id":"I1-e3","tool":"tos","operation":"move"}})");
  EXPECT_DONE(store->append({{second}, {}}));
  const std::string said = said_of(folder, *store);
  copy_store(folder, before);
  RawDatabase(before.file(), true).remove_version_10();
  auto upgraded = open_store(before.url());
  EXPECT_EQ(said_of(before, *upgraded), said);
  EXPECT_EQ(RawDatabase(before.file()).one("SELECT position FROM journal_placed"), "20");
  EXPECT_TRUE(value_of(find_damage(*upgraded)).empty());
  EXPECT_EQ(value_of(upgraded->events_of("I0")).size(), full_story_last_sequence);
}

}  // namespace
}  // namespace gantry::journal
