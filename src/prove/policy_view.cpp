#include "prove/policy_view.h"

#include <algorithm>
#include <map>

namespace gantry::prove {
namespace {

definition::Expression expression_of(const definition::Condition& condition) {
  return {.program = condition.program, .text = condition.text};
}

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

TermPointer PolicyView::facts(const EffectView& effect) {
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
  return with_more({{"principal", with_more({{"person", some("the requester", type_string)},
                                             {"roles", some("the roles", type_array)}})},
                    {"workflow", workflow},
                    {"task", effect.task.empty() ? some("the task", type_string) : terms_.literal(Value(effect.task))},
                    {"tool", terms_.literal(Value(effect.tool))},
                    {"operation", terms_.literal(Value(effect.operation))},
                    {"effect", with_more({{"id", some("the effect's id", type_string)},
                                          {"instance", some("the instance", type_string)},
                                          {"class", terms_.literal(Value(definition::name_of(effect.effect_class)))},
                                          {"irreversible", terms_.boolean(effect.irreversible)},
                                          {"arguments", arguments}})},
                    {"labels", some("the labels", type_object)},
                    {"context", some("the context", type_any)}});
}

// Denied for certain: when no rule that allows or asks can match, or a rule that denies matches in every case.
bool PolicyView::may_permit(const EffectView& effect, const Condition& condition) {
  TermPointer known = facts(effect);
  bool some_permits = false;
  for (const auto& [name, policy] : project_.policies) {
    for (const PolicyRule& rule : policy->rules) {
      if (!speaks_of(rule, effect)) continue;
      bool may_match = true, must_match = true;
      if (rule.when) {
        may_match = false;
        for (const Outcome& outcome : evaluator_.truth(expression_of(*rule.when), {.dot = known, .arguments = {}}, condition)) {
          const bool matches = outcome.kind == Outcome::Kind::value && outcome.value->literal.is_true();
          may_match = may_match || matches;
          // A condition that errors denies, whatever the rule's verdict.
          must_match = must_match && (matches || outcome.kind != Outcome::Kind::value);
        }
      }
      if (rule.has_ladder() || rule.verdict != VerdictKind::deny)
        some_permits = some_permits || may_match;
      else if (must_match && !rule.during)
        return false;
    }
  }
  return some_permits;
}

namespace {

// The rungs of a ladder and whose words the arguments are is not followed here: such a rule may allow what it asks
// approval for elsewhere. Budgets, duties and lists only make it harder for an effect to run.
bool may_allow_unasked(const PolicyRule& rule) {
  return rule.has_ladder() || rule.grants_workflow;
}

constexpr std::size_t combinations_max = 500;  // of rules that match and don't; with more, nothing is concluded

// What the rules looked at so far say, in one case.
struct Case {
  Condition condition;
  bool allows = false, asks = false;
  std::map<std::string, std::size_t> approvers;  // by role, the largest count that a rule asks for

  // One person counts for one requirement only.
  std::size_t people() const {
    std::size_t sum = 0;
    for (const auto& [role, count] : approvers) sum += count;
    return sum;
  }
};

}  // namespace

std::vector<Condition> PolicyView::permitted_with_fewer(const EffectView& effect, std::size_t approvers,
                                                        const Condition& condition) {
  TermPointer known = facts(effect);
  std::vector<Case> cases{{.condition = condition, .approvers = {}}};
  for (const auto& [name, policy] : project_.policies) {
    for (const PolicyRule& rule : policy->rules) {
      if (!speaks_of(rule, effect)) continue;
      std::vector<Case> next;
      if (rule.during) next = cases;  // outside its hours the rule is silent, whatever its condition
      for (const Case& one : cases) {
        Outcomes outcomes{{.value = terms_.boolean(true), .condition = one.condition}};
        if (rule.when) outcomes = evaluator_.truth(expression_of(*rule.when), {.dot = known, .arguments = {}}, one.condition);
        for (Outcome& outcome : outcomes) {
          if (outcome.kind != Outcome::Kind::value) continue;  // denied
          Case made = one;
          made.condition = std::move(outcome.condition);
          if (outcome.value->literal.is_true()) {
            if (rule.verdict == VerdictKind::deny && !rule.has_ladder()) continue;
            made.allows = true;
            if (rule.verdict == VerdictKind::approve && !may_allow_unasked(rule)) {
              made.asks = true;
              for (const auto& each : rule.approvers) {
                std::size_t& count = made.approvers[each.role];
                count = std::max(count, each.count);
              }
            }
          }
          next.push_back(std::move(made));
        }
      }
      cases = std::move(next);
      if (cases.size() > combinations_max) return {condition};
    }
  }
  std::vector<Condition> fewer;
  for (Case& one : cases)
    if (one.allows && one.people() < approvers) fewer.push_back(std::move(one.condition));
  return fewer;
}

}  // namespace gantry::prove
