#include "trial/difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "trial/case_reader.h"
#include "trial/case_run.h"

namespace gantry::trial {
namespace {

using definition::VerdictKind;

constexpr std::size_t places_shown_max = 3;

Direction direction_of(VerdictKind before, VerdictKind after) {
  const auto rank = [](VerdictKind kind) {
    return kind == VerdictKind::allow ? 2 : kind == VerdictKind::approve ? 1 : 0;
  };
  return rank(after) > rank(before)   ? Direction::looser
         : rank(after) < rank(before) ? Direction::stricter
                                      : Direction::other;
}

// What is secret is not told again.
Value without_secrets(const Value& value) {
  return value.deep_label().content().secrecy == Secrecy::secret ? Value("[secret]") : value.relabelled({});
}

}  // namespace

const char* name_of(Direction direction) {
  switch (direction) {
    case Direction::looser:
      return "looser";
    case Direction::stricter:
      return "stricter";
    case Direction::other:
      break;
  }
  return "other";
}

void Difference::compare(const Situation& situation, const gate::Verdict& before, const gate::Verdict& after,
                         std::string where) {
  ++compared_;
  const std::string was = text_of(before), is = text_of(after);
  if (was == is && before.rule == after.rule && before.requester_excluded == after.requester_excluded) return;
  const std::string operation = situation.effect.tool + "." + situation.effect.operation;
  VerdictChange& change = changes_[fmt::format("{}\n{}\n{}\n{}\n{}", operation, was, before.rule, is, after.rule)];
  if (change.count++ == 0) {
    change.operation = operation;
    change.direction = direction_of(before.kind, after.kind);
    // Fewer people who must agree is looser, too.
    if (change.direction == Direction::other && after.kind == VerdictKind::approve) {
      const auto seats = [](const gate::Verdict& verdict) {
        std::size_t sum = 0;
        for (const auto& each : verdict.approvers) sum += each.count;
        return sum;
      };
      if (seats(after) > seats(before) || (!before.requester_excluded && after.requester_excluded))
        change.direction = Direction::stricter;
      // More people of whom the requester may be one are not stricter: what is looser in anything is called so.
      if (seats(after) < seats(before) || (before.requester_excluded && !after.requester_excluded))
        change.direction = Direction::looser;
    }
    change.before = was;
    change.after = is;
    change.rule_before = before.rule;
    change.rule_after = after.rule;
    change.reason = after.reason;
    change.arguments = without_secrets(situation.effect.arguments);
  }
  if (change.where.size() < places_shown_max) change.where.push_back(std::move(where));
}

double Difference::spent(const gate::ChargedBudget& budget, Timestamp now) const {
  const auto found = charged_.find({budget.use.budget, budget.use.key});
  if (found == charged_.end()) return 0;
  double sum = 0;
  for (const auto& [at, amount] : found->second)
    if (!budget.per || at + *budget.per > now) sum += amount;
  return sum;
}

void Difference::charge(const gate::Verdict& verdict, bool asks) {
  for (const gate::Charge& each : verdict.charges)
    if (each.asks == asks) charged_[{each.budget, each.key}].emplace_back(each.at, each.amount);
}

void Difference::add(const RecordedEffect& recorded, const gate::Verdict& before) {
  Situation situation = recorded.situation;
  for (const auto& budget : gate::budgets_charged(*next_, situation.effect, situation.requester, situation.run))
    if (const std::string name = spent_name(budget.use.budget); !situation.spent.contains(name))
      situation.spent[name] = spent(budget, situation.at);
  const gate::Verdict after = judge(*next_, *recorded.definitions, situation);
  compare(situation, before, after, fmt::format("{}, event {}", recorded.instance, recorded.sequence));
  if (recorded.permitted || recorded.verdict.kind == VerdictKind::approve) charge(after, !recorded.permitted);
}

void Difference::add(const Case& one, const definition::ProjectPointer& old) {
  compare(one.situation, judge_case(one, old), judge_case(one, next_),
          fmt::format("{} ({}:{})", one.name, one.path, one.place.line));
}

std::vector<VerdictChange> Difference::take() {
  std::vector<VerdictChange> changes;
  for (auto& [key, change] : changes_) changes.push_back(std::move(change));
  std::stable_sort(changes.begin(), changes.end(), [](const VerdictChange& a, const VerdictChange& b) {
    return std::tuple(a.direction, std::string_view(a.operation)) <
           std::tuple(b.direction, std::string_view(b.operation));
  });
  return changes;
}

}  // namespace gantry::trial
