// backup, store, doctor.
#include <fmt/format.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "cli/command_audit.h"
#include "cli/output.h"
#include "journal/audit_verify.h"
#include "journal/maintenance.h"
#include "journal/store_size.h"
#include "tool/sandbox_problem.h"

namespace gantry::cli {
namespace {

constexpr std::uint64_t disk_free_bytes_min = 256u << 20;
constexpr double days_left_min = 14;

std::string bytes_text(double bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(units); ++unit) bytes /= 1024;
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, units[unit]);
}

Value to_value(const journal::StoreSize& size) {
  std::vector<Value> kinds;
  for (const auto& kind : size.kinds)
    kinds.push_back(Value::object(
        {{"kind", Value(kind.kind)}, {"bytes", count_value(kind.bytes)}, {"rows", count_value(kind.rows)}}));
  return Value::object({{"kinds", Value::array(std::move(kinds))},
                        {"fileBytes", count_value(size.file_bytes)},
                        {"logBytes", count_value(size.log_bytes)},
                        {"unusedBytes", count_value(size.unused_bytes)},
                        {"events", count_value(size.events)},
                        {"bytesPerEvent", Value(size.bytes_per_event)},
                        {"measuredDays", Value(size.measured_days)},
                        {"eventsPerDay", Value(size.events_per_day)},
                        {"growthBytesPerDay", Value(size.growth_bytes_per_day)},
                        {"diskFreeBytes", count_value(size.disk_free_bytes)},
                        {"diskBytes", count_value(size.disk_bytes)},
                        {"fullAt", size.full_at ? Value(format_timestamp(*size.full_at)) : Value()}});
}

void print_size(const journal::StoreSize& size) {
  std::vector<std::vector<std::string>> rows{{"KIND", "SIZE", "ROWS"}};
  for (const auto& kind : size.kinds)
    rows.push_back({kind.kind, bytes_text(static_cast<double>(kind.bytes)), std::to_string(kind.rows)});
  rows.push_back({"unused", bytes_text(static_cast<double>(size.unused_bytes)), "-"});
  rows.push_back({"write-ahead log", bytes_text(static_cast<double>(size.log_bytes)), "-"});
  print_table(rows);
  const bool in_hours = size.measured_days < 2;
  print_result(fmt::format("{} events, {} each; {} a day, measured over {:.1f} {}", size.events,
                           bytes_text(size.bytes_per_event), bytes_text(std::max(0.0, size.growth_bytes_per_day)),
                           in_hours ? 24 * size.measured_days : size.measured_days, in_hours ? "hours" : "days"));
  if (size.disk_bytes == 0) return print_result("how much room the database has is not visible from here");
  print_result(size.full_at ? fmt::format("the disk ({} free) is full on {} if nothing changes",
                                          bytes_text(static_cast<double>(size.disk_free_bytes)),
                                          format_timestamp(*size.full_at).substr(0, 10))
                            : fmt::format("the disk ({} free) does not fill up at this rate",
                                          bytes_text(static_cast<double>(size.disk_free_bytes))));
}

// What the doctor found: one line each.
class Findings {
 public:
  void add(const char* check, bool good, std::string text) {
    good_ = good_ && good;
    rows_.push_back({good ? "ok" : "WRONG", check, std::move(text)});
  }
  bool good() const { return good_; }
  int print(bool json) const {
    std::vector<Value> values;
    for (const auto& row : rows_)
      values.push_back(
          Value::object({{"check", Value(row[1])}, {"good", Value(row[0] == "ok")}, {"text", Value(row[2])}}));
    if (json)
      print_value(Value::object({{"good", Value(good_)}, {"checks", Value::array(std::move(values))}}));
    else
      print_table(rows_);
    return good_ ? exit_done : exit_no;
  }

 private:
  bool good_ = true;
  std::vector<std::vector<std::string>> rows_;
};

void check_integrity(journal::Store& store, Findings& findings) {
  auto damage = journal::find_damage(store);
  if (!damage) return findings.add("integrity", false, damage.error().message);
  findings.add("integrity", damage->empty(),
               damage->empty() ? "no page, index, sequence or large value is damaged"
                               : fmt::format("{} problems; the first: {}", damage->size(), damage->front()));
}

void check_chain(journal::Store& store, Findings& findings) {
  auto report = journal::verify_audit(store);
  if (!report) return findings.add("audit chain", false, report.error().message);
  findings.add("audit chain", report->findings.empty(),
               report->findings.empty() ? fmt::format("{} events, {} checkpoints agree, {} events not signed yet",
                                                      report->events, report->checkpoints, report->unsigned_events)
                                        : fmt::format("position {}: {}", report->findings.front().position,
                                                      report->findings.front().message));
}

void check_disk(journal::Store& store, Timestamp now, Findings& findings) {
  auto size = journal::measure_store(store, now);
  if (!size) return findings.add("disk", false, size.error().message);
  if (size->disk_bytes == 0) return findings.add("disk", true, "the database's disk is not visible from here");
  const bool soon =
      size->full_at && std::chrono::duration<double>(*size->full_at - now).count() < days_left_min * 86'400;
  const bool good = size->disk_free_bytes >= disk_free_bytes_min && !soon;
  findings.add("disk", good,
               fmt::format("{} of {} free{}", bytes_text(static_cast<double>(size->disk_free_bytes)),
                           bytes_text(static_cast<double>(size->disk_bytes)),
                           size->full_at ? ", full on " + format_timestamp(*size->full_at).substr(0, 10) : ""));
}

void check_clock(journal::Store& store, Timestamp now, Findings& findings) {
  auto head = journal::audit_head(store);
  const Timestamp newest = head ? Timestamp(Duration(head->at)) : Timestamp();
  if (newest > now + std::chrono::minutes(1))
    return findings.add(
        "clock", false,
        "the newest event is of " + format_timestamp(newest) + ", later than now: was the clock set back?");
  timex state{};
  const bool synchronised = adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
  findings.add(
      "clock", true,
      synchronised ? "synchronised" : "not before the newest event; the kernel does not say that it is synchronised");
}

void check_sandbox(Findings& findings) {
  const bool found = access("/usr/bin/bwrap", X_OK) == 0;
  if (!found)
    return findings.add("sandbox", true, "no bubblewrap at /usr/bin/bwrap: tools that need a sandbox are refused");
  const std::string& problem = tool::sandbox_problem();
  findings.add("sandbox", true, problem.empty() ? "bubblewrap works" : "tools that need a sandbox are refused: " + problem);
}

}  // namespace

int backup_command(const StoreCommandOptions& options) {
  auto opened = open_store_of(options.store, options.directory, true);
  if (!opened) return fail(opened.error());
  if (auto written = journal::back_up(*opened->store, options.file); !written) return fail(written.error());
  std::error_code ignored;
  const auto bytes = std::filesystem::file_size(options.file, ignored);
  if (options.json)
    print_value(Value::object({{"file", Value(options.file)}, {"bytes", count_value(bytes)}}));
  else
    print_result(fmt::format("{}: {}", options.file, bytes_text(static_cast<double>(bytes))));
  note("the signing key is not in it: keep a copy of " + opened->options.key_file + " in another place");
  return exit_done;
}

int store_command(const StoreCommandOptions& options) {
  auto opened = open_store_of(options.store, options.directory, true);
  if (!opened) return fail(opened.error());
  auto size = journal::measure_store(*opened->store, SystemClock().now());
  if (!size) return fail(size.error());
  options.json ? print_value(to_value(*size)) : print_size(*size);
  return exit_done;
}

int doctor_command(const StoreCommandOptions& options) {
  Findings findings;
  const Timestamp now = SystemClock().now();
  // Where the URL can't be found out, opening says why.
  const auto found = stores_of(options.store, options.directory);
  const std::vector<std::string> stores = found ? *found : std::vector<std::string>{options.store};
  bool all_open = true;
  for (const std::string& store : stores) {
    auto opened = open_store_of(store, options.directory, true);
    all_open = all_open && opened.ok();
    if (!opened) {
      findings.add("store", false, opened.error().message);
      continue;
    }
    findings.add("store", true, opened->store->location() + " opens");
    check_integrity(*opened->store, findings);
    check_chain(*opened->store, findings);
    check_disk(*opened->store, now, findings);
    check_clock(*opened->store, now, findings);
  }
  check_sandbox(findings);
  const int status = findings.print(options.json);
  return all_open ? status : exit_unreachable;
}

}  // namespace gantry::cli
