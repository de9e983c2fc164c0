#include "journal/postgres_connection.h"

#include <fmt/format.h>

#include "base/log.h"
#include "journal/postgres_dialect.h"

namespace gantry::journal {
namespace {

// Answers are small, so that so many fit between server and client, and neither waits for the other to read.
constexpr std::size_t unanswered_max = 64;

std::string first_line(const char* text) {
  std::string line = text != nullptr ? text : "";
  line.erase(std::min(line.find('\n'), line.size()));
  return line;
}

// The server's own words, without the detail that may quote values.
Error error_of(const PGresult* result, const std::string& where) {
  const char* field = pq().PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string_view state = field != nullptr ? field : "";
  std::string reason = first_line(pq().PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
  if (reason.empty()) reason = first_line(pq().PQresultErrorMessage(result));
  const std::string_view family = state.substr(0, 2);
  if (state == "53100")
    return {Code::unavailable, fmt::format("{}: the database's disk is full ({}); nothing of this batch was kept. Free "
                                           "space there, and try again",
                                           where, reason)};
  const std::string text = fmt::format("{}: {} (SQLSTATE {})", where, reason, state);
  if (family == "23") return {Code::conflict, text};
  if (family == "22") return {Code::invalid_argument, text};
  if (state == "42501") return {Code::unavailable, text + "; the role needs the right to create and use the schema"};
  if (state == "25006") return {Code::unavailable, text + "; the server takes no writes: is it a replica?"};
  if (family == "08" || family == "40" || family == "53" || family == "55" || family == "57" || family == "58")
    return {Code::unavailable, text};
  return {Code::internal, text};
}

void ignore_notice(void*, const char*) {}

}  // namespace

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const PostgresAddress& address, bool read_only) {
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(address, read_only));
  TRY(connection->make_connection());
  return connection;
}

PostgresConnection::~PostgresConnection() {
  cached_.clear();
}

Error PostgresConnection::lost() const {
  const std::string reason = connection_ ? first_line(pq().PQerrorMessage(connection_.get())) : "out of memory";
  return {Code::unavailable, fmt::format("can't reach the database {}: {}; check that it runs and that its address, "
                                         "user and password are right",
                                         address_.location(), reason.empty() ? "the connection was lost" : reason)};
}

Status PostgresConnection::make_connection() {
  std::vector<const char*> keys, values;
  for (const auto& [key, value] : address_.parameters()) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  // A server or a network that is gone is noticed within half a minute.
  constexpr std::array<std::pair<const char*, const char*>, 7> own = {{{"application_name", "gantry"},
                                                                       {"client_encoding", "UTF8"},
                                                                       {"gssencmode", "disable"},
                                                                       {"keepalives_idle", "10"},
                                                                       {"keepalives_interval", "5"},
                                                                       {"keepalives_count", "3"},
                                                                       {"tcp_user_timeout", "25000"}}};
  for (const auto& [key, value] : own) {
    keys.push_back(key);
    values.push_back(value);
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  prepared_.clear();
  unanswered_.clear();
  ++connections_;
  connection_.reset(pq().PQconnectdbParams(keys.data(), values.data(), 0));
  if (!connection_ || pq().PQstatus(connection_.get()) != CONNECTION_OK) return lost();
  pq().PQsetNoticeProcessor(connection_.get(), ignore_notice, nullptr);
  pq().PQenterPipelineMode(connection_.get());
  return configure();
}

// The schema's name is letters, digits and _. A commit that the server has not synced is no commit here.
Status PostgresConnection::configure() {
  TRY(
      execute(fmt::format("SET search_path = \"{}\"; SET standard_conforming_strings = on; SET statement_timeout = 0; "
                          "SET default_transaction_isolation = 'read committed'",
                          address_.schema())));
  TRY(
      execute("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = "
              "'off'"));
  if (read_only_) return execute("SET default_transaction_read_only = on");
  return done();
}

Status PostgresConnection::be_connected() {
  if (connection_ && pq().PQstatus(connection_.get()) == CONNECTION_OK) return done();
  if (in_transaction_) {
    was_lost_ = true;
    return lost();
  }
  return make_connection();
}

Status PostgresConnection::put(const std::string& sql, const std::string& name, const PostgresParameters& parameters) {
  PGconn* connection = connection_.get();
  if (!name.empty() && !prepared_.contains(name)) {
    if (pq().PQsendPrepare(connection, name.c_str(), sql.c_str(), 0, nullptr) != 1) return lost();
    unanswered_.push_back(name);
    prepared_.insert(name);
  }
  const int sent = name.empty()
                       ? pq().PQsendQueryParams(connection, sql.c_str(), parameters.count(), nullptr,
                                                parameters.values(), parameters.lengths(), parameters.formats(), 1)
                       : pq().PQsendQueryPrepared(connection, name.c_str(), parameters.count(), parameters.values(),
                                                  parameters.lengths(), parameters.formats(), 1);
  if (sent != 1) return lost();
  unanswered_.emplace_back();
  return done();
}

Status PostgresConnection::send(const std::string& sql, const std::string& name, const PostgresParameters& parameters) {
  TRY(be_connected());
  TRY(put(sql, name, parameters));
  if (in_transaction_ && unanswered_.size() < unanswered_max) return done();
  TRY(settle());
  return done();
}

Result<PostgresResult> PostgresConnection::ask(const std::string& sql, const std::string& name,
                                               const PostgresParameters& parameters) {
  // One that was lost while nobody used it is noticed at the first answer; outside a transaction nothing is lost then.
  for (bool again = false;; again = true) {
    TRY(be_connected());
    Result<PostgresResult> answer = PostgresResult();
    if (Status sent = put(sql, name, parameters); sent)
      answer = settle();
    else
      answer = sent.error();
    if (answer || again || in_transaction_ || pq().PQstatus(connection_.get()) == CONNECTION_OK) return answer;
  }
}

Result<PostgresResult> PostgresConnection::settle() {
  PGconn* connection = connection_.get();
  PostgresResult last;
  std::optional<Error> failure;
  if (pq().PQpipelineSync(connection) != 1) failure = lost();
  std::size_t answered = 0;
  for (bool synced = false; !synced && pq().PQstatus(connection) == CONNECTION_OK;) {
    PostgresResult result(pq().PQgetResult(connection));
    if (!result) {  // the end of one statement's answer
      ++answered;
      continue;
    }
    switch (pq().PQresultStatus(result.get())) {
      case PGRES_PIPELINE_SYNC:
        synced = true;
        break;
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
        last = std::move(result);
        break;
      case PGRES_PIPELINE_ABORTED:
      default:
        if (answered < unanswered_.size()) prepared_.erase(unanswered_[answered]);
        if (!failure) failure = error_of(result.get(), address_.location());
    }
  }
  unanswered_.clear();
  if (pq().PQstatus(connection) != CONNECTION_OK) {
    was_lost_ = in_transaction_;
    return failure ? *failure : lost();
  }
  if (failure) return *failure;
  return last;
}

Status PostgresConnection::execute(const std::string& sql) {
  TRY(be_connected());
  if (!unanswered_.empty()) TRY(settle());
  pq().PQexitPipelineMode(connection_.get());
  PostgresResult result(pq().PQexec(connection_.get(), sql.c_str()));
  const ExecStatusType status = pq().PQresultStatus(result.get());
  const bool worked = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  if (pq().PQstatus(connection_.get()) != CONNECTION_OK) {
    was_lost_ = in_transaction_;
    return lost();
  }
  pq().PQenterPipelineMode(connection_.get());
  if (!worked) return error_of(result.get(), address_.location());
  return done();
}

Status PostgresConnection::define(const std::string& sql) {
  return execute(postgres_definition(sql));
}

Result<StatementUse> PostgresConnection::use(const char* sql) {
  auto& slot = cached_[sql];
  if (!slot) slot = std::make_unique<PostgresStatement>(*this, postgres_statement(sql), new_name("s"), false);
  return StatementUse(*slot);
}

Result<std::unique_ptr<DatabaseStatement>> PostgresConnection::prepare(const std::string& sql) {
  return std::unique_ptr<DatabaseStatement>(
      std::make_unique<PostgresStatement>(*this, postgres_statement(sql), "", false));
}

Result<std::unique_ptr<DatabaseStatement>> PostgresConnection::prepare_scan(const std::string& sql) {
  return std::unique_ptr<DatabaseStatement>(
      std::make_unique<PostgresStatement>(*this, postgres_statement(sql), "", true));
}

Status PostgresConnection::begin_with(const char* sql) {
  TRY(be_connected());
  was_lost_ = false;
  TRY(put(sql, "", {}));
  in_transaction_ = true;
  return done();
}

// A connection that was lost meanwhile is made again: the transaction has only begun.
Status PostgresConnection::begin() {
  for (bool again = false;; again = true) {
    TRY(begin_with("BEGIN"));
    if (!guard_) return done();
    Status allowed = guard_();
    if (allowed) return allowed;
    roll_back();
    if (again || pq().PQstatus(connection_.get()) == CONNECTION_OK) return allowed;
  }
}

Status PostgresConnection::begin_reading() {
  return begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

Status PostgresConnection::commit() {
  auto committed = ask("COMMIT", "", {});
  if (!committed) return committed.error();
  if (std::string_view(pq().PQcmdStatus(committed->get())) != "COMMIT")
    return Error{Code::internal, fmt::format("{}: the transaction was rolled back", address_.location())};
  in_transaction_ = false;
  return done();
}

void PostgresConnection::roll_back() {
  if (!in_transaction_) return;
  in_transaction_ = false;
  if (pq().PQstatus(connection_.get()) != CONNECTION_OK) return;  // the server rolls back by itself
  if (!unanswered_.empty()) (void)settle();
  (void)ask("ROLLBACK", "", {});
}

// The server may have committed what it could not answer for. Before that it rolls back when the connection goes.
bool PostgresConnection::is_in_doubt(bool committing) const {
  return committing && was_lost_;
}

Result<std::int64_t> PostgresConnection::bytes_used() {
  return integer_of(
      "SELECT CAST(coalesce(sum(pg_total_relation_size(oid)), 0) AS BIGINT) FROM pg_class WHERE relkind = 'r' AND "
      "relnamespace = current_schema()::regnamespace");
}

Result<PostgresResult> PostgresConnection::describe(const std::string& sql) {
  TRY(be_connected());
  if (!unanswered_.empty()) TRY(settle());
  if (pq().PQsendPrepare(connection_.get(), "", sql.c_str(), 0, nullptr) != 1 ||
      pq().PQsendDescribePrepared(connection_.get(), "") != 1)
    return lost();
  unanswered_.assign(2, "");
  return settle();
}

}  // namespace gantry::journal
