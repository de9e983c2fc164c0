#include "prove/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "expression/builtins.h"
#include "expression/inspect.h"
#include "expression/null_refusal.h"
#include "prove/evaluator_flow.h"

namespace gantry::prove {

using expression::Kind;
using expression::Operation;

namespace {

constexpr std::size_t quoted_bytes_max = 60;

// Which types a value has that an expression of this kind gives, whatever is in it.
TypeMask types_given_by(const expression::Node& node) {
  switch (node.kind) {
    case Kind::text:
    case Kind::format:
      return type_string;
    case Kind::array:
    case Kind::map:
      return type_array;
    case Kind::object:
      return type_object;
    case Kind::logic_and:
    case Kind::logic_or:
    case Kind::any_of:
    case Kind::all_of:
    case Kind::is_empty:
      return type_true | type_false;
    case Kind::binary:
      return node.operation >= Operation::equal ? type_true | type_false : type_any;
    default:
      return type_any;
  }
}

}  // namespace

bool Evaluator::may_hold(const Condition& condition) {
  return solver_.check(condition.constraints()) != Feasible::no;
}

Outcomes Evaluator::anything(const Frame& frame, const Condition& condition, TypeMask types) {
  Label label = frame.view.dot->label;
  for (TermPointer argument : frame.view.arguments)
    if (argument != nullptr) label = join(label, argument->label);
  for (TermPointer slot : frame.slots)
    if (slot != nullptr) label = join(label, slot->label);
  std::string quoted(text_.substr(0, quoted_bytes_max));
  if (quoted.size() < text_.size()) quoted += "...";
  std::replace(quoted.begin(), quoted.end(), '\n', ' ');
  TermPointer value = terms_.computed_symbol(fmt::format("a value in `{}`", quoted), label, types);
  return {of(value, condition), error(condition), {.kind = Outcome::Kind::none, .condition = condition}};
}

Outcomes Evaluator::unknown(const Node& what, const Frame& frame, const Condition& condition) {
  Outcomes outcomes = anything(frame, condition, types_given_by(what));
  if (what.arity == expression::Arity::one) outcomes.pop_back();
  return outcomes;
}

Outcomes Evaluator::run(const Node& root, std::string_view text, const View& view, const Condition& condition) {
  text_ = text;
  const Frame frame{.view = view, .slots = {}};
  Outcomes outcomes = node(root, frame, condition);
  if (outcomes.size() > outcomes_max) outcomes = unknown(root, frame, condition);
  bool may_grow = false, fails = false;
  for (Outcome& outcome : outcomes) {
    if (outcome.value != nullptr) outcome.value = terms_.kept(outcome.value);
    if (outcome.kind == Outcome::Kind::none) outcome.kind = Outcome::Kind::error;  // "gave no value"
    fails = fails || outcome.kind == Outcome::Kind::error;
    may_grow = may_grow || (outcome.value != nullptr && outcome.value->has_symbols && !outcome.value->parts.empty() &&
                            outcome.value->kind != Term::Kind::field && outcome.value->kind != Term::Kind::item);
  }
  if (may_grow && !fails) outcomes.push_back(error(condition));  // larger than a value may be
  if (outcomes.size() <= 1) return outcomes;
  std::erase_if(outcomes, [&](const Outcome& outcome) { return !may_hold(outcome.condition); });
  return outcomes;
}

Outcomes Evaluator::evaluate(const definition::Expression& expression, const View& view, const Condition& condition) {
  return run(expression::root_of(*expression.program), expression.text, view, condition);
}

const expression::Node* Evaluator::compiled(std::string_view text, std::span<const std::string> names) {
  std::string key(text);
  for (const std::string& name : names) key += "\n" + name;
  const auto found = programs_.find(key);
  if (found != programs_.end()) return &expression::root_of(*found->second);
  auto program = expression::compile(text, names);
  if (!std::holds_alternative<expression::ProgramPointer>(program)) return nullptr;
  return &expression::root_of(*programs_.emplace(key, std::get<0>(std::move(program))).first->second);
}

// Any structure of this form, or an error.
Outcomes Evaluator::some_structure(const Value& source, const View& view, const Condition& condition) {
  Label label = view.dot->label;
  for (TermPointer argument : view.arguments) label = join(label, argument->label);
  const TypeMask types = source.is_array() ? type_array : source.is_object() ? type_object : type_any;
  return {of(terms_.symbol("a structure of expressions", label, types), condition), error(condition)};
}

Outcomes Evaluator::structure(const Value& source, const Scoped& scope, const Condition& condition) {
  if (source.is_string()) {
    const auto embedded = expression::embedded_expression(source.as_string());
    if (!embedded) return {of(terms_.literal(source), condition)};
    const Node* root = compiled(embedded->text, scope.names);
    return root == nullptr ? some_structure(source, scope.view, condition)
                           : run(*root, embedded->text, scope.view, condition);
  }
  if (source.is_array() || source.is_object()) return parts(source, scope, condition);
  return {of(terms_.literal(source), condition)};
}

Outcomes Evaluator::parts(const Value& source, const Scoped& scope, const Condition& condition) {
  struct Partial {
    std::vector<TermPointer> parts;
    Condition condition;
  };
  std::vector<Partial> partials{{.parts = {}, .condition = condition}};
  Outcomes outcomes;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const Value& child = source.is_array() ? source.items()[i] : source.members()[i].value;
    std::vector<Partial> next;
    for (const Partial& partial : partials) {
      for (Outcome& outcome : structure(child, scope, partial.condition)) {
        if (outcome.kind != Outcome::Kind::value) {
          outcomes.push_back(std::move(outcome));
          continue;
        }
        next.push_back({.parts = partial.parts, .condition = std::move(outcome.condition)});
        next.back().parts.push_back(outcome.value);
      }
    }
    partials = std::move(next);
    if (partials.size() + outcomes.size() > outcomes_max) return some_structure(source, scope.view, condition);
  }
  for (Partial& partial : partials) {
    if (source.is_array()) {
      outcomes.push_back(of(terms_.array(std::move(partial.parts)), partial.condition));
      continue;
    }
    std::vector<std::pair<std::string, TermPointer>> members;
    for (std::size_t i = 0; i < source.size(); ++i)
      members.emplace_back(std::string(source.members()[i].key.view()), partial.parts[i]);
    outcomes.push_back(of(terms_.object(std::move(members)), partial.condition));
  }
  return outcomes;
}

Outcomes Evaluator::evaluate(const definition::Template& source, std::span<const std::string> names, const View& view,
                             const Condition& condition) {
  if (source.is_literal()) return {of(terms_.literal(source.source()), condition)};
  Outcomes outcomes = structure(source.source(), {.names = names, .view = view}, condition);
  if (outcomes.size() > outcomes_max) return some_structure(Value(), view, condition);
  if (outcomes.size() == 1 && outcomes[0].value != nullptr && outcomes[0].value->has_symbols &&
      !source.source().is_string()) {
    outcomes.push_back(error(condition));  // larger than a value may be
  }
  return outcomes;
}

Outcomes Evaluator::truth(const definition::Expression& expression, const View& view, const Condition& condition) {
  Outcomes outcomes;
  for (Outcome& outcome : evaluate(expression, view, condition)) {
    if (outcome.kind != Outcome::Kind::value) {
      outcomes.push_back(std::move(outcome));
      continue;
    }
    split(outcome.value, outcome.condition,
          [&](bool holds, const Condition& known) { outcomes.push_back(of(terms_.boolean(holds), known)); });
  }
  if (outcomes.size() > 1) std::erase_if(outcomes, [&](const Outcome& one) { return !may_hold(one.condition); });
  return outcomes;
}

// Where it is null there is an error, else it is not null: false when it always is. With `items` null in a list or an
// object is refused, too; whether there is any is not followed.
bool Evaluator::refuse_null(TermPointer value, bool items, Condition& condition, Outcomes& outcomes) {
  constexpr auto containers = static_cast<TypeMask>(type_array | type_object);
  const auto fails = [&](TypeMask types) {
    Condition refused = condition;
    if (refused.restrict_types(value, types)) outcomes.push_back(error(refused));
  };
  const bool all_there = is_literal(value) ? !expression::holds_null(value->literal) : value->has_bounded_items;
  if (items && !all_there) fails(containers);  // bounded items are texts
  fails(type_null);
  return condition.restrict_types(value, static_cast<TypeMask>(type_any & ~type_null));
}

// What a function that refuses null gives, of what is there.
Outcomes Evaluator::native(const Node& what, const Frame& frame, const Condition& condition) {
  if (!what.refuses_null) return native_of_value(what, frame, condition);
  Outcomes outcomes;
  Condition there = condition;
  if (!refuse_null(frame.view.dot, expression::looks_at_items(what.builtin->name), there, outcomes)) return outcomes;
  Outcomes made = native_of_value(what, frame, there);
  std::move(made.begin(), made.end(), std::back_inserter(outcomes));
  return outcomes;
}

// A node that may have many outputs is only understood where its first output is that of a node that has one.
Outcomes Evaluator::node(const Node& what, const Frame& frame, const Condition& condition) {
  switch (what.kind) {
    case Kind::identity:
      return {of(frame.view.dot, condition)};
    case Kind::literal:
      return {of(terms_.literal(what.constant), condition)};
    case Kind::argument:
      if (what.slot < frame.view.arguments.size() && frame.view.arguments[what.slot] != nullptr)
        return {of(frame.view.arguments[what.slot], condition)};
      return unknown(what, frame, condition);
    case Kind::variable:
      if (what.hops == 0 && what.slot < frame.slots.size() && frame.slots[what.slot] != nullptr)
        return {of(frame.slots[what.slot], condition)};
      return unknown(what, frame, condition);
    default:
      break;
  }
  if (what.arity == expression::Arity::many || what.own_frame) return unknown(what, frame, condition);
  switch (what.kind) {
    case Kind::field:
      return field(what, frame, condition);
    case Kind::index:
      return index(what, frame, condition);
    case Kind::pipe:
      return after(*what.children[0], frame, condition, [&](TermPointer value, const Condition& known) {
        Frame inner = frame;
        inner.view.dot = value;
        return node(*what.children[1], inner, known);
      });
    case Kind::logic_and:
    case Kind::logic_or:
      return logic(what, frame, condition);
    case Kind::conditional:
      return conditional(what, frame, condition);
    case Kind::alternative:
      return alternative(what, frame, condition);
    case Kind::binary:
      return binary(what, frame, condition);
    case Kind::object:
      return object(what, frame, condition);
    case Kind::array:
      return array(what, frame, condition);
    case Kind::bind:
      return bind(what, frame, condition);
    case Kind::try_catch:
      return attempt(what, frame, condition);
    case Kind::call_native:
      return native(what, frame, condition);
    case Kind::assign:
      return assign(what, frame, condition);
    case Kind::empty:
      return {{.kind = Outcome::Kind::none, .condition = condition}};
    case Kind::error_of:
      return {error(condition)};
    case Kind::select: {
      Outcomes outcomes;
      for (Outcome& outcome : node(*what.children[0], frame, condition)) {
        if (outcome.kind != Outcome::Kind::value) {
          outcomes.push_back(std::move(outcome));
          continue;
        }
        split(outcome.value, outcome.condition, [&](bool holds, const Condition& known) {
          if (holds)
            outcomes.push_back(of(frame.view.dot, known));
          else
            outcomes.push_back({.kind = Outcome::Kind::none, .condition = known});
        });
      }
      return outcomes;
    }
    default:
      return unknown(what, frame, condition);
  }
}

}  // namespace gantry::prove
