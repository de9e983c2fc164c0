#include "gate/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "gate/facts.h"
#include "value/json.h"

namespace gantry::gate {
namespace {

using definition::Condition;
using definition::VerdictKind;
using Says = RuleResult::Says;

// Verdicts are journaled with their explanation, so it has a bound.
constexpr std::size_t rules_max = 20, facts_max = 50, fact_bytes_max = 1'024, text_bytes_max = 1'024, hints_max = 20;

const Value& shown_opinion(Says says) {
  static const std::vector<Value> names = [] {
    std::vector<Value> all;
    for (int i = 0; i <= static_cast<int>(Says::failed); ++i) all.emplace_back(name_of(static_cast<Says>(i)));
    return all;
  }();
  return names[static_cast<std::size_t>(says)];
}

std::string shortened(std::string text) {
  if (text.size() <= text_bytes_max) return text;
  std::size_t end = text_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not within a character
  return text.substr(0, end) + "...";
}

// The fact as people may see it.
Value shown_fact(const Value& facts, const definition::FactPath& path) {
  Label label = facts.label();
  const Value* found = &facts;
  for (const std::string& name : path.names) {
    found = found->is_object() ? found->find(name) : nullptr;
    if (found == nullptr) return {};
    label = join(label, found->label());
  }
  if (join(label, found->deep_label()).content().secrecy == Secrecy::secret) return "[secret]";
  if ((found->is_array() || found->is_object()) && print_json(*found).size() > fact_bytes_max)
    return fmt::format("[{} of {} entries]", found->is_array() ? "list" : "object", found->size());
  if (found->is_string() && found->size() > fact_bytes_max) return shortened(std::string(found->as_string()));
  return *found;
}

bool says_nothing(const Value& value) {
  return value.is_null() || ((value.is_array() || value.is_object()) && value.size() == 0);
}

class Explanation {
 public:
  // `is_short`: of what is allowed.
  Explanation(const Value& facts, Value labels, bool is_short, Timestamp now)
      : facts_(facts), labels_(std::move(labels)), short_(is_short), now_(now) {}

  void add(const RuleResult& result) {
    if (rules_.size() >= rules_max) return;
    std::vector<Value> conditions;
    conditions.reserve(result.conditions.size());
    for (const ConditionResult& each : result.conditions) conditions.push_back(described(each));
    std::vector<Member> members = Value::members_of({{"rule", result.rule->shown_name}, {"says", shown_opinion(result.says)}});
    if (result.lifted) members.push_back({Text("grants"), "workflow"});
    if (result.outside) members.push_back({Text("outside"), "the rule's time window"});
    if (!conditions.empty() || !short_) members.push_back({Text("conditions"), Value::array(std::move(conditions))});
    rules_.push_back(Value::object(std::move(members)));
  }

  void add(const BudgetResult& result) {
    if (budgets_.size() >= rules_max) return;
    std::vector<Member> members = Value::members_of({{"budget", result.budget->name},
                                                     {"key", result.charge.key},
                                                     {"spent", result.spent},
                                                     {"takes", result.charge.amount},
                                                     {"max", result.budget->budget->max},
                                                     {"over", result.over}});
    if (!result.error.empty()) members.push_back({Text("error"), result.error});
    budgets_.push_back(Value::object(std::move(members)));
  }

  void hint(std::string text) {
    if (hints_.size() < hints_max && !text.empty()) hints_.emplace_back(shortened(std::move(text)));
  }

  // The terms of the condition that don't hold, or the whole of it.
  const std::vector<Value>& failed_terms(const Condition& condition) {
    for (const auto& [known, terms] : failed_)
      if (known == &condition) return terms;
    auto& failed = failed_.emplace_back(&condition, std::vector<Value>()).second;
    for (const auto& part : condition.parts) {
      const auto answer = expression::evaluate_only(
          *part.program, facts_, {.now = now_, .limits = {.steps_max = 1'000'000, .memory_bytes_max = 16u << 20}});
      if (!answer || !answer->is_true()) failed.emplace_back(part.shown);
    }
    if (failed.empty()) failed.emplace_back(condition.shown);
    return failed;
  }

  Value take() {
    std::sort(shown_.begin(), shown_.end(), [](const auto& a, const auto& b) { return a.key.view() < b.key.view(); });
    return Value::object({{"rules", Value::array(std::move(rules_))},
                          {"facts", Value::object(std::move(shown_))},
                          {"labels", std::move(labels_)},
                          {"provenance", facts_.member("provenance")},
                          {"budgets", Value::array(std::move(budgets_))},
                          {"toPass", Value::array(std::move(hints_))}});
  }

  // Of what is allowed, which is journaled again and again: only what says something.
  Value take_short() {
    std::sort(shown_.begin(), shown_.end(), [](const auto& a, const auto& b) { return a.key.view() < b.key.view(); });
    std::vector<Member> members;
    members.reserve(5);
    members.push_back({Text("rules"), Value::array(std::move(rules_))});
    if (!shown_.empty()) members.push_back({Text("facts"), Value::object(std::move(shown_))});
    if (!says_nothing(labels_)) members.push_back({Text("labels"), std::move(labels_)});
    if (Value provenance = facts_.member("provenance"); !provenance.is_null())
      members.push_back({Text("provenance"), std::move(provenance)});
    if (!budgets_.empty()) members.push_back({Text("budgets"), Value::array(std::move(budgets_))});
    return Value::object(std::move(members));
  }

 private:
  Value described(const ConditionResult& result) {
    for (const auto& path : result.condition->paths)
      if (shown_.size() < facts_max && !is_shown(path)) shown_.push_back({path.text, shown_fact(facts_, path)});
    std::vector<Member> members =
        Value::members_of({{"key", result.key}, {"text", result.condition->shown}, {"holds", result.holds}});
    if (!result.error.empty()) {
      members.push_back({Text("error"), result.error});
    } else if (!result.holds && !result.condition->parts.empty()) {
      members.push_back({Text("failed"), Value::array(failed_terms(*result.condition))});
    }
    return Value::object(std::move(members));
  }

  bool is_shown(const definition::FactPath& path) const {
    return std::any_of(shown_.begin(), shown_.end(), [&](const Member& fact) { return fact.key == path.text; });
  }

  const Value& facts_;
  Value labels_;
  bool short_;
  Timestamp now_;
  std::vector<Value> rules_, budgets_, hints_;
  std::vector<Member> shown_;
  std::deque<std::pair<const Condition*, std::vector<Value>>> failed_;  // what was found of conditions before
};

std::string joined(const std::vector<Value>& terms) {
  std::string text;
  for (const Value& term : terms) text.append(text.empty() ? "" : " and ").append(term.as_string());
  return text;
}

// What would have to be otherwise for this rule to let the effect through, or to let it through without asking.
std::string hint_of(const RuleResult& result, Explanation& explanation) {
  const definition::PolicyRule& rule = *result.rule->rule;
  const std::string& name = result.rule->name;
  const ConditionResult* last = result.conditions.empty() ? nullptr : &result.conditions.back();
  if (result.outside) return fmt::format("{} says something in its time window only", name);
  if (result.says == Says::failed) return fmt::format("{}: '{}' must be answerable: {}", name, last->key.view(), last->error);
  if (result.says == Says::deny) {
    if (last != nullptr && last->holds) return fmt::format("{} denies while {}", name, last->condition->text);
    return fmt::format("{} denies this always", name);
  }
  if (result.says == Says::allow) return "";
  if (last != nullptr && last->key.view() == "when" && !last->holds && !rule.has_ladder()) {
    if (rule.verdict == VerdictKind::deny) return "";
    return fmt::format("{} would {} if {}", name, definition::name_of(*rule.verdict),
                       joined(explanation.failed_terms(*last->condition)));
  }
  if (result.says == Says::four_eyes || !rule.allow_if) return "";
  return fmt::format("{} would allow if {}", name, joined(explanation.failed_terms(*rule.allow_if)));
}

// Those that the rules were asked with, where one of them looked at labels.
Value shown_labels(const Value& facts, const Value& arguments, bool allowed) {
  if (!allowed)
    if (const Value* labels = facts.find("labels"); labels != nullptr && labels->find("arguments") != nullptr)
      return *labels->find("arguments");
  return labels_of_arguments(arguments, allowed);
}

bool decided(const RuleResult& result, const Verdict& verdict) {
  return result.rule->name == verdict.rule;
}

// What is said of an effect that one rule allows without a condition, made when policy was loaded; null: there is more
// to say.
const Value* nothing_more(const std::vector<RuleResult>& rules, const std::vector<BudgetResult>& budgets,
                          const Verdict& verdict, const Value& facts, const Value& labels) {
  if (!budgets.empty() || !says_nothing(labels) || facts.find("provenance") != nullptr) return nullptr;
  const RuleResult* only = nullptr;
  for (const RuleResult& result : rules) {
    if (!decided(result, verdict)) continue;
    if (only != nullptr || result.says != Says::allow || result.lifted || result.outside || !result.conditions.empty())
      return nullptr;
    only = &result;
  }
  return only == nullptr ? nullptr : &only->rule->allows;
}

}  // namespace

// Explanations of before said of what is allowed, too, what there is nothing of.
Value short_explanation(VerdictKind kind, Value explanation) {
  if (kind != VerdictKind::allow || !explanation.is_object()) return explanation;
  std::vector<Member> members;
  for (const Member& member : explanation.members()) {
    if (says_nothing(member.value)) continue;
    if (member.key.view() != "rules" || !member.value.is_array()) {
      members.push_back(member);
      continue;
    }
    std::vector<Value> rules;
    for (const Value& rule : member.value.items())
      rules.push_back(rule.is_object() && says_nothing(rule.member("conditions")) ? Value(rule).without_member("conditions") : rule);
    members.push_back({member.key, Value::array(std::move(rules))});
  }
  return Value::object(std::move(members));
}

Value explain(const Verdict& verdict, const std::vector<RuleResult>& rules, const std::vector<BudgetResult>& budgets,
              const Value& facts, const Value& arguments, Timestamp now) {
  const bool allowed = verdict.kind == VerdictKind::allow;
  Value labels = shown_labels(facts, arguments, allowed);
  if (allowed)
    if (const Value* all = nothing_more(rules, budgets, verdict, facts, labels)) return *all;
  Explanation explanation(facts, std::move(labels), allowed, now);
  // What decided comes first: the list is cut at its end.
  for (const RuleResult& result : rules)
    if (decided(result, verdict)) explanation.add(result);
  for (const RuleResult& result : rules)
    if (!allowed && !decided(result, verdict) && (result.says != Says::nothing || !result.conditions.empty()))
      explanation.add(result);
  for (const BudgetResult& budget : budgets) explanation.add(budget);
  if (allowed) return explanation.take_short();
  for (const RuleResult& result : rules) explanation.hint(hint_of(result, explanation));
  for (const BudgetResult& budget : budgets)
    if (budget.over)
      explanation.hint(fmt::format("budget {} would have to have {} left, it has {}", budget.budget->name,
                                   budget.charge.amount, std::max(0.0, budget.budget->budget->max - budget.spent)));
  if (rules.empty()) explanation.hint("a rule would have to name this tool or its class");
  return explanation.take();
}

}  // namespace gantry::gate
