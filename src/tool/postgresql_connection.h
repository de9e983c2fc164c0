// One connection to PostgreSQL over libpq, used by one thread for one call, with the call's deadline and stop token in
// every wait. Nothing of it is taken from the environment that libpq lets a caller override. Private to the sql driver.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "journal/postgres_library.h"
#include "tool/sql_database.h"

namespace gantry::tool {

struct PostgresqlParameter {
  unsigned type = 0;  // object id; 0: as the server infers
  std::optional<std::string> text;
};

class PostgresqlConnection {
 public:
  explicit PostgresqlConnection(const SqlCall& call) : call_(call) {}

  std::optional<SqlFailure> open(const PostgresqlAccess& access);

  struct ClearResult {
    void operator()(PGresult* result) const { pq().PQclear(result); }
  };
  using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

  // One statement whose answer is small.
  std::variant<ResultHandle, SqlFailure> run(const char* text, const std::vector<PostgresqlParameter>& parameters = {});
  // One statement whose rows are taken as they come.
  SqlAnswer run_for_rows(const std::string& text, const std::vector<PostgresqlParameter>& parameters);
  // Whether the commit took place is unknown where the connection is lost while it is under way.
  std::optional<SqlFailure> commit();

 private:
  struct FinishConnection {
    void operator()(PGconn* connection) const { pq().PQfinish(connection); }
  };

  bool send(const char* text, const std::vector<PostgresqlParameter>& parameters);
  // Until the socket is ready for `events` of poll(2); false when the call is over.
  bool wait_for(short events);
  std::optional<SqlFailure> flush();
  // The next result of the statement, null at its end.
  std::variant<ResultHandle, SqlFailure> next();
  SqlAnswer take_rows();
  SqlFailure lost();
  SqlFailure give_up();  // cancels what is running in the server

  const SqlCall& call_;
  std::unique_ptr<PGconn, FinishConnection> connection_;
};

SqlFailure postgresql_failure(const PGresult* result);

}  // namespace gantry::tool
