// sim: simulated lives of the engine, the gate and the journal. No server, no store, no project.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "sim/simulation.h"

namespace gantry::cli {
namespace {

constexpr std::size_t seeds_by_default = 20;

struct Sums {
  std::size_t seeds = 0, steps = 0, instances = 0, events = 0, effects = 0, stops = 0, power_failures = 0,
              disk_errors = 0, replays = 0, cut_short = 0, findings = 0;
  void add(const sim::SimulationResult& result) {
    ++seeds;
    steps += result.steps;
    instances += result.instances;
    events += result.events;
    effects += result.effects;
    stops += result.stops;
    power_failures += result.power_failures;
    disk_errors += result.disk_errors;
    replays += result.replays;
    cut_short += result.cut_short ? 1 : 0;
    findings += result.findings.empty() ? 0 : 1;
  }
};

Value to_value(const Sums& sums) {
  return Value::object({{"seeds", sums.seeds},
                        {"steps", sums.steps},
                        {"instances", sums.instances},
                        {"events", sums.events},
                        {"effects", sums.effects},
                        {"stops", sums.stops},
                        {"powerFailures", sums.power_failures},
                        {"diskErrors", sums.disk_errors},
                        {"replays", sums.replays},
                        {"cutShort", sums.cut_short},
                        {"findings", sums.findings}});
}

std::string text_of(const Sums& sums) {
  return fmt::format(
      "{} seeds, {} steps: {} instances, {} events, {} effects outside; {} stops ({} power failures), {} disk errors, "
      "{} "
      "replays compared{}; {} findings",
      sums.seeds, sums.steps, sums.instances, sums.events, sums.effects, sums.stops, sums.power_failures,
      sums.disk_errors, sums.replays, sums.cut_short == 0 ? "" : fmt::format(", {} cut short", sums.cut_short), sums.findings);
}

void show_finding(const sim::SimulationResult& result, std::uint64_t seed, const SimOptions& options) {
  print_result(fmt::format("seed {}: {}", seed, printable(result.findings.front())));
  print_result(fmt::format("  again: gantry sim --seed {} --steps {} --trace", seed, options.steps));
}

}  // namespace

int sim_command(const SimOptions& options) {
  using SteadyClock = std::chrono::steady_clock;
  std::optional<Duration> length;
  if (!options.length.empty()) {
    auto parsed = parse_duration(options.length);
    if (!parsed) return fail({Code::invalid_argument, "sim: --for: " + parsed.error().message});
    length = *parsed;
  }
  const auto begun = SteadyClock::now();
  auto told = begun;
  Sums sums;
  std::string last_trace;
  const std::size_t seeds = length && options.seeds == 0 ? SIZE_MAX
                            : options.seeds > 0          ? options.seeds
                            : options.seed > 0           ? 1
                                                         : seeds_by_default;
  for (std::uint64_t seed = std::max<std::uint64_t>(options.seed, 1), left = seeds; left > 0; ++seed, --left) {
    if (length && SteadyClock::now() - begun >= *length) break;
    sim::SimulationOptions one{.seed = seed, .steps = options.steps, .trace = {}};
    if (options.trace) one.trace = [](std::string_view line) { print_result(printable(std::string(line))); };
    const sim::SimulationResult result = sim::simulate(one);
    sums.add(result);
    last_trace = result.trace.hex();
    if (!result.findings.empty()) show_finding(result, seed, options);
    const auto now = SteadyClock::now();
    if (now - told < std::chrono::seconds(5) || left == 1) continue;
    told = now;
    const double seconds = std::chrono::duration<double>(now - begun).count();
    note(fmt::format("{}; {:.0f} steps a second", text_of(sums), static_cast<double>(sums.steps) / seconds));
  }
  if (options.json)
    print_value(to_value(sums).with_member("trace", last_trace));
  else
    print_result(text_of(sums) + (seeds == 1 ? "\ntrace " + last_trace : ""));
  return sums.findings > 0 ? exit_no : exit_done;
}

}  // namespace gantry::cli
