// The simulated machine with the process on it: opens the real store on the simulated disk and the real engine on that,
// stops them in every way, and compares them with what was acknowledged.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "engine/stepped_engine.h"
#include "journal/sqlite_store.h"
#include "sim/clients.h"
#include "sim/disk.h"
#include "sim/network.h"
#include "sim/watched_store.h"

namespace gantry::sim {

class Installation {
 public:
  using Report = std::function<void(std::string)>;
  Installation(std::uint64_t seed, Clocks& clocks, World& world, Network& network, History& history,
               Invariants& invariants, Report report, Report note);

  // Null while the process is down.
  engine::SteppedEngine* engine() { return engine_.get(); }
  Disk& disk() { return disk_; }
  // True when the process runs. Errors of the disk keep it down; it may be tried again.
  bool open();
  // One turn of the loop, and what can be compared then. The process may be gone afterwards: disk().stopped().
  void step();
  // SIGKILL, or the power; with the disk as it is.
  void kill(Disk::Stop stop);
  // An orderly end.
  void stop();
  // The store takes no more writes until it is opened again.
  bool refuses() const { return watched_ && watched_->refuses(); }
  // All that was acknowledged is in the journal as it was, and what is computed from it is right.
  // Errors: unavailable when it can't be read, so what is in doubt stays so.
  bool is_doubtful(const std::string& text) const;  // an event of one of them
  Status check_journal();
  void check_projections();
  std::size_t disk_errors() const { return disk_errors_; }
  std::size_t replays() const { return replays_; }

 private:
  void note_decided(const journal::Batch& batch);
  void told(const journal::Batch& batch, const Status& status);
  void take(const journal::Event& event, Timestamp now);
  void check_replay();
  void check_instance(const std::string& instance, const std::vector<journal::Event>& stored);
  void down();

  Dice dice_, overlap_dice_;
  Clocks& clocks_;
  World& world_;
  Network& network_;
  History& history_;
  Invariants& invariants_;
  Report report_, note_;
  Disk disk_;
  SeededRandom random_;
  std::size_t steps_per_turn_;
  std::unique_ptr<journal::SqliteStore> store_;
  std::unique_ptr<WatchedStore> watched_;
  std::unique_ptr<engine::SteppedEngine> engine_;
  struct Doubt {
    std::vector<journal::Event> events;  // of a batch whose append did not say that it was written
    Timestamp at{};                      // when it was decided
  };
  std::vector<Doubt> doubtful_;              // since the last that was written
  std::set<std::string> touched_;            // by batches since the last comparison
  const journal::Batch* decided_ = nullptr;  // the last batch that was left to be written later
  Timestamp decided_at_{};                   // when that was
  std::size_t disk_errors_ = 0, replays_ = 0;
};

}  // namespace gantry::sim
