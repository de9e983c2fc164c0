#include "sim/disk.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>

namespace gantry::sim {
namespace {

constexpr std::size_t sector_bytes = 512;
std::atomic<std::uint64_t> disks_made{0};

}  // namespace

Disk::Disk(Dice dice, std::function<void(Duration)> pass, std::function<Timestamp()> now)
    : dice_(std::move(dice)),
      pass_(std::move(pass)),
      now_(std::move(now)),
      layer_(fmt::format("gantry-sim-{}", ++disks_made)),
      vfs_(make_file_layer(*this, layer_.c_str())) {
  sqlite3_vfs_register(vfs_.get(), 0);
}

Disk::~Disk() {
  sqlite3_vfs_unregister(vfs_.get());
}

std::size_t Disk::bytes() const {
  std::size_t sum = 0;
  for (const auto& [name, file] : files_) sum += file->cache.size();
  return sum;
}

void Disk::apply(const Change& change, std::string& content) {
  if (change.is_truncation) return content.resize(std::min(content.size(), change.offset));
  if (content.size() < change.offset + change.bytes.size()) content.resize(change.offset + change.bytes.size(), '\0');
  std::memcpy(content.data() + change.offset, change.bytes.data(), change.bytes.size());
}

// Counts down; what comes after the stop is not done.
bool Disk::stops_here() {
  if (stopped_ || operations_left_ == 0) return stopped_;
  stopped_ = --operations_left_ == 0;
  return stopped_;
}

void Disk::start_again(Stop stop) {
  for (auto entry = files_.begin(); entry != files_.end();) {
    File& file = *entry->second;
    file.readers = 0;
    file.reserved = file.exclusive = nullptr;
    file.shared_memory.clear();
    std::fill(file.shared_locks.begin(), file.shared_locks.end(), 0);
    std::fill(file.exclusive_locks.begin(), file.exclusive_locks.end(), nullptr);
    if (stop == Stop::power_fails) lose_power(file);
    // A file that was deleted without a sync of its folder may come back, with what was durable of it.
    if (file.deleted && (stop == Stop::process_dies || dice_.chance(500))) {
      entry = files_.erase(entry);
      continue;
    }
    file.deleted = false;
    ++entry;
  }
  operations_left_ = 0;
  stopped_ = false;
}

void Disk::lose_power(File& file) {
  // Sometimes all of it was on its way already, sometimes nothing.
  const std::size_t manner = dice_.below(4);
  for (Change& change : file.unsynced) {
    const std::size_t fate = manner < 2 ? dice_.below(3) : manner - 2;  // 0 lost, 1 kept, 2 torn
    if (fate == 0) continue;
    if (fate == 2 && !change.is_truncation) {
      const std::size_t sectors = change.bytes.size() / sector_bytes;
      const std::size_t kept =
          sectors == 0 ? dice_.below(change.bytes.size() + 1) : sector_bytes * dice_.below(sectors + 1);
      change.bytes.resize(std::min(change.bytes.size(), kept));
    }
    apply(change, file.durable);
  }
  file.unsynced.clear();
  file.cache = file.durable;
}

int Disk::open(const std::string& name, bool create, std::shared_ptr<File>& file) {
  if (stopped_) return SQLITE_CANTOPEN;
  auto found = files_.find(name);
  if (found != files_.end() && found->second->deleted) {
    if (!create) return SQLITE_CANTOPEN;
    found->second->deleted = false;
    found->second->cache.clear();
    found->second->unsynced.push_back({true, 0, {}});
  }
  if (found == files_.end()) {
    if (!create) return SQLITE_CANTOPEN;
    found = files_.emplace(name, std::make_shared<File>()).first;
  }
  file = found->second;
  return SQLITE_OK;
}

int Disk::remove(const std::string& name, bool synced) {
  if (stopped_) return SQLITE_IOERR_DELETE;
  const auto found = files_.find(name);
  if (found == files_.end() || found->second->deleted) return SQLITE_IOERR_DELETE_NOENT;
  if (synced)
    files_.erase(found);
  else
    found->second->deleted = true;
  return SQLITE_OK;
}

bool Disk::exists(const std::string& name) const {
  const auto found = files_.find(name);
  return found != files_.end() && !found->second->deleted;
}

int Disk::read(File& file, char* bytes, std::size_t count, std::size_t offset) {
  if (stopped_ || (faults_.read_fails > 0 && dice_.chance(faults_.read_fails))) return SQLITE_IOERR_READ;
  const std::size_t there = offset < file.cache.size() ? std::min(count, file.cache.size() - offset) : 0;
  if (there > 0) std::memcpy(bytes, file.cache.data() + offset, there);
  if (there == count) return SQLITE_OK;
  std::memset(bytes + there, 0, count - there);
  return SQLITE_IOERR_SHORT_READ;
}

int Disk::write(File& file, const char* bytes, std::size_t count, std::size_t offset) {
  if (stopped_) return SQLITE_IOERR_WRITE;
  ++writes_;
  pass_(faults_.write_takes);
  if (faults_.full && offset + count > file.cache.size()) return SQLITE_FULL;
  Change change{false, offset, std::string(bytes, count)};
  const bool stops = stops_here();
  const bool fails = !stops && faults_.write_fails > 0 && dice_.chance(faults_.write_fails);
  if (stops || fails) change.bytes.resize(dice_.below(count + 1));
  apply(change, file.cache);
  file.unsynced.push_back(std::move(change));
  return stops || fails ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

int Disk::truncate(File& file, std::size_t size) {
  if (stopped_) return SQLITE_IOERR_TRUNCATE;
  const Change change{true, size, {}};
  apply(change, file.cache);
  file.unsynced.push_back(change);
  return SQLITE_OK;
}

int Disk::sync(File& file) {
  if (stopped_) return SQLITE_IOERR_FSYNC;
  ++syncs_;
  pass_(faults_.sync_takes);
  // Before or after it has done its work.
  const bool stops = stops_here();
  if (stops && dice_.chance(500)) return SQLITE_IOERR_FSYNC;
  if (!stops && faults_.sync_fails > 0 && dice_.chance(faults_.sync_fails)) {
    std::erase_if(file.unsynced, [&](const Change&) { return dice_.chance(500); });
    return SQLITE_IOERR_FSYNC;
  }
  for (const Change& change : file.unsynced) apply(change, file.durable);
  file.unsynced.clear();
  return stops ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

}  // namespace gantry::sim
