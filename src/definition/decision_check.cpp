#include "definition/decision_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "definition/decision_cells.h"
#include "value/json.h"

namespace gantry::definition {
namespace {

constexpr std::size_t combinations_max = 200'000;  // of column values tried for gaps
constexpr std::size_t overlaps_max = 20;           // reported

std::vector<ColumnDomain> domains_of(const Decision& decision) {
  std::vector<ColumnDomain> domains;
  for (const InputColumn& column : decision.columns) domains.push_back(column_domain(column, decision.input_schema));
  return domains;
}

// "{"kind":"weight","weight":30481}", without the columns for which anything will do.
std::string describe_example(const Decision& decision, const std::vector<Value>& values,
                             const std::vector<bool>& matters) {
  std::vector<Member> members;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (matters[i]) members.push_back({Text(decision.columns[i].name), values[i]});
  return members.empty() ? "any input" : print_json(Value::object(std::move(members)));
}

// An input that satisfies both rules, as text.
std::optional<std::string> overlap_example(const Decision& decision, const DecisionRule& left,
                                           const DecisionRule& right, const std::vector<ColumnDomain>& domains) {
  std::vector<Value> values;
  std::vector<bool> matters;
  for (std::size_t i = 0; i < decision.columns.size(); ++i) {
    auto value = common_value(left.cells[i], right.cells[i], domains[i]);
    if (!value) return std::nullopt;
    values.push_back(*value);
    bool free =
        std::holds_alternative<AnyValue>(left.cells[i].test) && std::holds_alternative<AnyValue>(right.cells[i].test);
    matters.push_back(!free);
  }
  return describe_example(decision, values, matters);
}

bool is_answered(const Decision& decision, const std::vector<Value>& values) {
  return std::any_of(decision.rules.begin(), decision.rules.end(), [&](const DecisionRule& rule) {
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!matches(rule.cells[i], values[i])) return false;
    return true;
  });
}

// Counts through all combinations; false after the last.
bool next_combination(std::vector<std::size_t>& at, const std::vector<std::vector<Value>>& choices) {
  for (std::size_t i = at.size(); i-- > 0;) {
    if (++at[i] < choices[i].size()) return true;
    at[i] = 0;
  }
  return false;
}

}  // namespace

void check_overlaps(const Decision& decision, const SourceFile& file) {
  if (decision.hit_policy != HitPolicy::unique) return;
  std::vector<ColumnDomain> domains = domains_of(decision);
  std::size_t reported = 0;
  for (std::size_t j = 1; j < decision.rules.size(); ++j) {
    for (std::size_t i = 0; i < j && reported < overlaps_max; ++i) {
      const DecisionRule& first = decision.rules[i];
      const DecisionRule& second = decision.rules[j];
      if (first.when || second.when) continue;
      auto example = overlap_example(decision, first, second, domains);
      if (!example) continue;
      ++reported;
      file.problem(second.place, fmt::format("rules '{}' and '{}' both answer {}; with hitPolicy unique one rule may",
                                             first.id, second.id, *example));
    }
  }
}

void check_gaps(const Decision& decision, const Node& rules) {
  bool only_rules = std::all_of(decision.deciders.begin(), decision.deciders.end(),
                                [](const Decider& d) { return d.kind == Decider::Kind::rules; });
  bool conditional = std::any_of(decision.rules.begin(), decision.rules.end(),
                                 [](const DecisionRule& rule) { return rule.when.has_value(); });
  if (!only_rules || conditional || decision.fallback || decision.hit_policy == HitPolicy::collect) return;
  std::vector<ColumnDomain> domains = domains_of(decision);
  std::vector<std::vector<Value>> choices;
  std::size_t combinations = 1;
  for (std::size_t i = 0; i < domains.size(); ++i) {
    std::vector<const Cell*> cells;
    for (const DecisionRule& rule : decision.rules) cells.push_back(&rule.cells[i]);
    bool ignored = std::all_of(cells.begin(), cells.end(),
                               [](const Cell* cell) { return std::holds_alternative<AnyValue>(cell->test); });
    choices.push_back(ignored ? std::vector<Value>{Value()} : representatives(domains[i], cells));
    if (choices.back().empty() || choices.back().size() > combinations_max / combinations) return;  // can't be decided
    combinations *= choices.back().size();
  }
  std::vector<std::size_t> at(choices.size(), 0);
  do {
    std::vector<Value> values;
    for (std::size_t i = 0; i < at.size(); ++i) values.push_back(choices[i][at[i]]);
    if (is_answered(decision, values)) continue;
    std::vector<bool> all(values.size(), true);
    rules.key_problem(fmt::format("no rule answers {}; add a rule, a 'default', or a person to 'deciders'",
                                  describe_example(decision, values, all)));
    return;
  } while (next_combination(at, choices));
}

}  // namespace gantry::definition
