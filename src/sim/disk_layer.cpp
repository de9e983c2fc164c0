// SQLite's side of the simulated disk: the tables of functions that it calls, and the locks of its connections.
#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "sim/disk.h"

namespace gantry::sim {
namespace {

constexpr int memory_locks = SQLITE_SHM_NLOCK;

// What SQLite holds of an open file. SQLite gives the memory, so it is made and unmade in place.
struct Handle {
  sqlite3_file base;
  Disk* disk;
  std::shared_ptr<Disk::File> file;
  int level;                   // SQLITE_LOCK_*
  unsigned shared, exclusive;  // bits: locks of the shared memory
};

Handle& handle_of(sqlite3_file* file) {
  return *reinterpret_cast<Handle*>(file);
}

int close_file(sqlite3_file* file);

int read_file(sqlite3_file* file, void* bytes, int count, sqlite3_int64 offset) {
  Handle& handle = handle_of(file);
  return handle.disk->read(*handle.file, static_cast<char*>(bytes), static_cast<std::size_t>(count),
                           static_cast<std::size_t>(offset));
}

int write_file(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  Handle& handle = handle_of(file);
  return handle.disk->write(*handle.file, static_cast<const char*>(bytes), static_cast<std::size_t>(count),
                            static_cast<std::size_t>(offset));
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  Handle& handle = handle_of(file);
  return handle.disk->truncate(*handle.file, static_cast<std::size_t>(size));
}

int sync_file(sqlite3_file* file, int) {
  Handle& handle = handle_of(file);
  return handle.disk->sync(*handle.file);
}

int size_of_file(sqlite3_file* file, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(handle_of(file).file->cache.size());
  return SQLITE_OK;
}

// https://www.sqlite.org/lockingv3.html, without the pending lock: there is one thread, so nobody waits.
int lock_file(sqlite3_file* file, int level) {
  Handle& handle = handle_of(file);
  Disk::File& its = *handle.file;
  if (handle.level >= level) return SQLITE_OK;
  if (level == SQLITE_LOCK_SHARED) {
    if (its.exclusive != nullptr) return SQLITE_BUSY;
    ++its.readers;
  } else {
    if (its.reserved != nullptr && its.reserved != &handle) return SQLITE_BUSY;
    if (level == SQLITE_LOCK_EXCLUSIVE && its.readers > 1) return SQLITE_BUSY;
    its.reserved = &handle;
    if (level == SQLITE_LOCK_EXCLUSIVE) its.exclusive = &handle;
  }
  handle.level = level;
  return SQLITE_OK;
}

int unlock_file(sqlite3_file* file, int level) {
  Handle& handle = handle_of(file);
  Disk::File& its = *handle.file;
  if (handle.level <= level) return SQLITE_OK;
  if (its.exclusive == &handle) its.exclusive = nullptr;
  if (its.reserved == &handle) its.reserved = nullptr;
  if (level == SQLITE_LOCK_NONE) its.readers = std::max(0, its.readers - 1);
  handle.level = level;
  return SQLITE_OK;
}

int is_reserved(sqlite3_file* file, int* answer) {
  *answer = handle_of(file).file->reserved != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int control_file(sqlite3_file*, int, void*) {
  return SQLITE_NOTFOUND;
}
int sector_size(sqlite3_file*) {
  return 512;
}
// Bytes beside those that are written stay as they are, also when the power fails; SQLite assumes it of most disks.
int characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int map_memory(sqlite3_file* file, int page, int bytes, int extend, void volatile** memory) {
  auto& pages = handle_of(file).file->shared_memory;
  const auto index = static_cast<std::size_t>(page);
  *memory = nullptr;
  if (index >= pages.size()) {
    if (extend == 0) return SQLITE_OK;
    while (pages.size() <= index)
      pages.push_back(std::make_unique<std::vector<char>>(static_cast<std::size_t>(bytes), '\0'));
  }
  *memory = pages[index]->data();
  return SQLITE_OK;
}

int lock_memory(sqlite3_file* file, int first, int count, int flags) {
  Handle& handle = handle_of(file);
  Disk::File& its = *handle.file;
  const bool locks = (flags & SQLITE_SHM_LOCK) != 0, shared = (flags & SQLITE_SHM_SHARED) != 0;
  for (int slot = first; locks && slot < first + count; ++slot) {
    const auto index = static_cast<std::size_t>(slot);
    const int own = (handle.shared >> slot) & 1u ? 1 : 0;
    const bool others = its.exclusive_locks[index] != nullptr && its.exclusive_locks[index] != &handle;
    if (others || (!shared && its.shared_locks[index] > own)) return SQLITE_BUSY;
  }
  for (int slot = first; slot < first + count; ++slot) {
    const auto index = static_cast<std::size_t>(slot);
    unsigned& held = shared ? handle.shared : handle.exclusive;
    const bool has = ((held >> slot) & 1u) != 0;
    if (has == locks) continue;
    held ^= 1u << slot;
    if (shared)
      its.shared_locks[index] += locks ? 1 : -1;
    else
      its.exclusive_locks[index] = locks ? &handle : nullptr;
  }
  return SQLITE_OK;
}

void memory_barrier(sqlite3_file*) {}

int unmap_memory(sqlite3_file* file, int remove) {
  if (remove != 0) handle_of(file).file->shared_memory.clear();
  return SQLITE_OK;
}

sqlite3_io_methods make_functions() {
  sqlite3_io_methods functions{};
  functions.iVersion = 2;
  functions.xClose = close_file;
  functions.xRead = read_file;
  functions.xWrite = write_file;
  functions.xTruncate = truncate_file;
  functions.xSync = sync_file;
  functions.xFileSize = size_of_file;
  functions.xLock = lock_file;
  functions.xUnlock = unlock_file;
  functions.xCheckReservedLock = is_reserved;
  functions.xFileControl = control_file;
  functions.xSectorSize = sector_size;
  functions.xDeviceCharacteristics = characteristics;
  functions.xShmMap = map_memory;
  functions.xShmLock = lock_memory;
  functions.xShmBarrier = memory_barrier;
  functions.xShmUnmap = unmap_memory;
  return functions;
}
const sqlite3_io_methods file_functions = make_functions();

// After a stop the locks have been taken away already.
int close_file(sqlite3_file* file) {
  Handle& handle = handle_of(file);
  if (!handle.disk->stopped()) {
    unlock_file(file, SQLITE_LOCK_NONE);
    for (int slot = 0; slot < memory_locks; ++slot) {
      lock_memory(file, slot, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
      lock_memory(file, slot, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
    }
  }
  handle.file.~shared_ptr();
  return SQLITE_OK;
}

Disk& disk_of(sqlite3_vfs* vfs) {
  return *static_cast<Disk*>(vfs->pAppData);
}

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  file->pMethods = nullptr;
  std::shared_ptr<Disk::File> opened;
  if (name == nullptr)
    opened = std::make_shared<Disk::File>();  // temporary
  else if (const int code = disk_of(vfs).open(name, (flags & SQLITE_OPEN_CREATE) != 0, opened); code != SQLITE_OK)
    return code;
  new (file) Handle{{&file_functions}, &disk_of(vfs), std::move(opened), SQLITE_LOCK_NONE, 0, 0};
  if (flags_out != nullptr) *flags_out = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  return disk_of(vfs).remove(name, sync_folder != 0);
}

int access_file(sqlite3_vfs* vfs, const char* name, int, int* answer) {
  *answer = disk_of(vfs).exists(name) ? 1 : 0;
  return SQLITE_OK;
}

int full_name(sqlite3_vfs*, const char* name, int bytes, char* full) {
  sqlite3_snprintf(bytes, full, "%s", name);
  return SQLITE_OK;
}

int random_bytes(sqlite3_vfs* vfs, int count, char* bytes) {
  for (int i = 0; i < count; ++i) bytes[i] = static_cast<char>(disk_of(vfs).random() & 0xFF);
  return count;
}

int sleep_for(sqlite3_vfs*, int microseconds) {
  return microseconds;  // only locks are waited for, and in one thread nobody would let them go
}

int current_time(sqlite3_vfs* vfs, sqlite3_int64* milliseconds) {
  constexpr sqlite3_int64 julian_epoch_ms = 210'866'760'000'000;  // 1970 in milliseconds since the Julian epoch
  *milliseconds = julian_epoch_ms + disk_of(vfs).now().time_since_epoch().count() / 1'000;
  return SQLITE_OK;
}

int last_error(sqlite3_vfs*, int, char*) {
  return 0;
}

}  // namespace

std::unique_ptr<sqlite3_vfs> make_file_layer(Disk& disk, const char* name) {
  auto vfs = std::make_unique<sqlite3_vfs>();
  vfs->iVersion = 2;
  vfs->szOsFile = sizeof(Handle);
  vfs->mxPathname = 512;
  vfs->zName = name;
  vfs->pAppData = &disk;
  vfs->xOpen = open_file;
  vfs->xDelete = delete_file;
  vfs->xAccess = access_file;
  vfs->xFullPathname = full_name;
  vfs->xRandomness = random_bytes;
  vfs->xSleep = sleep_for;
  vfs->xCurrentTimeInt64 = current_time;
  vfs->xGetLastError = last_error;
  return vfs;
}

}  // namespace gantry::sim
