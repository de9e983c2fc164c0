#include <fmt/format.h>

#include "tool/postgresql_value.h"
#include "value/json.h"

namespace gantry::tool {
namespace {

using ResultHandle = PostgresqlConnection::ResultHandle;

class PostgresqlCall {
 public:
  explicit PostgresqlCall(const SqlCall& call) : call_(call), connection_(call) {}

  SqlAnswer perform(const PostgresqlAccess& access) {
    if (auto failure = connection_.open(access)) return *failure;
    if (call_.key)
      if (auto failure = make_key_table()) return *failure;
    if (auto failure = begin()) return *failure;
    SqlAnswer answer = in_transaction();
    if (auto* failure = std::get_if<SqlFailure>(&answer)) {
      failure->keyed = failure->keyed || key_is_new_;
      return answer;  // the server rolls back when the connection closes
    }
    if (recorded_) return answer;
    if (auto failure = connection_.commit()) {
      failure->keyed = key_is_new_;
      return *failure;
    }
    return answer;
  }

 private:
  std::optional<SqlFailure> run(const std::string& text, const std::vector<PostgresqlParameter>& parameters = {}) {
    auto result = connection_.run(text.c_str(), parameters);
    if (auto* failure = std::get_if<SqlFailure>(&result)) return *failure;
    return std::nullopt;
  }

  std::optional<SqlFailure> begin() {
    if (auto failure = run(call_.reads ? "BEGIN READ ONLY" : "BEGIN READ WRITE")) return failure;
    // The scanner of statements reads '\' as PostgreSQL does with this.
    if (auto failure = run("SET LOCAL standard_conforming_strings = on")) return failure;
    return run(fmt::format("SET LOCAL statement_timeout = {}", call_.left().count()));
  }

  // Once in the life of a database. The lock keeps two first calls from making it at the same time.
  std::optional<SqlFailure> make_key_table() {
    auto found = connection_.run("SELECT to_regclass('gantry_effect') IS NOT NULL");
    if (auto* failure = std::get_if<SqlFailure>(&found)) return *failure;
    if (std::string_view(pq().PQgetvalue(std::get<ResultHandle>(found).get(), 0, 0)) == "t") return std::nullopt;
    for (const char* text : {"BEGIN", "SELECT pg_advisory_xact_lock(hashtext('gantry_effect'))",
                             "CREATE TABLE IF NOT EXISTS gantry_effect (key text PRIMARY KEY, digest text NOT NULL, "
                             "result text NOT NULL, at timestamptz NOT NULL DEFAULT now())",
                             "COMMIT"})
      if (auto failure = run(text)) return failure;
    return std::nullopt;
  }

  SqlAnswer in_transaction() {
    if (call_.key)
      if (auto before = claim_key()) return *before;
    std::vector<PostgresqlParameter> parameters;
    for (const Value& value : call_.parameters) parameters.push_back(postgresql_parameter(value));
    SqlAnswer answer = connection_.run_for_rows(call_.binding.statement.text, parameters);
    if (const Value* result = std::get_if<Value>(&answer); result != nullptr && call_.key) {
      if (auto failure = run("UPDATE gantry_effect SET result = $2 WHERE key = $1",
                             {{0, call_.key->key}, {0, print_json(*result)}}))
        return *failure;
    }
    return answer;
  }

  // Waits for an earlier attempt that is still under way: its row, not yet committed, is in the way.
  std::optional<SqlAnswer> claim_key() {
    auto claimed = connection_.run(
        "INSERT INTO gantry_effect (key, digest, result) VALUES ($1, $2, '') ON CONFLICT (key) DO NOTHING",
        {{0, call_.key->key}, {0, call_.key->digest}});
    if (auto* failure = std::get_if<SqlFailure>(&claimed)) return *failure;
    if (std::string_view(pq().PQcmdTuples(std::get<ResultHandle>(claimed).get())) == "1") {
      key_is_new_ = true;
      return std::nullopt;
    }
    auto found = connection_.run("SELECT digest, result FROM gantry_effect WHERE key = $1", {{0, call_.key->key}});
    if (auto* failure = std::get_if<SqlFailure>(&found)) return *failure;
    const PGresult* row = std::get<ResultHandle>(found).get();
    if (pq().PQntuples(row) != 1)
      return SqlFailure{.kind = "runtime", .status = 500, .text = "gantry_effect: the key's row is gone"};
    if (call_.key->digest != pq().PQgetvalue(row, 0, 0)) return sql_other_arguments();
    Result<Value> result = parse_json(pq().PQgetvalue(row, 0, 1));
    if (!result)
      return SqlFailure{.kind = "runtime", .status = 500, .text = "gantry_effect: the recorded result is no JSON"};
    recorded_ = true;
    return *std::move(result);
  }

  const SqlCall& call_;
  PostgresqlConnection connection_;
  bool key_is_new_ = false, recorded_ = false;
};

}  // namespace

SqlAnswer call_postgresql(const SqlCall& call, const PostgresqlAccess& access) {
  return PostgresqlCall(call).perform(access);
}

}  // namespace gantry::tool
