// What is outside and outlives the process: the systems behind the tool `yard`, and the network to them, which loses,
// delays, doubles, and brings late what it is given. It counts what takes place.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/effect_executor.h"
#include "sim/clocks.h"
#include "sim/dice.h"

namespace gantry::sim {

struct NetworkFaults {
  // Of a thousand calls.
  unsigned refused = 0;       // no connection: it certainly did not arrive
  unsigned request_lost = 0;  // it never arrives, and nobody says so
  unsigned answer_lost = 0;   // it took place; the connection broke before the answer
  unsigned late = 0;          // given up by us, and it arrives later
  unsigned doubled = 0;       // it arrives twice, where the system knows calls by their key
  Duration delay_max = std::chrono::milliseconds(50);
};

// How often an effect took place, and what was asked for.
struct Application {
  std::string instance, operation, key, digest;
  Value arguments;
  int times = 0;
};

class World {
 public:
  World(Dice dice, Clocks& clocks, std::function<void(std::string)> note)
      : dice_(std::move(dice)), clocks_(clocks), note_(std::move(note)) {}

  void set_faults(const NetworkFaults& faults) { faults_ = faults; }
  Duration delay() { return dice_.time(Duration(1), faults_.delay_max); }
  bool chance(unsigned per_mille) { return dice_.chance(per_mille); }

  // A call arrives at the driver's end: what comes of it, and what of that our side hears.
  tool::Outcome call(const tool::Effect& effect);
  // It was on its way when the process died: it takes place, and nobody hears of it.
  void arrive(const tool::Effect& effect) { (void)apply(effect); }
  // What was late and is due now.
  void pass();
  std::optional<engine::SteadyTime> next_late() const;

  const std::map<std::string, Application>& applications() const { return applications_; }  // by effect
  bool took_place(const std::string& effect) const { return applications_.contains(effect); }
  bool is_late(const std::string& effect) const;
  // Called for each call that changes something, before it does.
  std::function<void(const tool::Effect&)> on_arrival;

 private:
  tool::Outcome apply(const tool::Effect& effect);
  tool::Outcome read(const tool::Effect& effect);
  // It would be refused whenever it came.
  static bool is_refused(const tool::Effect& effect);

  Dice dice_;
  Clocks& clocks_;
  std::function<void(std::string)> note_;
  NetworkFaults faults_;
  std::map<std::string, Application> applications_;
  std::map<std::string, std::string> keys_;  // key -> effect, of the systems that know calls by their key
  std::multimap<engine::SteadyTime, tool::Effect> late_;
};

// The driver `sim`: hands what it is permitted to the world.
std::shared_ptr<tool::Driver> make_world_driver(World& world);

}  // namespace gantry::sim
