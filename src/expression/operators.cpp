#include "expression/operators.h"

#include <algorithm>
#include <cmath>

#include "expression/messages.h"
#include "value/operator_order.h"

namespace gantry::expression {
namespace {

constexpr std::size_t repeated_bytes_max = std::size_t{1} << 29;

Got mismatch(Machine& machine, const Value& left, const Value& right, const char* problem) {
  return machine.fail(kind_and_brief(left) + " and " + kind_and_brief(right) + " " + problem, about(left, right));
}

Value merged(Value left, const Value& right) {
  Label label = join(left.label(), right.label());
  for (const Member& member : right.members()) left = std::move(left).with_member(member.key, member.value);
  return std::move(left).labelled(label);
}

Value merged_deeply(Value left, const Value& right) {
  Label label = join(left.label(), right.label());
  for (const Member& member : right.members()) {
    const Value* old = left.find(member.key.view());
    bool both = old && old->is_object() && member.value.is_object();
    Value fresh = both ? merged_deeply(*old, member.value) : member.value;
    left = std::move(left).with_member(member.key, std::move(fresh));
  }
  return std::move(left).labelled(label);
}

Got add(Machine& machine, Value left, Value right, Value& output) {
  Label label = join(left.label(), right.label());
  if (left.is_integer() && right.is_integer()) {
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(left.as_integer(), right.as_integer(), &sum)) {
      output = Value(sum).labelled(label);
      return Got::value;
    }
  }
  if (left.is_number() && right.is_number()) {
    output = Value(left.as_number() + right.as_number()).labelled(label);
    return Got::value;
  }
  if (left.is_null() || right.is_null()) {
    output = (left.is_null() ? std::move(right) : std::move(left)).labelled(label);
    return Got::value;
  }
  if (left.is_string() && right.is_string()) {
    std::string text;
    text.reserve(left.size() + right.size());
    text += left.as_string();
    text += right.as_string();
    if (!machine.use_memory(text.size())) return Got::failed;
    output = Value(text).labelled(label);
    return Got::value;
  }
  if (left.is_array() && right.is_array()) {
    if (!machine.use_memory(right.size() * sizeof(Value))) return Got::failed;
    // When `left` has no other owner its items are extended in place.
    std::vector<Value> items = std::move(left).take_items();
    items.insert(items.end(), right.items().begin(), right.items().end());
    output = Value::array(std::move(items)).labelled(label);
    return Got::value;
  }
  if (left.is_object() && right.is_object()) {
    if (!machine.use_memory(right.size() * 2 * sizeof(Value))) return Got::failed;
    output = merged(std::move(left), right);
    return Got::value;
  }
  return mismatch(machine, left, right, "cannot be added");
}

Got subtract(Machine& machine, const Value& left, const Value& right, Value& output) {
  if (left.is_integer() && right.is_integer()) {
    std::int64_t difference = 0;
    if (!__builtin_sub_overflow(left.as_integer(), right.as_integer(), &difference)) {
      output = Value(difference).labelled(join(left.label(), right.label()));
      return Got::value;
    }
  }
  if (left.is_number() && right.is_number()) {
    output = Value(left.as_number() - right.as_number()).labelled(join(left.label(), right.label()));
    return Got::value;
  }
  if (!left.is_array() || !right.is_array()) return mismatch(machine, left, right, "cannot be subtracted");
  if (!machine.use_steps(left.size() * right.size() / 8)) return Got::failed;
  std::vector<Value> kept;
  for (const Value& item : left.items())
    if (std::find(right.items().begin(), right.items().end(), item) == right.items().end()) kept.push_back(item);
  output = Value::array(std::move(kept)).labelled(join(left.deep_label(), right.deep_label()));
  return Got::value;
}

Got repeat_text(Machine& machine, const Value& text, const Value& times, Value& output) {
  double count = times.as_number();
  Label label = join(text.label(), times.label());
  if (!(count >= 0)) {
    output = Value().labelled(label);
    return Got::value;
  }
  std::string_view piece = text.as_string();
  count = piece.empty() ? 0 : std::floor(count);
  if (count * static_cast<double>(piece.size()) >= static_cast<double>(repeated_bytes_max))
    return machine.fail("Repeat string result too long");
  auto whole_count = static_cast<std::size_t>(count);
  if (!machine.use_memory(whole_count * piece.size())) return Got::failed;
  std::string whole;
  whole.reserve(whole_count * piece.size());
  for (std::size_t i = 0; i < whole_count; ++i) whole += piece;
  output = Value(whole).labelled(label);
  return Got::value;
}

Got multiply(Machine& machine, Value left, const Value& right, Value& output) {
  if (left.is_integer() && right.is_integer()) {
    std::int64_t product = 0;
    if (!__builtin_mul_overflow(left.as_integer(), right.as_integer(), &product)) {
      output = Value(product).labelled(join(left.label(), right.label()));
      return Got::value;
    }
  }
  if (left.is_number() && right.is_number()) {
    output = Value(left.as_number() * right.as_number()).labelled(join(left.label(), right.label()));
    return Got::value;
  }
  if (left.is_string() && right.is_number()) return repeat_text(machine, left, right, output);
  if (left.is_number() && right.is_string()) return repeat_text(machine, right, left, output);
  if (left.is_object() && right.is_object()) {
    if (machine.is_too_deep(left) || machine.is_too_deep(right)) return machine.fail("Object merge too deep");
    if (!machine.use_memory((left.size() + right.size()) * 2 * sizeof(Value))) return Got::failed;
    output = merged_deeply(std::move(left), right);
    return Got::value;
  }
  return mismatch(machine, left, right, "cannot be multiplied");
}

Got divide(Machine& machine, const Value& left, const Value& right, Value& output) {
  Label label = join(left.label(), right.label());
  if (left.is_number() && right.is_number()) {
    if (right.as_number() == 0) return mismatch(machine, left, right, "cannot be divided because the divisor is zero");
    if (left.is_integer() && right.is_integer() && right.as_integer() != -1 &&
        left.as_integer() % right.as_integer() == 0)
      output = Value(left.as_integer() / right.as_integer()).labelled(label);
    else
      output = Value(left.as_number() / right.as_number()).labelled(label);
    return Got::value;
  }
  if (left.is_string() && right.is_string()) {
    if (!machine.use_memory(left.size() * 4)) return Got::failed;
    output = divide_text(left.as_string(), right.as_string()).labelled(label);
    return Got::value;
  }
  return mismatch(machine, left, right, "cannot be divided");
}

std::int64_t truncated(const Value& number) {
  if (number.is_integer()) return number.as_integer();
  double value = number.as_number();
  if (value >= 9223372036854775807.0) return INT64_MAX;
  if (value <= -9223372036854775808.0) return INT64_MIN;
  return static_cast<std::int64_t>(value);
}

Got modulo(Machine& machine, const Value& left, const Value& right, Value& output) {
  if (!left.is_number() || !right.is_number()) return mismatch(machine, left, right, "cannot be divided (remainder)");
  Label label = join(left.label(), right.label());
  if (std::isnan(left.as_number()) || std::isnan(right.as_number())) {
    output = Value(std::nan("")).labelled(label);
    return Got::value;
  }
  std::int64_t divisor = truncated(right);
  if (divisor == 0) return mismatch(machine, left, right, "cannot be divided (remainder) because the divisor is zero");
  std::int64_t dividend = truncated(left);
  output = Value(divisor == -1 ? std::int64_t{0}
                               : dividend % (divisor == INT64_MIN ? INT64_MAX
                                             : divisor < 0        ? -divisor
                                                                  : divisor))
               .labelled(label);
  return Got::value;
}

Label compared_label(const Value& left, const Value& right) {
  return join(left.deep_label(), right.deep_label());
}

Got equals(Machine& machine, const Value& left, const Value& right, bool wanted, Value& output) {
  if (left.is_array() || left.is_object()) {
    if (machine.is_too_deep(left) && machine.is_too_deep(right)) return machine.fail("Equality check too deep");
    if (!machine.use_steps(left.size() / 8)) return Got::failed;
  }
  output = Value((left == right) == wanted).labelled(compared_label(left, right));
  return Got::value;
}

Got orders(Machine& machine, const Value& left, const Value& right, Operation operation, Value& output) {
  if (left.is_array() || left.is_object()) {
    if (machine.is_too_deep(left) && machine.is_too_deep(right)) return machine.fail("Comparison too deep");
    if (!machine.use_steps(left.size() / 8)) return Got::failed;
  }
  int sign = compare_as_operator(left, right);
  bool holds = operation == Operation::less         ? sign < 0
               : operation == Operation::less_equal ? sign <= 0
               : operation == Operation::greater    ? sign > 0
                                                    : sign >= 0;
  output = Value(holds).labelled(compared_label(left, right));
  return Got::value;
}

}  // namespace

Value divide_text(std::string_view text, std::string_view separator) {
  std::vector<Value> parts;
  if (text.empty()) return Value::array({});
  if (separator.empty()) {
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = at + 1;
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
      parts.emplace_back(text.substr(at, end - at));
      at = end;
    }
    return Value::array(std::move(parts));
  }
  std::size_t from = 0;
  while (true) {
    std::size_t at = text.find(separator, from);
    parts.emplace_back(text.substr(from, at == std::string_view::npos ? at : at - from));
    if (at == std::string_view::npos) return Value::array(std::move(parts));
    from = at + separator.size();
  }
}

Got operate(Machine& machine, Operation operation, Value left, Value right, Value& output) {
  switch (operation) {
    case Operation::add:
      return add(machine, std::move(left), std::move(right), output);
    case Operation::subtract:
      return subtract(machine, left, right, output);
    case Operation::multiply:
      return multiply(machine, std::move(left), right, output);
    case Operation::divide:
      return divide(machine, left, right, output);
    case Operation::modulo:
      return modulo(machine, left, right, output);
    case Operation::equal:
      return equals(machine, left, right, true, output);
    case Operation::not_equal:
      return equals(machine, left, right, false, output);
    case Operation::less:
    case Operation::less_equal:
    case Operation::greater:
    case Operation::greater_equal:
      return orders(machine, left, right, operation, output);
  }
  return Got::failed;
}

Got negate(Machine& machine, const Value& operand, Value& output) {
  if (!operand.is_number()) return machine.fail(kind_and_brief(operand) + " cannot be negated", about(operand));
  bool whole = operand.is_integer() && operand.as_integer() != 0 && operand.as_integer() != INT64_MIN;
  output = (whole ? Value(-operand.as_integer()) : Value(-operand.as_number())).labelled(operand.label());
  return Got::value;
}

}  // namespace gantry::expression
