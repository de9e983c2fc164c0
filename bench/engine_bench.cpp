// What a step costs: steps per second at several numbers of concurrent instances, with the driver that only echoes,
// each beside two floors that are measured right after it on the same disk: what fdatasync alone gives (each step of an
// instance has to be durable before its next), and what SQLite alone gives for the same rows in transactions of the
// same size. Then the latency of an instance of ten steps in units of one fdatasync.
//
//   engine_bench [DIRECTORY]        the databases go there; default: the temporary folder
//   GANTRY_BENCH_RUNS=3             so many runs: median and range
#include <thread>

#include "base/log.h"
#include "step_load.h"

namespace {

using namespace gantry;
using namespace gantry::bench;

struct Row {
  Figure steps, ratio, processor, syncs, rows, bytes;
  double sync_floor = 0, row_floor = 0, row_processor = 0;
};

// GANTRY_BENCH_INSTANCES="1 64": only these.
std::vector<std::size_t> concurrencies() {
  const char* text = std::getenv("GANTRY_BENCH_INSTANCES");
  if (text == nullptr) return {1, 16, 64, 256, 1'024};
  std::vector<std::size_t> numbers;
  for (std::size_t number; (number = std::strtoull(text, const_cast<char**>(&text), 10)) > 0;)
    numbers.push_back(number);
  return numbers;
}

LoadOptions echo_load(std::size_t concurrency, int steps) {
  return {.concurrency = concurrency, .steps = steps, .drivers = {{"echo", tool::make_echo_driver()}}};
}

void measure_row(const Folder& folder, std::size_t concurrency, Row& row) {
  static int number = 0;
  const std::string name = fmt::format("steps-{}", ++number);
  const Load load = run_load(folder, name, echo_load(concurrency, 100));
  const double syncs = syncs_per_second(folder.path());
  const auto batch = std::max<std::size_t>(1, static_cast<std::size_t>(load.rows_per_commit + 0.5));
  const PlainRows plain = plain_rows(folder.path(), folder.file(name), batch);
  row.sync_floor = static_cast<double>(concurrency) * syncs;
  row.row_floor = plain.rows_per_second / load.rows_per_step;
  row.row_processor = plain.processor_microseconds * load.rows_per_step;
  row.steps.add(load.steps_per_second);
  row.ratio.add(100 * load.steps_per_second / std::min(row.sync_floor, row.row_floor));
  row.processor.add(load.processor_microseconds);
  row.syncs.add(load.syncs_per_step);
  row.rows.add(load.rows_per_commit);
  row.bytes.add(load.bytes_per_step);
  for (const char* ending : {"", "-wal", "-shm"}) filesystem::remove(folder.file(name) + ending);
}

void print_steps(const Folder& folder, int runs) {
  fmt::print(
      "Steps of the echo driver, 100 to an instance; the result of each is durable before the next starts.\n"
      "floor: the smaller of instances x fdatasync/s and the plain SQLite loop's rows/s, both in steps/s.\n"
      "us/step: processor time of this process, all threads; in brackets what the plain loop takes for the same "
      "rows.\n\n");
  fmt::print("{:>9} {:>26} {:>11} {:>11} {:>22} {:>7} {:>26} {:>24} {:>12} {:>10}\n", "instances", "steps/s",
             "sync floor", "row floor", "% of floor", "target", "us/step", "syncs/step", "rows/commit", "bytes/step");
  for (std::size_t concurrency : concurrencies()) {
    Row row;
    for (int run = 0; run < runs; ++run) measure_row(folder, concurrency, row);
    fmt::print("{:>9} {:>26} {:>11.0f} {:>11.0f} {:>22} {:>7} {:>26} {:>24} {:>12.0f} {:>10.0f}\n", concurrency,
               row.steps.text(), row.sync_floor, row.row_floor, row.ratio.text(), concurrency <= 16 ? "60" : "40",
               fmt::format("{} [{:.0f}]", row.processor.text(1), row.row_processor), row.syncs.text(4),
               row.rows.median(), row.bytes.median());
    std::fflush(stdout);
  }
}

void print_latency(const Folder& folder, int runs) {
  Figure p50, p99, milliseconds;
  for (int run = 0; run < runs; ++run) {
    const double before = syncs_per_second(folder.path());
    const Load load = run_load(folder, fmt::format("latency-{}", run), echo_load(1, 10));
    const double sync_seconds = 2 / (before + syncs_per_second(folder.path()));
    p50.add(quantile(load.instance_seconds, 0.5) / sync_seconds);
    p99.add(quantile(load.instance_seconds, 0.99) / sync_seconds);
    milliseconds.add(quantile(load.instance_seconds, 0.5) * 1'000);
  }
  fmt::print(
      "\nAn instance of ten steps, one at a time, in units of one fdatasync of this disk (11 are made, one after the "
      "other):\n  p50 {} (target 12), p99 {}; p50 {} ms\n",
      p50.text(1), p99.text(1), milliseconds.text(2));
}

}  // namespace

int main(int count, char** arguments) {
  set_log_level(LogLevel::error);
  const char* runs_text = std::getenv("GANTRY_BENCH_RUNS");
  const int runs = runs_text != nullptr ? std::max(1, std::atoi(runs_text)) : 3;
  const Folder folder(count > 1 ? filesystem::path(arguments[1]) : filesystem::temp_directory_path());
  print_machine(folder.path());
  print_steps(folder, runs);
  print_latency(folder, runs);
  return 0;
}
