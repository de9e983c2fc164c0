// PostgreSQL over libpq. Values are only ever parameters. Statements that nobody waits for are sent one behind the
// other (libpq's pipeline), so that a transaction costs few turns over the network; their errors come with the next
// answer that is awaited. A connection that was lost between transactions is made again.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "journal/database_connection.h"
#include "journal/postgres_address.h"
#include "journal/postgres_library.h"

namespace gantry::journal {

class PostgresConnection;

struct ClearPostgresResult {
  void operator()(PGresult* result) const { pq().PQclear(result); }
};
using PostgresResult = std::unique_ptr<PGresult, ClearPostgresResult>;

// Values as libpq wants them. Numbers are sent as text, so that the server may take them for any type; text and bytes
// as they are, not copied.
class PostgresParameters {
 public:
  void set(int parameter, std::int64_t number);
  void set(int parameter, std::string_view bytes);
  void set_null(int parameter);

  int count() const { return static_cast<int>(values_.size()); }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

 private:
  std::size_t room_for(int parameter);

  std::vector<const char*> values_;
  std::vector<int> lengths_, formats_;
  std::vector<std::unique_ptr<std::array<char, 24>>> digits_;
};

class PostgresStatement final : public DatabaseStatement {
 public:
  // `name`: prepared in the server under it, once a connection; empty: sent whole each time. `scan`: through a cursor.
  PostgresStatement(PostgresConnection& connection, std::string sql, std::string name, bool scan)
      : connection_(connection), sql_(std::move(sql)), name_(std::move(name)), scan_(scan) {}
  ~PostgresStatement() override { reset(); }

  using DatabaseStatement::bind;
  DatabaseStatement& bind(int parameter, std::int64_t number) override;
  DatabaseStatement& bind(int parameter, std::string_view text) override;
  DatabaseStatement& bind_null(int parameter) override;
  DatabaseStatement& bind_blob(int parameter, std::string_view bytes) override;
  Result<bool> step() override;
  Status run() override;
  Result<std::int64_t> run_counted() override;
  void reset() override;
  int column_count() const override;
  std::string_view column_name(int column) const override;
  bool is_null(int column) const override;
  bool is_integer(int column) const override;
  std::int64_t integer(int column) const override;
  double real(int column) const override;
  std::string_view text(int column) const override;
  std::string_view blob(int column) const override;

 private:
  Status fetch();
  const PGresult* description() const;  // of the columns, also before the first step; null: there is none

  PostgresConnection& connection_;
  std::string sql_, name_;
  bool scan_;
  PostgresParameters parameters_;
  mutable PostgresResult result_;
  int row_ = -1;
  std::string cursor_;               // open in the server; empty: none
  mutable std::string number_text_;  // of a number that was asked for as text
};

class PostgresConnection final : public DatabaseConnection {
 public:
  static Result<std::unique_ptr<PostgresConnection>> open(const PostgresAddress& address, bool read_only);
  ~PostgresConnection() override;
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  Dialect dialect() const override { return Dialect::postgres; }
  Status execute(const std::string& sql) override;
  Status define(const std::string& sql) override;
  Result<StatementUse> use(const char* sql) override;
  Result<std::unique_ptr<DatabaseStatement>> prepare(const std::string& sql) override;
  Result<std::unique_ptr<DatabaseStatement>> prepare_scan(const std::string& sql) override;
  Status begin() override;
  Status commit() override;
  void roll_back() override;
  Status begin_reading() override;
  bool is_in_doubt(bool committing) const override;
  Result<std::int64_t> bytes_used() override;
  const std::string& path() const override { return address_.location(); }

  const PostgresAddress& address() const { return address_; }
  // Called in each transaction for writing before anything else of it; its error ends the transaction.
  void guard_with(std::function<Status()> guard) { guard_ = std::move(guard); }
  bool in_transaction() const { return in_transaction_; }
  std::uint64_t connections() const { return connections_; }  // how often it was made

  // For statements. `send`: the answer is awaited later. `ask`: now, and those before it.
  Status send(const std::string& sql, const std::string& name, const PostgresParameters& parameters);
  Result<PostgresResult> ask(const std::string& sql, const std::string& name, const PostgresParameters& parameters);
  Result<PostgresResult> describe(const std::string& sql);
  std::string new_name(const char* kind) { return kind + std::to_string(++names_); }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { pq().PQfinish(connection); }
  };

  PostgresConnection(PostgresAddress address, bool read_only) : address_(std::move(address)), read_only_(read_only) {}
  Status make_connection();
  Status configure();
  Status be_connected();
  Status put(const std::string& sql, const std::string& name, const PostgresParameters& parameters);
  Result<PostgresResult> settle();  // waits for all answers; the last one, or the first error
  Status begin_with(const char* sql);
  Error lost() const;

  PostgresAddress address_;
  bool read_only_;
  std::unique_ptr<PGconn, Finish> connection_;
  std::function<Status()> guard_;
  bool in_transaction_ = false;
  bool was_lost_ = false;  // during this transaction
  // What was sent and not answered, in order: the name of a statement that is being prepared, or "".
  std::vector<std::string> unanswered_;
  std::unordered_set<std::string> prepared_;  // names of statements that the server knows, or will
  std::uint64_t connections_ = 0;
  std::uint64_t names_ = 0;
  std::unordered_map<const char*, std::unique_ptr<DatabaseStatement>> cached_;
};

}  // namespace gantry::journal
