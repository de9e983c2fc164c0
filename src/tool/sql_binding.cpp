#include "tool/sql_binding.h"

#include <fmt/format.h>

#include <algorithm>

#include "tool/part_reader.h"
#include "tool/standard_call.h"

namespace gantry::tool {
namespace {

constexpr Duration sql_timeout_max = std::chrono::hours(1);
constexpr std::int64_t sql_rows_max = 100'000;
constexpr std::int64_t sql_bytes_max = 64 << 20;

Status read_sql_database(const PartReader& reader, SqlSettings& result) {
  const std::string database = TRY(reader.text("database"));
  constexpr std::string_view sqlite = "sqlite:", postgresql = "postgresql:";
  if (database.starts_with(sqlite)) {
    result.database = database.substr(sqlite.size());
  } else if (database.starts_with(postgresql)) {
    result.dialect = SqlDialect::postgresql;
    result.database = database.substr(postgresql.size());
  }
  const bool is_name = result.dialect == SqlDialect::sqlite || result.database.find_first_of("/=@:? ") == std::string::npos;
  if (result.database.empty() || !is_name || database.find('\0') != std::string::npos)
    return wrong_part("/database", "expected sqlite:PATH, or postgresql:NAME with 'host', 'user' and so on beside it");
  return done();
}

Status read_server(const PartReader& reader, SqlSettings& result) {
  for (const char* key : {"host", "port", "user", "password", "tls", "certificates"})
    if (result.dialect == SqlDialect::sqlite && reader.has(key))
      return wrong_part(reader.pointer(key), "only PostgreSQL has it");
  if (result.dialect == SqlDialect::sqlite) return done();
  result.host = TRY(reader.text("host"));
  if (result.host.find_first_of(", \t\n") != std::string::npos) return wrong_part("/host", "expected one host, or the directory of a socket");
  result.port = static_cast<std::uint16_t>(TRY(reader.integer_or("port", 5432, 1, 65535)));
  result.user = TRY(reader.text("user"));
  result.password_secret = TRY(reader.secret("password"));
  const std::size_t tls = TRY(reader.choice("tls", {"verify", "off"}));
  result.tls = tls == 0;
  result.certificates = TRY(reader.text_or("certificates", "/etc/ssl/certs/ca-certificates.crt"));
  return done();
}

// What an operation's class and its statement say about each other, and the arguments.
void check_sql_operation(const definition::Operation& operation, const SqlBinding& binding,
                         std::vector<std::string>& problems) {
  const std::string pointer = binding_pointer(operation.name);
  const std::vector<std::string>& used = binding.statement.names;
  if (is_read(operation.effect_class) && !binding.statement.reads)
    problems.push_back(fmt::format("{}/statement: {} does not fit the class {}", pointer, binding.statement.keyword,
                                   definition::name_of(operation.effect_class)));
  if (is_read(operation.effect_class) && binding.affected_max)
    problems.push_back(fmt::format("{}/affectedMax: a read affects no rows", pointer));
  check_argument_names(operation, used, pointer + "/statement", problems);
  for (const std::string& name : argument_names(operation))
    if (std::find(used.begin(), used.end(), name) == used.end())
      problems.push_back(fmt::format("{}/statement: it has no place for the argument \"{}\"", pointer, name));
}

}  // namespace

Result<SqlSettings> read_sql_settings(const Value& settings) {
  const auto reader = TRY(PartReader::open(settings, "", {"database", "host", "port", "user", "password", "tls",
                                                          "certificates", "timeout", "rows", "bytes"}));
  SqlSettings result;
  TRY(read_sql_database(reader, result));
  TRY(read_server(reader, result));
  result.timeout = TRY(reader.duration_or("timeout", result.timeout, sql_timeout_max));
  result.rows_max = TRY(reader.integer_or("rows", result.rows_max, 1, sql_rows_max));
  result.bytes_max = TRY(reader.integer_or("bytes", result.bytes_max, 1, sql_bytes_max));
  return result;
}

Result<SqlBinding> read_sql_binding(const Value& binding, SqlDialect dialect) {
  const auto reader = TRY(PartReader::open(binding, "", {"statement", "affectedMax"}));
  SqlBinding result;
  const std::string text = TRY(reader.text("statement"));
  Result<SqlStatement> statement = parse_sql_statement(text, dialect);
  if (!statement) return wrong_part("/statement", statement.error().message);
  result.statement = *std::move(statement);
  if (reader.has("affectedMax")) result.affected_max = TRY(reader.integer_or("affectedMax", 0, 0, INT64_MAX));
  return result;
}

std::vector<std::string> check_sql_tool(const definition::Tool& tool) {
  const Result<SqlSettings> settings = read_sql_settings(tool.settings);
  if (!settings) return {"/settings" + settings.error().message};
  std::vector<std::string> problems;
  for (const auto& [name, operation] : tool.operations) {
    const Result<SqlBinding> binding = read_sql_binding(operation.binding, settings->dialect);
    if (binding)
      check_sql_operation(operation, *binding, problems);
    else
      problems.push_back(binding_pointer(name) + binding.error().message);
  }
  return problems;
}

}  // namespace gantry::tool
