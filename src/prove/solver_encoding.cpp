#include "prove/solver_encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace gantry::prove {
namespace {

// Types in jq's order, as the bits of TypeMask are.
enum TypeNumber : int { null_type, false_type, true_type, number_type, string_type, array_type, object_type };

constexpr const char* exact_whole_max = "4503599627370496";  // 2^52
constexpr int structure_depth_max = 20;
constexpr std::int64_t padded_length_max = 1000;

}  // namespace

z3::expr Encoding::fresh(const char* name, const z3::sort& sort) {
  return context_.constant(fmt::format("{}{}", name, fresh_++).c_str(), sort);
}

int Encoding::text_number(std::string_view text) {
  const auto found = texts_.find(text);
  if (found != texts_.end()) return found->second;
  const int number = static_cast<int>(texts_.size());
  texts_.emplace(std::string(text), number);
  return number;
}

z3::expr Encoding::number_of(const Value& value) {
  if (value.is_integer()) return context_.real_val(std::to_string(value.as_integer()).c_str());
  const double number = value.as_number();
  if (!std::isfinite(number)) return fresh("n", context_.real_sort());
  // The exact value of the double, as z3 reads decimals.
  std::string text = fmt::format("{:.1074f}", number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text += '0';
  return context_.real_val(text.c_str());
}

Encoding::Leaf Encoding::make_literal(const Value& value) {
  int type = null_type;
  for (TypeMask mask = types_of(value); mask > 1; mask = static_cast<TypeMask>(mask >> 1)) ++type;
  const bool is_exact = !value.is_number() || std::isfinite(value.as_number());
  return {.type = context_.int_val(type),
          .number = value.is_number() ? number_of(value) : context_.real_val(0),
          .text = context_.int_val(value.is_string() ? text_number(value.as_string()) : -1),
          .exact = context_.bool_val(is_exact)};
}

Encoding::Leaf Encoding::make_arithmetic(TermPointer term) {
  const Leaf left = leaf(term->parts[0]), right = leaf(term->parts[1]);
  const z3::expr result = term->kind == Term::Kind::product      ? left.number * right.number
                          : term->kind == Term::Kind::difference ? left.number - right.number
                                                                 : left.number + right.number;
  return {.type = context_.int_val(number_type),
          .number = result,
          .text = context_.int_val(-1),
          .exact = context_.bool_val(true)};
}

// A member of null is null; a length is a whole number, unless it is that of a number.
void Encoding::link_to_base(TermPointer term, const Leaf& made) {
  if (term->parts.empty()) return;
  const Leaf base = leaf(term->parts[0]);
  if (term->kind == Term::Kind::length) {
    solver_.add(made.number >= 0);
    solver_.add(z3::implies(base.type == null_type, made.number == 0));
    solver_.add(z3::implies(base.type != number_type, z3::is_int(made.number)));
  } else {
    solver_.add(z3::implies(base.type == null_type, made.type == null_type));
  }
}

Encoding::Leaf Encoding::make(TermPointer term) {
  switch (term->kind) {
    case Term::Kind::literal:
      return make_literal(term->literal);
    case Term::Kind::object:
    case Term::Kind::merge:
    case Term::Kind::array:
      return {.type = context_.int_val(term->kind == Term::Kind::array ? array_type : object_type),
              .number = context_.real_val(0),
              .text = context_.int_val(-1),
              .exact = context_.bool_val(true)};
    case Term::Kind::sum:
    case Term::Kind::difference:
    case Term::Kind::product:
      return make_arithmetic(term);
    case Term::Kind::symbol:
    case Term::Kind::field:
    case Term::Kind::item:
    case Term::Kind::length:
      break;
  }
  Leaf made{.type = fresh("t", context_.int_sort()),
            .number = fresh("n", context_.real_sort()),
            .text = fresh("s", context_.int_sort()),
            .exact = context_.bool_val(true)};
  if (term->may_be_nan) made.exact = made.type != number_type;
  solver_.add(made.type >= 0 && made.type <= object_type && made.text >= 0);
  for (int type = null_type; type <= object_type; ++type)
    if ((term->types >> type & 1) == 0) solver_.add(made.type != type);
  link_to_base(term, made);
  return made;
}

const Encoding::Leaf& Encoding::leaf(TermPointer term) {
  const auto found = leaves_.find(term);
  if (found != leaves_.end()) return found->second;
  Leaf made = make(term);
  return leaves_.emplace(term, std::move(made)).first->second;
}

z3::expr Encoding::comparison(const Constraint& constraint) {
  const Leaf left = leaf(constraint.left), right = leaf(constraint.right);
  const z3::expr free = fresh("b", context_.bool_sort());  // what is not understood may be either
  const z3::expr same_type = left.type == right.type;
  const z3::expr numbers = same_type && left.type == number_type;
  const z3::expr texts = same_type && left.type == string_type;
  const z3::expr structures = same_type && left.type > string_type;
  const z3::expr singles = same_type && left.type < number_type;
  z3::expr result = free;
  switch (constraint.kind) {
    case Constraint::Kind::types:
    case Constraint::Kind::whole:
      break;
    case Constraint::Kind::equal:
      result = singles || (numbers && left.number == right.number) || (texts && left.text == right.text) ||
               (structures && free);
      break;
    case Constraint::Kind::less:
      result = left.type < right.type || (numbers && left.number < right.number) || ((texts || structures) && free);
      break;
    case Constraint::Kind::less_equal:
      result = left.type < right.type || singles || (numbers && left.number <= right.number) ||
               ((texts || structures) && free);
      break;
    case Constraint::Kind::greater:
      result = left.type > right.type || (numbers && left.number > right.number) || ((texts || structures) && free);
      break;
    case Constraint::Kind::greater_equal:
      result = left.type > right.type || singles || (numbers && left.number >= right.number) ||
               ((texts || structures) && free);
      break;
  }
  // Of NaN not even `x == x` is certain.
  const z3::expr inexact = fresh("b", context_.bool_sort());
  return z3::ite(left.exact && right.exact, result, inexact);
}

void Encoding::add(const Constraint& constraint) {
  if (constraint.kind == Constraint::Kind::whole) {
    const Leaf whole = leaf(constraint.left);
    const z3::expr most = context_.real_val(exact_whole_max);
    solver_.add(whole.type == number_type && z3::is_int(whole.number) && whole.number <= most && whole.number >= -most);
    return;
  }
  if (constraint.kind != Constraint::Kind::types) {
    const z3::expr result = comparison(constraint);
    solver_.add(constraint.positive ? result : !result);
    return;
  }
  const z3::expr type = leaf(constraint.left).type;
  z3::expr_vector possible(context_);
  for (int bit = null_type; bit <= object_type; ++bit)
    if ((constraint.mask >> bit & 1) != 0) possible.push_back(type == bit);
  solver_.add(z3::mk_or(possible));
}

int Encoding::integer_in(const z3::model& model, const z3::expr& expression) const {
  return model.eval(expression, true).get_numeral_int();
}

Value Encoding::number_in(const z3::model& model, const z3::expr& expression) const {
  const z3::expr number = model.eval(expression, true);
  std::int64_t whole = 0;
  if (Z3_get_numeral_int64(context_, number, &whole)) return Value(whole);
  return Value(Z3_get_numeral_double(context_, number));
}

Value Encoding::structure_of(const z3::model& model, TermPointer term, int type, int depth) {
  std::vector<Member> members;
  std::vector<Value> items;
  std::int64_t length = 0;
  // Not by iterator: evaluating may not add leaves, but the map is the encoding's own.
  for (const auto& [part, unused] : leaves_) {
    if (part->parts.empty() || part->parts[0] != term) continue;
    if (part->kind == Term::Kind::length) {
      const Value wanted = number_in(model, unused.number);
      if (wanted.is_integer()) length = std::min(wanted.as_integer(), padded_length_max);
    } else if (part->kind == Term::Kind::field && type == object_type) {
      Value value = value_of(model, part, depth + 1);
      if (!value.is_null()) members.push_back({Text(part->name), std::move(value)});
    } else if (part->kind == Term::Kind::item && type == array_type) {
      if (items.size() <= part->index) items.resize(part->index + 1);
      items[part->index] = value_of(model, part, depth + 1);
    }
  }
  const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(length, 0));
  if (type == string_type) return Value(std::string(wanted, 'x'));
  if (type == array_type) {
    if (items.size() < wanted) items.resize(wanted);
    return Value::array(std::move(items));
  }
  while (members.size() < wanted) members.push_back({Text(fmt::format("member{}", members.size())), Value()});
  return Value::object(std::move(members));
}

Value Encoding::value_of(const z3::model& model, TermPointer term, int depth) {
  const auto found = leaves_.find(term);
  if (found == leaves_.end() || depth > structure_depth_max) return {};
  const int type = integer_in(model, found->second.type);
  switch (type) {
    case null_type:
      return {};
    case false_type:
    case true_type:
      return Value(type == true_type);
    case number_type:
      return number_in(model, found->second.number);
    case string_type: {
      const int number = integer_in(model, found->second.text);
      for (const auto& [text, known] : texts_)
        if (known == number) return Value(text);
      const Value padded = structure_of(model, term, type, depth);
      return padded.size() > 0 ? padded : Value(fmt::format("text {}", number));
    }
    default:
      return structure_of(model, term, type, depth);
  }
}

std::map<TermPointer, Value> Encoding::values(const z3::model& model) {
  std::map<TermPointer, Value> values;
  for (const auto& [term, unused] : leaves_)
    if (term->kind == Term::Kind::symbol) values[term] = value_of(model, term, 0);
  return values;
}

}  // namespace gantry::prove
