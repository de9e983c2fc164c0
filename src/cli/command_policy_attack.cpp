// policy attack and policy diff: policies against attacks, and against other policies, over made-up calls, cases, and
// the effects that a journal holds. The store is only read, also beside a running server.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "cli/command_audit.h"
#include "cli/command_policy.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/runtime.h"
#include "trial/attack.h"
#include "trial/difference.h"
#include "value/json.h"

namespace gantry::cli {
namespace {

struct OpenJournal {
  std::unique_ptr<journal::Store> store;
  std::unique_ptr<journal::Query> query;
};

Result<OpenJournal> open_journal(const PolicyOptions& options, const std::string& directory) {
  OpenJournal opened;
  opened.store = TRY(open_store(resolve_store(options.store, directory), {.read_only = true}));
  opened.query = TRY(journal::Query::open(*opened.store));
  return opened;
}

const char* result_of(const trial::AttackRow& row) {
  if (row.effect_class == definition::EffectClass::read) return "read";
  if (row.is_hole) return "HOLE";
  if (row.runs > 0) return row.kind == "same-call" ? "runs" : "choice";
  return row.asks > 0 ? "asks" : "denied";
}

Value json_of(const trial::AttackRow& row) {
  return Value::object({{"operation", row.operation},
                        {"class", definition::name_of(row.effect_class)},
                        {"attack", row.kind},
                        {"argument", row.argument},
                        {"result", result_of(row)},
                        {"promised", row.is_promised},
                        {"runs", count_value(row.runs)},
                        {"asks", count_value(row.asks)},
                        {"denied", count_value(row.denied)},
                        {"verdict", row.verdict},
                        {"rule", row.rule},
                        {"requester", row.requester},
                        {"workflow", row.workflow},
                        {"instance", row.instance},
                        {"arguments", row.arguments},
                        {"advice", row.advice}});
}

void print_attacks(const trial::AttackReport& report) {
  std::vector<std::vector<std::string>> table = {
      {"RESULT", "OPERATION", "CLASS", "ATTACK", "ARGUMENT", "RUNS", "ASKS", "DENIED", "WORST", "RULE"}};
  for (const auto& row : report.rows)
    table.push_back({result_of(row), row.operation, definition::name_of(row.effect_class), row.kind, row.argument,
                     std::to_string(row.runs), std::to_string(row.asks), std::to_string(row.denied), row.verdict,
                     row.rule});
  print_table(table);
  for (const auto& row : report.rows) {
    if (!row.is_hole) continue;
    print_result("");
    print_result(printable(fmt::format("HOLE: {} ({}): {}{}{} runs without anybody being asked", row.operation,
                                       definition::name_of(row.effect_class), row.kind,
                                       row.argument.empty() ? "" : " of ", row.argument)));
    print_result(
        printable(fmt::format("    rule {}, asked by {} in {}{}: {}", row.rule, row.requester, row.workflow,
                              row.instance.empty() ? "" : ", run " + row.instance, print_json(row.arguments))));
    print_result(printable("    to close it: " + row.advice));
  }
}

// One line an operation: what its attacks came to.
void print_summary(const trial::AttackReport& report) {
  struct Sum {
    const char* effect_class = "";
    std::size_t attempts = 0, holes = 0, choices = 0, asks = 0, denied = 0;
  };
  std::map<std::string, Sum> sums;
  for (const auto& row : report.rows) {
    Sum& sum = sums[row.operation];
    const std::string_view result = result_of(row);
    sum.effect_class = definition::name_of(row.effect_class);
    sum.attempts += row.runs + row.asks + row.denied;
    sum.holes += result == "HOLE" ? 1 : 0;
    sum.choices += result == "choice" ? 1 : 0;
    sum.asks += result == "asks" ? 1 : 0;
    sum.denied += result == "denied" ? 1 : 0;
  }
  std::vector<std::vector<std::string>> table = {
      {"OPERATION", "CLASS", "ATTEMPTS", "HOLES", "CHOICES", "ASKS", "DENIED"}};
  for (const auto& [operation, sum] : sums)
    if (std::string_view(sum.effect_class) != "read")
      table.push_back({operation, sum.effect_class, std::to_string(sum.attempts), std::to_string(sum.holes),
                       std::to_string(sum.choices), std::to_string(sum.asks), std::to_string(sum.denied)});
  print_table(table);
}

int conclude_attacks(const trial::AttackReport& report, const PolicyOptions& options) {
  if (options.json) {
    std::vector<Value> rows;
    for (const auto& row : report.rows) rows.push_back(json_of(row));
    print_value(Value::object({{"holes", count_value(report.holes)},
                               {"attempts", count_value(report.attempts)},
                               {"calls", count_value(report.bases)},
                               {"leftOut", texts_value(report.left_out)},
                               {"rows", Value::array(std::move(rows))}}));
  } else if (options.summary) {
    print_summary(report);
  } else {
    print_attacks(report);
  }
  const auto choices = std::count_if(report.rows.begin(), report.rows.end(),
                                     [](const auto& row) { return std::string_view(result_of(row)) == "choice"; });
  for (const std::string& each : report.left_out) note(printable("left out: " + each));
  note(fmt::format("{} attempts on {} calls: {} holes, {} choices that the gate does not promise to stop",
                   report.attempts, report.bases, report.holes, choices));
  return report.holes > 0 || (options.strict && choices > 0) ? exit_no : exit_done;
}

}  // namespace

int policy_attack_command(const PolicyOptions& options) {
  if (!options.run.empty() && options.store.empty())
    return fail({Code::invalid_argument, "policy attack: --run needs --store, the journal that has the run"});
  auto project = read_project(options.path);
  if (!project) return fail(project.error());
  trial::Attacker attacker(*project, {.seed = options.seed});
  if (options.store.empty()) {
    auto cases = read_policy_cases(options.path, **project);
    if (!cases) return fail(cases.error());
    attacker.attack_operations();
    std::vector<std::string> left_out;
    for (const trial::Case& one : *cases) {
      if (one.lists.empty() && one.situation.stopped.empty())
        attacker.attack(one.situation, trial::definitions_for(one.situation.effect.tool, **project),
                        "case " + one.name);
      else
        left_out.push_back(
            fmt::format("case {}: it {}", one.name,
                        one.lists.empty() ? "stops the gate" : "has lists that the policies don't have"));
    }
    trial::AttackReport report = attacker.take();
    report.left_out.insert(report.left_out.end(), left_out.begin(), left_out.end());
    return conclude_attacks(report, options);
  }
  auto opened = open_journal(options, options.path);
  if (!opened) return fail(opened.error());
  auto runs = trial::each_recorded_effect(
      *opened->store, *opened->query, options.run, [&](const trial::RecordedEffect& recorded) {
        attacker.attack(recorded.situation, *recorded.definitions, recorded.instance);
        if (recorded.is_last) attacker.attack_from(recorded.situation, *recorded.definitions, recorded.instance);
      });
  if (!runs) return fail(runs.error());
  trial::AttackReport report = attacker.take();
  report.left_out.insert(report.left_out.end(), runs->left_out.begin(), runs->left_out.end());
  note(fmt::format("{} recorded effects of {} runs", runs->effects, runs->instances));
  return conclude_attacks(report, options);
}

namespace {

Value json_of(const trial::VerdictChange& change) {
  return Value::object(
      {{"operation", change.operation},
       {"direction", trial::name_of(change.direction)},
       {"count", count_value(change.count)},
       {"before", Value::object({{"verdict", change.before}, {"rule", change.rule_before}})},
       {"after", Value::object({{"verdict", change.after}, {"rule", change.rule_after}, {"reason", change.reason}})},
       {"where", texts_value(change.where)},
       {"arguments", change.arguments}});
}

int conclude_difference(trial::Difference& difference, const std::vector<std::string>& left_out,
                        const PolicyOptions& options) {
  const std::vector<trial::VerdictChange> changes = difference.take();
  std::vector<std::vector<std::string>> table = {
      {"CHANGE", "COUNT", "OPERATION", "BEFORE", "RULE", "AFTER", "RULE", "FIRST SEEN"}};
  std::vector<Value> rows;
  std::size_t effects = 0, looser = 0;
  for (const auto& change : changes) {
    effects += change.count;
    looser += change.direction == trial::Direction::looser ? change.count : 0;
    table.push_back({trial::name_of(change.direction), std::to_string(change.count), change.operation, change.before,
                     change.rule_before, change.after, change.rule_after, change.where.front()});
    rows.push_back(json_of(change));
  }
  if (options.json) {
    print_value(Value::object({{"compared", count_value(difference.compared())},
                               {"changed", count_value(effects)},
                               {"looser", count_value(looser)},
                               {"leftOut", texts_value(left_out)},
                               {"changes", Value::array(std::move(rows))}}));
  } else if (!changes.empty()) {
    print_table(table);
    print_result("");
    for (const auto& change : changes)
      print_result(printable(
          fmt::format("{}: {}: {}: {}", change.where.front(), change.operation, change.rule_after, change.reason)));
  }
  for (const std::string& each : left_out) note(printable("left out: " + each));
  note(fmt::format("{} verdicts compared: {} change, {} of them to something looser", difference.compared(), effects,
                   looser));
  return (options.allow_stricter ? looser > 0 : effects > 0) ? exit_no : exit_done;
}

}  // namespace

int policy_diff_command(const PolicyOptions& options) {
  const bool recorded_verdicts = options.other.empty();  // the only directory is the new one
  if (recorded_verdicts && options.store.empty())
    return fail({Code::invalid_argument,
                 "policy diff: expected OLD and NEW, or NEW and --store to compare with what was decided"});
  auto old = read_project(options.path);
  if (!old) return fail(old.error());
  auto next = recorded_verdicts ? old : read_project(options.other);
  if (!next) return fail(next.error());
  trial::Difference difference(*next);
  if (!options.store.empty()) {
    auto opened = open_journal(options, options.path);
    if (!opened) return fail(opened.error());
    auto runs = trial::each_recorded_effect(
        *opened->store, *opened->query, options.run, [&](const trial::RecordedEffect& recorded) {
          difference.add(recorded, recorded_verdicts ? recorded.verdict
                                                     : trial::judge(**old, *recorded.definitions, recorded.situation));
        });
    if (!runs) return fail(runs.error());
    return conclude_difference(difference, runs->left_out, options);
  }
  auto cases = read_policy_cases(options.other, **next);
  if (!cases) return fail(cases.error());
  if (cases->empty())
    return fail({Code::invalid_argument, "policy diff: there are no cases in " +
                                             (std::filesystem::path(options.other) / "policies/tests").string() +
                                             " and no --store: nothing to compare"});
  for (const trial::Case& one : *cases) difference.add(one, *old);
  return conclude_difference(difference, {}, options);
}

}  // namespace gantry::cli
