// Rules that can have no effect, and those that allow too easily.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "trial/lint_context.h"
#include "trial/mutation.h"

namespace gantry::trial {
namespace {

using definition::EffectClass;
using definition::PolicyRule;
using definition::VerdictKind;

constexpr std::size_t operations_proven_max = 40;  // a rule; more are taken to be reachable

std::string text_of_condition(const PolicyRule& rule, std::string_view key) {
  const auto& condition = key == "when"         ? rule.when
                          : key == "deny"       ? rule.deny_if
                          : key == "fourEyesIf" ? rule.four_eyes_if
                          : key == "approve"    ? rule.approve_if
                                                : rule.allow_if;
  return condition ? condition->text : "";
}

// The operations to which a rule says "deny" whatever the arguments.
std::set<const OperationView*> find_dead_conditions(LintContext& context, const RuleView& view) {
  std::set<const OperationView*> denied;
  const PolicyRule& rule = *view.rule;
  if (rule.verdict == VerdictKind::deny && !rule.when && !rule.has_ladder() && !rule.during)
    return {view.operations.begin(), view.operations.end()};
  if (view.operations.empty() || view.operations.size() > operations_proven_max || view.names_built_in) return denied;
  std::size_t when_never = 0;
  std::map<std::string, std::size_t> never;
  for (const OperationView* operation : view.operations) {
    const RuleReach reach = context.satisfiability.reach_of(rule, *operation);
    when_never += reach.when_never ? 1 : 0;
    for (const std::string& rung : reach.never) ++never[rung];
    if (reach.always_denies) denied.insert(operation);
  }
  if (when_never == view.operations.size())
    context.add("never-true", view,
                fmt::format("'when: {}' can hold for no arguments of {}", rule.when->text, names_of(view.operations)),
                "mend the condition, or take the rule out");
  for (const auto& [rung, count] : never) {
    if (count != view.operations.size()) continue;
    const bool is_alone = view.conditions.size() == 1;
    context.add(
        is_alone ? "never-true" : "dead-rung", view,
        fmt::format("'{}: {}' can't hold for {}{}", rung, text_of_condition(rule, rung), names_of(view.operations),
                    is_alone ? "" : " where it is asked: after 'when' and the stricter rungs"),
        "mend the condition, or take the rung out");
  }
  return denied;
}

bool says_only_deny(const PolicyRule& rule) {
  return !may_allow(rule) && !rule.can_approve();
}

void find_shadowed(LintContext& context, const std::map<const RuleView*, std::set<const OperationView*>>& denied) {
  for (const RuleView& view : context.rules) {
    if (says_only_deny(*view.rule) || view.operations.empty() || view.names_built_in) continue;
    std::set<std::string> by;
    const bool all = std::all_of(view.operations.begin(), view.operations.end(), [&](const OperationView* operation) {
      return std::any_of(denied.begin(), denied.end(), [&](const auto& entry) {
        const bool shadows = entry.first != &view && entry.second.contains(operation);
        if (shadows) by.insert(entry.first->name);
        return shadows;
      });
    });
    if (all)
      context.add("shadowed", view,
                  fmt::format("{} always den{} {}, and deny overrides", fmt::join(by, ", "),
                              by.size() == 1 ? "ies" : "y", names_of(view.operations)),
                  "take this rule out, or give the denying rule a condition");
  }
}

bool is_grave(EffectClass effect_class) {
  return effect_class == EffectClass::send || effect_class == EffectClass::grant ||
         effect_class == EffectClass::destroy || effect_class == EffectClass::money ||
         effect_class == EffectClass::credential;
}

// What the denials of all rules tie to something: whatever such a condition names beside a list, a label or an origin.
void add_denials(const LintContext& context, const OperationView& operation, ConditionView& allow) {
  for (const RuleView& view : context.rules) {
    if (std::find(view.operations.begin(), view.operations.end(), &operation) == view.operations.end()) continue;
    for (const auto& [key, condition] : view.conditions) {
      const bool denies = key == "deny" || (key == "when" && says_only_deny(*view.rule));
      if (!denies || !condition.asks_origin) continue;
      allow.bound.insert(condition.arguments.begin(), condition.arguments.end());
      allow.everything = allow.everything || condition.arguments.empty();
    }
  }
}

void find_unbound(LintContext& context, const RuleView& view) {
  for (const OperationView* operation : view.operations) {
    if (operation->effect_class == EffectClass::read) continue;
    ConditionView allow = view_of_allow(*view.rule);
    add_denials(context, *operation, allow);
    const auto deciding = deciding_arguments(*operation->definition);
    if (deciding.empty() || allow.everything || allow.authority) continue;
    const bool declared = !operation->definition->authority.empty();
    std::vector<std::string> open;
    for (const std::string& name : deciding)
      if (!allow.bound.contains(name)) open.push_back(name);
    // Where nobody said which arguments decide, one that is tied to something is taken to be it.
    if (open.empty() || (!declared && open.size() < deciding.size())) continue;
    context.add("model-chooses", view,
                fmt::format("{} is allowed with any {}: the condition ties {} that a model can't choose",
                            operation->name(), fmt::join(open, ", "),
                            open.size() == 1 ? "it to nothing" : "none of them to anything"),
                fmt::format("ask for {0}at_least(\"{1}\"; \"internal\"), requested(\"{1}\"), in_list(\"{1}\"; LIST) or "
                            "a fixed value{2}",
                            operation->definition->authority.empty() ? "" : "authority_at_least(\"internal\"), ",
                            open.front(), declared ? "" : "; and declare 'authority' in the tool"));
  }
}

}  // namespace

void lint_matching(LintContext& context) {
  std::map<const RuleView*, std::set<const OperationView*>> denied;
  for (const RuleView& view : context.rules) {
    const bool is_narrow = !view.rule->tools.empty() && !view.rule->classes.empty();
    if (is_narrow && view.operations.empty() && !view.names_built_in)
      context.add("never-matches", view,
                  fmt::format("none of its tools ({}) has one of its classes", fmt::join(view.rule->tools, ", ")),
                  "leave 'classes' out, or name other tools");
    denied[&view] = find_dead_conditions(context, view);
  }
  find_shadowed(context, denied);
}

void lint_allows(LintContext& context) {
  for (const RuleView& view : context.rules) {
    const PolicyRule& rule = *view.rule;
    if (!may_allow(rule)) continue;
    const bool always = !rule.when && !rule.has_ladder() && rule.verdict == VerdictKind::allow;
    if (!always) {
      find_unbound(context, view);
      continue;
    }
    std::vector<const OperationView*> grave, light;
    for (const OperationView* operation : view.operations) {
      if (operation->effect_class == EffectClass::read) continue;
      (is_grave(operation->effect_class) ? grave : light).push_back(operation);
    }
    const std::string advice =
        "say under which condition, with 'when' or a ladder (allow: CONDITION, else: approve), or ask people";
    if (!grave.empty())
      context.add("unconditional-allow", view, names_of(grave) + " is allowed whatever the arguments", advice);
    if (!light.empty())
      context.add("unconditional-write", view, names_of(light) + " is allowed whatever the arguments", advice);
  }
}

}  // namespace gantry::trial
