#include "definition/shared_check.h"

#include <gmock/gmock.h>

namespace gantry::definition {
namespace {

using ::testing::HasSubstr;

constexpr const char* plain_policy = "policy: p\nversion: 1.0.0\nrules:\n  - {id: all, verdict: allow}\n";

Status check_files(const std::string& policy, const std::string& tasks) {
  auto loaded = load_project(
      {{"policies/p.yaml", policy},
       {"workflows/w.yaml", "document: {dsl: '1.0.3', namespace: a, name: w, version: 1.0.0}\ndo:\n" + tasks}});
  const auto* project = std::get_if<ProjectPointer>(&loaded);
  EXPECT_NE(project, nullptr) << format(std::get<Problems>(loaded).front());
  return project ? check_shareable(**project) : done();
}

std::string refusal(const std::string& policy, const std::string& tasks) {
  const Status checked = check_files(policy, tasks);
  EXPECT_FALSE(checked.ok());
  return checked.ok() ? "" : checked.error().message;
}

TEST(SharedCheck, WhatEachInstanceCountsForItselfIsFine) {
  const std::string budgets =
      "budgets: [{id: b, scope: run, count: 3}, {id: c, scope: instance, count: 3}, {id: d, scope: task, count: 3}]\n";
  EXPECT_TRUE(check_files(plain_policy + budgets, "- one: {set: {emit: 1}}\n").ok());
  EXPECT_TRUE(check_files(plain_policy, "- one: {listen: {to: {one: {with: {type: a.b}}}}}\n").ok());
}

TEST(SharedCheck, ABudgetThatCountsAcrossInstancesIsNamed) {
  for (const char* scope : {"workflow", "principal", "all"}) {
    const std::string said =
        refusal(plain_policy + std::string("budgets: [{id: spend, scope: ") + scope + ", count: 3}]\n",
                "- one: {set: {a: 1}}\n");
    EXPECT_THAT(said, HasSubstr("policies/p.yaml: budget 'spend' of policy 'p' counts across instances (scope " +
                                std::string(scope) + ")"));
  }
}

TEST(SharedCheck, EventsThatOnePartitionMakesItselfAreNamedWhereverTheyAre) {
  const std::string emit = "{emit: {event: {with: {source: 'https://a.example', type: a.b}}}}";
  for (const std::string& tasks :
       {"- one: " + emit + "\n", "- one: {for: {in: '${ [1] }'}, do: [{two: " + emit + "}]}\n",
        "- one: {try: [{two: {set: {a: 1}}}], catch: {do: [{three: " + emit + "}]}}\n"})
    EXPECT_THAT(refusal(plain_policy, tasks), HasSubstr("workflows/w.yaml: workflow 'a/w:1.0.0' emits events"))
        << tasks;
  EXPECT_THAT(refusal(plain_policy,
                      "- one: {listen: {to: {one: {with: {type: io.serverlessworkflow.workflow.completed.v1}}}}}\n"),
              HasSubstr("listens for lifecycle events"));
}

}  // namespace
}  // namespace gantry::definition
