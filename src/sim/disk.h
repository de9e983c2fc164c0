// A disk that exists in memory only, and fails as disks do: a file layer for SQLite (StoreOptions::file_layer).
//
// A write reaches the cache; a sync makes what is in the cache durable. Power that fails keeps of what was not synced
// whatever it likes: each write whole, in part (sectors of 512 bytes), or not at all, in any order. A process that dies
// keeps the cache. After a sync that failed, what it should have written may be dropped from the cache's list of what
// is to be written while reads still see it, as Linux does it. What a sync has made durable is never lost.
//
// One thread; several disks may live at once. Connections to a disk end before it does.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/dice.h"

struct sqlite3_vfs;

namespace gantry::sim {

struct DiskFaults {
  unsigned sync_fails = 0, write_fails = 0, read_fails = 0;  // of a thousand
  bool full = false;                                         // files don't grow
  Duration sync_takes{}, write_takes{};
};

class Disk {
 public:
  enum class Stop { process_dies, power_fails };

  // `pass` is told how long an operation took. `now` is what SQLite is told when it asks.
  Disk(Dice dice, std::function<void(Duration)> pass, std::function<Timestamp()> now);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  const std::string& layer() const { return layer_; }
  void set_faults(const DiskFaults& faults) { faults_ = faults; }

  // It happens within the `operations`-th write or sync from now on, 1 being the next: nothing works from then on.
  void stop_within(std::uint64_t operations) { operations_left_ = operations; }
  void stop_now() { stopped_ = true; }
  bool stopped() const { return stopped_; }
  // Everything that was open is gone; what `stop` has left is there.
  void start_again(Stop stop);

  std::uint64_t writes() const { return writes_; }
  std::uint64_t syncs() const { return syncs_; }
  std::size_t bytes() const;

  // --- For the file layer (disk_layer.cpp). Codes are SQLite's.
  struct Change {
    bool is_truncation = false;
    std::size_t offset = 0;  // or the new size
    std::string bytes;
  };
  struct File {
    std::string cache, durable;
    std::vector<Change> unsynced;
    bool deleted = false;  // not yet for good
    // Locks of connections, and the memory that they share.
    int readers = 0;
    const void *reserved = nullptr, *exclusive = nullptr;
    std::vector<std::unique_ptr<std::vector<char>>> shared_memory;
    std::vector<int> shared_locks = std::vector<int>(8);
    std::vector<const void*> exclusive_locks = std::vector<const void*>(8);
  };
  int open(const std::string& name, bool create, std::shared_ptr<File>& file);
  int remove(const std::string& name, bool synced);
  bool exists(const std::string& name) const;
  int read(File& file, char* bytes, std::size_t count, std::size_t offset);
  int write(File& file, const char* bytes, std::size_t count, std::size_t offset);
  int truncate(File& file, std::size_t size);
  int sync(File& file);
  Timestamp now() const { return now_(); }
  std::uint64_t random() { return dice_.next(); }

 private:
  bool stops_here();
  void lose_power(File& file);
  static void apply(const Change& change, std::string& content);

  Dice dice_;
  std::function<void(Duration)> pass_;
  std::function<Timestamp()> now_;
  std::string layer_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  std::map<std::string, std::shared_ptr<File>> files_;
  DiskFaults faults_;
  std::uint64_t operations_left_ = 0;  // 0: no stop is coming
  bool stopped_ = false;
  std::uint64_t writes_ = 0, syncs_ = 0;
};

// The functions that SQLite calls (disk_layer.cpp). `disk` outlives what is made here.
std::unique_ptr<sqlite3_vfs> make_file_layer(Disk& disk, const char* name);

}  // namespace gantry::sim
