#include "sim/simulation.h"

#include <fmt/format.h>

#include "base/log.h"
#include "sim/installation.h"

namespace gantry::sim {
namespace {

constexpr Timestamp simulation_start{std::chrono::hours(490'000)};
// Events that start instances that emit events can make a life of hundreds of thousands, which shows no more than these.
constexpr std::size_t instances_max = 5'000;
// While all is helped to its end those that are on their way may still make as many; then the life is cut short.
constexpr std::size_t helped_instances_max = 20'000;
constexpr std::size_t help_rounds_max = 4'000, help_rounds_per_instance_max = 20;
constexpr std::size_t turns_max = 2'000, turns_per_instance_max = 200;  // of the loop, without a moment of rest

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options);
  SimulationResult run();

 private:
  void note(std::string_view line);
  void report(std::string finding);
  bool found() const { return !result_.findings.empty(); }

  void step();
  void open_again();
  void turn();
  void after_turn();
  void pass_time();
  void pass(Duration time);
  void change_faults();
  void calm();
  void stop_somehow();
  void restart_calmly();
  void help_to_the_end();
  bool is_quiet();
  std::optional<Duration> until_next();

  SimulationOptions options_;
  Dice dice_;
  SimulationResult result_;
  Clocks clocks_{simulation_start};
  World world_;
  Network network_;
  History history_;
  Invariants invariants_;
  Clients clients_;
  Installation installation_;
};

Simulation::Simulation(const SimulationOptions& options)
    : options_(options),
      dice_(options.seed, 1),
      world_(Dice(options.seed, 2), clocks_, [this](std::string line) { note(line); }),
      network_(world_, clocks_, Dice(options.seed, 3)),
      invariants_(history_, world_, [this](std::string finding) { report(std::move(finding)); }),
      clients_(
          Dice(options.seed, 4), history_, world_, invariants_,
          [this](std::string finding) { report(std::move(finding)); }, [this](std::string line) { note(line); }),
      installation_(
          options.seed, clocks_, world_, network_, history_, invariants_,
          [this](std::string finding) { report(std::move(finding)); }, [this](std::string line) { note(line); }) {
  network_.on_submit = [this](const tool::Effect& effect) { invariants_.sent(effect); };
  world_.on_arrival = [this](const tool::Effect& effect) { invariants_.arrived(effect); };
}

void Simulation::note(std::string_view line) {
  const std::string timed = fmt::format("{:>6} {} {}", result_.steps, format_timestamp(clocks_.wall()), line);
  result_.trace = sha256(result_.trace.hex() + timed);
  if (options_.trace) options_.trace(timed);
}

void Simulation::report(std::string finding) {
  note("FINDING " + finding);
  result_.findings.push_back(std::move(finding));
}

void Simulation::pass(Duration time) {
  clocks_.pass(time);
  world_.pass();
}

// Until something is to be done by itself.
std::optional<Duration> Simulation::until_next() {
  std::optional<Duration> next;
  const auto take = [&](Duration time) { next = std::max(Duration::zero(), next ? std::min(*next, time) : time); };
  const auto steady = [&](engine::SteadyTime at) {
    take(std::chrono::duration_cast<Duration>(at - clocks_.steady()) + Duration(1));
  };
  if (auto due = network_.next_due()) steady(*due);
  if (auto due = world_.next_late()) steady(*due);
  if (engine::SteppedEngine* engine = installation_.engine()) {
    // What is due waits for the end of the pause, too.
    if (engine->paused_until() > clocks_.steady())
      steady(engine->paused_until());
    else if (auto due = engine->next_due()) take(*due <= clocks_.wall() ? Duration::zero() : *due - clocks_.wall());
  }
  return next;
}

void Simulation::pass_time() {
  if (dice_.chance(20)) {
    // Somebody sets the clock.
    const Duration by = dice_.chance(700) ? dice_.time(Duration(0), std::chrono::hours(2))
                                          : -dice_.time(Duration(0), std::chrono::minutes(3));
    note("the clock is set by " + format_duration(by < Duration::zero() ? -by : by) +
         (by < Duration::zero() ? " back" : " on"));
    clocks_.set_wall(by);
    return;
  }
  const auto next = until_next();
  if (next && dice_.chance(600)) {
    // To the very moment, or right before it.
    const bool before = *next > Duration(2) && dice_.chance(300);
    return pass(before ? *next - Duration(1) : *next);
  }
  pass(dice_.time(Duration(1),
                  dice_.chance(100) ? Duration(std::chrono::minutes(30)) : Duration(std::chrono::seconds(2))));
}

void Simulation::change_faults() {
  DiskFaults disk;
  NetworkFaults network;
  if (dice_.chance(500)) {
    network = {
        .refused = 60,
        .request_lost = 60,
        .answer_lost = 80,
        .late = 60,
        .doubled = 60,
        .delay_max = dice_.chance(500) ? Duration(std::chrono::milliseconds(50)) : Duration(std::chrono::seconds(40))};
  }
  switch (dice_.below(8)) {
    case 0:
      disk.full = true;
      break;
    case 1:
      disk.write_fails = 5;
      break;
    case 2:
      disk.sync_fails = 30;
      break;
    case 3:
      disk.read_fails = 10;
      break;
    case 4:
      disk.sync_takes = std::chrono::milliseconds(300);
      disk.write_takes = std::chrono::milliseconds(1);
      break;
    default:
      break;
  }
  note(fmt::format("faults: network {} disk full {} write {} sync {} read {} slow {}", network.refused, disk.full,
                   disk.write_fails, disk.sync_fails, disk.read_fails, disk.sync_takes.count()));
  installation_.disk().set_faults(disk);
  world_.set_faults(network);
}

void Simulation::calm() {
  installation_.disk().set_faults({});
  world_.set_faults({});
}

void Simulation::stop_somehow() {
  Disk& disk = installation_.disk();
  if (dice_.chance(600)) {
    note("the disk will stop");
    return disk.stop_within(dice_.between(1, 40));
  }
  if (dice_.chance(250)) {
    note("stopped in order");
    installation_.stop();
    clients_.collect();
    clients_.lose_process();
    if (disk.stopped()) disk.start_again(Disk::Stop::process_dies);
    ++result_.stops;
    return;
  }
  disk.stop_now();
  after_turn();
}

// The loop went one turn, or the process died in it.
void Simulation::after_turn() {
  Disk& disk = installation_.disk();
  if (!disk.stopped()) {
    clients_.collect();
    invariants_.check_world();
    return;
  }
  const bool power = dice_.chance(600);
  note(power ? "the power fails" : "the process dies");
  ++result_.stops;
  result_.power_failures += power ? 1 : 0;
  // What was answered before the stop was answered.
  clients_.collect();
  installation_.kill(power ? Disk::Stop::power_fails : Disk::Stop::process_dies);
  clients_.lose_process();
  invariants_.check_world();
}

void Simulation::turn() {
  installation_.step();
  after_turn();
}

void Simulation::open_again() {
  if (dice_.chance(200)) installation_.disk().stop_within(dice_.between(1, 30));
  if (dice_.chance(300)) calm();
  note("opens");
  if (installation_.open()) return;
  if (installation_.disk().stopped())
    installation_.disk().start_again(dice_.chance(500) ? Disk::Stop::power_fails : Disk::Stop::process_dies);
}

void Simulation::step() {
  if (installation_.engine() == nullptr) {
    pass(dice_.time(Duration(1), std::chrono::minutes(2)));
    return open_again();
  }
  engine::SteppedEngine& engine = *installation_.engine();
  const std::size_t what = dice_.below(1'000);
  if (installation_.refuses() && dice_.chance(50)) return stop_somehow();
  if (what < 420) return turn();
  if (what < 640) {
    if (!network_.deliver()) turn();
    return;
  }
  if (what < 780) return clients_.act(engine, clocks_.wall());
  if (what < 970) return pass_time();
  if (what < 985) return change_faults();
  if (what < 993) return stop_somehow();
}

void Simulation::restart_calmly() {
  calm();
  Disk& disk = installation_.disk();
  if (installation_.engine() != nullptr && !installation_.refuses() && !disk.stopped()) return disk.stop_within(0);
  if (installation_.engine() != nullptr) installation_.kill(Disk::Stop::process_dies);
  clients_.lose_process();
  if (disk.stopped()) disk.start_again(Disk::Stop::process_dies);
  disk.stop_within(0);
  if (!installation_.open()) report("the installation does not open again, and its disk is fine");
}

bool Simulation::is_quiet() {
  return !installation_.engine()->has_work() && network_.is_idle() && !world_.next_late();
}

// With a disk and a network that work, and people who do what they can, everything comes to its end.
void Simulation::help_to_the_end() {
  note("all is helped to its end");
  restart_calmly();
  if (found()) return;
  // Nothing new starts by itself.
  clients_.deploy(*installation_.engine(), {.version = 1, .schedules = false});
  // Time goes on by one timer at a time, so thousands of instances that wait need as many rounds.
  const std::size_t rounds = help_rounds_max + help_rounds_per_instance_max * history_.running().size();
  for (std::size_t round = 0; round < rounds && !found(); ++round) {
    ++result_.steps;
    const std::size_t most = turns_max + turns_per_instance_max * history_.running().size();
    std::size_t turns = 0;
    for (; turns < most && !found() && !installation_.refuses() && !is_quiet(); ++turns) {
      if (history_.instances().size() > helped_instances_max) {
        result_.cut_short = true;
        return note("cut short: instances go on to start instances by their events");
      }
      // What the journal refused for now is not tried again before its pause is over.
      const engine::SteppedEngine& engine = *installation_.engine();
      if (auto next = until_next(); next && (!engine.has_work() || engine.paused_until() > clocks_.steady())) pass(*next);
      while (network_.deliver()) continue;
      turn();
    }
    if (turns == most) return report("the engine does not come to rest");
    turn();
    if (found()) return;
    if (installation_.refuses()) restart_calmly();
    const bool all_ended = history_.running().empty() && history_.open_tasks().empty() && clients_.is_idle();
    if (round > 2 && all_ended && is_quiet() && !installation_.engine()->next_due()) break;
    if (round % 8 == 0 && clients_.is_idle() && !clients_.has_deployed_last())
      clients_.deploy(*installation_.engine(), {.version = 1, .schedules = false});
    else if (round % 4 == 0)
      clients_.help(*installation_.engine(), clocks_.wall());
    if (round % 4 == 3 && is_quiet()) pass(until_next().value_or(std::chrono::hours(1)));
  }
  if (!found()) invariants_.check_end();
}

SimulationResult Simulation::run() {
  open_again();
  for (; result_.steps < options_.steps && history_.instances().size() < instances_max && !found(); ++result_.steps) step();
  if (!found()) help_to_the_end();
  if (!found() && !result_.cut_short) {
    installation_.check_projections();
    installation_.stop();
    if (installation_.open()) installation_.stop();
  }
  for (const auto& [id, instance] : history_.instances())
    if (!id.empty()) ++result_.instances;
  result_.events = history_.events();
  result_.effects = world_.applications().size();
  result_.acknowledged = clients_.acknowledged();
  result_.disk_errors = installation_.disk_errors();
  result_.syncs = installation_.disk().syncs();
  result_.replays = installation_.replays();
  return std::move(result_);
}

}  // namespace

SimulationResult simulate(const SimulationOptions& options) {
  set_log_level(LogLevel::off);
  Simulation simulation(options);
  SimulationResult result = simulation.run();
  set_log_level(LogLevel::info);
  return result;
}

}  // namespace gantry::sim
