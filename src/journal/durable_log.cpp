#include "journal/durable_log.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace gantry::journal {
namespace {

constexpr sqlite3_int64 bytes_at_once = 1 << 20;

// A file of SQLite's file layer, which may be another one than the system's.
class LogFile {
 public:
  LogFile(const std::string& database, const std::string& file_layer)
      : vfs_(sqlite3_vfs_find(file_layer.empty() ? nullptr : file_layer.c_str())),
        log_(database + "-wal"),
        // The form in which SQLite gives names to file layers.
        name_(sqlite3_create_filename(database.c_str(), "", log_.c_str(), 0, nullptr)) {}
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  ~LogFile() {
    if (file() != nullptr && file()->pMethods != nullptr) file()->pMethods->xClose(file());
    sqlite3_free_filename(name_);
  }

  bool exists() const {
    int answer = 0;
    return vfs_ != nullptr && name_ != nullptr &&
           vfs_->xAccess(vfs_, log_.c_str(), SQLITE_ACCESS_EXISTS, &answer) == SQLITE_OK && answer != 0;
  }
  int rewrite() {
    const auto size_of_file = static_cast<std::size_t>(vfs_->szOsFile);
    memory_.assign((size_of_file + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t), {});
    int flags = 0;
    const char* log_name = sqlite3_filename_wal(name_);
    if (int code = vfs_->xOpen(vfs_, log_name, file(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL, &flags);
        code != SQLITE_OK)
      return code;
    sqlite3_int64 size = 0;
    if (int code = file()->pMethods->xFileSize(file(), &size); code != SQLITE_OK) return code;
    std::vector<char> bytes(static_cast<std::size_t>(std::min(size, bytes_at_once)));
    for (sqlite3_int64 offset = 0; offset < size; offset += bytes_at_once) {
      const int count = static_cast<int>(std::min(bytes_at_once, size - offset));
      if (int code = file()->pMethods->xRead(file(), bytes.data(), count, offset); code != SQLITE_OK) return code;
      const int code = file()->pMethods->xWrite(file(), bytes.data(), count, offset);
      // Disks that write every block to a new place may have none: then the sync must do.
      if (code == SQLITE_FULL) break;
      if (code != SQLITE_OK) return code;
    }
    return size == 0 ? SQLITE_OK : file()->pMethods->xSync(file(), SQLITE_SYNC_NORMAL);
  }

 private:
  sqlite3_file* file() { return memory_.empty() ? nullptr : reinterpret_cast<sqlite3_file*>(memory_.data()); }

  sqlite3_vfs* vfs_;
  std::string log_;
  const char* name_;
  std::vector<std::max_align_t> memory_;
};

}  // namespace

Status make_log_durable(DatabaseConnection& connection, const std::string& file_layer) {
  if (connection.is_memory()) return done();
  LogFile log(connection.path(), file_layer);
  if (!log.exists()) return done();
  auto transaction = TRY(DatabaseTransaction::begin(connection));  // rolled back: there is nothing to commit
  if (const int code = log.rewrite(); code != SQLITE_OK)
    return Error{
        Code::unavailable,
        fmt::format("the log of the journal ({}-wal) can't be brought to the disk: {} (SQLite code {}); check the disk",
                    connection.path(), sqlite3_errstr(code), code)};
  return done();
}

}  // namespace gantry::journal
