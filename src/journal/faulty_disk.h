// A disk that fails on command, for tests: SQLite's own file layer with two of its functions replaced. Files opened
// while a FaultyDisk lives go through it. One at a time; one thread.
#pragma once

namespace gantry::journal {

class FaultyDisk {
 public:
  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  void fail_syncs(bool on);
  void be_full(bool on);
  int syncs() const;   // so far
  int writes() const;  // likewise
};

}  // namespace gantry::journal
