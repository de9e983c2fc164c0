// What policies see of labels and audiences, as terms: bounds where no more is known.
#include <algorithm>
#include <array>
#include <span>

#include "prove/policy_view.h"

namespace gantry::prove {
namespace {

constexpr std::array integrity_levels = {"trusted", "internal", "constrained", "untrusted"};
constexpr std::array secrecy_levels = {"public", "internal", "confidential", "secret"};

// One of the levels, and none that is worse than the bound.
TermPointer level(Terms& terms, Condition& condition, const char* what, std::span<const char* const> levels,
                  std::size_t bound) {
  if (bound == 0) return terms.literal(Value(levels[0]));
  TermPointer symbol = terms.symbol(what, Label::unknown(), type_string);
  for (std::size_t worse = bound + 1; worse < levels.size(); ++worse)
    condition.add({.kind = Constraint::Kind::equal,
                   .positive = false,
                   .left = symbol,
                   .right = terms.literal(Value(levels[worse]))});
  return symbol;
}

// Where the operation's schema rules null out, an argument that is null is denied anyway.
bool may_be_null(const definition::Operation* called, const std::string& name) {
  if (called == nullptr || !called->arguments_schema.is_object()) return true;
  const Value* properties = called->arguments_schema.find("properties");
  const Value* schema = properties != nullptr && properties->is_object() ? properties->find(name) : nullptr;
  const Value* type = schema != nullptr && schema->is_object() ? schema->find("type") : nullptr;
  if (type == nullptr) return true;
  if (type->is_string()) return type->as_string() == "null";
  if (!type->is_array()) return true;
  return std::any_of(type->items().begin(), type->items().end(),
                     [](const Value& each) { return !each.is_string() || each.as_string() == "null"; });
}

}  // namespace

// {integrity, secrecy, sources, compartments}, and the arguments where they are given.
TermPointer PolicyView::label_facts(Label bound, TermPointer arguments, Condition& condition) {
  const LabelContent& content = bound.content();
  const bool anything = is_anything(content);
  const auto some = [&](const char* what, const std::vector<std::string>& texts) {
    if (anything) return terms_.symbol(what, Label::unknown(), type_array);
    return texts.empty() ? terms_.array({}) : terms_.some_of(what, texts);
  };
  std::vector<std::pair<std::string, TermPointer>> members = {
      {"integrity", level(terms_, condition, "the integrity", integrity_levels,
                          anything ? integrity_levels.size() - 1 : static_cast<std::size_t>(content.integrity))},
      {"secrecy", level(terms_, condition, "the secrecy", secrecy_levels,
                        anything ? secrecy_levels.size() - 1 : static_cast<std::size_t>(content.secrecy))},
      {"sources", some("the sources", content.sources)},
      {"compartments", some("the compartments", content.compartments)}};
  if (arguments != nullptr) members.emplace_back("arguments", arguments);
  return terms_.object(std::move(members));
}

TermPointer PolicyView::labels(const EffectView& effect, Condition& condition) {
  if (effect.labels == nullptr) return terms_.symbol("the labels", Label::unknown(), type_object);
  const LabelShape& shape = *effect.labels;
  TermPointer each = terms_.symbol("the labels of the arguments", Label::unknown(), type_object);
  std::vector<std::string> names;
  if (effect.arguments != nullptr && effect.arguments->kind == Term::Kind::object)
    names = effect.arguments->keys;
  else if (effect.arguments != nullptr && is_literal(effect.arguments) && effect.arguments->literal.is_object())
    for (const Member& member : effect.arguments->literal.members()) names.emplace_back(member.key.view());
  else
    return label_facts(shape.deep(), each, condition);
  Label all = join(join(shape.node, shape.structure), shape.if_null);
  std::vector<std::pair<std::string, TermPointer>> members;
  for (const std::string& name : names) {
    const LabelShape argument = shape.field(name);
    const Label bound = may_be_null(effect.called, name) ? argument.deep() : argument.deep_not_null();
    all = join(all, bound);
    members.emplace_back(name, label_facts(bound, nullptr, condition));
  }
  return label_facts(all, terms_.object(std::move(members)), condition);
}

// {clearance, named}: what the operation declares, or anything where it is computed.
TermPointer PolicyView::audience(const EffectView& effect) {
  const bool is_known = effect.called != nullptr && (effect.called->fixed_audience || !effect.called->audience);
  if (!is_known)
    return terms_.object({{"clearance", terms_.symbol("the audience's clearance", Label::unknown(), type_string)},
                          {"named", terms_.symbol("who is named", Label::unknown(), type_array)}});
  const Secrecy clearance = effect.called->fixed_audience.value_or(Secrecy::public_);
  return terms_.object({{"clearance", terms_.literal(Value(name_of(clearance)))}, {"named", terms_.array({})}});
}

}  // namespace gantry::prove
