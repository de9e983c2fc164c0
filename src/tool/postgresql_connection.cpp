#include "tool/postgresql_connection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>

#include <array>
#include <cerrno>

#include "tool/postgresql_value.h"

namespace gantry::tool {
namespace {

constexpr int stop_look_ms = 50;  // how long a wait goes on without looking at the stop token

std::string one_line(const char* text) {
  std::string line = text != nullptr ? text : "";
  while (!line.empty() && line.back() == '\n') line.pop_back();
  for (char& byte : line)
    if (static_cast<unsigned char>(byte) < ' ') byte = ' ';
  return line;
}

// libpq would print what the server remarks on standard error.
void ignore_notice(void*, const char*) {}

}  // namespace

SqlFailure postgresql_failure(const PGresult* result) {
  const char* field = pq().PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string_view state = field != nullptr ? field : "";
  SqlFailure failure{.kind = "configuration",
                     .status = 400,
                     .text = one_line(pq().PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY))};
  if (failure.text.empty()) failure.text = one_line(pq().PQresultErrorMessage(result));
  const std::string_view family = state.substr(0, 2);
  if (family == "22" || family == "23") {  // data, integrity
    failure.kind = "validation";
    failure.status = 409;
  } else if (state == "42501" || state == "25006") {  // no privilege, read-only transaction
    failure.kind = "authorization";
    failure.status = 403;
  } else if (state == "57014") {  // cancelled, by statement_timeout or by us
    failure.kind = "timeout";
    failure.status = 408;
  } else if (family == "40" || family == "53" || family == "55" || family == "57" || family == "58" || family == "08") {
    failure.kind = "communication";  // conflict with another transaction, resources, shutdown
    failure.status = 503;
  } else if (family == "P0" || family == "XX") {
    failure.kind = "runtime";
    failure.status = 500;
  }
  return failure;
}

std::optional<SqlFailure> PostgresqlConnection::open(const PostgresqlAccess& access) {
  const SqlSettings& settings = call_.settings;
  const bool is_socket = settings.host.starts_with('/');
  std::vector<std::string> hosts(std::max<std::size_t>(access.addresses.size(), 1), settings.host);
  const std::string host = fmt::format("{}", fmt::join(hosts, ",")),
                    addresses = fmt::format("{}", fmt::join(access.addresses, ","));
  const std::string port = std::to_string(settings.port);
  const char* mode = is_socket || !settings.tls ? "disable" : "verify-full";
  const std::array<const char*, 13> keys = {"host",
                                            "hostaddr",
                                            "port",
                                            "dbname",
                                            "user",
                                            "password",
                                            "passfile",
                                            "sslmode",
                                            "sslrootcert",
                                            "gssencmode",
                                            "application_name",
                                            "client_encoding",
                                            nullptr};
  const std::array<const char*, 13> values = {host.c_str(),
                                              addresses.c_str(),
                                              port.c_str(),
                                              settings.database.c_str(),
                                              settings.user.c_str(),
                                              access.password.c_str(),
                                              "/dev/null/none",
                                              mode,
                                              settings.certificates.c_str(),
                                              "disable",
                                              "gantry",
                                              "UTF8",
                                              nullptr};
  connection_.reset(pq().PQconnectStartParams(keys.data(), values.data(), 0));
  PGconn* connection = connection_.get();
  if (connection == nullptr || pq().PQstatus(connection) == CONNECTION_BAD) return lost();
  for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK; state = pq().PQconnectPoll(connection)) {
    if (state == PGRES_POLLING_FAILED) return lost();
    if (!wait_for(state == PGRES_POLLING_READING ? POLLIN : POLLOUT)) return sql_over(call_);
  }
  pq().PQsetnonblocking(connection, 1);
  pq().PQsetNoticeProcessor(connection, ignore_notice, nullptr);
  return std::nullopt;
}

bool PostgresqlConnection::wait_for(short events) {
  while (!call_.is_over()) {
    pollfd entry{.fd = pq().PQsocket(connection_.get()), .events = events, .revents = 0};
    const auto left = std::min<std::int64_t>(call_.left().count(), stop_look_ms);
    const int ready = poll(&entry, 1, static_cast<int>(left));
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
  }
  return false;
}

SqlFailure PostgresqlConnection::lost() {
  const std::string text = connection_ != nullptr ? one_line(pq().PQerrorMessage(connection_.get())) : "out of memory";
  return {.kind = "communication", .status = 503, .text = text.empty() ? "the connection was lost" : text};
}

SqlFailure PostgresqlConnection::give_up() {
  if (PGcancel* cancel = pq().PQgetCancel(connection_.get())) {
    std::array<char, 256> words{};
    (void)pq().PQcancel(cancel, words.data(), static_cast<int>(words.size()));
    pq().PQfreeCancel(cancel);
  }
  return sql_over(call_);
}

bool PostgresqlConnection::send(const char* text, const std::vector<PostgresqlParameter>& parameters) {
  std::vector<Oid> types;
  std::vector<const char*> texts;
  for (const PostgresqlParameter& parameter : parameters) {
    types.push_back(parameter.type);
    texts.push_back(parameter.text ? parameter.text->c_str() : nullptr);
  }
  return pq().PQsendQueryParams(connection_.get(), text, static_cast<int>(parameters.size()), types.data(),
                                texts.data(), nullptr, nullptr, 0) == 1;
}

std::optional<SqlFailure> PostgresqlConnection::flush() {
  for (;;) {
    const int state = pq().PQflush(connection_.get());
    if (state == 0) return std::nullopt;
    if (state < 0) return lost();
    if (!wait_for(POLLIN | POLLOUT)) return give_up();
    if (pq().PQconsumeInput(connection_.get()) == 0) return lost();
  }
}

std::variant<PostgresqlConnection::ResultHandle, SqlFailure> PostgresqlConnection::next() {
  while (pq().PQisBusy(connection_.get()) != 0) {
    if (!wait_for(POLLIN)) return give_up();
    if (pq().PQconsumeInput(connection_.get()) == 0) return lost();
  }
  return ResultHandle(pq().PQgetResult(connection_.get()));
}

std::variant<PostgresqlConnection::ResultHandle, SqlFailure> PostgresqlConnection::run(
    const char* text, const std::vector<PostgresqlParameter>& parameters) {
  if (!send(text, parameters)) return lost();
  if (auto failure = flush()) return *failure;
  auto first = next();
  if (std::holds_alternative<SqlFailure>(first)) return first;
  ResultHandle result = std::get<ResultHandle>(std::move(first));
  if (result == nullptr) return lost();
  for (;;) {
    auto rest = next();
    if (std::holds_alternative<SqlFailure>(rest)) return rest;
    if (std::get<ResultHandle>(rest) == nullptr) break;
  }
  const ExecStatusType status = pq().PQresultStatus(result.get());
  if (pq().PQstatus(connection_.get()) == CONNECTION_BAD) return lost();
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return postgresql_failure(result.get());
  return result;
}

SqlAnswer PostgresqlConnection::run_for_rows(const std::string& text,
                                             const std::vector<PostgresqlParameter>& parameters) {
  if (!send(text.c_str(), parameters) || pq().PQsetSingleRowMode(connection_.get()) == 0) return lost();
  if (auto failure = flush()) return *failure;
  return take_rows();
}

SqlAnswer PostgresqlConnection::take_rows() {
  std::optional<SqlRows> rows;
  std::int64_t affected = 0;
  for (;;) {
    auto got = next();
    if (auto* failure = std::get_if<SqlFailure>(&got)) return *failure;
    const PGresult* result = std::get<ResultHandle>(got).get();
    if (result == nullptr) break;
    switch (pq().PQresultStatus(result)) {
      case PGRES_SINGLE_TUPLE:
      case PGRES_TUPLES_OK:
        if (!rows) rows.emplace(call_.settings, postgresql_columns(result));
        for (int row = 0; row < pq().PQntuples(result); ++row)
          if (!rows->add(postgresql_row(result, row))) {
            (void)give_up();
            return *rows->failure();
          }
        break;
      case PGRES_COMMAND_OK:
        break;
      default:
        if (pq().PQstatus(connection_.get()) == CONNECTION_BAD) return lost();
        return postgresql_failure(result);
    }
    const std::string_view count = pq().PQcmdTuples(const_cast<PGresult*>(result));
    if (!count.empty()) affected = std::stoll(std::string(count));
  }
  const std::string_view keyword = call_.binding.statement.keyword;
  const bool counts_reads = keyword == "SELECT" || keyword == "VALUES";
  if (!counts_reads && call_.binding.affected_max && affected > *call_.binding.affected_max)
    return sql_too_many_affected(affected, *call_.binding.affected_max);
  return rows ? rows->take() : Value::object({{"affected", affected}});
}

std::optional<SqlFailure> PostgresqlConnection::commit() {
  auto committed = run("COMMIT");
  if (auto* failure = std::get_if<SqlFailure>(&committed)) {
    // An answer of the server says what became of it; silence does not.
    const bool answered = pq().PQstatus(connection_.get()) == CONNECTION_OK && !call_.is_over();
    failure->unknown = !call_.reads && !answered;
    return *failure;
  }
  const std::string_view command = pq().PQcmdStatus(std::get<ResultHandle>(committed).get());
  if (command == "COMMIT") return std::nullopt;
  return SqlFailure{.kind = "runtime", .status = 500, .text = "the transaction was rolled back"};
}

}  // namespace gantry::tool
