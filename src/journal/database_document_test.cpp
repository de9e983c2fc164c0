// docs/reference/database.md is true: its examples run, and its columns are those of the views.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "journal/raw_database_fixture.h"
#include "journal/store_kinds_fixture.h"

namespace gantry::journal {
namespace {

std::string document(const char* name = "database.md") {
  std::ifstream file(std::string(GANTRY_SOURCE_DIR "/docs/reference/") + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class DatabaseDocument : public StoreKinds {
 protected:
  void SetUp() override {
    StoreKinds::SetUp();
    if (IsSkipped()) return;
    store_ = open_store(url());
    EXPECT_DONE(store_->save_project("p1", R"({"gantry.yaml":"a","workflows/b.yaml":"c"})"));
    EXPECT_DONE(store_->append({{event("", 1, EventType::project_deployed,
                                       R"({"project":"p1","files":2,"principal":{"person":"ada","roles":[]}})")},
                                {}}));
    EXPECT_DONE(store_->append(full_story()));
  }
  std::unique_ptr<Store> store_;
};
FOR_STORES_ON_DISK(DatabaseDocument);

TEST_P(DatabaseDocument, HasExamplesThatRunAndAnswer) {
  RawDatabase raw(place());
  const bool postgres = raw.is_postgres();
  const std::string text = document(postgres ? "store.md" : "database.md"), fence = postgres ? "```postgres\n" : "```sql\n";
  int examples = 0;
  for (std::size_t at = 0; (at = text.find(fence, at)) != std::string::npos; ++examples) {
    std::size_t start = at + fence.size(), end = text.find("```", start);
    ASSERT_NE(end, std::string::npos);
    std::string sql = text.substr(start, end - start);
    EXPECT_FALSE(raw.rows(sql).empty()) << sql;
    at = end + 3;
  }
  EXPECT_EQ(examples, postgres ? 2 : 6);
}

TEST_P(DatabaseDocument, NamesEveryViewAndColumn) {
  RawDatabase raw(place());
  std::string text = document();
  int views = 0;
  for (const auto& view : raw.views()) {
    if (view[0].starts_with("journal_")) continue;  // as with tables
    ++views;
    std::size_t start = text.find("\n## " + view[0] + "\n");
    ASSERT_NE(start, std::string::npos) << "no section for the view " << view[0];
    std::string section = text.substr(start, text.find("\n## ", start + 4) - start);
    for (const auto& column : raw.columns(view[0]))
      EXPECT_NE(section.find("`" + column[0] + "`"), std::string::npos)
          << view[0] << "." << column[0] << " is not described";
  }
  EXPECT_EQ(views, 12);
}

TEST_P(DatabaseDocument, DescribesViewsThatShowTheStory) {
  RawDatabase raw(place());
  using Row = RawDatabase::Row;
  EXPECT_EQ(raw.rows("SELECT id, status, workflow_name, input, started_at FROM instances WHERE number = 2")[0],
            (Row{"I1", "waiting", "reslot", R"({"vessel":"Aurora"})", "2026-11-18T11:06:41.000000Z"}));
  EXPECT_EQ(raw.rows("SELECT person, vote, effect, digest, roles FROM approvals")[1],
            (Row{"eve", "approve", "I1-e2", "e2d", R"(["duty_manager"])"}));
  EXPECT_EQ(raw.rows("SELECT id, purpose, due FROM timers")[0], (Row{"I1-w2", "wait", "2026-11-25T00:00:00.000000Z"}));
  EXPECT_EQ(raw.rows("SELECT digest, deployed_by, file_count, current FROM projects")[0], (Row{"p1", "ada", "2", "1"}));
  EXPECT_EQ(raw.one("SELECT result ->> '$.teu' FROM effects WHERE id = 'I1-e1'"), "14000");
  EXPECT_EQ(raw.one("SELECT data ->> '$.outcome' FROM events WHERE type = 'task_closed'"), "approved");
}

TEST_P(DatabaseDocument, PutsLargeValuesBackInTheViews) {
  std::uint64_t next = full_story_last_sequence;
  Value arguments = Value::object({{"text", Value(std::string(6000, 'a'))}});
  EXPECT_DONE(store_->append(
      {{event("I1", next + 1, EventType::effect_permitted,
              Value::object(
                  {{"effect", Value::object({{"id", Value("big")}, {"tool", Value("t")}, {"arguments", arguments}})},
                   {"verdict", Value()}})),
        event("I1", next + 2, EventType::instance_completed, Value::object({{"output", arguments}}))},
       {}}));
  RawDatabase raw(place());
  EXPECT_EQ(raw.one("SELECT length(arguments ->> '$.text') FROM effects WHERE id = 'big'"), "6000");
  EXPECT_EQ(raw.one("SELECT length(output ->> '$.text') FROM instances WHERE id = 'I1'"), "6000");
  EXPECT_EQ(raw.one("SELECT length(data) < 500 FROM events WHERE type = 'instance_completed'"), "1");
}

}  // namespace
}  // namespace gantry::journal
