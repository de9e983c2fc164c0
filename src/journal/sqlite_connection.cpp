#include "journal/sqlite_connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <filesystem>
#include <system_error>

namespace gantry::journal {
namespace {

constexpr int busy_timeout_ms = 5000;

// SQLite's count of its memory costs a global lock per allocation, and nobody reads it. No effect once SQLite runs.
void configure_library() {
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)configured;
}

Result<sqlite3*> open_database(const std::string& name, int flags, const std::string& file_layer = {}) {
  configure_library();
  sqlite3* database = nullptr;
  int code = sqlite3_open_v2(name.c_str(), &database, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                             file_layer.empty() ? nullptr : file_layer.c_str());
  if (code == SQLITE_OK) return database;
  Error error{Code::unavailable, fmt::format("cannot open the database {}: {}", name,
                                             database ? sqlite3_errmsg(database) : "out of memory")};
  sqlite3_close_v2(database);
  return error;
}

// Percent-encodes what has a meaning in SQLite's "file:" names.
std::string immutable_name(const std::string& path) {
  std::string name = "file:";
  for (char character : path) {
    if (character == '?' || character == '#' || character == '%')
      name += fmt::format("%{:02X}", static_cast<unsigned>(character));
    else
      name += character;
  }
  return name + "?immutable=1";
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::string full_message(const SqliteConnection& connection, std::string_view doing) {
  return fmt::format(
      "{}: no space left for {}; nothing of this batch was kept. Free space on that disk, or raise the store's page "
      "limit, and try again",
      doing, connection.is_memory() ? "the store in memory" : connection.path());
}

}  // namespace

SqliteStatement::~SqliteStatement() {
  sqlite3_finalize(statement_);
}

DatabaseStatement& SqliteStatement::bind(int parameter, std::int64_t number) {
  sqlite3_bind_int64(statement_, parameter, number);
  return *this;
}

DatabaseStatement& SqliteStatement::bind(int parameter, std::string_view text) {
  // A null pointer would bind NULL; an empty view may hold one.
  sqlite3_bind_text64(statement_, parameter, text.data() ? text.data() : "", text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

DatabaseStatement& SqliteStatement::bind_null(int parameter) {
  sqlite3_bind_null(statement_, parameter);
  return *this;
}

DatabaseStatement& SqliteStatement::bind_blob(int parameter, std::string_view bytes) {
  sqlite3_bind_blob64(statement_, parameter, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_STATIC);
  return *this;
}

Result<bool> SqliteStatement::step() {
  int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_.error("journal");
}

Status SqliteStatement::run() {
  auto row = step();
  reset();
  if (!row) return row.error();
  return done();
}

Result<std::int64_t> SqliteStatement::run_counted() {
  TRY(run());
  return connection_.changes();
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_);
}
int SqliteStatement::column_count() const {
  return sqlite3_column_count(statement_);
}
std::string_view SqliteStatement::column_name(int column) const {
  return sqlite3_column_name(statement_, column);
}
bool SqliteStatement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
bool SqliteStatement::is_integer(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_INTEGER;
}
std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double SqliteStatement::real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string_view SqliteStatement::text(int column) const {
  const unsigned char* start = sqlite3_column_text(statement_, column);
  if (!start) return {};
  return {reinterpret_cast<const char*>(start), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view SqliteStatement::blob(int column) const {
  const void* start = sqlite3_column_blob(statement_, column);
  if (!start) return {};
  return {static_cast<const char*>(start), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path, Mode mode,
                                                                 const std::string& file_layer) {
  sqlite3* database = nullptr;
  std::unique_ptr<GatheredWrites> log;
  if (mode == Mode::memory) {
    database = TRY(open_database(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  } else if (mode == Mode::create) {
    configure_library();
    log = GatheredWrites::in_front_of(file_layer);
    if (!log) return Error{Code::internal, fmt::format("SQLite has no file layer '{}'", file_layer)};
    database = TRY(open_database(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, log->name()));
  } else if (!exists(path)) {
    return Error{Code::not_found, fmt::format("there is no journal at {}", path)};
  } else {
    database = TRY(open_database(path, SQLITE_OPEN_READONLY));
  }
  std::unique_ptr<SqliteConnection> connection(
      new SqliteConnection(database, mode == Mode::memory ? std::string() : path));
  connection->log_ = std::move(log);
  if (mode == Mode::read_only && !connection->integer_of("SELECT count(*) FROM sqlite_schema") &&
      !exists(path + "-wal")) {
    // A closed database where no -wal and -shm files can be made: a read-only disk. Nobody can be writing it.
    sqlite3* fixed = TRY(open_database(immutable_name(path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI));
    connection.reset(new SqliteConnection(fixed, path));
  }
  sqlite3_busy_timeout(connection->database_, busy_timeout_ms);
  sqlite3_db_config(connection->database_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // The journal's text is data, never a name, so a mistyped column must not turn into a string.
  sqlite3_db_config(connection->database_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(connection->database_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  return connection;
}

SqliteConnection::~SqliteConnection() {
  cached_.clear();
  sqlite3_close_v2(database_);
}

Status SqliteConnection::execute(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return error("journal");
  return done();
}

Result<StatementUse> SqliteConnection::use(const char* sql) {
  auto& slot = cached_[sql];
  if (!slot) slot = TRY(prepare(sql));
  return StatementUse(*slot);
}

Result<std::unique_ptr<DatabaseStatement>> SqliteConnection::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(database_, sql.c_str(), static_cast<int>(sql.size() + 1), SQLITE_PREPARE_PERSISTENT,
                         &statement, nullptr) != SQLITE_OK)
    return error("journal");
  return std::unique_ptr<DatabaseStatement>(std::make_unique<SqliteStatement>(*this, statement));
}

std::int64_t SqliteConnection::changes() const {
  return sqlite3_changes64(database_);
}

Status SqliteConnection::begin() {
  auto statement = TRY(use("BEGIN IMMEDIATE"));
  return statement->run();
}

Status SqliteConnection::commit() {
  auto statement = TRY(use("COMMIT"));
  return statement->run();
}

// SQLite has rolled back by itself after some errors (disk full among them).
void SqliteConnection::roll_back() {
  if (sqlite3_get_autocommit(database_) == 0) (void)execute("ROLLBACK");
}

// A failed sync leaves the kernel free to drop the pages and report success next time, so nothing more may be promised
// on this file. A full disk is no such doubt: SQLite has not written the commit.
bool SqliteConnection::is_in_doubt(bool committing) const {
  const int code = sqlite3_errcode(database_) & 0xff;
  return code == SQLITE_IOERR || (committing && code != SQLITE_FULL);
}

void SqliteConnection::set_checkpoint_at_close(bool wanted) {
  sqlite3_db_config(database_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, wanted ? 0 : 1, nullptr);
}

Result<std::int64_t> SqliteConnection::bytes_used() {
  const std::int64_t pages = TRY(integer_of("PRAGMA page_count"));
  const std::int64_t page_bytes = TRY(integer_of("PRAGMA page_size"));
  return pages * page_bytes;
}

Error SqliteConnection::error(std::string_view doing) const {
  std::string where = is_memory() ? "the store in memory" : path_;
  const char* reason = sqlite3_errmsg(database_);
  int code = sqlite3_errcode(database_);  // extended: SQLITE_OPEN_EXRESCODE
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {Code::unavailable, full_message(*this, doing)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::unavailable,
              fmt::format("{}: {} is locked by another program for more than {} ms", doing, where, busy_timeout_ms)};
    case SQLITE_NOTADB:
      return {
          Code::unavailable,
          fmt::format("{}: {} is not an SQLite database; was it overwritten? Restore it from a backup", doing, where)};
    case SQLITE_CORRUPT:
      return {Code::unavailable, fmt::format("{}: {} is damaged ({}); restore it from a backup, and check the disk",
                                             doing, where, reason)};
    case SQLITE_CONSTRAINT:
      return {Code::conflict, fmt::format("{}: {}", doing, reason)};
    case SQLITE_NOMEM:
      return {Code::exhausted, fmt::format("{}: out of memory", doing)};
    case SQLITE_TOOBIG:
      return {Code::exhausted, fmt::format("{}: a value is larger than SQLite can keep (1 GB)", doing)};
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return {Code::unavailable,
              fmt::format("{}: cannot use {}: {} (SQLite code {}); check the disk and the file's permissions", doing,
                          where, reason, code)};
    default:
      return {Code::internal, fmt::format("{}: {}: {} (SQLite code {})", doing, where, reason, code)};
  }
}

}  // namespace gantry::journal
