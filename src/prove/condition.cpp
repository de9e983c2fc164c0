#include "prove/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "value/operator_order.h"

namespace gantry::prove {
namespace {

const char* sign_of(Constraint::Kind kind) {
  switch (kind) {
    case Constraint::Kind::equal:
      return "==";
    case Constraint::Kind::less:
      return "<";
    case Constraint::Kind::less_equal:
      return "<=";
    case Constraint::Kind::greater:
      return ">";
    case Constraint::Kind::greater_equal:
      return ">=";
    case Constraint::Kind::types:
    case Constraint::Kind::whole:
      break;
  }
  return "is";
}

std::string names_of(TypeMask mask) {
  constexpr std::pair<TypeMask, const char*> names[] = {
      {type_null, "null"},     {type_false, "false"},  {type_true, "true"},       {type_number, "a number"},
      {type_string, "a text"}, {type_array, "a list"}, {type_object, "an object"}};
  std::string text;
  for (const auto& [bit, name] : names)
    if ((mask & bit) != 0) text += fmt::format("{}{}", text.empty() ? "" : " or ", name);
  return text;
}

constexpr double whole_max = 4503599627370496.0;  // 2^52

// A value that is wholly determined by its type.
bool is_single(TypeMask mask) {
  return mask == type_null || mask == type_false || mask == type_true;
}

}  // namespace

bool holds(Constraint::Kind kind, const Value& left, const Value& right) {
  switch (kind) {
    case Constraint::Kind::types:
    case Constraint::Kind::whole:
      return false;
    case Constraint::Kind::equal:
      return left == right;
    case Constraint::Kind::less:
      return compare_as_operator(left, right) < 0;
    case Constraint::Kind::less_equal:
      return compare_as_operator(left, right) <= 0;
    case Constraint::Kind::greater:
      return compare_as_operator(left, right) > 0;
    case Constraint::Kind::greater_equal:
      return compare_as_operator(left, right) >= 0;
  }
  return false;
}

bool is_whole(const Value& value) {
  if (!value.is_number()) return false;
  const double number = value.as_number();
  return number >= -whole_max && number <= whole_max && std::floor(number) == number;
}

std::string describe(const Constraint& constraint) {
  if (constraint.kind == Constraint::Kind::whole) return fmt::format("{} is a whole number", describe(constraint.left));
  if (constraint.kind == Constraint::Kind::types)
    return fmt::format("{} is {}", describe(constraint.left), names_of(constraint.mask));
  const std::string text =
      fmt::format("{} {} {}", describe(constraint.left), sign_of(constraint.kind), describe(constraint.right));
  return constraint.positive ? text : fmt::format("not {}", text);
}

TypeMask Condition::types_of(TermPointer term) const {
  TypeMask mask = term->types;
  for (const Constraint& known : constraints_) {
    if (known.left == term && known.kind == Constraint::Kind::types) mask &= known.mask;
    if (known.kind != Constraint::Kind::equal || !known.positive) continue;
    if (known.left == term) mask &= known.right->types;
    if (known.right == term) mask &= known.left->types;
  }
  return mask;
}

bool Condition::add(const Constraint& constraint) {
  if (constraint.kind == Constraint::Kind::types) {
    const TypeMask before = types_of(constraint.left);
    const TypeMask after = before & constraint.mask;
    if (after == 0) return false;
    if (after == before) return true;
    constraints_.push_back({.mask = after, .left = constraint.left});
    return true;
  }
  if (constraint.kind == Constraint::Kind::whole) {
    if (is_literal(constraint.left)) return is_whole(constraint.left->literal);
    if (!restrict_types(constraint.left, type_number)) return false;
    if (std::find(constraints_.begin(), constraints_.end(), constraint) == constraints_.end())
      constraints_.push_back(constraint);
    return true;
  }
  if (is_literal(constraint.left) && is_literal(constraint.right))
    return holds(constraint.kind, constraint.left->literal, constraint.right->literal) == constraint.positive;
  Constraint opposite = constraint;
  opposite.positive = !constraint.positive;
  if (std::find(constraints_.begin(), constraints_.end(), opposite) != constraints_.end()) return false;
  if (std::find(constraints_.begin(), constraints_.end(), constraint) != constraints_.end()) return true;
  if (constraint.kind == Constraint::Kind::equal) {
    const TypeMask left = types_of(constraint.left), right = types_of(constraint.right);
    if (constraint.positive && (left & right) == 0) return false;
    if (!constraint.positive && left == right && is_single(left)) return false;
    // null, true and false are types: then nothing else need be kept.
    if (is_single(right))
      return restrict_types(constraint.left, constraint.positive ? right : static_cast<TypeMask>(type_any & ~right));
    if (is_single(left))
      return restrict_types(constraint.right, constraint.positive ? left : static_cast<TypeMask>(type_any & ~left));
  }
  constraints_.push_back(constraint);
  return true;
}

}  // namespace gantry::prove
