// policy test: the cases of a project's policies. No server, no store.
#include "cli/command_policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "cli/command_audit.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "definition/project_files.h"
#include "trial/case_run.h"

namespace gantry::cli {

Result<std::vector<trial::Case>> read_policy_cases(const std::string& directory, const definition::Project& project) {
  auto files = definition::read_policy_case_files(directory);
  if (const auto* problems = std::get_if<definition::Problems>(&files)) {
    print_problems(*problems, {}, directory);
    return Error{Code::invalid_argument, "the cases in '" + directory + "' can't be read"};
  }
  const auto& sources = std::get<definition::SourceFiles>(files);
  auto cases = trial::read_cases(sources, project);
  if (const auto* problems = std::get_if<definition::Problems>(&cases)) {
    print_problems(*problems, sources, directory);
    return Error{Code::invalid_argument,
                 fmt::format("the cases in '{}' have {} problem(s)", directory, problems->size())};
  }
  return std::get<std::vector<trial::Case>>(std::move(cases));
}

std::string place_text(const std::string& directory, const std::string& path, SourcePlace place) {
  const std::string whole = (std::filesystem::path(directory) / path).lexically_normal().string();
  return fmt::format("{}:{}:{}", whole, place.line, place.column);
}

Value place_value(const std::string& path, SourcePlace place, std::vector<Member> members) {
  members.insert(members.begin(), {{Text("path"), path}, {Text("line"), place.line}, {Text("column"), place.column}});
  return Value::object(std::move(members));
}

Value texts_value(const std::vector<std::string>& texts) {
  std::vector<Value> items(texts.begin(), texts.end());
  return Value::array(std::move(items));
}

Value approvers_value(const std::vector<definition::ApproverRequirement>& approvers) {
  std::vector<Value> items;
  for (const auto& each : approvers)
    items.push_back(Value::object({{"role", each.role}, {"count", count_value(each.count)}}));
  return Value::array(std::move(items));
}

namespace {

std::string name_of_effect(const trial::Case& one) {
  return one.situation.effect.tool + "." + one.situation.effect.operation;
}

Value json_of(const trial::CaseResult& result) {
  return place_value(result.one->path, result.one->place,
                     {{Text("name"), result.one->name},
                      {Text("effect"), name_of_effect(*result.one)},
                      {Text("passed"), result.differences.empty()},
                      {Text("verdict"), definition::name_of(result.verdict.kind)},
                      {Text("rule"), result.verdict.rule},
                      {Text("reason"), result.verdict.reason},
                      {Text("approvers"), approvers_value(result.verdict.approvers)},
                      {Text("explanation"), result.verdict.explanation},
                      {Text("differences"), texts_value(result.differences)}});
}

Value json_of(const trial::RuleCoverage& coverage) {
  return place_value(coverage.path, coverage.place,
                     {{Text("rule"), coverage.rule},
                      {Text("asked"), count_value(coverage.asked)},
                      {Text("spoke"), count_value(coverage.spoke)},
                      {Text("unseen"), texts_value(coverage.unseen)}});
}

void print_results(const trial::CaseReport& report, const std::string& directory) {
  std::vector<std::vector<std::string>> rows = {{"RESULT", "CASE", "EFFECT", "VERDICT", "RULE"}};
  for (const auto& result : report.results)
    rows.push_back({result.differences.empty() ? "ok" : "FAILED", result.one->name, name_of_effect(*result.one),
                    trial::text_of(result.verdict), result.verdict.rule});
  print_table(rows);
  for (const auto& result : report.results) {
    if (result.differences.empty()) continue;
    print_result("");
    print_result(printable(place_text(directory, result.one->path, result.one->place) + ": " + result.one->name));
    for (const std::string& difference : result.differences) print_result(printable("    " + difference));
  }
}

void print_coverage(const std::vector<trial::RuleCoverage>& coverage) {
  print_result("");
  std::vector<std::vector<std::string>> rows = {{"RULE", "ASKED", "SPOKE", "NEVER SEEN TO HOLD"}};
  for (const auto& rule : coverage)
    rows.push_back({rule.rule, std::to_string(rule.asked), std::to_string(rule.spoke),
                    rule.spoke == 0 ? "the rule" : fmt::format("{}", fmt::join(rule.unseen, ", "))});
  print_table(rows);
}

}  // namespace

int policy_test_command(const PolicyOptions& options) {
  auto project = read_project(options.path);
  if (!project) return fail(project.error());
  auto cases = read_policy_cases(options.path, **project);
  if (!cases) return fail(cases.error());
  if (cases->empty())
    return fail({Code::invalid_argument, "policy test: there are no cases; expected .yaml files in " +
                                             (std::filesystem::path(options.path) / "policies/tests").string()});
  const trial::CaseReport report = trial::run_cases(*cases, *project);
  const auto unreached = static_cast<std::size_t>(
      std::count_if(report.coverage.begin(), report.coverage.end(), [](const auto& rule) { return rule.spoke == 0; }));
  if (options.json) {
    std::vector<Value> rows, rules;
    for (const auto& result : report.results) rows.push_back(json_of(result));
    for (const auto& rule : report.coverage) rules.push_back(json_of(rule));
    print_value(Value::object({{"passed", count_value(report.results.size() - report.failed)},
                               {"failed", count_value(report.failed)},
                               {"cases", Value::array(std::move(rows))},
                               {"coverage", Value::array(std::move(rules))}}));
  } else {
    print_results(report, options.path);
    if (options.coverage) print_coverage(report.coverage);
  }
  note(fmt::format("{} cases: {} as expected, {} not; {} of {} rules reached", report.results.size(),
                   report.results.size() - report.failed, report.failed, report.coverage.size() - unreached,
                   report.coverage.size()));
  return report.failed > 0 || (options.coverage && unreached > 0) ? exit_no : exit_done;
}

}  // namespace gantry::cli
