// Any text as an SQL statement: no crash, and what is let through is one statement for SQLite, too, with no more
// placeholders than were found. Input: one byte for the dialect, then the statement.
#include <sqlite3.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tool/file_path.h"
#include "tool/mail_message.h"
#include "tool/sql_statement.h"

namespace {

void check_with_sqlite(const gantry::tool::SqlStatement& parsed) {
  static sqlite3* database = [] {
    sqlite3* opened = nullptr;
    if (sqlite3_open(":memory:", &opened) != SQLITE_OK) std::abort();
    return opened;
  }();
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  if (sqlite3_prepare_v2(database, parsed.text.c_str(), -1, &statement, &tail) != SQLITE_OK) return;
  if (sqlite3_bind_parameter_count(statement) > static_cast<int>(parsed.names.size())) std::abort();
  sqlite3_finalize(statement);
  sqlite3_stmt* second = nullptr;
  sqlite3_prepare_v2(database, tail, -1, &second, nullptr);
  if (second != nullptr) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gantry;
  using namespace gantry::tool;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto dialect = (data[0] & 1) != 0 ? SqlDialect::postgresql : SqlDialect::sqlite;
  const auto parsed = parse_sql_statement(text, dialect);
  if (parsed && dialect == SqlDialect::sqlite) check_with_sqlite(*parsed);
  // A path that is let through has no part that leads elsewhere; an address no byte that ends a header.
  if (check_file_path(text)) {
    const std::string framed = "/" + std::string(text) + "/";
    if (framed.find("/../") != std::string::npos || framed.find("/./") != std::string::npos ||
        framed.find("//") != std::string::npos)
      std::abort();
  }
  if (const auto address = read_mail_address(Value(text)))
    if (address->address.find_first_of("\r\n<> ,;\"") != std::string::npos) std::abort();
  const std::string header = encoded_header_text(text);
  for (std::size_t at = header.find('\n'); at != std::string::npos; at = header.find('\n', at + 1))
    if (at + 1 >= header.size() || header[at + 1] != ' ') std::abort();
  return 0;
}
