// prove: whether the invariants of the policies hold in all runs of the workflows. No server, no store.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "prove/prove.h"

namespace gantry::cli {
namespace {

// The summary, and the exit status: 1 when something does not hold, or is unknown and may not be.
int conclude(const std::vector<prove::Finding>& findings, const ProveOptions& options) {
  const auto count = [&](prove::Verdict verdict) {
    return std::count_if(findings.begin(), findings.end(),
                         [&](const prove::Finding& finding) { return finding.verdict == verdict; });
  };
  const auto broken = count(prove::Verdict::counter_example), unknown = count(prove::Verdict::unknown);
  if (findings.empty())
    note("there is nothing to prove: no policy has invariants");
  else
    note(fmt::format("{} hold, {} have a counter-example, {} unknown", count(prove::Verdict::holds), broken, unknown));
  return broken > 0 || (unknown > 0 && !options.allow_unknown) ? exit_no : exit_done;
}

}  // namespace

int prove_command(const ProveOptions& options) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(options.path, ignored))
    return fail({Code::invalid_argument, "prove: expected a project directory, found '" + options.path + "'"});
  auto project = read_project(options.path);
  if (!project) return fail(project.error());
  prove::Options limits;
  limits.workflow = options.workflow;
  limits.invariant = options.invariant;
  if (options.states > 0) limits.states_max = options.states;
  if (options.seconds > 0) limits.seconds_max = options.seconds;
  if (!options.workflow.empty()) {
    const bool is_there = std::any_of(
        (*project)->workflows.begin(), (*project)->workflows.end(),
        [&](const auto& entry) { return entry.first.namespace_ + "/" + entry.first.name == options.workflow; });
    if (!is_there)
      return fail({Code::invalid_argument, "prove: the project has no workflow '" + options.workflow + "'"});
  }
  const std::vector<prove::Finding> findings = prove::prove(*project, limits);
  if (!options.invariant.empty() && findings.empty())
    return fail({Code::invalid_argument, "prove: no policy has an invariant '" + options.invariant + "'"});
  if (options.json) {
    std::vector<Value> rows;
    for (const prove::Finding& finding : findings) rows.push_back(prove::to_value(finding));
    print_value(Value::object({{"findings", Value::array(std::move(rows))}}));
  } else {
    for (const prove::Finding& finding : findings) print_result(printable(prove::text_of(finding)));
  }
  return conclude(findings, options);
}

}  // namespace gantry::cli
