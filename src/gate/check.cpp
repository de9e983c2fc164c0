#include <fmt/format.h>

#include <algorithm>

#include "gate/decide.h"
#include "gate/explain.h"
#include "gate/facts.h"
#include "gate/gate.h"
#include "gate/invariants.h"
#include "tool/standard_call.h"
#include "value/pointer.h"

namespace gantry::gate {
namespace {

using definition::Condition;
using definition::FactSet;

// True when the schema says itself what becomes of members that it doesn't list.
bool governs_extra_members(const Value& schema) {
  if (!schema.is_object()) return true;
  return std::any_of(schema.members().begin(), schema.members().end(), [](const Member& member) {
    constexpr std::string_view keywords[] = {
        "additionalProperties", "unevaluatedProperties", "patternProperties", "$ref", "allOf", "anyOf", "oneOf", "if",
        "dependentSchemas"};
    return std::find(std::begin(keywords), std::end(keywords), member.key.view()) != std::end(keywords);
  });
}

// The place below `value` of the first member, at any depth, that its schema does not list, where schemas list members
// at all; or empty.
std::string unlisted_member(const Value& schema, const Value& value) {
  if (!schema.is_object() || governs_extra_members(schema)) return "";
  if (value.is_array()) {
    const Value* items = schema.find("items");
    for (std::size_t index = 0; items != nullptr && index < value.size(); ++index)
      if (const std::string found = unlisted_member(*items, value.item(index)); !found.empty())
        return fmt::format("/{}{}", index, found);
  }
  const Value* properties = schema.find("properties");
  if (!value.is_object() || properties == nullptr) return "";
  for (const Member& member : value.members()) {
    const Value* listed = properties->find(member.key.view());
    const std::string below = listed == nullptr ? std::string() : unlisted_member(*listed, member.value);
    if (listed == nullptr || !below.empty()) return "/" + pointer_token(member.key.view()) + below;
  }
  return "";
}

// What is wrong with the arguments, or empty. An argument that the schema doesn't list is wrong unless the schema
// says otherwise: nobody has thought about what it would do.
std::string defect_of_arguments(const definition::Operation& operation, const Value& arguments) {
  if (!arguments.is_object()) return fmt::format("expected an object, found a {}", arguments.kind_name());
  if (!operation.arguments.has_value()) {
    return arguments.size() == 0 ? "" : "the operation declares no arguments, so it takes none";
  }
  const auto violations = operation.arguments->validate(arguments);
  if (!violations.empty()) return describe(violations);
  const Value& schema = operation.arguments_schema;
  if (schema.is_object() && schema.find("properties") == nullptr && !governs_extra_members(schema) &&
      arguments.size() > 0)
    return fmt::format("at /{}: the operation has no such argument", pointer_token(arguments.members()[0].key.view()));
  const std::string unlisted = unlisted_member(schema, arguments);
  return unlisted.empty() ? "" : fmt::format("at {}: the operation has no such argument", unlisted);
}

// That of the loaded project, or one made for the occasion.
std::shared_ptr<const definition::PolicySet> set_of(const definition::Project& project) {
  return project.policy_set ? project.policy_set : definition::PolicySet::of(project.policies);
}

// {"POLICY/BUDGET": {spent, max, left}}
Value budget_facts(const definition::PolicySet& policies, const Circumstances& circumstances) {
  if (circumstances.budgets.empty()) return no_members();
  std::vector<Member> members;
  for (const BudgetUse& use : circumstances.budgets) {
    for (const auto& named : policies.budgets()) {
      if (named.name != use.budget) continue;
      const double max = named.budget->max;
      members.push_back(
          {Text(use.budget),
           Value::object({{"spent", use.spent}, {"max", max}, {"left", std::max(0.0, max - use.spent)}})});
    }
  }
  return Value::object(std::move(members));
}

// The facts that the rules, budgets and invariants that fit the effect may look at. Building all facts costs more than
// everything else that is done for an effect.
FactSet facts_wanted(const definition::PolicySet& policies, const FittingRules& rules, const tool::Effect& effect) {
  FactSet wanted;
  const auto add = [&](const std::optional<Condition>& condition) {
    if (condition) wanted |= condition->facts;
  };
  for (const auto* each : rules) {
    const definition::PolicyRule& rule = *each->rule;
    for (const auto* condition : {&rule.when, &rule.deny_if, &rule.four_eyes_if, &rule.approve_if, &rule.allow_if})
      add(*condition);
  }
  for (const auto* each : policies.invariants_for(effect.tool, effect.operation, effect.effect_class))
    if (each->invariant->when) wanted |= each->invariant->when->facts;
  for (const auto* each : policies.budgets_for(effect.tool, effect.operation, effect.effect_class))
    add(each->budget->sum);
  return wanted;
}

// What is wrong with the effect itself, whatever policy says; nothing when it can be judged.
std::optional<Verdict> structural_defect(const Verdict& verdict, const definition::Operation* operation,
                                         const tool::Effect& effect, const Digest& tool_digest) {
  if (operation == nullptr)
    return denied(verdict, "unknown-tool", fmt::format("There is no operation {}.{}.", effect.tool, effect.operation));
  if (const std::string defect = defect_of_arguments(*operation, effect.arguments); !defect.empty())
    return denied(verdict, "arguments",
                  fmt::format("The arguments of {}.{} don't fit: {}.", effect.tool, effect.operation, defect));
  const definition::EffectClass effect_class = tool::class_of_call(*operation, effect.tool, effect.arguments);
  if (effect.effect_class != effect_class || effect.irreversible != operation->irreversible)
    return denied(verdict, "class",
                  fmt::format("The effect says class {}, the definition of {}.{} says {}{}.",
                              definition::name_of(effect.effect_class), effect.tool, effect.operation,
                              definition::name_of(effect_class), operation->irreversible ? ", irreversible" : ""));
  if (effect.digest != tool::digest_of(effect, tool_digest))
    return denied(verdict, "digest", "The effect's digest is not that of its content.");
  return std::nullopt;
}

}  // namespace

std::string policy_digest(const definition::Project& project) {
  return set_of(project)->digest();
}

std::vector<RuleResult> opinions_on(const definition::Project& policies, const definition::Project& definitions,
                                    const tool::Effect& effect, const definition::Principal& requester, Timestamp now,
                                    const Circumstances& circumstances) {
  const auto set = set_of(policies);
  const definition::Operation* operation = tool::find_operation(definitions, effect.tool, effect.operation);
  if (structural_defect({}, operation, effect, tool::tool_digest_of(definitions, effect.tool)).has_value()) return {};
  const Value facts =
      facts_of(effect, *operation, requester, policies, circumstances, budget_facts(*set, circumstances), set->lists());
  return judge_rules(set->rules_for(effect.tool, effect.operation, effect.effect_class), effect, facts, now);
}

Verdict Gate::check(const definition::Project& policies, const definition::Project& definitions,
                    const tool::Effect& effect, const definition::Principal& requester, Timestamp now,
                    const Circumstances& circumstances, Explained explained) const {
  const auto set = set_of(policies);
  Verdict verdict;
  verdict.policy = set->digest();
  verdict.effect = effect.digest;
  const Digest tool_digest = tool::tool_digest_of(definitions, effect.tool);
  verdict.tool = tool_digest;
  verdict.circumstances = to_value(circumstances);
  const definition::Operation* operation = tool::find_operation(definitions, effect.tool, effect.operation);
  if (auto defect = structural_defect(verdict, operation, effect, tool_digest)) return *std::move(defect);
  if (!circumstances.stopped.empty()) return denied(std::move(verdict), "stopped", circumstances.stopped);
  const FittingRules fitting = set->rules_for(effect.tool, effect.operation, effect.effect_class);
  Value facts = facts_of(effect, *operation, requester, policies, circumstances, budget_facts(*set, circumstances),
                         set->lists(), facts_wanted(*set, fitting, effect));
  const auto rules = judge_rules(fitting, effect, facts, now);
  const auto budgets = judge_budgets(*set, effect, requester, facts, circumstances, now);
  decide(verdict, rules, budgets, circumstances);
  if (explained == Explained::yes) {
    // Who is asked sees where each argument comes from, whether or not a condition did.
    if (verdict.kind == definition::VerdictKind::approve)
      facts = with_provenance(std::move(facts), effect, *operation, policies, circumstances.facts);
    verdict.explanation = explain(verdict, rules, budgets, facts, effect.arguments, now);
  }
  if (verdict.kind != definition::VerdictKind::deny) hold_invariants(verdict, *set, effect, facts, circumstances, now);
  return verdict;
}

}  // namespace gantry::gate
