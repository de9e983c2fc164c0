#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <climits>
#include <cmath>
#include <memory>

#include "tool/base64.h"
#include "tool/sql_database.h"
#include "value/json.h"

namespace gantry::tool {
namespace {

constexpr int progress_steps = 1'000;  // virtual machine instructions between two looks at the clock

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// What an author's statement may do: read, and in a write change rows. Whatever else there is, of today's SQLite or
// tomorrow's, is refused: ATTACH, PRAGMA, CREATE, load_extension.
int authorize(void* context, int action, const char* first, const char* second, const char*, const char*) {
  const bool reads = *static_cast<const bool*>(context);
  const std::string_view table = first != nullptr ? first : "", function = second != nullptr ? second : "";
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      return function == "load_extension" ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
      return reads || table == "gantry_effect" || table.starts_with("sqlite_") ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:  // full-text search asks for it by itself
      return table == "data_version" && second == nullptr ? SQLITE_OK : SQLITE_DENY;
    default:
      return SQLITE_DENY;
  }
}

int is_over(void* call) {
  return static_cast<const SqlCall*>(call)->is_over() ? 1 : 0;
}

// A short wait for whoever holds the lock, until the call is over.
int wait_for_lock(void* call, int) {
  if (static_cast<const SqlCall*>(call)->is_over()) return 0;
  sqlite3_sleep(2);
  return 1;
}

class SqliteCall {
 public:
  explicit SqliteCall(const SqlCall& call) : call_(call) {}

  SqlAnswer perform(const std::string& path) {
    if (auto failure = open(path)) return *failure;
    if (auto failure = run(call_.reads ? "PRAGMA query_only=1" : "PRAGMA foreign_keys=1")) return *failure;
    if (auto failure = run(call_.reads ? "BEGIN" : "BEGIN IMMEDIATE")) return *failure;
    SqlAnswer answer = in_transaction();
    if (auto* failure = std::get_if<SqlFailure>(&answer)) {
      failure->keyed = failure->keyed || key_is_new_;
      return answer;  // closing the connection rolls back
    }
    if (recorded_) return answer;
    if (auto failure = commit()) return *failure;
    return answer;
  }

 private:
  std::optional<SqlFailure> open(const std::string& path) {
    sqlite3* raw = nullptr;
    const int flags = (call_.reads ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
    database_.reset(raw);
    if (code != SQLITE_OK)
      return SqlFailure{.kind = "communication", .status = 503, .text = fmt::format("{}: {}", path, sqlite3_errstr(code))};
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
    sqlite3_limit(raw, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, static_cast<int>(std::max<std::int64_t>(call_.settings.bytes_max, 1 << 20)));
    void* context = const_cast<SqlCall*>(&call_);
    sqlite3_progress_handler(raw, progress_steps, is_over, context);
    sqlite3_busy_handler(raw, wait_for_lock, context);
    return std::nullopt;
  }

  SqlFailure failed(int code) {
    const int kind = code & 0xFF;
    std::string text = sqlite3_errmsg(database_.get());
    if (kind == SQLITE_INTERRUPT || ((kind == SQLITE_BUSY || kind == SQLITE_LOCKED) && call_.is_over()))
      return sql_over(call_);
    if (kind == SQLITE_CONSTRAINT || kind == SQLITE_MISMATCH)
      return {.kind = "validation", .status = 409, .text = std::move(text)};
    if (kind == SQLITE_TOOBIG || kind == SQLITE_FULL || kind == SQLITE_NOMEM)
      return {.kind = "runtime", .status = 500, .text = std::move(text)};
    if (kind == SQLITE_BUSY || kind == SQLITE_LOCKED || kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN ||
        kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB)
      return {.kind = "communication", .status = 503, .text = std::move(text)};
    if (kind == SQLITE_AUTH || kind == SQLITE_READONLY || kind == SQLITE_PERM)
      return {.kind = "authorization", .status = 403, .text = std::move(text)};
    return {.kind = "configuration", .status = 400, .text = std::move(text)};
  }

  // A statement of ours.
  std::optional<SqlFailure> run(const char* text) {
    const int code = sqlite3_exec(database_.get(), text, nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? std::nullopt : std::optional<SqlFailure>(failed(code));
  }

  std::variant<StatementHandle, SqlFailure> prepare(const std::string& text) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v2(database_.get(), text.c_str(), static_cast<int>(text.size()), &raw, nullptr);
    StatementHandle handle(raw);
    if (code != SQLITE_OK) return failed(code);
    return handle;
  }

  SqlAnswer in_transaction() {
    if (call_.key) {
      if (auto failure = run("CREATE TABLE IF NOT EXISTS gantry_effect (key TEXT PRIMARY KEY, digest TEXT NOT NULL, "
                             "result TEXT NOT NULL, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)"))
        return *failure;
      if (auto before = find_recorded()) return *before;
    }
    SqlAnswer answer = run_statement();
    if (const Value* result = std::get_if<Value>(&answer); result != nullptr && call_.key) {
      if (auto failure = record(*result)) return *failure;
    }
    return answer;
  }

  // The answer of an earlier attempt.
  std::optional<SqlAnswer> find_recorded() {
    auto prepared = prepare("SELECT digest, result FROM gantry_effect WHERE key = ?1");
    if (auto* failure = std::get_if<SqlFailure>(&prepared)) return *failure;
    sqlite3_stmt* statement = std::get<StatementHandle>(prepared).get();
    bind_text(statement, 1, call_.key->key);
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) {
      key_is_new_ = true;
      return std::nullopt;
    }
    if (code != SQLITE_ROW) return failed(code);
    if (column_text(statement, 0) != call_.key->digest) return sql_other_arguments();
    Result<Value> result = parse_json(column_text(statement, 1));
    if (!result) return SqlFailure{.kind = "runtime", .status = 500, .text = "gantry_effect: the recorded result is no JSON"};
    recorded_ = true;
    return *std::move(result);
  }

  std::optional<SqlFailure> record(const Value& result) {
    auto prepared = prepare("INSERT INTO gantry_effect (key, digest, result) VALUES (?1, ?2, ?3)");
    if (auto* failure = std::get_if<SqlFailure>(&prepared)) return *failure;
    sqlite3_stmt* statement = std::get<StatementHandle>(prepared).get();
    bind_text(statement, 1, call_.key->key);
    bind_text(statement, 2, call_.key->digest);
    bind_text(statement, 3, print_json(result));
    const int code = sqlite3_step(statement);
    return code == SQLITE_DONE ? std::nullopt : std::optional<SqlFailure>(failed(code));
  }

  SqlAnswer run_statement() {
    bool reads = call_.reads;
    sqlite3_set_authorizer(database_.get(), authorize, &reads);
    auto prepared = prepare(call_.binding.statement.text);
    if (auto* failure = std::get_if<SqlFailure>(&prepared)) {
      sqlite3_set_authorizer(database_.get(), nullptr, nullptr);
      return *failure;
    }
    sqlite3_stmt* statement = std::get<StatementHandle>(prepared).get();
    SqlAnswer answer = step_through(statement);
    prepared = SqlFailure{};  // finalized, before the authorizer's context goes
    sqlite3_set_authorizer(database_.get(), nullptr, nullptr);
    return answer;
  }

  SqlAnswer step_through(sqlite3_stmt* statement) {
    if (static_cast<std::size_t>(sqlite3_bind_parameter_count(statement)) != call_.parameters.size())
      return SqlFailure{.kind = "configuration", .status = 400, .text = "the statement has other placeholders than :name"};
    for (std::size_t index = 0; index < call_.parameters.size(); ++index)
      if (const int code = bind(statement, static_cast<int>(index) + 1, call_.parameters[index]); code != SQLITE_OK)
        return failed(code);
    const int columns = sqlite3_column_count(statement);
    std::vector<std::string> names;
    for (int column = 0; column < columns; ++column) names.emplace_back(sqlite3_column_name(statement, column));
    SqlRows rows(call_.settings, std::move(names));
    const sqlite3_int64 before = sqlite3_total_changes64(database_.get());
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      std::vector<Value> row;
      for (int column = 0; column < columns; ++column) row.push_back(column_value(statement, column));
      if (!rows.add(std::move(row))) return *rows.failure();
    }
    if (code != SQLITE_DONE) return failed(code);
    const std::int64_t affected =
        sqlite3_total_changes64(database_.get()) == before ? 0 : sqlite3_changes64(database_.get());
    if (call_.binding.affected_max && affected > *call_.binding.affected_max)
      return sql_too_many_affected(affected, *call_.binding.affected_max);
    return columns > 0 ? rows.take() : Value::object({{"affected", affected}});
  }

  // A commit that fails as busy is known not to have taken place; one that fails in the file may or may not have.
  std::optional<SqlFailure> commit() {
    const int code = sqlite3_exec(database_.get(), "COMMIT", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return std::nullopt;
    SqlFailure failure = failed(code);
    failure.unknown = !call_.reads && (code & 0xFF) == SQLITE_IOERR;
    failure.keyed = key_is_new_;
    return failure;
  }

  static void bind_text(sqlite3_stmt* statement, int index, std::string_view text) {
    sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }

  static int bind(sqlite3_stmt* statement, int index, const Value& value) {
    switch (value.kind()) {
      case Value::Kind::null:
        return sqlite3_bind_null(statement, index);
      case Value::Kind::boolean:
        return sqlite3_bind_int(statement, index, value.is_true() ? 1 : 0);
      case Value::Kind::integer:
        return sqlite3_bind_int64(statement, index, value.as_integer());
      case Value::Kind::number:
        return sqlite3_bind_double(statement, index, value.as_number());
      case Value::Kind::string:
        return sqlite3_bind_text64(statement, index, value.as_string().data(), value.as_string().size(),
                                   SQLITE_TRANSIENT, SQLITE_UTF8);
      case Value::Kind::array:
      case Value::Kind::object: {
        const std::string text = print_json(value);
        return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
      }
    }
    return SQLITE_MISMATCH;
  }

  static std::string_view column_text(sqlite3_stmt* statement, int column) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
    return {text != nullptr ? text : "", static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
  }

  static Value column_value(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
      case SQLITE_INTEGER:
        return static_cast<std::int64_t>(sqlite3_column_int64(statement, column));
      case SQLITE_FLOAT:
        return sqlite3_column_double(statement, column);
      case SQLITE_TEXT:
        return sql_text(column_text(statement, column));
      case SQLITE_BLOB: {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
        return Value::object({{"base64", encode_base64({bytes != nullptr ? bytes : "", size})}});
      }
      default:
        return {};
    }
  }

  const SqlCall& call_;
  std::unique_ptr<sqlite3, CloseDatabase> database_;
  bool key_is_new_ = false, recorded_ = false;
};

}  // namespace

SqlAnswer call_sqlite(const SqlCall& call, const std::string& path) {
  return SqliteCall(call).perform(path);
}

}  // namespace gantry::tool
