#include "journal/gathered_writes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <new>
#include <vector>

namespace gantry::journal {
namespace {

constexpr std::size_t gathered_bytes_max = 1 << 20;
// SQLite's layer for Unix takes the size of one write modulo 128 KiB.
constexpr std::size_t write_bytes_max = 64 << 10;

constexpr std::size_t early_bytes_min = 64 << 10;

// SQLite gives no descriptor away, so each database file has one of ours. It is never closed while the file is there: who
// closes any descriptor of a file gives back all locks that the process has on it, SQLite's among them. A file that is gone
// nobody else can lock; a connection that still has it open starts nothing that matters with the descriptor's number.
class OwnDescriptors {
 public:
  static int of(const char* path) {
    static OwnDescriptors all;
    std::lock_guard lock(all.mutex_);
    return all.find(path);
  }

 private:
  struct File {
    int descriptor;
    dev_t device;
    ino_t number;
  };
  int find(const char* path) {
    struct stat file {};
    std::erase_if(files_, [&](const File& each) {
      const bool is_gone = ::fstat(each.descriptor, &file) != 0 || file.st_nlink == 0;
      return is_gone && ::close(each.descriptor) == 0;
    });
    if (path == nullptr || ::stat(path, &file) != 0 || !S_ISREG(file.st_mode)) return -1;
    const auto is_it = [&](const File& each) { return each.device == file.st_dev && each.number == file.st_ino; };
    if (const auto known = std::find_if(files_.begin(), files_.end(), is_it); known != files_.end())
      return known->descriptor;
    const int descriptor = ::open(path, O_RDWR | O_CLOEXEC);
    if (descriptor >= 0) files_.push_back({descriptor, file.st_dev, file.st_ino});
    return descriptor;
  }

  std::mutex mutex_;
  std::vector<File> files_;
};

// What SQLite holds of an open file; it gives the memory, so it is made and unmade in place.
struct OpenFile {
  sqlite3_file base;
  std::vector<std::max_align_t> memory;  // of the file of the layer behind
  std::vector<char> gathered;
  sqlite3_int64 start = 0;  // where in the file it belongs
  int own_descriptor = -1;  // of a database on a disk

  sqlite3_file* behind() { return reinterpret_cast<sqlite3_file*>(memory.data()); }
  const sqlite3_io_methods& calls() { return *behind()->pMethods; }
  sqlite3_int64 end() const { return start + static_cast<sqlite3_int64>(gathered.size()); }
  int hand_on() {
    int code = SQLITE_OK;
    for (std::size_t done = 0; code == SQLITE_OK && done < gathered.size(); done += write_bytes_max) {
      const std::size_t size = std::min(write_bytes_max, gathered.size() - done);
      code = calls().xWrite(behind(), gathered.data() + done, static_cast<int>(size),
                            start + static_cast<sqlite3_int64>(done));
    }
    // Only a checkpoint hands on that much of a database, and syncs it in the end: the disk begins while it still copies.
    if (code == SQLITE_OK && own_descriptor >= 0 && gathered.size() >= early_bytes_min)
      (void)::sync_file_range(own_descriptor, start, static_cast<off64_t>(gathered.size()), SYNC_FILE_RANGE_WRITE);
    gathered.clear();  // what could not be written is rolled back by SQLite, or written anew by its next checkpoint
    return code;
  }
};

OpenFile& open_file_of(sqlite3_file* file) {
  return *reinterpret_cast<OpenFile*>(file);
}

int close_file(sqlite3_file* file) {
  OpenFile& open = open_file_of(file);
  const int written = open.hand_on();
  const int closed = open.calls().xClose(open.behind());
  open.~OpenFile();
  return written != SQLITE_OK ? written : closed;
}

int write_file(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  OpenFile& open = open_file_of(file);
  const auto size = static_cast<std::size_t>(count);
  if (offset != open.end() || open.gathered.size() + size > gathered_bytes_max)
    if (const int code = open.hand_on(); code != SQLITE_OK) return code;
  if (open.gathered.empty()) open.start = offset;
  const auto* first = static_cast<const char*>(bytes);
  open.gathered.insert(open.gathered.end(), first, first + size);
  return SQLITE_OK;
}

// A call that goes to the layer behind, and may depend on what is gathered.
template <auto call, class... Arguments>
int after_handing_on(sqlite3_file* file, Arguments... arguments) {
  OpenFile& open = open_file_of(file);
  if (const int code = open.hand_on(); code != SQLITE_OK) return code;
  return (open.calls().*call)(open.behind(), arguments...);
}

// One that does not.
template <auto call, class... Arguments>
int straight_on(sqlite3_file* file, Arguments... arguments) {
  OpenFile& open = open_file_of(file);
  return (open.calls().*call)(open.behind(), arguments...);
}

// A lock is given back whatever becomes of the writes: SQLite does not ask again.
int unlock_file(sqlite3_file* file, int level) {
  OpenFile& open = open_file_of(file);
  const int written = open.hand_on();
  const int unlocked = open.calls().xUnlock(open.behind(), level);
  return unlocked != SQLITE_OK ? unlocked : written;
}

int lock_memory(sqlite3_file* file, int offset, int count, int flags) {
  OpenFile& open = open_file_of(file);
  const int written = (flags & SQLITE_SHM_UNLOCK) != 0 ? open.hand_on() : SQLITE_OK;
  const int locked = open.calls().xShmLock(open.behind(), offset, count, flags);
  return locked != SQLITE_OK ? locked : written;
}

void memory_barrier(sqlite3_file* file) {
  open_file_of(file).calls().xShmBarrier(open_file_of(file).behind());
}

// What the layer behind does not have is left out; the log has no more than version 1.
const sqlite3_io_methods* calls_of_version(int version) {
  using Calls = sqlite3_io_methods;
  static const auto all = [] {
    std::array<Calls, 3> tables{};
    for (std::size_t i = 0; i < tables.size(); ++i) {
      Calls& calls = tables[i];
      calls.iVersion = static_cast<int>(i) + 1;
      calls.xClose = close_file;
      calls.xRead = after_handing_on<&Calls::xRead, void*, int, sqlite3_int64>;
      calls.xWrite = write_file;
      calls.xTruncate = after_handing_on<&Calls::xTruncate, sqlite3_int64>;
      calls.xSync = after_handing_on<&Calls::xSync, int>;
      calls.xFileSize = after_handing_on<&Calls::xFileSize, sqlite3_int64*>;
      calls.xLock = straight_on<&Calls::xLock, int>;
      calls.xUnlock = unlock_file;
      calls.xCheckReservedLock = straight_on<&Calls::xCheckReservedLock, int*>;
      calls.xFileControl = straight_on<&Calls::xFileControl, int, void*>;
      calls.xSectorSize = straight_on<&Calls::xSectorSize>;
      calls.xDeviceCharacteristics = straight_on<&Calls::xDeviceCharacteristics>;
      if (i < 1) continue;
      calls.xShmMap = straight_on<&Calls::xShmMap, int, int, int, void volatile**>;
      calls.xShmLock = lock_memory;
      calls.xShmBarrier = memory_barrier;
      calls.xShmUnmap = straight_on<&Calls::xShmUnmap, int>;
      if (i < 2) continue;
      calls.xFetch = after_handing_on<&Calls::xFetch, sqlite3_int64, int, void**>;
      calls.xUnfetch = straight_on<&Calls::xUnfetch, sqlite3_int64, void*>;
    }
    return tables;
  }();
  return &all.at(static_cast<std::size_t>(std::clamp(version, 1, 3)) - 1);
}

sqlite3_vfs& behind(sqlite3_vfs* layer) {
  return *static_cast<sqlite3_vfs*>(layer->pAppData);
}

int open_file(sqlite3_vfs* layer, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  sqlite3_vfs& next = behind(layer);
  if ((flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_DB)) == 0) return next.xOpen(&next, name, file, flags, flags_out);
  auto* open = new (file) OpenFile{};
  const auto size_behind = static_cast<std::size_t>(next.szOsFile);
  open->memory.assign((size_behind + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t), {});
  const int code = next.xOpen(&next, name, open->behind(), flags, flags_out);
  if (code == SQLITE_OK) {
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) open->own_descriptor = OwnDescriptors::of(name);
    // Shared memory and mapped pages are the database's, not the log's.
    open->base.pMethods = calls_of_version((flags & SQLITE_OPEN_WAL) != 0 ? 1 : open->calls().iVersion);
    return SQLITE_OK;
  }
  if (open->behind()->pMethods != nullptr) open->calls().xClose(open->behind());
  open->~OpenFile();
  file->pMethods = nullptr;
  return code;
}

}  // namespace

// The calls that a layer has, each to the one behind. What it does not have is left out.
struct GatheredWrites::Layer {
  sqlite3_vfs calls{};
  std::string name;
};

std::unique_ptr<GatheredWrites> GatheredWrites::in_front_of(const std::string& behind_name) {
  static std::atomic<std::uint64_t> count{0};
  sqlite3_initialize();
  sqlite3_vfs* next = sqlite3_vfs_find(behind_name.empty() ? nullptr : behind_name.c_str());
  if (next == nullptr) return nullptr;
  auto layer = std::make_unique<Layer>();
  layer->name = fmt::format("gathered-writes-{}", ++count);
  sqlite3_vfs& calls = layer->calls;
  calls.iVersion = std::min(next->iVersion, 2);
  calls.szOsFile = std::max(next->szOsFile, static_cast<int>(sizeof(OpenFile)));
  calls.mxPathname = next->mxPathname;
  calls.zName = layer->name.c_str();
  calls.pAppData = next;
  calls.xOpen = open_file;
  calls.xDelete = [](sqlite3_vfs* self, const char* file, int sync) {
    return behind(self).xDelete(&behind(self), file, sync);
  };
  calls.xAccess = [](sqlite3_vfs* self, const char* file, int flags, int* answer) {
    return behind(self).xAccess(&behind(self), file, flags, answer);
  };
  calls.xFullPathname = [](sqlite3_vfs* self, const char* file, int size, char* out) {
    return behind(self).xFullPathname(&behind(self), file, size, out);
  };
  calls.xRandomness = [](sqlite3_vfs* self, int size, char* out) {
    return behind(self).xRandomness(&behind(self), size, out);
  };
  calls.xSleep = [](sqlite3_vfs* self, int microseconds) { return behind(self).xSleep(&behind(self), microseconds); };
  calls.xCurrentTime = [](sqlite3_vfs* self, double* now) { return behind(self).xCurrentTime(&behind(self), now); };
  calls.xGetLastError = [](sqlite3_vfs* self, int size, char* out) {
    return behind(self).xGetLastError(&behind(self), size, out);
  };
  if (calls.iVersion >= 2)
    calls.xCurrentTimeInt64 = [](sqlite3_vfs* self, sqlite3_int64* now) {
      return behind(self).xCurrentTimeInt64(&behind(self), now);
    };
  if (sqlite3_vfs_register(&calls, 0) != SQLITE_OK) return nullptr;
  return std::unique_ptr<GatheredWrites>(new GatheredWrites(std::move(layer)));
}

GatheredWrites::GatheredWrites(std::unique_ptr<Layer> layer) : layer_(std::move(layer)) {}

GatheredWrites::~GatheredWrites() {
  sqlite3_vfs_unregister(&layer_->calls);
}

const char* GatheredWrites::name() const {
  return layer_->calls.zName;
}

}  // namespace gantry::journal
