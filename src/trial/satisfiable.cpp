#include "trial/satisfiable.h"

#include <array>

namespace gantry::trial {
namespace {

using prove::Constraint;
using prove::TermPointer;

constexpr std::uint32_t solver_steps_max = 200'000;
constexpr std::size_t open_max = 24;  // ways through a rule; with more, nothing is concluded

struct TypeName {
  std::string_view name;
  prove::TypeMask mask;
};
constexpr std::array<TypeName, 7> type_names = {{{"null", prove::type_null},
                                                 {"boolean", prove::type_false | prove::type_true},
                                                 {"number", prove::type_number},
                                                 {"integer", prove::type_number},
                                                 {"string", prove::type_string},
                                                 {"array", prove::type_array},
                                                 {"object", prove::type_object}}};

prove::TypeMask mask_of(const Value& type) {
  prove::TypeMask mask = 0;
  const auto add = [&](const Value& name) {
    for (const TypeName& each : type_names)
      if (name.is_string() && name.as_string() == each.name) mask = static_cast<prove::TypeMask>(mask | each.mask);
  };
  if (type.is_array())
    for (const Value& name : type.items()) add(name);
  else
    add(type);
  return mask == 0 ? prove::type_any : mask;
}

bool is_required(const Value& schema, std::string_view name) {
  const Value* required = schema.find("required");
  if (required == nullptr || !required->is_array()) return false;
  for (const Value& each : required->items())
    if (each.is_string() && each.as_string() == name) return true;
  return false;
}

}  // namespace

Satisfiability::Satisfiability(const definition::Project& project)
    : solver_(solver_steps_max), evaluator_(terms_, solver_), view_(project, terms_, evaluator_) {}

// What the schema says of single arguments: their types, constants and limits.
prove::Condition Satisfiability::known_of(const OperationView& operation, TermPointer arguments) {
  prove::Condition known;
  const Value& schema = operation.definition->arguments_schema;
  const Value* properties = schema.is_object() ? schema.find("properties") : nullptr;
  if (properties == nullptr || !properties->is_object()) return known;
  for (const Member& property : properties->members()) {
    if (!property.value.is_object()) continue;
    const std::string_view name = property.key.view();
    const TermPointer term = terms_.field(arguments, name);
    const bool required = is_required(schema, name);
    const Value* type = property.value.find("type");
    const prove::TypeMask mask = type == nullptr ? prove::type_any : mask_of(*type);
    known.restrict_types(term, static_cast<prove::TypeMask>(required ? mask : mask | prove::type_null));
    if (!required || mask != prove::type_number) continue;
    const std::pair<const char*, Constraint::Kind> limits[] = {{"minimum", Constraint::Kind::greater_equal},
                                                               {"maximum", Constraint::Kind::less_equal},
                                                               {"exclusiveMinimum", Constraint::Kind::greater},
                                                               {"exclusiveMaximum", Constraint::Kind::less}};
    for (const auto& [key, kind] : limits)
      if (const Value* limit = property.value.find(key); limit != nullptr && limit->is_number())
        known.add({.kind = kind, .left = term, .right = terms_.literal(*limit)});
  }
  return known;
}

Satisfiability::Answers Satisfiability::ask(const definition::Condition& condition, TermPointer facts,
                                            const std::vector<prove::Condition>& open) {
  Answers answers;
  const definition::Expression expression{.program = condition.program, .text = condition.text};
  for (const prove::Condition& each : open) {
    prove::Condition there = each;
    bool possible = true;
    // A fact that is missing denies before the condition is asked.
    for (const definition::FactPath& path : condition.paths) {
      if (path.may_be_absent) continue;
      if (path.names.empty() || path.names[0] != "args" || path.names.size() < 2) continue;
      TermPointer term = terms_.field(facts, "args");
      for (std::size_t i = 1; i < path.names.size(); ++i) term = terms_.field(term, path.names[i]);
      possible = possible && there.restrict_types(term, prove::type_any & ~prove::type_null);
    }
    if (!possible) continue;
    for (prove::Outcome& outcome : evaluator_.truth(expression, {.dot = facts, .arguments = {}}, there)) {
      if (outcome.kind != prove::Outcome::Kind::value || !evaluator_.may_hold(outcome.condition)) continue;
      (outcome.value->literal.is_true() ? answers.yes : answers.no).push_back(std::move(outcome.condition));
    }
  }
  return answers;
}

RuleReach Satisfiability::reach_of(const definition::PolicyRule& rule, const OperationView& operation) {
  RuleReach reach;
  const TermPointer arguments = terms_.symbol("the arguments", Label::unknown(), prove::type_object);
  prove::EffectView effect;
  effect.tool = operation.tool;
  effect.operation = operation.operation;
  effect.effect_class = operation.effect_class;
  effect.irreversible = operation.definition->irreversible;
  effect.arguments = arguments;
  prove::Condition known = known_of(operation, arguments);
  const TermPointer facts = view_.facts(effect, known);
  std::vector<prove::Condition> open{std::move(known)};
  bool denies_all = true;
  if (rule.when) {
    Answers answers = ask(*rule.when, facts, open);
    reach.when_never = answers.yes.empty();
    denies_all = answers.no.empty();  // what can't be answered is denied, too
    if (answers.yes.size() > open_max) return reach;
    open = std::move(answers.yes);
  }
  const std::pair<const char*, const std::optional<definition::Condition>*> rungs[] = {
      {"deny", &rule.deny_if},
      {"fourEyesIf", &rule.four_eyes_if},
      {"approve", &rule.approve_if},
      {"allow", &rule.allow_if}};
  for (const auto& [key, rung] : rungs) {
    if (!*rung) continue;
    Answers answers = ask(**rung, facts, open);
    if (answers.yes.empty() && !reach.when_never) reach.never.emplace_back(key);
    if (std::string_view(key) != "deny" && !answers.yes.empty()) denies_all = false;
    if (answers.no.size() > open_max) return reach;
    open = std::move(answers.no);
  }
  reach.rest = !open.empty();
  denies_all = denies_all && (open.empty() || rule.verdict == definition::VerdictKind::deny);
  reach.always_denies = denies_all && !reach.when_never && !rule.during;
  return reach;
}

}  // namespace gantry::trial
