// The sql driver on SQLite.
#include <atomic>
#include <thread>

#include "tool/sql_fixture.h"
#include "tool/sql_statement.h"

namespace gantry::tool {
namespace {

using definition::EffectClass;
using definition::Idempotency;
using testing::HasSubstr;
using Kind = Outcome::Kind;

class SqliteDriver : public testing::Test {
 protected:
  SqliteDriver() {
    sqlite3_open((folder_.path() + "/stock.db").c_str(), &database_);
    execute("create table stock (item text primary key, amount integer not null check (amount >= 0), note)");
    execute("insert into stock values ('bolt', 10, null), ('nut', 5, 2.5)");
  }
  ~SqliteDriver() override { sqlite3_close(database_); }

  void execute(const char* text) {
    EXPECT_EQ(sqlite3_exec(database_, text, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database_);
  }
  SqlCase sql(std::string_view more = "{}") {
    Value settings = Value::object({{"database", "sqlite:stock.db"}});
    for (const Value extra = sql_json(more); const Member& member : extra.members())
      settings = std::move(settings).with_member(member.key, member.value);
    SqlCase made(std::move(settings));
    made.options.directory = folder_.path();
    return made;
  }
  std::int64_t amount(std::string_view item) {
    return sql().read("select amount from stock where item = :item", "{\"item\": \"" + std::string(item) + "\"}")
        .result.item(0).integer_or("amount", -1);
  }

  TemporaryFolder folder_;
  sqlite3* database_ = nullptr;
};

TEST_F(SqliteDriver, AnswersRowsAsObjects) {
  const Outcome outcome = sql().read("select item, amount, note, x'ff00' as b from stock order by item");
  ASSERT_EQ(outcome.kind, Kind::done) << outcome.error.detail;
  EXPECT_EQ(outcome.result, sql_json(R"([{"item":"bolt","amount":10,"note":null,"b":{"base64":"/wA="}},
                                         {"item":"nut","amount":5,"note":2.5,"b":{"base64":"/wA="}}])"));
  EXPECT_EQ(sql().read("select 1 from stock where item = 'x'").result, Value::array({}));
}

TEST_F(SqliteDriver, BindsArgumentsByTheirTypeAndNeverAsText) {
  const Outcome outcome = sql().read(
      "select typeof(:a) a, typeof(:b) b, typeof(:c) c, typeof(:d) d, typeof(:e) e, :f f, :missing m",
      R"({"a": 1, "b": 1.5, "c": "1", "d": null, "e": true, "f": {"x": [1]}})");
  ASSERT_EQ(outcome.kind, Kind::done) << outcome.error.detail;
  EXPECT_EQ(outcome.result.item(0), sql_json(R"({"a":"integer","b":"real","c":"text","d":"null","e":"integer","f":"{\"x\":[1]}","m":null})"));
  const char* hostile = R"({"item": "x' or 1=1; drop table stock; --"})";
  EXPECT_EQ(sql().write("delete from stock where item = :item", hostile).result, sql_json(R"({"affected":0})"));
  EXPECT_EQ(amount("bolt"), 10);
  EXPECT_EQ(kind_of(sql().read("select :a", R"({"a": 1, "b": 2})")), "validation");
  EXPECT_EQ(kind_of(sql().read("select :a", R"({"a": "x\u0000y"})")), "validation");
}

TEST_F(SqliteDriver, WritesAndSaysHowManyRows) {
  EXPECT_EQ(sql().write("update stock set amount = amount - :n where item = :item", R"({"n": 3, "item": "bolt"})").result,
            sql_json(R"({"affected":1})"));
  EXPECT_EQ(sql().write("update stock set amount = amount + 1 returning item").result.size(), 2u);
  EXPECT_EQ(amount("bolt"), 8);
  const Outcome refused = sql().write("update stock set amount = amount - :n", R"({"n": 100})");
  EXPECT_EQ(refused.kind, Kind::failed);
  EXPECT_EQ(kind_of(refused), "validation");
  EXPECT_THAT(refused.error.detail, HasSubstr("CHECK constraint failed"));
  EXPECT_EQ(amount("bolt"), 8);
}

TEST_F(SqliteDriver, AffectsNoMoreRowsThanTheBindingAllows) {
  SqlCase one = sql();
  one.operation.binding = sql_json(R"({"affectedMax": 1})");
  const Outcome outcome = one.write("update stock set amount = 0");
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_THAT(outcome.error.detail, HasSubstr("2 rows would be affected, at most 1"));
  EXPECT_EQ(amount("bolt"), 10);
}

TEST_F(SqliteDriver, ReadsCantWrite) {
  for (const char* statement : {"with x as (select 1) insert into stock select 'a', 1, 1 from x",
                                "with x as (select 1) delete from stock"}) {
    const Outcome outcome = sql().read(statement);
    EXPECT_EQ(outcome.kind, Kind::failed) << statement;
    EXPECT_EQ(kind_of(outcome), "authorization") << outcome.error.detail;
  }
  EXPECT_EQ(amount("nut"), 5);
}

TEST_F(SqliteDriver, RefusesWhatLeadsOutOfTheDatabase) {
  for (const char* statement : {"select load_extension('x')", "select * from pragma_database_list",
                                "select * from pragma_table_info('stock')",
                                "insert into gantry_effect values ('k', 'd', 'r', 'a')",
                                "update sqlite_master set sql = ''"})
    EXPECT_EQ(sql().write(statement).kind, Kind::failed) << statement;
  SqlCase two = sql();
  EXPECT_EQ(kind_of(two.write("select 1; drop table stock")), "configuration");
  EXPECT_EQ(kind_of(two.write("attach 'other.db' as other")), "configuration");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/other.db"));
}

TEST_F(SqliteDriver, StopsAtItsLimits) {
  const char* endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n";
  EXPECT_THAT(sql(R"({"rows": 3})").read(endless).error.detail, HasSubstr("more than 3 rows (settings.rows)"));
  EXPECT_THAT(sql(R"({"rows": 100000, "bytes": 1000})").read(endless).error.detail, HasSubstr("more than 1000 bytes"));
  const char* silent = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
  const Outcome late = sql(R"({"timeout": "PT0.05S"})").read(silent);
  EXPECT_EQ(kind_of(late), "timeout");
  EXPECT_THAT(late.error.detail, HasSubstr("not finished within PT0.05S"));
  const Outcome write = sql(R"({"rows": 1})").write("update stock set amount = 0 returning item");
  EXPECT_EQ(write.kind, Kind::failed);
  EXPECT_EQ(amount("bolt"), 10) << "a result over the limit is rolled back";
  std::stop_source source;
  source.request_stop();
  SqlCase stopped = sql();
  stopped.stop = source.get_token();
  EXPECT_EQ(kind_of(stopped.read(silent)), "communication");
}

TEST_F(SqliteDriver, GivesUpOnALockAndNothingTookPlace) {
  execute("begin immediate");
  const Outcome outcome = sql(R"({"timeout": "PT0.05S"})").write("update stock set amount = 0");
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_EQ(kind_of(outcome), "timeout");
  execute("rollback");
  EXPECT_EQ(amount("bolt"), 10);
}

TEST_F(SqliteDriver, AKeyMakesItHappenOnceHoweverOftenItIsSent) {
  SqlCase keyed = sql();
  keyed.operation.idempotency = Idempotency::key;
  const char* take = "update stock set amount = amount - :n where item = 'bolt' returning amount";
  EXPECT_EQ(keyed.write(take, R"({"n": 3})").result, sql_json(R"([{"amount":7}])"));
  keyed.attempt = 2;
  EXPECT_EQ(keyed.write(take, R"({"n": 3})").result, sql_json(R"([{"amount":7}])"));
  EXPECT_EQ(amount("bolt"), 7);
  const Outcome other = keyed.write(take, R"({"n": 4})");
  EXPECT_EQ(other.kind, Kind::failed);
  EXPECT_THAT(other.error.detail, HasSubstr("used before, for other arguments"));
  keyed.key = "01A-e2";
  EXPECT_EQ(keyed.write(take, R"({"n": 3})").result, sql_json(R"([{"amount":4}])"));
  // A failure records nothing: the same key may be tried again.
  keyed.key = "01A-e3";
  EXPECT_EQ(keyed.write(take, R"({"n": 100})").kind, Kind::failed) << "attempt 2, but the key was seen to be new";
  EXPECT_EQ(sql().read("select count(*) n from gantry_effect").result, sql_json(R"([{"n":2}])"));
}

TEST_F(SqliteDriver, ManyAttemptsAtOnceTakePlaceOnce) {
  std::atomic<int> done = 0;
  {
    std::vector<std::jthread> threads;
    for (int number = 0; number < 4; ++number)
      threads.emplace_back([&] {
        SqlCase keyed = sql();
        keyed.operation.idempotency = Idempotency::key;
        if (keyed.write("update stock set amount = amount - 1 where item = 'bolt'").kind == Kind::done) ++done;
      });
  }
  EXPECT_EQ(done, 4);
  EXPECT_EQ(amount("bolt"), 9);
}

TEST_F(SqliteDriver, WithoutAKeyALaterAttemptThatFailsSaysNothingOfTheFirst) {
  SqlCase test = sql();
  test.attempt = 2;
  EXPECT_EQ(test.write("insert into stock values ('bolt', 1, null)").kind, Kind::ambiguous);
  EXPECT_EQ(test.read("select x from stock").kind, Kind::failed) << "of a read nothing can be left";
}

TEST_F(SqliteDriver, LeavesTheJournalAlone) {
  SqlCase journal = sql();
  journal.options.journal = folder_.path() + "/stock.db";
  const Outcome outcome = journal.read("select * from stock");
  EXPECT_EQ(kind_of(outcome), "authorization");
  EXPECT_THAT(outcome.error.detail, HasSubstr("the journal's own database"));
}

TEST_F(SqliteDriver, MakesNoDatabase) {
  SqlCase missing(sql_json(R"({"database": "sqlite:none.db"})"));
  missing.options.directory = folder_.path();
  EXPECT_EQ(kind_of(missing.write("select 1")), "communication");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/none.db"));
}

// SQLite itself says what one statement is: what the scanner lets through, SQLite reads to the end as one.
TEST(SqlStatement, IsOneForSqliteToo) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &database), SQLITE_OK);
  static constexpr const char* pieces[] = {"select ", "1", "'", "\"", "`", "[", "]", "--", "\n", "/*", "*/", ";", ":a", ":", "''",
                                           " from ", "x", ",", "(", ")", "$", "\\", "values (1) ", "delete from ", " ", "-", "/", "*", "'a'"};
  std::uint32_t state = 1;
  const auto next = [&](std::uint32_t below) {
    state = state * 1'664'525 + 1'013'904'223;
    return (state >> 8) % below;
  };
  int through = 0, prepared = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string text = next(3) == 0 ? "values (1) " : "select 1 ";
    for (std::uint32_t piece = next(10); piece > 0; --piece) text += pieces[next(std::size(pieces))];
    const auto parsed = parse_sql_statement(text, SqlDialect::sqlite);
    if (!parsed) continue;
    ++through;
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    if (sqlite3_prepare_v2(database, parsed->text.c_str(), -1, &statement, &tail) != SQLITE_OK) continue;
    ++prepared;
    EXPECT_LE(sqlite3_bind_parameter_count(statement), static_cast<int>(parsed->names.size())) << text;
    sqlite3_finalize(statement);
    sqlite3_stmt* second = nullptr;
    sqlite3_prepare_v2(database, tail, -1, &second, nullptr);
    EXPECT_EQ(second, nullptr) << text;
    EXPECT_EQ(std::string_view(tail).find(';'), std::string_view::npos) << text;
    sqlite3_finalize(second);
  }
  sqlite3_close(database);
  EXPECT_GT(through, 1'000);
  EXPECT_GT(prepared, 300);
}

std::vector<std::string> problems(std::string_view settings, std::string_view operations) {
  definition::Tool tool;
  tool.settings = sql_json(settings);
  for (const Value all = sql_json(operations); const Member& member : all.members()) {
    definition::Operation& operation = tool.operations[std::string(member.key.view())];
    operation.name = member.key.view();
    operation.effect_class = *definition::parse_effect_class(member.value.string_or("class", ""));
    operation.arguments_schema = member.value.member("arguments");
    operation.binding = member.value.member("binding");
  }
  return make_sql_driver({})->check(tool);
}

TEST(SqlTool, IsCheckedBeforeAnythingRuns) {
  EXPECT_THAT(problems(R"({"database": "sqlite:x.db"})", R"({
    "one": {"class": "read", "arguments": {"properties": {"a": {}, "b": {}}}, "binding": {"statement": "select :a, :c"}},
    "two": {"class": "read", "binding": {"statement": "delete from t"}},
    "tri": {"class": "write", "binding": {"statement": "drop table t"}},
    "for": {"class": "write", "binding": {"statement": "delete from t", "affectedMax": -1, "rows": 1}}})"),
              testing::UnorderedElementsAre(
                  "/operations/one/binding/statement: the operation has no argument \"c\"",
                  "/operations/one/binding/statement: it has no place for the argument \"b\"",
                  "/operations/two/binding/statement: DELETE does not fit the class read",
                  "/operations/tri/binding/statement: expected SELECT, VALUES, WITH, INSERT, UPDATE, DELETE or REPLACE, found \"drop\"",
                  "/operations/for/binding/rows: unknown key; expected one of statement, affectedMax"));
}

TEST(SqlTool, HasSettingsThatAreChecked) {
  const auto problem = [](std::string_view settings) {
    const auto all = problems(settings, "{}");
    return all.empty() ? "" : all.front();
  };
  EXPECT_EQ(problem(R"({"database": "sqlite:x.db", "timeout": "PT5S", "rows": 10, "bytes": 1000})"), "");
  EXPECT_EQ(problem(R"({"database": "postgresql:stock", "host": "/run/postgresql", "user": "u"})"), "");
  EXPECT_EQ(problem(R"({"database": "postgresql:stock", "host": "db", "port": 1, "user": "u", "password": {"secret": "p"}, "tls": "off"})"), "");
  EXPECT_THAT(problem(R"({})"), HasSubstr("/settings/database: expected text"));
  EXPECT_THAT(problem(R"({"database": "mysql:x"})"), HasSubstr("/settings/database: expected sqlite:PATH"));
  EXPECT_THAT(problem(R"({"database": "postgresql://u:p@host/db"})"), HasSubstr("/settings/database"));
  EXPECT_THAT(problem(R"({"database": "sqlite:x", "host": "db"})"), HasSubstr("/settings/host: only PostgreSQL"));
  EXPECT_THAT(problem(R"({"database": "postgresql:s", "user": "u"})"), HasSubstr("/settings/host"));
  EXPECT_THAT(problem(R"({"database": "postgresql:s", "host": "a,b", "user": "u"})"), HasSubstr("one host"));
  EXPECT_THAT(problem(R"({"database": "postgresql:s", "host": "a", "user": "u", "password": "p"})"),
              HasSubstr("/settings/password: expected an object"));
  EXPECT_THAT(problem(R"({"database": "sqlite:x", "rows": 0})"), HasSubstr("/settings/rows: expected a whole number"));
  EXPECT_THAT(problem(R"({"database": "sqlite:x", "timeout": "5s"})"), HasSubstr("/settings/timeout"));
}

}  // namespace
}  // namespace gantry::tool
