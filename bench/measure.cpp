#include "measure.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <thread>

namespace {

std::atomic<std::uint64_t> sync_count{0};

}  // namespace

// The program's own definitions come before those of the C library, also for SQLite's calls: so they are counted.
extern "C" int fdatasync(int file) {
  sync_count.fetch_add(1, std::memory_order_relaxed);
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}
extern "C" int fsync(int file) {
  sync_count.fetch_add(1, std::memory_order_relaxed);
  return static_cast<int>(::syscall(SYS_fsync, file));
}

namespace gantry::bench {
namespace {

constexpr auto floor_time = std::chrono::milliseconds(1'500);
constexpr std::size_t rows_read_max = 20'000;

struct Row {
  std::int64_t stream = 0, sequence = 0, at = 0, type = 0;
  std::string data, labels;
};

void execute(sqlite3* database, const char* statement) {
  if (sqlite3_exec(database, statement, nullptr, nullptr, nullptr) != SQLITE_OK)
    give_up(fmt::format("{}: {}", statement, sqlite3_errmsg(database)));
}

std::vector<Row> read_rows(const std::string& path) {
  sqlite3* database = nullptr;
  sqlite3_stmt* select = nullptr;
  if (sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK)
    give_up("can't open " + path);
  // The last ones: they come from the steps that were measured.
  sqlite3_prepare_v2(
      database, "SELECT stream, sequence, at, type, data, labels FROM journal_event ORDER BY position DESC LIMIT ?", -1,
      &select, nullptr);
  sqlite3_bind_int64(select, 1, rows_read_max);
  std::vector<Row> rows;
  auto text = [&](int column) {
    const auto* start = reinterpret_cast<const char*>(sqlite3_column_text(select, column));
    return start == nullptr ? std::string()
                            : std::string(start, static_cast<std::size_t>(sqlite3_column_bytes(select, column)));
  };
  while (sqlite3_step(select) == SQLITE_ROW)
    rows.push_back({sqlite3_column_int64(select, 0), sqlite3_column_int64(select, 1), sqlite3_column_int64(select, 2),
                    sqlite3_column_int64(select, 3), text(4), text(5)});
  sqlite3_finalize(select);
  sqlite3_close(database);
  if (rows.empty()) give_up(path + " holds no events");
  std::reverse(rows.begin(), rows.end());
  return rows;
}

void insert_row(sqlite3* database, sqlite3_stmt* insert, const Row& row) {
  sqlite3_bind_int64(insert, 1, row.stream);
  sqlite3_bind_int64(insert, 2, row.sequence);
  sqlite3_bind_int64(insert, 3, row.at);
  sqlite3_bind_int64(insert, 4, row.type);
  sqlite3_bind_text(insert, 5, row.data.data(), static_cast<int>(row.data.size()), SQLITE_STATIC);
  if (row.labels.empty())
    sqlite3_bind_null(insert, 6);
  else
    sqlite3_bind_text(insert, 6, row.labels.data(), static_cast<int>(row.labels.size()), SQLITE_STATIC);
  if (sqlite3_step(insert) != SQLITE_DONE) give_up(sqlite3_errmsg(database));
  sqlite3_reset(insert);
}

}  // namespace

Folder::Folder(const filesystem::path& parent) {
  std::string name = (parent / "gantry-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) give_up("can't make a folder in " + parent.string());
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  filesystem::remove_all(path_, ignored);
}

std::uint64_t disk_syncs() {
  return sync_count.load(std::memory_order_relaxed);
}

double written_bytes() {
  std::ifstream counts("/proc/self/io");
  for (std::string line; std::getline(counts, line);)
    if (line.rfind("wchar: ", 0) == 0) return std::strtod(line.c_str() + 7, nullptr);
  return 0;
}

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
  ::unlink(path.c_str());
  return rate;
}

PlainRows plain_rows(const filesystem::path& directory, const std::string& database_of_engine, std::size_t batch) {
  const std::vector<Row> rows = read_rows(database_of_engine);
  const std::string path = (directory / "rows.db").string();
  sqlite3* database = nullptr;
  if (sqlite3_open(path.c_str(), &database) != SQLITE_OK) give_up("can't open " + path);
  execute(
      database,
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096; CREATE TABLE event "
      "(position INTEGER PRIMARY KEY, stream INTEGER, sequence INTEGER, at INTEGER, type INTEGER, data TEXT, labels "
      "TEXT)");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(database, "INSERT INTO event (stream, sequence, at, type, data, labels) VALUES (?,?,?,?,?,?)", -1,
                     &insert, nullptr);
  std::size_t count = 0;
  const auto start = SteadyClock::now();
  const double processor = processor_seconds();
  while (SteadyClock::now() - start < floor_time) {
    execute(database, "BEGIN IMMEDIATE");
    for (std::size_t i = 0; i < batch; ++i) insert_row(database, insert, rows[count++ % rows.size()]);
    execute(database, "COMMIT");
  }
  PlainRows plain;
  plain.rows_per_second = static_cast<double>(count) / seconds_since(start);
  plain.processor_microseconds = 1e6 * (processor_seconds() - processor) / static_cast<double>(count);
  sqlite3_finalize(insert);
  sqlite3_close(database);
  for (const char* ending : {"", "-wal", "-shm"}) filesystem::remove(path + ending);
  return plain;
}

std::string echo_tool() {
  return "tool: bench\nversion: 1.0.0\ndriver: echo\noperations:\n  say:\n    class: write\n"
         "    idempotency: key\n    arguments: {type: object, properties: {voyage: {type: string}, moves: {type: "
         "array}}}\n";
}

definition::ProjectPointer project_of_steps(const std::vector<int>& steps, const std::string& tool) {
  definition::SourceFiles files;
  files["tools/bench.yaml"] = tool;
  files["policies/bench.yaml"] =
      "policy: bench\nversion: 1.0.0\nrules: [{id: all, classes: [write], verdict: allow, reason: It is a "
      "benchmark.}]\n";
  for (int count : steps) {
    std::string tasks;
    for (int i = 0; i < count; ++i)
      tasks += fmt::format("  - step{}: {{call: bench.say, with: {{voyage: V-4711, moves: [{{from: 1, to: {}}}]}}}}\n",
                           i, i);
    files[fmt::format("workflows/steps{}.yaml", count)] = fmt::format(
        "document: {{dsl: '1.0.3', namespace: bench, name: steps{}, version: 1.0.0}}\ndo:\n{}", count, tasks);
  }
  files["workflows/sleep.yaml"] =
      "document: {dsl: '1.0.3', namespace: bench, name: sleep, version: 1.0.0}\ndo:\n  - rest: {wait: PT24H}\n";
  auto loaded = definition::load_project(std::move(files));
  if (auto* problems = std::get_if<definition::Problems>(&loaded)) give_up(definition::format(problems->front()));
  return std::get<definition::ProjectPointer>(loaded);
}

void print_machine(const filesystem::path& directory) {
  double load[1] = {0};
  (void)::getloadavg(load, 1);
  fmt::print("{} processors, load {:.1f} from other work; {:.0f} fdatasync/s of 4 KiB in {}\n\n",
             std::thread::hardware_concurrency(), load[0], syncs_per_second(directory), directory.string());
}

}  // namespace gantry::bench
