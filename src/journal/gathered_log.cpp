#include "journal/gathered_log.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <new>
#include <vector>

namespace gantry::journal {
namespace {

constexpr std::size_t gathered_bytes_max = 1 << 20;
// SQLite's layer for Unix takes the size of one write modulo 128 KiB.
constexpr std::size_t write_bytes_max = 64 << 10;

// What SQLite holds of the open log; it gives the memory, so it is made and unmade in place.
struct OpenLog {
  sqlite3_file base;
  std::vector<std::max_align_t> memory;  // of the file of the layer behind
  std::vector<char> gathered;
  sqlite3_int64 start = 0;  // where in the file it belongs

  sqlite3_file* behind() { return reinterpret_cast<sqlite3_file*>(memory.data()); }
  const sqlite3_io_methods& calls() { return *behind()->pMethods; }
  sqlite3_int64 end() const { return start + static_cast<sqlite3_int64>(gathered.size()); }
  int hand_on() {
    int code = SQLITE_OK;
    for (std::size_t done = 0; code == SQLITE_OK && done < gathered.size(); done += write_bytes_max) {
      const std::size_t size = std::min(write_bytes_max, gathered.size() - done);
      code = calls().xWrite(behind(), gathered.data() + done, static_cast<int>(size), start + static_cast<sqlite3_int64>(done));
    }
    gathered.clear();  // what could not be written is rolled back by SQLite, not written later
    return code;
  }
};

OpenLog& log_of(sqlite3_file* file) {
  return *reinterpret_cast<OpenLog*>(file);
}

int close_log(sqlite3_file* file) {
  OpenLog& log = log_of(file);
  const int written = log.hand_on();
  const int closed = log.calls().xClose(log.behind());
  log.~OpenLog();
  return written != SQLITE_OK ? written : closed;
}

int read_log(sqlite3_file* file, void* bytes, int count, sqlite3_int64 offset) {
  OpenLog& log = log_of(file);
  if (const int code = log.hand_on(); code != SQLITE_OK) return code;
  return log.calls().xRead(log.behind(), bytes, count, offset);
}

int write_log(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  OpenLog& log = log_of(file);
  const auto size = static_cast<std::size_t>(count);
  if (offset != log.end() || log.gathered.size() + size > gathered_bytes_max)
    if (const int code = log.hand_on(); code != SQLITE_OK) return code;
  if (log.gathered.empty()) log.start = offset;
  const auto* first = static_cast<const char*>(bytes);
  log.gathered.insert(log.gathered.end(), first, first + size);
  return SQLITE_OK;
}

int truncate_log(sqlite3_file* file, sqlite3_int64 size) {
  OpenLog& log = log_of(file);
  if (const int code = log.hand_on(); code != SQLITE_OK) return code;
  return log.calls().xTruncate(log.behind(), size);
}

int sync_log(sqlite3_file* file, int flags) {
  OpenLog& log = log_of(file);
  if (const int code = log.hand_on(); code != SQLITE_OK) return code;
  return log.calls().xSync(log.behind(), flags);
}

int size_of_log(sqlite3_file* file, sqlite3_int64* size) {
  OpenLog& log = log_of(file);
  if (const int code = log.hand_on(); code != SQLITE_OK) return code;
  return log.calls().xFileSize(log.behind(), size);
}

int lock_log(sqlite3_file* file, int level) {
  return log_of(file).calls().xLock(log_of(file).behind(), level);
}
int unlock_log(sqlite3_file* file, int level) {
  return log_of(file).calls().xUnlock(log_of(file).behind(), level);
}
int is_log_reserved(sqlite3_file* file, int* answer) {
  return log_of(file).calls().xCheckReservedLock(log_of(file).behind(), answer);
}
int control_log(sqlite3_file* file, int operation, void* argument) {
  return log_of(file).calls().xFileControl(log_of(file).behind(), operation, argument);
}
int sector_size_of_log(sqlite3_file* file) {
  return log_of(file).calls().xSectorSize(log_of(file).behind());
}
int characteristics_of_log(sqlite3_file* file) {
  return log_of(file).calls().xDeviceCharacteristics(log_of(file).behind());
}

// Version 1: shared memory and mapped pages are the database's, not the log's.
constexpr sqlite3_io_methods log_calls = {
    1,        close_log,       read_log,    write_log,         truncate_log,       sync_log,     size_of_log, lock_log, unlock_log,
    is_log_reserved, control_log, sector_size_of_log, characteristics_of_log, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};

sqlite3_vfs& behind(sqlite3_vfs* layer) {
  return *static_cast<sqlite3_vfs*>(layer->pAppData);
}

int open_file(sqlite3_vfs* layer, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  sqlite3_vfs& next = behind(layer);
  if ((flags & SQLITE_OPEN_WAL) == 0) return next.xOpen(&next, name, file, flags, flags_out);
  auto* log = new (file) OpenLog{};
  const auto size_behind = static_cast<std::size_t>(next.szOsFile);
  log->memory.assign((size_behind + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t), {});
  const int code = next.xOpen(&next, name, log->behind(), flags, flags_out);
  if (code == SQLITE_OK) {
    log->base.pMethods = &log_calls;
    return SQLITE_OK;
  }
  if (log->behind()->pMethods != nullptr) log->calls().xClose(log->behind());
  log->~OpenLog();
  file->pMethods = nullptr;
  return code;
}

}  // namespace

// The calls that a layer has, each to the one behind. What it does not have is left out.
struct GatheredLog::Layer {
  sqlite3_vfs calls{};
  std::string name;
};

std::unique_ptr<GatheredLog> GatheredLog::in_front_of(const std::string& behind_name) {
  static std::atomic<std::uint64_t> count{0};
  sqlite3_initialize();
  sqlite3_vfs* next = sqlite3_vfs_find(behind_name.empty() ? nullptr : behind_name.c_str());
  if (next == nullptr) return nullptr;
  auto layer = std::make_unique<Layer>();
  layer->name = fmt::format("gathered-log-{}", ++count);
  sqlite3_vfs& calls = layer->calls;
  calls.iVersion = std::min(next->iVersion, 2);
  calls.szOsFile = std::max(next->szOsFile, static_cast<int>(sizeof(OpenLog)));
  calls.mxPathname = next->mxPathname;
  calls.zName = layer->name.c_str();
  calls.pAppData = next;
  calls.xOpen = open_file;
  calls.xDelete = [](sqlite3_vfs* self, const char* file, int sync) { return behind(self).xDelete(&behind(self), file, sync); };
  calls.xAccess = [](sqlite3_vfs* self, const char* file, int flags, int* answer) {
    return behind(self).xAccess(&behind(self), file, flags, answer);
  };
  calls.xFullPathname = [](sqlite3_vfs* self, const char* file, int size, char* out) {
    return behind(self).xFullPathname(&behind(self), file, size, out);
  };
  calls.xRandomness = [](sqlite3_vfs* self, int size, char* out) { return behind(self).xRandomness(&behind(self), size, out); };
  calls.xSleep = [](sqlite3_vfs* self, int microseconds) { return behind(self).xSleep(&behind(self), microseconds); };
  calls.xCurrentTime = [](sqlite3_vfs* self, double* now) { return behind(self).xCurrentTime(&behind(self), now); };
  calls.xGetLastError = [](sqlite3_vfs* self, int size, char* out) { return behind(self).xGetLastError(&behind(self), size, out); };
  if (calls.iVersion >= 2)
    calls.xCurrentTimeInt64 = [](sqlite3_vfs* self, sqlite3_int64* now) { return behind(self).xCurrentTimeInt64(&behind(self), now); };
  if (sqlite3_vfs_register(&calls, 0) != SQLITE_OK) return nullptr;
  return std::unique_ptr<GatheredLog>(new GatheredLog(std::move(layer)));
}

GatheredLog::GatheredLog(std::unique_ptr<Layer> layer) : layer_(std::move(layer)) {}

GatheredLog::~GatheredLog() {
  sqlite3_vfs_unregister(&layer_->calls);
}

const char* GatheredLog::name() const {
  return layer_->calls.zName;
}

}  // namespace gantry::journal
