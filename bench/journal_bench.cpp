// How many events per second reach the disk, and beside it, in the same run, what the disk and SQLite allow: the rate
// of fdatasync alone, and rows of the same size into one plain table with the same batch size and the same settings.
// The folder is TMPDIR's: set it to measure another disk.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "journal/store.h"
#include "value/json.h"

namespace {

using namespace gantry;
using journal::EventType;

class BenchFolder {
 public:
  BenchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "gantry_bench_XXXXXX").string();
    if (char* made = mkdtemp(name.data())) path_ = made;
  }
  ~BenchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// Four events per instance: started, permitted, done, completed; as many instances at once as a batch has events.
class EventSource {
 public:
  EventSource()
      : started_(read(
            R"({"workflow":{"namespace":"bench","name":"read","version":"1.0.0","digest":"d"},"project":"p","input":{"n":1},"principal":{"person":"bench","roles":[]}})")),
        result_(read(R"({"ok":true})")) {}

  journal::Batch next(std::size_t count) {
    journal::Batch batch;
    batch.events.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      if (i == 0 && phase_ == 4) {
        phase_ = 0;
        first_ += count;
      }
      batch.events.push_back(make(fmt::format("{:026}", first_ + i)));
    }
    ++phase_;
    return batch;
  }

 private:
  static Value read(const char* text) { return *parse_json(text); }

  journal::Event make(std::string instance) const {
    journal::Event event;
    event.sequence = phase_ + 1;
    event.at = Timestamp(Duration(1'795'000'000'000'000));
    std::string effect = instance + "-e1";
    switch (phase_) {
      case 0:
        event.type = EventType::instance_started;
        event.data = started_;
        break;
      case 1:
        event.type = EventType::effect_permitted;
        event.data =
            Value::object({{"effect", Value::object({{"id", Value(effect)},
                                                     {"tool", Value("http")},
                                                     {"operation", Value("get")},
                                                     {"key", Value(effect)}})},
                           {"verdict", Value::object({{"kind", Value("allow")}, {"rule", Value("bench/reads")}})}});
        break;
      case 2:
        event.type = EventType::effect_done;
        event.data = Value::object({{"effect", Value(effect)}, {"result", result_}});
        break;
      default:
        event.type = EventType::instance_completed;
        event.data = Value::object({{"output", result_}});
    }
    event.instance = std::move(instance);
    return event;
  }

  Value started_, result_;
  std::uint64_t phase_ = 0;
  std::size_t first_ = 0;
};

// What this process has handed to write(2) and its kind since it started.
double bytes_written() {
  std::ifstream counters("/proc/self/io");
  for (std::string name, value; counters >> name >> value;)
    if (name == "wchar:") return std::stod(value);
  return 0;
}

void append_events(benchmark::State& state, const std::string& url) {
  auto store = journal::Store::open(url);
  if (!store) return state.SkipWithError(store.error().message.c_str());
  auto batch_size = static_cast<std::size_t>(state.range(0));
  EventSource source;
  const double written_before = bytes_written();
  for (auto _ : state) {
    state.PauseTiming();
    journal::Batch batch = source.next(batch_size);
    state.ResumeTiming();
    Status status = (*store)->append(batch);
    if (!status) return state.SkipWithError(status.error().message.c_str());
  }
  const auto events = static_cast<double>(state.iterations() * state.range(0));
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["bytes/event"] = (bytes_written() - written_before) / events;  // log and checkpoints together
}

void journal_file(benchmark::State& state) {
  BenchFolder folder;
  append_events(state, "sqlite:" + folder.file("gantry.db"));
}

void journal_memory(benchmark::State& state) {
  append_events(state, "memory:");
}

void plain_sqlite_rows(benchmark::State& state) {
  BenchFolder folder;
  sqlite3* database = nullptr;
  sqlite3_open(folder.file("plain.db").c_str(), &database);
  sqlite3_exec(database,
               "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096; CREATE TABLE t "
               "(a INTEGER PRIMARY KEY, b TEXT)",
               nullptr, nullptr, nullptr);
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(database, "INSERT INTO t (b) VALUES (?)", -1, &insert, nullptr);
  std::string text(140, 'x');
  for (auto _ : state) {
    sqlite3_exec(database, "BEGIN", nullptr, nullptr, nullptr);
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      sqlite3_bind_text(insert, 1, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
      sqlite3_step(insert);
      sqlite3_reset(insert);
    }
    sqlite3_exec(database, "COMMIT", nullptr, nullptr, nullptr);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  sqlite3_finalize(insert);
  sqlite3_close(database);
}

void raw_fdatasync(benchmark::State& state) {
  BenchFolder folder;
  int file = ::open(folder.file("raw").c_str(), O_RDWR | O_CREAT, 0600);
  std::string page(4096, 'x');
  off_t offset = 0;
  for (auto _ : state) {
    if (pwrite(file, page.data(), page.size(), offset) < 0 || fdatasync(file) != 0)
      return state.SkipWithError("write failed");
    offset = (offset + 4096) % (16 << 20);
  }
  ::close(file);
  state.SetItemsProcessed(state.iterations());
}

// Reading an instance back, as recovery does.
void recover_instances(benchmark::State& state) {
  auto store = journal::Store::open("memory:");
  if (!store) return state.SkipWithError(store.error().message.c_str());
  EventSource source;
  for (int i = 0; i < 4; ++i)
    if (!(*store)->append(source.next(1000))) return state.SkipWithError("append failed");
  std::size_t instance = 0;
  for (auto _ : state) {
    auto events = (*store)->events_of(fmt::format("{:026}", instance++ % 1000));
    benchmark::DoNotOptimize(events);
  }
  state.SetItemsProcessed(state.iterations() * 4);
}

BENCHMARK(raw_fdatasync)->UseRealTime();
BENCHMARK(plain_sqlite_rows)->Arg(1)->Arg(64)->Arg(1024)->UseRealTime();
BENCHMARK(journal_file)->Arg(1)->Arg(64)->Arg(1024)->UseRealTime();
BENCHMARK(journal_memory)->Arg(64)->UseRealTime();
BENCHMARK(recover_instances);

}  // namespace

BENCHMARK_MAIN();
