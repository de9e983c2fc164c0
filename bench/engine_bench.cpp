// What the engine costs: journaled effects per second at several numbers of concurrent instances, with the driver that
// only echoes, beside what the disk and SQLite alone give in the same run on the same machine; the latency of an
// instance of ten steps; and what an idle server needs. The ratios mean something elsewhere, the numbers do not.
//
//   engine_bench [DIRECTORY]        the databases go there; default: a folder of its own under the temporary folder
//   GANTRY_PROGRAM=build/gantry     measures the program's start and memory too
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/log.h"
#include "engine/engine.h"

namespace {

using namespace gantry;
using SteadyClock = std::chrono::steady_clock;
namespace filesystem = std::filesystem;

constexpr auto measured_time = std::chrono::seconds(5);
constexpr auto floor_time = std::chrono::seconds(1);
constexpr std::size_t row_bytes = 600;  // about what the data of one event needs

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "engine_bench: {}\n", why);
  std::exit(1);
}

// How often a second the disk makes one small write durable.
double syncs_per_second(const filesystem::path& directory) {
  const std::string path = (directory / "sync").string();
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  if (file < 0) give_up("can't write " + path);
  const std::vector<char> block(4096, 'x');
  std::size_t count = 0;
  const auto start = SteadyClock::now();
  while (SteadyClock::now() - start < floor_time) {
    if (::write(file, block.data(), block.size()) < 0 || ::fdatasync(file) != 0) give_up("can't write " + path);
    ++count;
  }
  const double rate = static_cast<double>(count) / seconds_since(start);
  ::close(file);
  return rate;
}

// Rows a second that SQLite alone makes durable, `batch` of them in one transaction.
double rows_per_second(const filesystem::path& directory, std::size_t batch) {
  static int files = 0;
  const std::string path = (directory / fmt::format("rows-{}.db", ++files)).string();
  sqlite3* database = nullptr;
  auto run = [&](const char* statement) {
    if (sqlite3_exec(database, statement, nullptr, nullptr, nullptr) != SQLITE_OK)
      give_up(fmt::format("{}: {}", path, sqlite3_errmsg(database)));
  };
  if (sqlite3_open(path.c_str(), &database) != SQLITE_OK) give_up("can't open " + path);
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row (number INTEGER PRIMARY KEY, data TEXT)");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(database, "INSERT INTO row (data) VALUES (?)", -1, &insert, nullptr);
  const std::string data(row_bytes, 'x');
  std::size_t rows = 0;
  const auto start = SteadyClock::now();
  while (SteadyClock::now() - start < floor_time) {
    run("BEGIN IMMEDIATE");
    for (std::size_t i = 0; i < batch; ++i) {
      sqlite3_bind_text(insert, 1, data.data(), static_cast<int>(data.size()), SQLITE_STATIC);
      if (sqlite3_step(insert) != SQLITE_DONE) give_up(sqlite3_errmsg(database));
      sqlite3_reset(insert);
    }
    run("COMMIT");
    rows += batch;
  }
  const double rate = static_cast<double>(rows) / seconds_since(start);
  sqlite3_finalize(insert);
  sqlite3_close(database);
  return rate;
}

std::string call_tasks(int count) {
  std::string tasks;
  for (int i = 0; i < count; ++i)
    tasks +=
        fmt::format("  - step{}: {{call: bench.say, with: {{voyage: V-4711, moves: [{{from: 1, to: {}}}]}}}}\n", i, i);
  return tasks;
}

definition::ProjectPointer bench_project() {
  definition::SourceFiles files;
  files["tools/bench.yaml"] =
      "tool: bench\nversion: 1.0.0\ndriver: echo\noperations:\n  say:\n    class: write\n"
      "    idempotency: key\n    arguments: {type: object, properties: {voyage: {type: string}, moves: {type: "
      "array}}}\n";
  files["policies/bench.yaml"] =
      "policy: bench\nversion: 1.0.0\nrules: [{id: all, classes: [write], verdict: allow, reason: It is a "
      "benchmark.}]\n";
  for (int steps : {10})
    files[fmt::format("workflows/steps{}.yaml", steps)] =
        fmt::format("document: {{dsl: '1.0.3', namespace: bench, name: steps{}, version: 1.0.0}}\ndo:\n{}", steps,
                    call_tasks(steps));
  auto loaded = definition::load_project(std::move(files));
  if (auto* problems = std::get_if<definition::Problems>(&loaded)) give_up(definition::format(problems->front()));
  return std::get<definition::ProjectPointer>(loaded);
}

struct Measured {
  double seconds = 0;
  engine::EngineStatistics statistics;
  std::vector<double> milliseconds;  // of each instance, sorted
};

// `concurrency` callers, each starts an instance of ten steps, waits for its end, and starts the next.
Measured measure(const filesystem::path& directory, std::size_t concurrency) {
  SystemClock clock;
  SystemRandom random;
  auto store = journal::Store::open("sqlite:" + (directory / fmt::format("engine-{}.db", concurrency)).string());
  if (!store) give_up(store.error().message);
  engine::EngineOptions options;
  options.workers = std::max<std::size_t>(16, concurrency);
  auto engine = engine::Engine::open({.store = store->get(),
                                      .drivers = {{"echo", tool::make_echo_driver()}},
                                      .clock = &clock,
                                      .random = &random,
                                      .trace = {}},
                                     options);
  if (!engine) give_up(engine.error().message);
  const definition::Principal principal{"bench", {}};
  if (auto deployed = (*engine)->deploy(bench_project(), principal); !deployed) give_up(deployed.error().message);

  auto run_one = [&] {
    auto started = (*engine)->start(
        {.namespace_ = "bench", .name = "steps10", .version = "", .input = {}, .principal = principal, .key = ""});
    if (!started) give_up(started.error().message);
    auto outcome = (*engine)->wait(started->instance, std::chrono::minutes(1));
    if (!outcome || outcome->status != "completed") give_up("an instance did not complete");
  };
  for (int i = 0; i < 20; ++i) run_one();

  Measured measured;
  std::mutex mutex;
  const auto before = (*engine)->statistics();
  const auto start = SteadyClock::now();
  {
    std::vector<std::jthread> callers;
    for (std::size_t caller = 0; caller < concurrency; ++caller)
      callers.emplace_back([&] {
        std::vector<double> mine;
        while (SteadyClock::now() - start < measured_time) {
          const auto begin = SteadyClock::now();
          run_one();
          mine.push_back(seconds_since(begin) * 1'000);
        }
        std::lock_guard lock(mutex);
        measured.milliseconds.insert(measured.milliseconds.end(), mine.begin(), mine.end());
      });
  }
  measured.seconds = seconds_since(start);
  measured.statistics = (*engine)->statistics();
  measured.statistics.commits -= before.commits;
  measured.statistics.events -= before.events;
  measured.statistics.effects_sent -= before.effects_sent;
  std::sort(measured.milliseconds.begin(), measured.milliseconds.end());
  return measured;
}

double percentile(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

// --- The program

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  ::close(socket);
  return ntohs(address.sin_port);
}

bool is_ready(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  std::string answer(64, '\0');
  bool ready = false;
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    const std::string request = "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) > 0 && ::recv(socket, answer.data(), 63, 0) > 0)
      ready = answer.find(" 200 ") != std::string::npos;
  }
  ::close(socket);
  return ready;
}

long resident_kilobytes(pid_t process) {
  std::ifstream status(fmt::format("/proc/{}/status", process));
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmRSS:", 0) == 0) return std::atol(line.c_str() + 6);
  return 0;
}

void measure_program(const char* program, const filesystem::path& directory) {
  const filesystem::path project = directory / "project";
  filesystem::create_directories(project);
  const definition::ProjectPointer definitions = bench_project();
  for (const auto& [path, text] : definitions->files) {
    filesystem::create_directories((project / path).parent_path());
    std::ofstream(project / path) << text;
  }
  const int port = free_port();
  const std::string listen = fmt::format("127.0.0.1:{}", port);
  const std::string store = "sqlite:" + (directory / "program.db").string();
  const auto start = SteadyClock::now();
  const pid_t process = ::fork();
  if (process == 0) {
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, 1);
    ::dup2(null, 2);
    ::execl(program, program, "serve", "--dir", project.c_str(), "--store", store.c_str(), "--listen", listen.c_str(),
            static_cast<char*>(nullptr));
    ::_exit(127);
  }
  bool ready = false;
  while (!ready && seconds_since(start) < 10 && ::waitpid(process, nullptr, WNOHANG) == 0) {
    ready = is_ready(port);
    if (!ready) ::usleep(500);
  }
  if (!ready) {
    fmt::print("\n{}: not ready within 10 s, or it has ended; not measured\n", program);
  } else {
    const double milliseconds = seconds_since(start) * 1'000;
    ::usleep(1'000'000);
    fmt::print("\n{} serve: ready after {:.0f} ms, {:.1f} MiB resident when idle\n", program, milliseconds,
               static_cast<double>(resident_kilobytes(process)) / 1'024);
  }
  ::kill(process, SIGTERM);
  ::waitpid(process, nullptr, 0);
}

}  // namespace

int main(int count, char** arguments) {
  set_log_level(LogLevel::error);
  filesystem::path directory = count > 1 ? arguments[1] : filesystem::temp_directory_path();
  directory /= fmt::format("gantry-bench-{}", ::getpid());
  filesystem::create_directories(directory);

  fmt::print("{} processors; {:.0f} fdatasync/s of 4 KiB in {}\n\n", std::thread::hardware_concurrency(),
             syncs_per_second(directory), directory.parent_path().string());
  fmt::print(
      "Effects of the echo driver, ten to an instance; each is two events, durable before and after it takes "
      "place.\nAs many workers as instances, at least 16.\n");
  fmt::print("{:>10} {:>10} {:>10} {:>8} {:>14} {:>12} {:>14} {:>10} {:>10}\n", "instances", "effects/s", "events/s",
             "commits/s", "events/commit", "of fdatasync", "of SQLite rows", "p50 ms", "p99 ms");
  for (std::size_t concurrency : {1, 16, 64, 256}) {
    const Measured measured = measure(directory, concurrency);
    const double events = static_cast<double>(measured.statistics.events) / measured.seconds;
    const double commits = static_cast<double>(measured.statistics.commits) / measured.seconds;
    const double batch = events / std::max(commits, 1.0);
    // Beside each measurement, since a shared disk changes from minute to minute.
    const double syncs = syncs_per_second(directory);
    const double rows = rows_per_second(directory, std::max<std::size_t>(1, static_cast<std::size_t>(batch + 0.5)));
    fmt::print("{:>10} {:>10.0f} {:>10.0f} {:>8.0f} {:>14.1f} {:>11.0f}% {:>13.0f}% {:>10.1f} {:>10.1f}\n", concurrency,
               static_cast<double>(measured.statistics.effects_sent) / measured.seconds, events, commits, batch,
               100 * commits / syncs, 100 * events / rows, percentile(measured.milliseconds, 0.5),
               percentile(measured.milliseconds, 0.99));
    std::fflush(stdout);
  }
  fmt::print(
      "\nof fdatasync: commits beside what the disk can sync. of SQLite rows: events beside rows of {} bytes that\n"
      "SQLite alone makes durable in transactions of the same size. p50, p99: of an instance of ten steps.\n",
      row_bytes);
  if (const char* program = std::getenv("GANTRY_PROGRAM")) measure_program(program, directory);
  filesystem::remove_all(directory);
  return 0;
}
