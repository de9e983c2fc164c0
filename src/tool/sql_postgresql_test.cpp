// The sql driver on a PostgreSQL that the test starts.

#include <atomic>

#include "journal/postgres_library.h"
#include "tool/postgresql_fixture.h"

namespace gantry::tool {
namespace {

using definition::Idempotency;
using testing::HasSubstr;
using Kind = Outcome::Kind;

class PostgresqlDriver : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (TestPostgresql::is_installed()) server_ = new TestPostgresql;
  }
  static void TearDownTestSuite() { delete std::exchange(server_, nullptr); }

  void SetUp() override {
    if (server_ == nullptr) GTEST_SKIP() << "no " << TestPostgresql::binaries << ": install Debian's postgresql-15";
    // The driver's own statements can't do this; a client of the test's can.
    execute(
        "drop table if exists stock, gantry_effect; create table stock (item text primary key, amount int not null "
        "check (amount >= 0), price numeric(20,2)); insert into stock values ('bolt', 10, 1.25), ('nut', 5, null)");
  }

  static void execute(const char* text) {
    PGconn* connection = pq().PQconnectdb(
        ("host=" + server_->socket_folder() + " user=gantry dbname=postgres options='-c client_min_messages=warning'")
            .c_str());
    PGresult* result = pq().PQexec(connection, text);
    EXPECT_EQ(pq().PQresultStatus(result), PGRES_COMMAND_OK) << pq().PQerrorMessage(connection);
    pq().PQclear(result);
    pq().PQfinish(connection);
  }
  static SqlCase sql(std::string_view more = "{}", const std::string& folder = server_->socket_folder()) {
    Value settings = Value::object({{"database", "postgresql:postgres"}, {"host", folder}, {"user", "gantry"}});
    for (const Value extra = sql_json(more); const Member& member : extra.members())
      settings = std::move(settings).with_member(member.key, member.value);
    return SqlCase(std::move(settings));
  }
  static std::int64_t amount(std::string_view item) {
    return sql()
        .read("select amount from stock where item = :item", "{\"item\": \"" + std::string(item) + "\"}")
        .result.item(0)
        .integer_or("amount", -1);
  }

  static TestPostgresql* server_;
};
TestPostgresql* PostgresqlDriver::server_ = nullptr;

TEST_F(PostgresqlDriver, AnswersRowsWithTheTypesOfJson) {
  const Outcome outcome = sql().read(
      "select 7::int8 i, 1.5::float8 f, true b, null n, 'ä' t, '{\"x\": [1]}'::jsonb j, '\\xff00'::bytea y, "
      "12.50::numeric m, 12345678901234567.89::numeric l, 'NaN'::float8 x, date '2026-11-28' d");
  ASSERT_EQ(outcome.kind, Kind::done) << outcome.error.detail;
  EXPECT_EQ(outcome.result.item(0),
            sql_json(R"({"i":7,"f":1.5,"b":true,"n":null,"t":"ä","j":{"x":[1]},"y":{"base64":"/wA="},
    "m":12.5,"l":"12345678901234567.89","x":"NaN","d":"2026-11-28"})"));
}

TEST_F(PostgresqlDriver, BindsArgumentsByTheirTypeAndNeverAsText) {
  const Outcome outcome = sql().read(
      "select pg_typeof(:a)::text a, pg_typeof(:b)::text b, pg_typeof(:c)::text c, :d::jsonb d, :e::date e, :f::text f",
      R"({"a": 1, "b": 1.5, "c": true, "d": {"x": 1}, "e": "2026-11-28", "f": "'; drop table stock; --"})");
  ASSERT_EQ(outcome.kind, Kind::done) << outcome.error.detail;
  EXPECT_EQ(outcome.result.item(0), sql_json(R"({"a":"bigint","b":"double precision","c":"boolean","d":{"x":1},
    "e":"2026-11-28","f":"'; drop table stock; --"})"));
  EXPECT_EQ(amount("bolt"), 10);
}

TEST_F(PostgresqlDriver, WritesInATransactionThatIsAllOrNothing) {
  EXPECT_EQ(
      sql().write("update stock set amount = amount - :n where item = :item", R"({"n": 3, "item": "bolt"})").result,
      sql_json(R"({"affected":1})"));
  const Outcome refused = sql().write("update stock set amount = amount - 6");
  EXPECT_EQ(refused.kind, Kind::failed);
  EXPECT_EQ(kind_of(refused), "validation");
  EXPECT_THAT(refused.error.detail, HasSubstr("violates check constraint"));
  SqlCase one = sql();
  one.operation.binding = sql_json(R"({"affectedMax": 1})");
  EXPECT_THAT(one.write("update stock set amount = 0 returning item").error.detail,
              HasSubstr("2 rows would be affected"));
  EXPECT_EQ(amount("bolt"), 7);
  EXPECT_EQ(kind_of(sql().read("select * from nowhere")), "configuration");
}

TEST_F(PostgresqlDriver, ReadsRunInAReadOnlyTransaction) {
  for (const char* statement :
       {"with x as (delete from stock returning 1) select * from x", "select * from stock for update",
        "with y as (select set_config('transaction_read_only', 'off', true)), x as (delete from "
        "stock returning 1) select * from x, y",
        "select 1 into made"}) {
    const Outcome outcome = sql().read(statement);
    EXPECT_EQ(outcome.kind, Kind::failed) << statement;
  }
  EXPECT_EQ(amount("bolt"), 10);
}

TEST_F(PostgresqlDriver, StopsAtItsLimits) {
  EXPECT_THAT(sql(R"({"rows": 3})").read("select generate_series(1, 10000000) i").error.detail,
              HasSubstr("more than 3 rows (settings.rows)"));
  EXPECT_THAT(sql(R"({"bytes": 1000})").read("select repeat('x', 2000) t").error.detail,
              HasSubstr("more than 1000 bytes"));
  const Outcome late =
      sql(R"({"timeout": "PT0.3S"})").write("update stock set amount = 0 where pg_sleep(60) is not null");
  EXPECT_EQ(late.kind, Kind::failed);
  EXPECT_EQ(kind_of(late), "timeout") << late.error.detail;
  EXPECT_EQ(amount("bolt"), 10);
  std::stop_source source;
  source.request_stop();
  SqlCase stopped = sql();
  stopped.stop = source.get_token();
  EXPECT_EQ(kind_of(stopped.read("select pg_sleep(60)")), "communication");
}

TEST_F(PostgresqlDriver, AKeyMakesItHappenOnceAlsoWhenTheAnswerIsLost) {
  const char* take = "update stock set amount = amount - :n where item = 'bolt' returning amount";
  {
    LosingProxy proxy(server_->socket_folder(), "COMMIT");
    SqlCase keyed = sql("{}", proxy.socket_folder());
    keyed.operation.idempotency = Idempotency::key;
    // The table of keys is made first, in a transaction of its own.
    execute(
        "create table gantry_effect (key text primary key, digest text not null, result text not null, at timestamptz "
        "not null default now())");
    const Outcome lost = keyed.write(take, R"({"n": 3})");
    EXPECT_EQ(lost.kind, Kind::ambiguous) << lost.error.detail;
  }
  SqlCase again = sql();
  again.operation.idempotency = Idempotency::key;
  again.attempt = 2;
  EXPECT_EQ(again.write(take, R"({"n": 3})").result, sql_json(R"([{"amount":7}])"));
  EXPECT_EQ(amount("bolt"), 7);
  EXPECT_THAT(again.write(take, R"({"n": 4})").error.detail, HasSubstr("used before, for other arguments"));
}

TEST_F(PostgresqlDriver, AConnectionLostBeforeTheCommitChangesNothing) {
  LosingProxy proxy(server_->socket_folder(), "update stock");
  const Outcome lost = sql("{}", proxy.socket_folder()).write("update stock set amount = 0");
  EXPECT_EQ(lost.kind, Kind::failed) << "no COMMIT was sent";
  EXPECT_EQ(kind_of(lost), "communication");
  EXPECT_EQ(amount("bolt"), 10);
}

TEST_F(PostgresqlDriver, ManyAttemptsAtOnceTakePlaceOnce) {
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

TEST_F(PostgresqlDriver, AServerThatIsNotThereIsAPlainFailure) {
  TemporaryFolder empty;
  const Outcome outcome = sql("{}", empty.path()).write("update stock set amount = 0");
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_EQ(kind_of(outcome), "communication");
}

TEST(PostgresqlEgress, AHostMustBeAllowedByNameAndByAddress) {
  SqlCase refused(sql_json(R"({"database": "postgresql:x", "host": "localhost", "user": "u"})"));
  EXPECT_EQ(kind_of(refused.read("select 1")), "authorization");
  EXPECT_THAT(refused.read("select 1").error.detail, HasSubstr("egress.allow"));
  SqlCase private_address(sql_json(R"({"database": "postgresql:x", "host": "127.0.0.1", "port": 15432, "user": "u"})"));
  private_address.options.http.egress_any = true;
  EXPECT_THAT(private_address.read("select 1").error.detail, HasSubstr("not a public address"));
}

TEST(PostgresqlEgress, ABoundPasswordGoesToItsHostOnly) {
  SqlCase test(
      sql_json(R"({"database": "postgresql:x", "host": "/nowhere", "user": "u", "password": {"secret": "p"}})"));
  test.options.http.secrets = {{"other", "x"}};
  EXPECT_EQ(kind_of(test.read("select 1")), "authorization");
}

}  // namespace
}  // namespace gantry::tool
