// A file layer for SQLite in front of another one that gathers what is written to the write-ahead log and to the
// database, one page after the other, and hands on in one write what lies side by side: of the log the pages of a
// commit, of the database those that a checkpoint brings into it. That is before the file is synced, read or unlocked
// through the same connection. Every other file, and every other call, goes straight to the layer behind.
// What a checkpoint hands on begins its way to the disk at once, so that the sync at its end has less to wait for.
//
// A commit with synchronous = FULL syncs the log before it tells other connections of its pages, and a checkpoint the
// database before it tells them that its pages are there, so they never look for what has not been handed on. A write
// that fails is reported by the call that handed it on, like a failed sync; what a checkpoint that ended early has left
// gathered, and can't be written when its locks are given back, the next checkpoint writes anew.
#pragma once

#include <memory>
#include <string>

namespace gantry::journal {

class GatheredWrites {
 public:
  // `behind` names a registered file layer; empty: the system's. Null when there is none of that name.
  static std::unique_ptr<GatheredWrites> in_front_of(const std::string& behind);
  ~GatheredWrites();  // after the connections that were opened with it
  GatheredWrites(const GatheredWrites&) = delete;
  GatheredWrites& operator=(const GatheredWrites&) = delete;

  const char* name() const;  // for sqlite3_open_v2
 private:
  struct Layer;
  explicit GatheredWrites(std::unique_ptr<Layer> layer);
  std::unique_ptr<Layer> layer_;
};

}  // namespace gantry::journal
