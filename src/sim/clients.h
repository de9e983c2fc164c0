// The people and systems around the engine: they start, vote, answer, send events, cancel, suspend, go on, deploy, stop
// the gate, at moments and with demands made at random. What they were told is compared with what the journal has.
#pragma once

#include <functional>
#include <future>
#include <string>
#include <vector>

#include "engine/stepped_engine.h"
#include "sim/history.h"
#include "sim/invariants.h"
#include "sim/world.h"

namespace gantry::sim {

class Clients {
 public:
  using Report = std::function<void(std::string)>;
  Clients(Dice dice, const History& history, const World& world, Invariants& invariants, Report report, Report note);

  // One of them does something. `now` for what they send.
  void act(engine::SteppedEngine& engine, Timestamp now);
  // They do what brings everything to an end: all that is open is answered, events come, the gate is started.
  void help(engine::SteppedEngine& engine, Timestamp now);
  // Looks at the answers that have come.
  void collect();
  // The process is gone; who can ask again does so later, with the same key.
  void lose_process();
  bool is_idle() const { return pending_.empty(); }

  void deploy(engine::SteppedEngine& engine, const PlanOptions& options);
  bool has_deployed() const { return invariants_.in_force() != nullptr; }
  // What was deployed last is in force.
  bool has_deployed_last() const { return has_deployed() && invariants_.in_force()->project->digest == plan_.project->digest; }
  std::size_t acknowledged() const { return acknowledged_; }

 private:
  using Answer = std::function<std::string(const Value& answer)>;  // what is wrong with it; empty: nothing
  struct Pending {
    std::string what;
    std::future<Result<Value>> future;
    Answer check;
    engine::Command::Request again;  // MaintainRequest without work: it is not asked again
  };
  void post(engine::SteppedEngine& engine, std::string what, engine::Command::Request request, Answer check,
            bool again);
  void start(engine::SteppedEngine& engine);
  void send_event(engine::SteppedEngine& engine, Timestamp now, const std::string& type);
  void decide(engine::SteppedEngine& engine, const OpenTask& task, bool willing);
  void vote(engine::SteppedEngine& engine, const OpenTask& task, bool willing);
  void vote_several(engine::SteppedEngine& engine);
  void resolve(engine::SteppedEngine& engine, const OpenTask& task);
  void control(engine::SteppedEngine& engine);
  void suspend(engine::SteppedEngine& engine, const std::string& instance, bool suspend);
  void cancel(engine::SteppedEngine& engine, const std::string& instance);
  void give_up_some(engine::SteppedEngine& engine);
  void fork(engine::SteppedEngine& engine);
  void stop_gate(engine::SteppedEngine& engine, bool stop);
  Answer start_check(const engine::StartRequest& request) const;
  Answer event_check(const std::string& id) const;
  Answer recorded(std::string instance, journal::EventType type, std::string key = {}, std::string matching = {}) const;

  Dice dice_;
  const History& history_;
  const World& world_;
  Invariants& invariants_;
  Report report_, note_;
  Plan plan_;  // the newest
  std::vector<Pending> pending_;
  std::vector<std::pair<std::string, engine::Command::Request>> lost_;
  std::size_t next_key_ = 1, next_event_ = 1, acknowledged_ = 0, version_ = 0;
};

}  // namespace gantry::sim
