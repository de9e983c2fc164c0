// schedule: every, cron, after, on.
#include <fmt/format.h>

#include <array>

#include "definition/workflow_reader.h"

namespace gantry::definition {
namespace {

// A shorter one would do nothing else than start instances.
constexpr Duration interval_min = std::chrono::seconds(1);
constexpr Duration interval_max = std::chrono::hours(24 * 366);

std::optional<Duration> read_interval(const Node& node, const Scope& scope) {
  if (has_expressions(node.value())) {
    node.problem("a schedule has no data to compute with: expected a duration such as PT15M, found an expression");
    return std::nullopt;
  }
  auto source = read_duration(node, scope);
  if (!source || !source->fixed) return std::nullopt;
  if (*source->fixed >= interval_min && *source->fixed <= interval_max) return source->fixed;
  node.problem(fmt::format("expected a duration from {} to {}, found {}", format_duration(interval_min),
                           format_duration(interval_max), format_duration(*source->fixed)));
  return std::nullopt;
}

}  // namespace

std::optional<Schedule> WorkflowReader::read_schedule(const Node& node, const Workflow& workflow) {
  static constexpr std::array<Choice<EventReading>, 3> readings = {
      {{"data", EventReading::data}, {"envelope", EventReading::envelope}, {"raw", EventReading::raw}}};
  Schedule schedule;
  ObjectReader reader(node, "a schedule");
  if (!reader.is_object()) return std::nullopt;
  Scope scope = Scope::standard();
  for (const char* name : {"context", "input", "secrets", "task", "workflow", "runtime", "authorization"})
    scope = scope.without_value(name, "no instance runs before the schedule starts one");
  if (auto every = reader.find("every")) schedule.every = read_interval(*every, scope);
  if (auto after = reader.find("after")) schedule.after = read_interval(*after, scope);
  if (auto cron = reader.find("cron"); cron) {
    if (auto text = cron->text("a cron expression such as '0 6 * * mon-fri'")) {
      auto parsed = CronExpression::parse(*text);
      schedule.cron_text = *text;
      if (parsed)
        schedule.cron = *parsed;
      else
        cron->problem(parsed.error().message);
    }
  }
  auto on = reader.find("on");
  if (on) schedule.on = read_event_consumption(*on, scope, true);
  if (auto read = reader.find("read")) {
    if (!on) read->key_problem("'read' says how the events of 'on' are read; there is no 'on'");
    schedule.read = read_choice<EventReading>(*read, readings).value_or(EventReading::envelope);
  }
  const bool timed = reader.has("every") || reader.has("cron") || reader.has("after");
  if (!timed && !on) node.problem("a schedule needs at least one of every, cron, after, on");
  if (timed) check_schedule_input(node, workflow, Schedule::timed_input({}), "the clock starts it with {due: TIME}");
  return schedule;
}

// What the clock gives is known before anything runs.
void WorkflowReader::check_schedule_input(const Node& schedule, const Workflow& workflow, const Value& input,
                                          std::string_view what) {
  if (!workflow.input.schema) return;
  const auto violations = workflow.input.schema->validate(input);
  if (!violations.empty())
    schedule.warning(fmt::format("{}, which its input.schema refuses: {}", what, describe(violations)));
}

}  // namespace gantry::definition
