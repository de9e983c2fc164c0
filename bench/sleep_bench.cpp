// What sleeping instances cost: a million of them (or as many as is said) are started, each to wait for a day; then a
// new process opens their journal, says how long that took and how much memory it has, sets its clock forward, and
// counts how fast they wake and whether they did so in the order in which they fell due. At last the program itself
// is started on an empty journal and on this one.
//
//   sleep_bench [DIRECTORY [COUNT]]
//   GANTRY_PROGRAM=build/gantry     measures the program's start and memory too
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "step_load.h"

namespace {

using namespace gantry;
using namespace gantry::bench;

constexpr std::size_t callers = 128;
const definition::Principal principal{"bench", {}};

// Moves by hand, from any thread.
class HandClock final : public Clock {
 public:
  explicit HandClock(Timestamp start) : microseconds_(start.time_since_epoch().count()) {}
  Timestamp now() const override { return Timestamp(Duration(microseconds_.load())); }
  void advance(Duration by) { microseconds_ += by.count(); }

 private:
  std::atomic<std::int64_t> microseconds_;
};

double resident_mebibytes(pid_t process) {
  std::ifstream status(fmt::format("/proc/{}/status", process));
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmRSS:", 0) == 0) return static_cast<double>(std::atol(line.c_str() + 6)) / 1'024;
  return 0;
}

std::int64_t integer_of(const std::string& path, const char* query) {
  sqlite3* database = nullptr;
  sqlite3_stmt* select = nullptr;
  sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr);
  if (sqlite3_prepare_v2(database, query, -1, &select, nullptr) != SQLITE_OK || sqlite3_step(select) != SQLITE_ROW)
    give_up(sqlite3_errmsg(database));
  const std::int64_t number = sqlite3_column_int64(select, 0);
  sqlite3_finalize(select);
  sqlite3_close(database);
  return number;
}

void put_to_sleep(const std::string& url, std::size_t count) {
  // In the past, so that the real clock of the program, started later, finds them due or not as it is told.
  HandClock clock(std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()));
  auto open = open_engine(url, {{"echo", tool::make_echo_driver()}}, {}, &clock);
  if (auto deployed = open->engine->deploy(project_of_steps({10}, echo_tool()), principal); !deployed)
    give_up(deployed.error().message);
  const auto start = SteadyClock::now();
  const double processor = processor_seconds();
  {
    std::atomic<std::size_t> next{0};
    std::vector<std::jthread> threads;
    for (std::size_t caller = 0; caller < callers; ++caller)
      threads.emplace_back([&] {
        while (next.fetch_add(1) < count) {
          start_instance(*open->engine, "sleep");
          clock.advance(std::chrono::microseconds(50));
        }
      });
  }
  fmt::print(
      "{} instances put to sleep: {:.0f} a second, {:.1f} us of processor time each; {:.0f} MiB of memory, {} of "
      "them in it; {:.0f} bytes on disk each\n",
      count, static_cast<double>(count) / seconds_since(start),
      1e6 * (processor_seconds() - processor) / static_cast<double>(count), resident_mebibytes(::getpid()),
      open->engine->statistics().in_memory,
      static_cast<double>(filesystem::file_size(open->store->location())) / static_cast<double>(count));
}

void wake(const std::string& url, const std::string& path, std::size_t count) {
  HandClock clock(std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()));
  const auto start = SteadyClock::now();
  auto open = open_engine(url, {{"echo", tool::make_echo_driver()}}, {}, &clock);
  fmt::print("  a new process: open after {:.0f} ms, {:.0f} MiB of memory (target 2048)\n",
             1'000 * seconds_since(start), resident_mebibytes(::getpid()));
  std::fflush(stdout);
  const double processor = processor_seconds();
  const auto woken = SteadyClock::now();
  clock.advance(std::chrono::hours(48));
  double memory = 0;
  while (open->engine->statistics().running > 0) {
    if (seconds_since(woken) > 1'800) give_up("they do not wake");
    memory = std::max(memory, resident_mebibytes(::getpid()));
    ::usleep(20'000);
  }
  const double seconds = seconds_since(woken);
  fmt::print(
      "  woken: {:.0f} a second (target 20000), {:.1f} us of processor time each; at most {:.0f} MiB of memory\n",
      static_cast<double>(count) / seconds, 1e6 * (processor_seconds() - processor) / static_cast<double>(count),
      memory);
  open.reset();
  // Each was due a day after its start.
  const std::int64_t late =
      integer_of(path,
                 "SELECT count(*) FROM (SELECT started_at, lag(started_at) OVER (ORDER BY end_event) AS before FROM "
                 "journal_instance) WHERE before > started_at");
  fmt::print("  {} of them woke after one that was due later\n", late);
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

void write_project(const filesystem::path& project) {
  const definition::ProjectPointer definitions = project_of_steps({10}, echo_tool());
  for (const auto& [path, text] : definitions->files) {
    filesystem::create_directories((project / path).parent_path());
    std::ofstream(project / path) << text;
  }
}

struct Start {
  double milliseconds = 0, mebibytes = 0;
};

Start start_program(const char* program, const filesystem::path& project, const std::string& store) {
  const int port = free_port();
  const std::string listen = fmt::format("127.0.0.1:{}", port);
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
  while (!ready && seconds_since(start) < 120 && ::waitpid(process, nullptr, WNOHANG) == 0) {
    ready = is_ready(port);
    if (!ready) ::usleep(500);
  }
  if (!ready) give_up(fmt::format("{} was not ready within two minutes, or it has ended", program));
  Start measured{1'000 * seconds_since(start), 0};
  ::usleep(1'000'000);
  measured.mebibytes = resident_mebibytes(process);
  ::kill(process, SIGTERM);
  ::waitpid(process, nullptr, 0);
  return measured;
}

void measure_program(const char* program, const Folder& folder, std::size_t count, const std::string& full) {
  const filesystem::path project = folder.path() / "project";
  write_project(project);
  Figure empty, memory, with_sleepers, memory_with_sleepers;
  for (int run = 0; run < 3; ++run) {
    const Start first = start_program(program, project, folder.store(fmt::format("program-{}", run)));
    empty.add(first.milliseconds);
    memory.add(first.mebibytes);
    const Start second = start_program(program, project, full);
    with_sleepers.add(second.milliseconds);
    memory_with_sleepers.add(second.mebibytes);
  }
  fmt::print(
      "\n{} serve\n  empty journal: ready after {} ms (target 50), {} MiB when idle (target 30)\n"
      "  {} sleeping: ready after {} ms (target 1000), {} MiB when idle\n",
      program, empty.text(), memory.text(1), count, with_sleepers.text(), memory_with_sleepers.text(1));
}

// In a process of its own, so that memory is what this part needs.
template <class Work>
void in_process(const Work& work) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    std::fflush(stdout);
    std::_Exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) give_up("a part failed");
}

}  // namespace

int main(int count, char** arguments) {
  set_log_level(LogLevel::error);
  const Folder folder(count > 1 ? filesystem::path(arguments[1]) : filesystem::temp_directory_path());
  const std::size_t sleepers = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1'000'000;
  fmt::print("\n");
  in_process([&] { put_to_sleep(folder.store("sleep"), sleepers); });
  if (const char* program = std::getenv("GANTRY_PROGRAM"))
    measure_program(program, folder, sleepers, folder.store("sleep"));
  in_process([&] { wake(folder.store("sleep"), folder.file("sleep"), sleepers); });
  return 0;
}
