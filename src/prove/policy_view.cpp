#include "prove/policy_view.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>

namespace gantry::prove {
namespace {

using definition::PolicyRule;
using definition::VerdictKind;

bool speaks_of(const PolicyRule& rule, const EffectView& effect) {
  const bool named = rule.tools.empty() || std::any_of(rule.tools.begin(), rule.tools.end(), [&](const auto& pattern) {
                       return definition::names_operation(pattern, effect.tool, effect.operation);
                     });
  return named && (rule.classes.empty() ||
                   std::find(rule.classes.begin(), rule.classes.end(), effect.effect_class) != rule.classes.end());
}

}  // namespace

TermPointer PolicyView::facts(const EffectView& effect, Condition& condition) {
  const Label nothing_known = Label::unknown();
  const auto some = [&](const char* what, TypeMask types) { return terms_.symbol(what, nothing_known, types); };
  TermPointer arguments = effect.arguments == nullptr ? some("the arguments", type_object) : effect.arguments;
  // There may be more members than these.
  const auto with_more = [&](std::vector<std::pair<std::string, TermPointer>> members) {
    return terms_.merge(some("facts", type_object), terms_.object(std::move(members)));
  };
  TermPointer workflow = some("the workflow", type_object);
  if (effect.workflow != nullptr) {
    const definition::WorkflowName& name = effect.workflow->name;
    workflow = with_more({{"namespace", terms_.literal(Value(name.namespace_))},
                          {"name", terms_.literal(Value(name.name))},
                          {"version", terms_.literal(Value(name.version))}});
  }
  TermPointer authority = some("the arguments that decide who is affected", type_array);
  if (effect.called != nullptr) {
    std::vector<Value> names(effect.called->authority.begin(), effect.called->authority.end());
    authority = terms_.literal(Value::array(std::move(names)));
  }
  return with_more({{"principal", with_more({{"person", some("the requester", type_string)},
                                             {"roles", some("the roles", type_array)}})},
                    {"workflow", workflow},
                    {"task", effect.task.empty() ? some("the task", type_string) : terms_.literal(Value(effect.task))},
                    {"tool", terms_.literal(Value(effect.tool))},
                    {"operation", terms_.literal(Value(effect.operation))},
                    {"args", arguments},
                    {"effect", with_more({{"id", some("the effect's id", type_string)},
                                          {"instance", some("the instance", type_string)},
                                          {"class", terms_.literal(Value(definition::name_of(effect.effect_class)))},
                                          {"irreversible", terms_.boolean(effect.irreversible)},
                                          {"arguments", arguments}})},
                    {"labels", labels(effect, condition)},
                    {"context", label_facts(effect.context, nullptr, condition)},
                    {"authority", authority},
                    {"audience", audience(effect)}});
}

bool PolicyView::may_permit(const EffectView& effect, const Condition& condition) {
  return !permitted_with_fewer(effect, std::numeric_limits<std::size_t>::max(), condition).empty();
}

namespace {

constexpr std::size_t combinations_max = 500;  // of rules that match and don't; with more, nothing is concluded

// What the rules looked at so far say, in one case.
struct Case {
  Condition condition;
  bool permits = false;
  std::size_t least = 0;                         // people that four eyes ask for
  std::map<std::string, std::size_t> approvers;  // by role, the largest count that a rule asks for

  // One person counts for one requirement only.
  std::size_t people() const {
    std::size_t sum = 0;
    for (const auto& [role, count] : approvers) sum += count;
    return std::max(sum, least);
  }
};

void add(Case& one, const definition::PolicySet::Rule& named, RuleSays says) {
  if (says == RuleSays::nothing) return;
  one.permits = true;
  if (says == RuleSays::allow) return;
  if (says == RuleSays::four_eyes) one.least = 2;
  const auto require = [&](const std::vector<definition::ApproverRequirement>& requirements) {
    for (const auto& each : requirements) {
      std::size_t& count = one.approvers[each.role];
      count = std::max(count, each.count);
    }
  };
  require(named.rule->approvers);
  for (const definition::Duty* duty : named.duties) {
    require(duty->by);
    if (duty->four_eyes) one.least = 2;
  }
}

}  // namespace

std::vector<Condition> PolicyView::Answers::yes_or_failed() && {
  std::move(failed.begin(), failed.end(), std::back_inserter(yes));
  return std::move(yes);
}

// The condition becomes one under which the fact is there; false when it never is.
bool PolicyView::require(const definition::FactPath& path, TermPointer facts, Condition& condition, Answers& answers) {
  const auto restrict_to = [&](TermPointer value, TypeMask types) {
    Condition other = condition;
    if (other.restrict_types(value, static_cast<TypeMask>(type_any & ~types))) answers.failed.push_back(std::move(other));
    return condition.restrict_types(value, types);
  };
  TermPointer value = facts;
  for (const std::string& name : path.names) {
    if (!restrict_to(value, type_object)) return false;
    value = terms_.field(value, name);
  }
  return restrict_to(value, static_cast<TypeMask>(type_any & ~type_null));
}

PolicyView::Answers PolicyView::ask(const definition::Condition& asked, TermPointer facts, const Condition& condition) {
  Answers answers;
  Condition complete = condition;
  for (const definition::FactPath& path : asked.paths)
    if (!path.may_be_absent && !require(path, facts, complete, answers)) return answers;
  const definition::Expression expression{.program = asked.program, .text = asked.text};
  for (Outcome& outcome : evaluator_.evaluate(expression, {.dot = facts, .arguments = {}}, complete)) {
    if (outcome.kind != Outcome::Kind::value) {
      answers.failed.push_back(std::move(outcome.condition));
      continue;
    }
    const TypeMask possible = outcome.condition.types_of(outcome.value);
    const auto add_to = [&](std::vector<Condition>& list, TypeMask types) {
      Condition known = outcome.condition;
      if (!known.restrict_types(outcome.value, types)) return;
      if ((possible & types) == possible || evaluator_.may_hold(known)) list.push_back(std::move(known));
    };
    add_to(answers.yes, type_true);
    add_to(answers.no, type_false);
    add_to(answers.failed, static_cast<TypeMask>(type_any & ~(type_true | type_false)));
  }
  return answers;
}

// What is left out here only makes the gate stricter: budgets, who duties exclude, times (a rule that denies may be
// outside its time).
std::vector<PolicyView::RuleCase> PolicyView::cases_of(const PolicyRule& rule, TermPointer facts,
                                                       const Condition& condition) {
  std::vector<RuleCase> closed;
  if (rule.during) closed.push_back({condition, RuleSays::nothing});
  std::vector<Condition> open{condition};
  const auto ask = [&](const std::optional<definition::Condition>& test, RuleSays says, bool is_filter) {
    if (!test) return;
    std::vector<Condition> next;
    for (const Condition& each : open) {
      Answers answers = this->ask(*test, facts, each);  // what fails is denied
      for (Condition& goes_on : is_filter ? answers.yes : answers.no) next.push_back(std::move(goes_on));
      for (Condition& ends : is_filter ? answers.no : answers.yes) closed.push_back({std::move(ends), says});
    }
    open = std::move(next);
  };
  ask(rule.when, RuleSays::nothing, true);
  ask(rule.deny_if, RuleSays::deny, false);
  ask(rule.four_eyes_if, RuleSays::four_eyes, false);
  ask(rule.approve_if, RuleSays::approve, false);
  ask(rule.allow_if, RuleSays::allow, false);
  RuleSays rest = RuleSays::nothing;
  if (rule.verdict == VerdictKind::deny) rest = RuleSays::deny;
  if (rule.verdict == VerdictKind::approve) rest = RuleSays::approve;
  if (rule.verdict == VerdictKind::allow) rest = RuleSays::allow;
  for (Condition& each : open) closed.push_back({std::move(each), rest});
  if (!rule.grants_workflow) return closed;
  for (std::size_t i = 0, count = closed.size(); i < count; ++i)
    if (closed[i].says == RuleSays::approve) closed.push_back({closed[i].condition, RuleSays::allow});
  return closed;
}

std::vector<Condition> PolicyView::permitted_with_fewer(const EffectView& effect, std::size_t approvers,
                                                        const Condition& condition, TermPointer known) {
  Condition bounded = condition;
  if (known == nullptr) known = facts(effect, bounded);
  std::vector<Case> cases{{.condition = bounded, .approvers = {}}};
  for (const definition::PolicySet::Rule& named : project_.policy_set->rules()) {
    const PolicyRule& rule = *named.rule;
    if (!speaks_of(rule, effect)) continue;
    std::vector<Case> next;
    for (const Case& one : cases) {
      for (RuleCase& each : cases_of(rule, known, one.condition)) {
        if (each.says == RuleSays::deny) continue;
        Case made = one;
        made.condition = std::move(each.condition);
        add(made, named, each.says);
        next.push_back(std::move(made));
      }
    }
    cases = std::move(next);
    if (cases.size() > combinations_max) return {bounded};
  }
  std::vector<Condition> fewer;
  for (Case& one : cases)
    if (one.permits && one.people() < approvers) fewer.push_back(std::move(one.condition));
  return fewer;
}

}  // namespace gantry::prove
