// For tests: a project in a few lines, and what is proven of it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/sanitizer.h"
#include "prove/prove.h"
#include "value/json.h"

namespace gantry::prove::testing {

// Of many like cases the sanitizer builds try one in so many: they take ten times as long, and look for other mistakes.
inline constexpr std::size_t samples_one_in = has_sanitizer ? 4 : 1;
// Workflows made at random, each run with every sequence of answers: the bulk of the time.
inline constexpr std::size_t random_one_in = has_sanitizer ? 16 : 1;

// Tools of a small port: customs.status (read), customs.ask (write), tos.release, tos.stop, tos.note (write),
// bank.pay (money).
inline constexpr const char* customs_tool = R"(
tool: customs
version: 1.0.0
driver: echo
operations:
  status: {class: read, arguments: {type: object}}
  ask: {class: write, arguments: {type: object}}
)";
inline constexpr const char* tos_tool = R"(
tool: tos
version: 1.0.0
driver: echo
operations:
  release: {class: write, arguments: {type: object}}
  stop: {class: write, arguments: {type: object}}
  note: {class: notify, arguments: {type: object}}
)";
inline constexpr const char* bank_tool = R"(
tool: bank
version: 1.0.0
driver: echo
operations:
  pay: {class: money, arguments: {type: object, additionalProperties: true}}
)";
inline constexpr const char* customs_decision = R"(
decision: customs
version: 1.0.0
question: May it leave?
input: {type: object}
answer: {enum: [release, hold]}
deciders: [{person: {roles: [customs]}}]
)";

inline std::string document(const std::string& name) {
  return "document: {dsl: 1.0.3, namespace: test, name: " + name + ", version: 1.0.0}\n";
}
inline std::string policy_with(const std::string& invariants, const std::string& rules = "") {
  const std::string some = rules.empty() ? "  - {id: all, tools: ['*'], verdict: allow}\n" : rules;
  return "policy: port\nversion: 1.0.0\ninvariants:\n" + invariants + "rules:\n" + some;
}

// The usual question: no release without clearance.
inline constexpr const char* cleared_first =
    "  - {id: cleared, never: tos.release, unless: {done: customs.status, result: .cleared == true}}\n";

inline definition::ProjectPointer project_of(const std::string& workflow, const std::string& policy,
                                             definition::SourceFiles more = {}) {
  more["workflows/main.yaml"] = document("main") + workflow;
  more["policies/port.yaml"] = policy;
  more["tools/customs.yaml"] = customs_tool;
  more["tools/tos.yaml"] = tos_tool;
  more["tools/bank.yaml"] = bank_tool;
  more["decisions/customs.yaml"] = customs_decision;
  auto loaded = definition::load_project(std::move(more));
  if (const auto* problems = std::get_if<definition::Problems>(&loaded)) {
    for (const definition::Problem& problem : *problems) ADD_FAILURE() << definition::format(problem);
    return nullptr;
  }
  return std::get<definition::ProjectPointer>(std::move(loaded));
}

// Of the first invariant and the workflow test/main.
inline Finding finding_of(const std::string& workflow, const std::string& policy = policy_with(cleared_first),
                          definition::SourceFiles more = {}) {
  const auto project = project_of(workflow, policy, std::move(more));
  Options options;
  options.workflow = "test/main";
  if (project == nullptr) return {};
  const std::vector<Finding> findings = prove(project, options);
  return findings.empty() ? Finding{} : findings.front();
}
inline std::string verdict_of(const std::string& workflow, const std::string& policy = policy_with(cleared_first),
                              definition::SourceFiles more = {}) {
  const Finding finding = finding_of(workflow, policy, std::move(more));
  return name_of(finding.verdict);
}

}  // namespace gantry::prove::testing
