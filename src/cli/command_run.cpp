// run: one workflow, here and now, in this process.
#include <filesystem>
#include <mutex>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/runtime.h"
#include "tool/drivers.h"
#include "value/json.h"

namespace gantry::cli {
namespace {

// Tasks of the run in the order in which they started; filled on the engine's thread.
class TaskLog {
 public:
  void add(const std::string& instance, const std::vector<engine::TaskTrace>& trace) {
    std::lock_guard lock(mutex_);
    for (const engine::TaskTrace& entry : trace) add(rows_[instance], entry);
  }
  Value rows(const std::string& instance) {
    std::lock_guard lock(mutex_);
    std::vector<Value> list;
    for (const Row& row : rows_[instance].list)
      list.push_back(Value::object({{"reference", row.reference},
                                    {"name", row.name},
                                    {"status", row.status},
                                    {"startedAt", format_timestamp(row.started)},
                                    {"endedAt", row.ended ? Value(format_timestamp(*row.ended)) : Value()}}));
    return Value::array(std::move(list));
  }
  std::size_t left_out(const std::string& instance) {
    std::lock_guard lock(mutex_);
    return rows_[instance].left_out;
  }

 private:
  struct Row {
    std::string reference, name, status;
    Timestamp started{};
    std::optional<Timestamp> ended;
  };
  struct Rows {
    std::vector<Row> list;      // the first ones
    std::size_t left_out = 0;   // those after them
    std::map<std::string, std::vector<std::size_t>> open;  // reference -> rows not ended, newest last
  };
  static constexpr std::size_t rows_max = 10'000;

  static void add(Rows& rows, const engine::TaskTrace& entry) {
    using Status = engine::TaskTrace::Status;
    if (entry.status == Status::retried || entry.status == Status::correlating || entry.status == Status::correlated)
      return;
    if (entry.status == Status::started || entry.status == Status::skipped) {
      if (rows.list.size() >= rows_max) {
        ++rows.left_out;
        return;
      }
      bool skipped = entry.status == Status::skipped;
      rows.list.push_back({entry.reference, entry.name, skipped ? "skipped" : "running", entry.at,
                           skipped ? std::optional(entry.at) : std::nullopt});
      if (!skipped) rows.open[entry.reference].push_back(rows.list.size() - 1);
      return;
    }
    auto open = rows.open.find(entry.reference);
    if (open == rows.open.end() || open->second.empty()) return;
    Row& row = rows.list[open->second.back()];
    open->second.pop_back();
    row.status = entry.status == Status::completed ? "completed"
                 : entry.status == Status::faulted ? "faulted"
                                                   : "cancelled";
    row.ended = entry.at;
  }

  std::mutex mutex_;
  std::map<std::string, Rows> rows_;
};

struct Loaded {
  definition::ProjectPointer project;
  definition::WorkflowName workflow;
};

// Without --dir the file stands alone. With it, the file is one of the project's, or is added to it for this run.
Result<Loaded> load(const RunOptions& options) {
  std::string text = TRY(read_file(options.file));
  definition::SourceFiles files{{options.file, text}};
  std::variant<definition::ProjectPointer, definition::Problems> loaded;
  std::string path = options.file;
  if (options.directory.empty()) {
    loaded = definition::load_single_workflow(options.file, text, tool::standard_checks());
  } else {
    auto read = definition::read_project_files(options.directory);
    if (auto* problems = std::get_if<definition::Problems>(&read)) {
      print_problems(*problems, {}, options.directory);
      return Error{Code::invalid_argument, "the project in '" + options.directory + "' can't be read"};
    }
    files = std::get<definition::SourceFiles>(std::move(read));
    std::error_code ignored;
    std::string relative = std::filesystem::relative(std::filesystem::absolute(options.file),
                                                     std::filesystem::absolute(options.directory), ignored)
                               .string();
    path = files.contains(relative) ? relative : "workflows/" + std::filesystem::path(options.file).filename().string();
    files[path] = text;
    loaded = definition::load_project(files, tool::standard_checks());
  }
  if (const auto* problems = std::get_if<definition::Problems>(&loaded)) {
    print_problems(*problems, files, options.directory);
    return Error{Code::invalid_argument, std::to_string(problems->size()) + " problem(s) in the definitions"};
  }
  auto project = std::get<definition::ProjectPointer>(loaded);
  print_problems(project->warnings, files, options.directory);
  for (const auto& [name, workflow] : project->workflows)
    if (workflow->path == path || project->workflows.size() == 1) return Loaded{project, name};
  return Error{Code::invalid_argument, options.file + ": holds no workflow"};
}

void tell_waiting(Runtime& runtime, const RunOptions& options) {
  auto tasks = runtime.query->tasks({}, {});
  if (!tasks) return;
  if (tasks->rows.empty()) return note("waits for events, which nobody can send here; use gantry serve");
  for (const Value& task : tasks->rows)
    note("waits for people: " + std::string(task.string_or("id", "")) + "  " +
         std::string(task.string_or("title", "")));
  note(options.store.empty() ? "a run without --store can't be answered later; use --store sqlite:FILE, or gantry serve"
                             : "to go on: gantry serve --store " + journal::printable_store(options.store));
}

int report(const RunOptions& options, const engine::InstanceOutcome& outcome, TaskLog& tasks) {
  if (options.json) {
    print_result(print_json(Value::object({{"instance", outcome.instance},
                                           {"status", outcome.status},
                                           {"output", outcome.output},
                                           {"error", outcome.error},
                                           {"tasks", tasks.rows(outcome.instance)},
                                           {"tasksLeftOut", tasks.left_out(outcome.instance)}})));
  } else if (outcome.status == "completed") {
    print_value(outcome.output);
  } else if (outcome.status == "faulted") {
    note("faulted: " + print_json_pretty(outcome.error));
  } else {
    note(outcome.status);
  }
  if (outcome.status == "completed") return exit_done;
  return outcome.status == "faulted" || outcome.status == "cancelled" ? exit_no : exit_waiting;
}

bool has_ended(const engine::InstanceOutcome& outcome) {
  return outcome.status == "completed" || outcome.status == "faulted" || outcome.status == "cancelled";
}

// Waits for the instance, and then for the instances that it started and did not wait for.
Result<engine::InstanceOutcome> wait_for_end(Runtime& runtime, const RunOptions& options, const std::string& instance) {
  engine::InstanceOutcome outcome;
  // In slices: whether anything can still happen here depends on other instances as well.
  const Duration slice = options.no_wait ? Duration(std::chrono::seconds(1)) : Duration(std::chrono::milliseconds(200));
  do {
    outcome = TRY(runtime.engine->wait(instance, slice, true, true));
  } while (!has_ended(outcome) && !options.no_wait && !outcome.stays);
  while (has_ended(outcome) && !options.no_wait) {
    auto running =
        TRY(runtime.query->instances({.status = "running", .workflow = std::nullopt}, {.cursor = "", .limit = 1}));
    if (running.rows.empty()) break;
    auto other = runtime.engine->wait(std::string(running.rows[0].string_or("id", "")), slice, true, true);
    if (other && other->stays && !has_ended(*other)) break;
  }
  return outcome;
}

}  // namespace

int run_command(const RunOptions& options) {
  auto input = read_input(options.input, Value::object(std::vector<Member>{}));
  if (!input) return fail(input.error());
  auto overrides = read_host_overrides(options.host_overrides);
  if (!overrides) return fail(overrides.error());
  auto loaded = load(options);
  if (!loaded) return fail(loaded.error());
  bool alone = options.directory.empty();
  if (alone && !options.json)
    note("no project: the built-in policy 'reads-only' applies (calls that only read are allowed, all others denied)");

  TaskLog tasks;
  RuntimeOptions runtime_options;
  runtime_options.project = loaded->project;
  runtime_options.directory = alone ? "." : options.directory;
  runtime_options.store = options.store.empty() ? "memory:" : options.store;
  runtime_options.host_overrides = *overrides;
  runtime_options.egress_any = alone;
  runtime_options.trace = [&tasks](const std::string& instance, const std::vector<engine::TaskTrace>& trace) {
    tasks.add(instance, trace);
  };
  if (!options.simulate.empty()) return simulate_schedules(options, std::move(runtime_options));
  if (options.skip_waits)
    runtime_options.when_idle = [](SkippingClock& clock, std::optional<Timestamp> due) {
      if (due) clock.skip_to(*due);
    };
  auto runtime = Runtime::open(runtime_options);
  if (!runtime) return fail(runtime.error());

  definition::Principal person{options.person.empty() ? login_name() : options.person, {}};
  engine::Engine& engine = *(*runtime)->engine;
  auto deployed = engine.deploy(loaded->project, person);
  if (!deployed) return fail(deployed.error());
  if (deployed->status != "deployed") return fail(policy_change_waits(*deployed));
  auto started = engine.start({.namespace_ = loaded->workflow.namespace_,
                               .name = loaded->workflow.name,
                               .version = loaded->workflow.version,
                               .input = std::move(*input),
                               .principal = person,
                               .key = ""});
  if (!started) return fail(started.error());
  auto outcome = wait_for_end(**runtime, options, started->instance);
  if (!outcome) return fail(outcome.error());
  auto open = (*runtime)->query->tasks({}, {.cursor = "", .limit = 1});
  if ((outcome->stays && !has_ended(*outcome)) || (open && !open->rows.empty())) tell_waiting(**runtime, options);
  return report(options, *outcome, tasks);
}

}  // namespace gantry::cli
