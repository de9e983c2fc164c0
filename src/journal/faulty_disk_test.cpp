#include "journal/faulty_disk.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstring>
#include <list>

namespace gantry::journal {
namespace {

struct DiskState {
  sqlite3_vfs vfs{};
  sqlite3_vfs* real = nullptr;
  bool fail_sync = false, full = false;
  int syncs = 0, writes = 0;
};
DiskState disk_state;

// Each file's functions: the real ones, and a copy of them with ours in it.
struct FileFunctions {
  const sqlite3_io_methods* real;
  sqlite3_io_methods changed;
};
std::list<FileFunctions> file_functions;

const sqlite3_io_methods* real_functions(sqlite3_file* file) {
  for (FileFunctions& functions : file_functions)
    if (&functions.changed == file->pMethods) return functions.real;
  return nullptr;
}

// The real functions look at the file's method table, so it is put back for the length of the call.
template <class Call>
int call_really(sqlite3_file* file, Call call) {
  const sqlite3_io_methods* changed = file->pMethods;
  file->pMethods = real_functions(file);
  int code = call(file->pMethods);
  if (file->pMethods) file->pMethods = changed;
  return code;
}

int faulty_sync(sqlite3_file* file, int flags) {
  ++disk_state.syncs;
  if (disk_state.fail_sync) return SQLITE_IOERR_FSYNC;
  return call_really(file, [&](const sqlite3_io_methods* real) { return real->xSync(file, flags); });
}

int faulty_write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  ++disk_state.writes;
  if (disk_state.full) return SQLITE_FULL;
  return call_really(file, [&](const sqlite3_io_methods* real) { return real->xWrite(file, bytes, count, offset); });
}

int faulty_open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  int code = disk_state.real->xOpen(disk_state.real, name, file, flags, flags_out);
  if (code != SQLITE_OK || !file->pMethods) return code;
  FileFunctions& functions = file_functions.emplace_back(FileFunctions{file->pMethods, *file->pMethods});
  functions.changed.xSync = faulty_sync;
  functions.changed.xWrite = faulty_write;
  file->pMethods = &functions.changed;
  return code;
}

}  // namespace

FaultyDisk::FaultyDisk() {
  disk_state = DiskState{};
  disk_state.real = sqlite3_vfs_find(nullptr);
  disk_state.vfs = *disk_state.real;
  disk_state.vfs.pNext = nullptr;
  disk_state.vfs.zName = "faulty-disk";
  disk_state.vfs.xOpen = faulty_open;
  sqlite3_vfs_register(&disk_state.vfs, 1);
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&disk_state.vfs);
  sqlite3_vfs_register(disk_state.real, 1);
}

void FaultyDisk::fail_syncs(bool on) {
  disk_state.fail_sync = on;
}
void FaultyDisk::be_full(bool on) {
  disk_state.full = on;
}
int FaultyDisk::syncs() const {
  return disk_state.syncs;
}
int FaultyDisk::writes() const {
  return disk_state.writes;
}

}  // namespace gantry::journal
