// Operators and values: what the evaluator understands of them.
#include <algorithm>
#include <iterator>

#include "expression/builtins.h"
#include "prove/evaluator_flow.h"

namespace gantry::prove {

using expression::Kind;
using expression::Operation;

// `.a` of an object or null; of anything else an error.
Outcomes Evaluator::access(TermPointer target, const Value& key, const Condition& condition) {
  const TypeMask wanted = static_cast<TypeMask>(type_null | (key.is_string() ? type_object : type_array));
  Outcomes outcomes;
  const TypeMask types = condition.types_of(target);
  Condition fits = condition;
  if (fits.restrict_types(target, wanted)) {
    TermPointer value = types == type_null ? terms_.null()
                        : key.is_string()  ? terms_.field(target, key.as_string())
                                           : terms_.item(target, static_cast<std::size_t>(key.as_integer()));
    outcomes.push_back(of(value, fits));
  }
  Condition fails = condition;
  if (fails.restrict_types(target, static_cast<TypeMask>(type_any & ~wanted))) outcomes.push_back(error(fails));
  return outcomes;
}

Outcomes Evaluator::field(const Node& what, const Frame& frame, const Condition& condition) {
  return after(*what.children[0], frame, condition,
               [&](TermPointer target, const Condition& known) { return access(target, what.constant, known); });
}

Outcomes Evaluator::index(const Node& what, const Frame& frame, const Condition& condition) {
  const Node& key = *what.children[1];
  const bool is_key = key.kind == Kind::literal &&
                      (key.constant.is_string() || (key.constant.is_integer() && key.constant.as_integer() >= 0 &&
                                                    key.constant.as_integer() < 1000));
  if (!is_key) return unknown(what, frame, condition);
  return after(*what.children[0], frame, condition,
               [&](TermPointer target, const Condition& known) { return access(target, key.constant, known); });
}

Outcomes Evaluator::logic(const Node& what, const Frame& frame, const Condition& condition) {
  const bool is_and = what.kind == Kind::logic_and;
  return after(*what.children[0], frame, condition, [&](TermPointer left, const Condition& known) {
    Outcomes outcomes;
    split(left, known, [&](bool holds, const Condition& then) {
      if (holds != is_and) {
        outcomes.push_back(of(terms_.boolean(!is_and), then));
        return;
      }
      for (Outcome& right : node(*what.children[1], frame, then)) {
        if (right.kind != Outcome::Kind::value) {
          outcomes.push_back(std::move(right));
          continue;
        }
        split(right.value, right.condition, [&](bool right_holds, const Condition& both) {
          outcomes.push_back(of(terms_.boolean(right_holds), both));
        });
      }
    });
    return outcomes;
  });
}

Outcomes Evaluator::conditional(const Node& what, const Frame& frame, const Condition& condition) {
  return after(*what.children[0], frame, condition, [&](TermPointer test, const Condition& known) {
    Outcomes outcomes;
    split(test, known, [&](bool holds, const Condition& then) {
      const Node* branch = what.children[holds ? 1 : 2].get();
      if (branch == nullptr) {
        outcomes.push_back(of(frame.view.dot, then));
        return;
      }
      for (Outcome& outcome : node(*branch, frame, then)) outcomes.push_back(std::move(outcome));
    });
    return outcomes;
  });
}

// An error on the left may be passed on or lead to the right; both are covered.
Outcomes Evaluator::alternative(const Node& what, const Frame& frame, const Condition& condition) {
  Outcomes outcomes;
  const auto right = [&](const Condition& known) {
    for (Outcome& outcome : node(*what.children[1], frame, known)) outcomes.push_back(std::move(outcome));
  };
  for (Outcome& left : node(*what.children[0], frame, condition)) {
    if (left.kind != Outcome::Kind::value) {
      right(left.condition);
      if (left.kind == Outcome::Kind::error) outcomes.push_back(std::move(left));
      continue;
    }
    split(left.value, left.condition, [&](bool holds, const Condition& known) {
      if (holds)
        outcomes.push_back(of(left.value, known));
      else
        right(known);
    });
  }
  return outcomes;
}

Outcomes Evaluator::compare(Operation operation, TermPointer left, TermPointer right, const Condition& condition) {
  Constraint constraint{.left = left, .right = right};
  bool negated = false;
  switch (operation) {
    case Operation::equal:
    case Operation::not_equal:
      constraint.kind = Constraint::Kind::equal;
      negated = operation == Operation::not_equal;
      break;
    case Operation::less:
      constraint.kind = Constraint::Kind::less;
      break;
    case Operation::less_equal:
      constraint.kind = Constraint::Kind::less_equal;
      break;
    case Operation::greater:
      constraint.kind = Constraint::Kind::greater;
      break;
    default:
      constraint.kind = Constraint::Kind::greater_equal;
      break;
  }
  Outcomes outcomes;
  for (const bool positive : {true, false}) {
    constraint.positive = positive;
    Condition known = condition;
    if (known.add(constraint)) outcomes.push_back(of(terms_.boolean(positive != negated), known));
  }
  return outcomes;
}

// null + x, object + object and number + number; other sums are not followed.
Outcomes Evaluator::add(const Node& what, const Frame& frame, TermPointer left, TermPointer right,
                        const Condition& condition) {
  const TypeMask left_types = condition.types_of(left), right_types = condition.types_of(right);
  if (left_types == type_null) return {of(right, condition)};
  if (right_types == type_null) return {of(left, condition)};
  const bool adds_members = right->kind == Term::Kind::object || (is_literal(right) && right->literal.is_object());
  if (adds_members && (left_types & ~(type_null | type_object)) != left_types) {
    Outcomes outcomes;
    Condition fits = condition, fails = condition;
    if (fits.restrict_types(left, type_null | type_object))
      outcomes.push_back(of(left_types == type_null ? right : terms_.merge(left, right), fits));
    if (fails.restrict_types(left, static_cast<TypeMask>(type_any & ~(type_null | type_object))))
      outcomes.push_back(error(fails));
    return outcomes;
  }
  return arithmetic(what, frame, left, right, condition);
}

// Followed exactly where both are whole numbers of moderate size; else the result may be anything.
Outcomes Evaluator::arithmetic(const Node& what, const Frame& frame, TermPointer left, TermPointer right,
                               const Condition& condition) {
  const Term::Kind kind = what.operation == Operation::add        ? Term::Kind::sum
                          : what.operation == Operation::subtract ? Term::Kind::difference
                                                                  : Term::Kind::product;
  const bool known_kind = what.operation == Operation::add || what.operation == Operation::subtract ||
                          what.operation == Operation::multiply;
  const bool is_product = what.operation == Operation::multiply;
  if (!known_kind || (is_product && !is_literal(left) && !is_literal(right))) return unknown(what, frame, condition);
  Outcomes outcomes;
  Condition whole = condition;
  TermPointer result = nullptr;
  if (whole.add({.kind = Constraint::Kind::whole, .left = left}) &&
      whole.add({.kind = Constraint::Kind::whole, .left = right})) {
    result = terms_.arithmetic(kind, left, right);
    if (!is_product || whole.add({.kind = Constraint::Kind::whole, .left = result}))
      outcomes.push_back(of(result, whole));
  }
  if (!outcomes.empty() && is_literal(left) && is_literal(right)) return outcomes;
  constexpr TypeMask number = type_number;
  const bool are_numbers = condition.types_of(left) == number && condition.types_of(right) == number;
  for (Outcome& outcome : are_numbers ? anything(frame, condition, number) : unknown(what, frame, condition))
    if (!are_numbers || outcome.kind == Outcome::Kind::value) outcomes.push_back(std::move(outcome));
  return outcomes;
}

Outcomes Evaluator::binary(const Node& what, const Frame& frame, const Condition& condition) {
  return after(*what.children[0], frame, condition, [&](TermPointer left, const Condition& known) {
    return after(*what.children[1], frame, known, [&](TermPointer right, const Condition& both) -> Outcomes {
      Outcomes outcomes;
      Condition there = both;
      const bool compares = what.operation >= Operation::equal;
      if (what.refuses_null &&
          !(refuse_null(left, compares, there, outcomes) && refuse_null(right, compares, there, outcomes)))
        return outcomes;
      Outcomes made = compares                           ? compare(what.operation, left, right, there)
                      : what.operation == Operation::add ? add(what, frame, left, right, there)
                                                         : arithmetic(what, frame, left, right, there);
      std::move(made.begin(), made.end(), std::back_inserter(outcomes));
      return outcomes;
    });
  });
}

Outcomes Evaluator::object(const Node& what, const Frame& frame, const Condition& condition) {
  struct Partial {
    std::vector<std::pair<std::string, TermPointer>> members;
    Condition condition;
  };
  std::vector<Partial> partials{{.members = {}, .condition = condition}};
  Outcomes outcomes;
  for (std::size_t i = 0; i + 1 < what.children.size(); i += 2) {
    const Node& key = *what.children[i];
    if (key.kind != Kind::literal || !key.constant.is_string()) return unknown(what, frame, condition);
    const std::string name(key.constant.as_string());
    const Node& value = *what.children[i + 1];
    std::vector<Partial> next;
    for (const Partial& partial : partials) {
      Outcomes made = value.kind == Kind::member_of_key ? access(frame.view.dot, key.constant, partial.condition)
                                                        : node(value, frame, partial.condition);
      for (Outcome& outcome : made) {
        if (outcome.kind != Outcome::Kind::value) {
          outcomes.push_back(std::move(outcome));
          continue;
        }
        next.push_back({.members = partial.members, .condition = std::move(outcome.condition)});
        next.back().members.emplace_back(name, outcome.value);
      }
    }
    partials = std::move(next);
    if (partials.size() + outcomes.size() > outcomes_max) return unknown(what, frame, condition);
  }
  for (Partial& partial : partials)
    outcomes.push_back(of(terms_.object(std::move(partial.members)), partial.condition));
  return outcomes;
}

namespace {

// The elements of a list that is written out; nothing when one of them may give none or many.
bool elements_of(const expression::Node& content, std::vector<const expression::Node*>& elements) {
  if (content.kind == Kind::comma) {
    return std::all_of(content.children.begin(), content.children.end(),
                       [&](const expression::NodePointer& child) { return elements_of(*child, elements); });
  }
  elements.push_back(&content);
  return content.arity == expression::Arity::one;
}

}  // namespace

Outcomes Evaluator::array(const Node& what, const Frame& frame, const Condition& condition) {
  if (what.children.empty() || what.children[0] == nullptr) return {of(terms_.array({}), condition)};
  std::vector<const Node*> elements;
  if (!elements_of(*what.children[0], elements)) return unknown(what, frame, condition);
  struct Partial {
    std::vector<TermPointer> items;
    Condition condition;
  };
  std::vector<Partial> partials{{.items = {}, .condition = condition}};
  Outcomes outcomes;
  for (const Node* element : elements) {
    std::vector<Partial> next;
    for (const Partial& partial : partials) {
      for (Outcome& outcome : node(*element, frame, partial.condition)) {
        if (outcome.kind != Outcome::Kind::value) {
          outcomes.push_back(std::move(outcome));
          continue;
        }
        next.push_back({.items = partial.items, .condition = std::move(outcome.condition)});
        next.back().items.push_back(outcome.value);
      }
    }
    partials = std::move(next);
    if (partials.size() + outcomes.size() > outcomes_max) return unknown(what, frame, condition);
  }
  for (Partial& partial : partials) outcomes.push_back(of(terms_.array(std::move(partial.items)), partial.condition));
  return outcomes;
}

Outcomes Evaluator::native_of_value(const Node& what, const Frame& frame, const Condition& condition) {
  const std::string_view name = what.builtin->name;
  TermPointer dot = frame.view.dot;
  if (name == "not" && what.children.empty()) {
    Outcomes outcomes;
    split(dot, condition,
          [&](bool holds, const Condition& known) { outcomes.push_back(of(terms_.boolean(!holds), known)); });
    return outcomes;
  }
  if (name == "length" && what.children.empty()) {
    Outcomes outcomes;
    Condition fits = condition, fails = condition;
    constexpr TypeMask booleans = type_true | type_false;
    if (fits.restrict_types(dot, static_cast<TypeMask>(type_any & ~booleans)))
      outcomes.push_back(of(terms_.length(dot), fits));
    if (fails.restrict_types(dot, booleans)) outcomes.push_back(error(fails));
    return outcomes;
  }
  if (name == "type" && what.children.empty()) {
    constexpr std::pair<TypeMask, const char*> names[] = {
        {type_null, "null"},     {static_cast<TypeMask>(type_false | type_true), "boolean"},
        {type_number, "number"}, {type_string, "string"},
        {type_array, "array"},   {type_object, "object"}};
    Outcomes outcomes;
    for (const auto& [mask, text] : names) {
      Condition known = condition;
      if (known.restrict_types(dot, mask)) outcomes.push_back(of(terms_.literal(Value(text)), known));
    }
    return outcomes;
  }
  // Certain where the text can't be in the list: then there is no place of it.
  if (name == "index" && what.children.size() == 1 && what.children[0]->kind == Kind::literal &&
      what.children[0]->constant.is_string()) {
    const std::string_view wanted = what.children[0]->constant.as_string();
    const auto is_wanted = [&](const auto& text) { return std::string_view(text) == wanted; };
    if (dot->has_bounded_items && std::none_of(dot->items_at_most.begin(), dot->items_at_most.end(), is_wanted))
      return {of(terms_.null(), condition)};
    if (is_literal(dot) && dot->literal.is_array()) {
      const auto& items = dot->literal.items();
      const auto found = std::find_if(items.begin(), items.end(), [&](const Value& item) {
        return item.is_string() && item.as_string() == wanted;
      });
      return {of(found == items.end() ? terms_.null() : terms_.literal(Value(found - items.begin())), condition)};
    }
  }
  return unknown(what, frame, condition);
}

// `.a.b = value`: the members on the way are objects or null.
Outcomes Evaluator::put(TermPointer target, std::span<const std::string> path, TermPointer value,
                        const Condition& condition) {
  if (path.empty()) return {of(value, condition)};
  Outcomes outcomes;
  for (Outcome& old : access(target, Value(path.front()), condition)) {
    if (old.kind != Outcome::Kind::value) {
      outcomes.push_back(std::move(old));
      continue;
    }
    for (Outcome& inner : put(old.value, path.subspan(1), value, old.condition)) {
      if (inner.kind != Outcome::Kind::value) {
        outcomes.push_back(std::move(inner));
        continue;
      }
      TermPointer added = terms_.object({{path.front(), inner.value}});
      const bool is_null = inner.condition.types_of(target) == type_null;
      outcomes.push_back(of(is_null ? added : terms_.merge(target, added), inner.condition));
    }
  }
  return outcomes;
}

Outcomes Evaluator::assign(const Node& what, const Frame& frame, const Condition& condition) {
  std::vector<std::string> path;
  const Node* target = what.children[0].get();
  for (; target->kind == Kind::field; target = target->children[0].get())
    path.emplace_back(target->constant.as_string());
  if (target->kind != Kind::identity || path.empty() || what.children[1]->arity != expression::Arity::one)
    return unknown(what, frame, condition);
  std::reverse(path.begin(), path.end());
  return after(*what.children[1], frame, condition,
               [&](TermPointer value, const Condition& known) { return put(frame.view.dot, path, value, known); });
}

Outcomes Evaluator::bind(const Node& what, const Frame& frame, const Condition& condition) {
  const bool is_plain = what.patterns.size() == 1 && what.patterns[0].kind == expression::Pattern::Kind::variable;
  if (!is_plain) return unknown(what, frame, condition);
  const std::size_t slot = what.patterns[0].slot;
  if (slot >= 100) return unknown(what, frame, condition);
  return after(*what.children[0], frame, condition, [&](TermPointer value, const Condition& known) {
    Frame inner = frame;
    if (inner.slots.size() <= slot) inner.slots.resize(slot + 1, nullptr);
    inner.slots[slot] = value;
    return node(*what.children[1], inner, known);
  });
}

// An error may be a `break`, which passes; so both are covered.
Outcomes Evaluator::attempt(const Node& what, const Frame& frame, const Condition& condition) {
  Outcomes outcomes;
  for (Outcome& body : node(*what.children[0], frame, condition)) {
    if (body.kind != Outcome::Kind::error) {
      outcomes.push_back(std::move(body));
      continue;
    }
    outcomes.push_back(error(body.condition));
    if (what.children[1] == nullptr) {
      outcomes.push_back({.kind = Outcome::Kind::none, .condition = body.condition});
      continue;
    }
    Frame inner = frame;
    inner.view.dot = terms_.symbol("an error's message", anything(frame, condition)[0].value->label);
    for (Outcome& outcome : node(*what.children[1], inner, body.condition)) outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace gantry::prove
