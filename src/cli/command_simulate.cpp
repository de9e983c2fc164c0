// run --simulate: the schedules of a project, on a clock that jumps from one occasion to the next.
#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/runtime.h"

namespace gantry::cli {
namespace {

constexpr std::size_t jumps_max = 100'000;
constexpr Duration simulated_max = std::chrono::hours(24 * 366 * 10);

// Lets time jump until `end`, then says so.
class Span {
 public:
  void begin(Timestamp end) {
    std::lock_guard lock(mutex_);
    end_ = end;
  }
  void idle(SkippingClock& clock, std::optional<Timestamp> due) {
    std::lock_guard lock(mutex_);
    if (!end_) return;
    if (due && *due <= *end_ && ++jumps_ <= jumps_max) return clock.skip_to(*due);
    is_over_ = true;
    over_.notify_all();
  }
  // True when all of the time has passed.
  bool wait() {
    std::unique_lock lock(mutex_);
    over_.wait(lock, [this] { return is_over_; });
    return jumps_ <= jumps_max;
  }

 private:
  std::mutex mutex_;
  std::condition_variable over_;
  std::optional<Timestamp> end_;
  std::size_t jumps_ = 0;
  bool is_over_ = false;
};

Result<std::vector<Value>> started(journal::Query& query) {
  std::vector<Value> rows;
  journal::PageRequest request{.cursor = "", .limit = 1'000};
  do {
    journal::Page page = TRY(query.instances({}, request));
    rows.insert(rows.end(), page.rows.begin(), page.rows.end());
    request.cursor = page.next_cursor;
  } while (!request.cursor.empty());
  std::reverse(rows.begin(), rows.end());
  return rows;
}

// When it started, counted from the beginning.
Result<std::string> offset_of(const Value& row, Timestamp begin) {
  const Timestamp at = TRY(parse_timestamp(row.string_or("startedAt", "")));
  return format_duration(std::chrono::floor<std::chrono::seconds>(at - begin));
}

Status report(journal::Query& query, Timestamp begin, bool json) {
  const std::vector<Value> rows = TRY(started(query));
  std::vector<Value> list;
  std::vector<std::vector<std::string>> table = {{"AFTER", "WORKFLOW", "STATUS", "INSTANCE"}};
  for (const Value& row : rows) {
    const std::string after = TRY(offset_of(row, begin)), id(row.string_or("id", ""));
    const std::string workflow = std::string(row.string_or("workflowNamespace", "")) + "/" +
                                 std::string(row.string_or("workflowName", ""));
    const std::string status(row.string_or("status", ""));
    table.push_back({after, workflow, status, id});
    if (!json) continue;
    const Value whole = TRY(query.instance(id));
    list.push_back(Value::object({{"after", after},
                                  {"workflow", workflow},
                                  {"status", status},
                                  {"instance", id},
                                  {"input", whole.member("input")},
                                  {"output", whole.member("output")},
                                  {"error", whole.member("error")}}));
  }
  if (json)
    print_value(Value::object({{"instances", Value::array(std::move(list))}}));
  else
    print_table(table);
  return done();
}

}  // namespace

int simulate_schedules(const RunOptions& options, RuntimeOptions runtime_options) {
  auto length = parse_duration(options.simulate);
  if (!length) return fail({Code::invalid_argument, "--simulate: " + length.error().message});
  if (*length <= Duration::zero() || *length > simulated_max)
    return fail({Code::invalid_argument, "--simulate: expected a duration of up to ten years, found " + options.simulate});
  Span span;
  runtime_options.run_schedules = true;
  runtime_options.when_idle = [&span](SkippingClock& clock, std::optional<Timestamp> due) { span.idle(clock, due); };
  auto runtime = Runtime::open(runtime_options);
  if (!runtime) return fail(runtime.error());
  engine::Engine& engine = *(*runtime)->engine;
  const Timestamp begin = (*runtime)->clock.now();
  if (auto deployed = engine.deploy(runtime_options.project, {login_name(), {}}); !deployed) return fail(deployed.error());
  span.begin(begin + *length);
  auto schedules = engine.schedules();  // wakes the engine, too
  if (!schedules) return fail(schedules.error());
  if (schedules->size() == 0) return fail({Code::invalid_argument, "no workflow here has a schedule"});
  if (!span.wait()) note("stopped after " + std::to_string(jumps_max) + " occasions, before the time was over");
  auto reported = report(*(*runtime)->query, begin, options.json);
  return reported ? exit_done : fail(reported.error());
}

}  // namespace gantry::cli
