// A file layer for SQLite in front of another one that gathers what is written to the write-ahead log, one page and its
// header after the other, and hands it on in one write: before the log is synced, and before anybody reads it through the
// same connection. Every other file, and every other call, goes straight to the layer behind.
//
// A commit with synchronous = FULL syncs the log before it tells other connections of its pages, so they never look for
// what has not been handed on. A write that fails is reported by the call that handed it on, like a failed sync.
#pragma once

#include <memory>
#include <string>

namespace gantry::journal {

class GatheredLog {
 public:
  // `behind` names a registered file layer; empty: the system's. Null when there is none of that name.
  static std::unique_ptr<GatheredLog> in_front_of(const std::string& behind);
  ~GatheredLog();  // after the connections that were opened with it
  GatheredLog(const GatheredLog&) = delete;
  GatheredLog& operator=(const GatheredLog&) = delete;

  const char* name() const;  // for sqlite3_open_v2
 private:
  struct Layer;
  explicit GatheredLog(std::unique_ptr<Layer> layer);
  std::unique_ptr<Layer> layer_;
};

}  // namespace gantry::journal
