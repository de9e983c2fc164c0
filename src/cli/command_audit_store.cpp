// audit export, audit replay, audit erase.
#include <fmt/format.h>

#include <cstdio>

#include "cli/command_audit.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "engine/replay_check.h"
#include "journal/audit_export.h"
#include "journal/erasure.h"
#include "tool/drivers.h"
#include "value/json.h"

namespace gantry::cli {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

int audit_export_command(const AuditCommandOptions& options) {
  auto opened = open_for_audit(options, true);
  if (!opened) return fail(opened.error());
  std::unique_ptr<std::FILE, CloseFile> file;
  if (!options.out.empty()) {
    file.reset(std::fopen(options.out.c_str(), "wbxe"));
    if (!file) return fail({Code::invalid_argument, options.out + ": can't be made; does it exist already?"});
  }
  std::FILE* out = file ? file.get() : stdout;
  const auto sink = [&](std::string_view text) -> Status {
    if (std::fwrite(text.data(), 1, text.size(), out) == text.size()) return done();
    return Error{Code::unavailable, "the export can't be written; is the disk full?"};
  };
  journal::ExportFilter filter;
  if (!options.instance.empty()) filter.instance = options.instance;
  Status exported = options.format == "ocel" ? journal::export_ocel(*opened->store, filter, sink)
                                             : journal::export_lines(*opened->store, filter, sink);
  if (exported && std::fflush(out) != 0)
    exported = Error{Code::unavailable, "the export can't be written; is the disk full?"};
  return exported ? exit_done : fail(exported.error());
}

int audit_replay_command(const AuditCommandOptions& options) {
  auto opened = open_for_audit(options, true);
  if (!opened) return fail(opened.error());
  const gate::Gate gate(tool::standard_drivers({}));  // judges only; nothing is performed
  auto report = engine::replay_instance(*opened->store, options.instance, gate);
  if (!report) return fail(report.error());
  std::vector<Value> differences;
  for (const auto& difference : report->differences)
    differences.push_back(Value::object({{"sequence", count_value(difference.sequence)},
                                         {"what", Value(difference.what)},
                                         {"recorded", difference.recorded},
                                         {"computed", difference.computed}}));
  if (options.json) {
    print_value(Value::object({{"instance", Value(report->instance)},
                               {"status", Value(report->status)},
                               {"same", Value(differences.empty())},
                               {"events", Value(report->events)},
                               {"inputs", Value(report->inputs)},
                               {"actions", Value(report->actions)},
                               {"verdicts", Value(report->verdicts)},
                               {"differences", Value::array(std::move(differences))}}));
  } else {
    for (const auto& difference : report->differences)
      print_result(printable(fmt::format("event {}: {}: recorded {}, computed {}", difference.sequence, difference.what,
                                         print_json(difference.recorded), print_json(difference.computed))));
    print_result(fmt::format("{}: {} events, {} actions compared, {} verdicts judged again, {} differences", printable(report->status),
                             report->events, report->actions, report->verdicts, report->differences.size()));
  }
  return report->differences.empty() ? exit_done : exit_no;
}

int audit_erase_command(const AuditCommandOptions& options) {
  auto opened = open_for_audit(options, false);
  if (!opened) return fail(opened.error());
  journal::ErasureRequest request;
  request.instance = options.instance;
  request.text = options.subject;
  request.by = {options.person.empty() ? login_name() : options.person, {"administrator"}};
  request.reason = options.reason;
  request.at = SystemClock().now();
  auto erasure = journal::erase(*opened->store, request);
  if (!erasure) return fail(erasure.error());
  std::vector<Value> running(erasure->running.begin(), erasure->running.end());
  if (options.json) {
    print_value(Value::object({{"record", Value(static_cast<std::int64_t>(erasure->record))},
                               {"events", Value(erasure->events)},
                               {"instances", Value(erasure->instances)},
                               {"largeValues", Value(erasure->blobs)},
                               {"running", Value::array(std::move(running))}}));
  } else if (erasure->record == 0) {
    print_result("nothing to erase was found");
  } else {
    print_result(fmt::format("erased: {} events of {} instances, {} large values; recorded at position {}",
                             erasure->events, erasure->instances, erasure->blobs, erasure->record));
  }
  for (const std::string& instance : erasure->running)
    note(printable("instance " + instance + " goes on and was left alone: erase again when it has ended"));
  note("backups and exports made before still hold it");
  return erasure->running.empty() ? exit_done : exit_no;
}

}  // namespace gantry::cli
