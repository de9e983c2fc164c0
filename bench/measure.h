// What all benchmark programs share: time and processor time, the floors of this machine measured beside each figure
// (fdatasync alone, SQLite alone), medians with their ranges, and the definitions that the engine runs.
#pragma once

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "definition/project.h"

namespace gantry::bench {

using SteadyClock = std::chrono::steady_clock;
namespace filesystem = std::filesystem;

[[noreturn]] inline void give_up(const std::string& why) {
  fmt::print(stderr, "benchmark: {}\n", why);
  std::exit(1);
}

inline double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// Of this process, all threads together, in the kernel and out of it. A busy machine hardly changes it.
inline double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The `part` quantile of what is sorted.
inline double quantile(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

// One figure over several runs.
class Figure {
 public:
  void add(double value) { values_.insert(std::upper_bound(values_.begin(), values_.end(), value), value); }
  double median() const { return values_.empty() ? 0 : values_[values_.size() / 2]; }
  // "6122 (5890..6301)"
  std::string text(int digits = 0) const {
    if (values_.empty()) return "-";
    return fmt::format("{:.{}f} ({:.{}f}..{:.{}f})", median(), digits, values_.front(), digits, values_.back(), digits);
  }

 private:
  std::vector<double> values_;
};

// A folder of its own below `parent`, removed at the end.
class Folder {
 public:
  explicit Folder(const filesystem::path& parent);
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const filesystem::path& path() const { return path_; }
  std::string store(const std::string& name) const { return "sqlite:" + (path_ / (name + ".db")).string(); }
  std::string file(const std::string& name) const { return (path_ / (name + ".db")).string(); }

 private:
  filesystem::path path_;
};

// How many times this process has asked for a file to be made durable, SQLite's calls among them.
std::uint64_t disk_syncs();

// Bytes that this process has handed to write calls so far.
double written_bytes();

// How often a second the disk makes one small write durable.
double syncs_per_second(const filesystem::path& directory);

// Rows a second that SQLite alone makes durable, in transactions of `batch` rows: those which the engine wrote into
// the journal at `database`, into one table of the same columns without any index.
struct PlainRows {
  double rows_per_second = 0;
  double processor_microseconds = 0;  // of a row
};
PlainRows plain_rows(const filesystem::path& directory, const std::string& database, std::size_t batch);

// Workflows bench/stepsN with N calls of bench.say each, for these N; `tool` is the file of the tool bench.
definition::ProjectPointer project_of_steps(const std::vector<int>& steps, const std::string& tool);
std::string echo_tool();

// What is said about the machine at the head of a report.
void print_machine(const filesystem::path& directory);

}  // namespace gantry::bench
