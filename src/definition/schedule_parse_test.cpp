#include <gmock/gmock.h>

#include "definition/project_fixture.h"

namespace gantry::definition {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string scheduled(const std::string& schedule) {
  return "document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}\nschedule: " + schedule +
         "\ndo: [{a: {set: {x: 1}}}]\n";
}

// Without the path, as all are of the same file.
std::vector<std::string> schedule_problems(const std::string& schedule) {
  std::vector<std::string> lines;
  for (const std::string& line : problems_of({{"workflows/w.yaml", scheduled(schedule)}}))
    lines.push_back(line.substr(std::string("workflows/w.yaml:").size()));
  return lines;
}

Schedule schedule_of(const std::string& schedule) {
  return *loaded({{"workflows/w.yaml", scheduled(schedule)}})->workflows.begin()->second->schedule;
}

TEST(Schedule, IsReadInAllItsForms) {
  EXPECT_EQ(schedule_of("{every: PT15M}").every, Duration(std::chrono::minutes(15)));
  EXPECT_EQ(schedule_of("{every: {minutes: 15}}").every, Duration(std::chrono::minutes(15)));
  EXPECT_EQ(schedule_of("{after: PT30S}").after, Duration(std::chrono::seconds(30)));
  const Schedule cron = schedule_of("{cron: '0 0 * * *'}");
  EXPECT_EQ(cron.cron_text, "0 0 * * *");
  ASSERT_TRUE(cron.cron.has_value());
  EXPECT_EQ(cron.cron->next_after(*parse_timestamp("2026-11-28T01:00:00Z")), *parse_timestamp("2026-11-29T00:00:00Z"));
  const Schedule on = schedule_of("{on: {one: {with: {type: a.b}}}, read: data}");
  ASSERT_TRUE(on.on.has_value());
  EXPECT_EQ(on.on->filters.size(), 1u);
  EXPECT_EQ(on.read, EventReading::data);
  EXPECT_EQ(schedule_of("{on: {one: {with: {type: a.b}}}}").read, EventReading::envelope);
  EXPECT_EQ(schedule_of("{every: PT1H, cron: '@daily'}").cron_text, "@daily");
}

TEST(Schedule, ProblemsHaveTheirPlace) {
  EXPECT_THAT(schedule_problems("{}"), ElementsAre("2:11: a schedule needs at least one of every, cron, after, on"));
  EXPECT_THAT(schedule_problems("hourly"), ElementsAre("2:11: expected a schedule (an object), found the text "
                                                       "\"hourly\""));
  EXPECT_THAT(schedule_problems("{evry: PT1H}"),
              ElementsAre("2:11: a schedule needs at least one of every, cron, after, on",
                          "2:12: unknown key 'evry' in a schedule; did you mean 'every'?"));
  EXPECT_THAT(schedule_problems("{every: PT0.1S}"),
              ElementsAre("2:19: expected a duration from PT1S to P366D, found PT0.1S"));
  EXPECT_THAT(schedule_problems("{after: PT0S}"),
              ElementsAre("2:19: expected a duration from PT1S to P366D, found PT0S"));
  EXPECT_THAT(schedule_problems("{every: \"${ .x }\"}"),
              ElementsAre("2:19: a schedule has no data to compute with: expected a duration such as PT15M, found an "
                          "expression"));
  EXPECT_THAT(schedule_problems("{cron: '61 * * * *'}"), ElementsAre("2:18: cron: minute '61': expected 0 to 59"));
  EXPECT_THAT(schedule_problems("{cron: 5}"),
              ElementsAre("2:18: expected a cron expression such as '0 6 * * mon-fri', found the number 5"));
  EXPECT_THAT(schedule_problems("{every: PT1H, read: data}"),
              ElementsAre("2:25: 'read' says how the events of 'on' are read; there is no 'on'"));
  EXPECT_THAT(schedule_problems("{on: {one: {with: {typ: x}}}, read: text}"),
              ElementsAre("2:47: expected one of data, envelope, raw, found the text \"text\""));
}

TEST(Schedule, AnInputThatTheClockCannotGiveIsAWarning) {
  const std::string text =
      "document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}\n"
      "input: {schema: {document: {type: object, required: [container]}}}\n"
      "schedule: {every: PT1H}\ndo: [{a: {set: {x: 1}}}]\n";
  const auto project = loaded({{"workflows/w.yaml", text}});
  EXPECT_THAT(format_all(project->warnings),
              ElementsAre("workflows/w.yaml:3:11: warning: the clock starts it with {due: TIME}, which its input.schema "
                          "refuses: at the top: expected the member 'container' (/required)"));
}

TEST(Schedule, AVariableThatNothingHasFilledIsAWarning) {
  const auto project = loaded(
      {{"workflows/w.yaml", scheduled("{on: {one: {with: {type: a, data: \"${ .id == $workflow.input.id }\"}}}}")}});
  EXPECT_THAT(format_all(project->warnings),
              ElementsAre(testing::HasSubstr("$workflow is always null here: no instance runs before the schedule starts "
                                             "one")));
}

TEST(Schedule, WhoListensToLifecycleEventsIsKnown) {
  EXPECT_TRUE(loaded({{"workflows/w.yaml",
                       scheduled("{on: {one: {with: {type: io.serverlessworkflow.workflow.faulted.v1}}}}")}})
                  ->workflows.begin()
                  ->second->observes_lifecycle);
  EXPECT_TRUE(loaded_workflow("  - a: {listen: {to: {any: [{with: {type: io.serverlessworkflow.task.faulted.v1}}]}}}\n")
                  ->observes_lifecycle);
  EXPECT_FALSE(loaded({{"workflows/w.yaml",
                        scheduled("{on: {one: {with: {type: io.serverlessworkflow.samples.trigger.v1}}}}")}})
                   ->workflows.begin()
                   ->second->observes_lifecycle);
  EXPECT_FALSE(loaded_workflow("  - a: {listen: {to: {any: []}}}\n")->observes_lifecycle);
}

}  // namespace
}  // namespace gantry::definition
