// Nodes with at most one output.
#include <array>

#include "expression/builtins.h"
#include "expression/formats.h"
#include "expression/machine.h"
#include "expression/messages.h"
#include "expression/null_refusal.h"
#include "expression/operators.h"
#include "expression/paths.h"

namespace gantry::expression {

Got Machine::one_step(const Node& node, const Frame& frame, const Value& input, Value& output) {
  switch (node.kind) {
    case Kind::identity:
      output = node.consumes ? std::move(const_cast<Value&>(input)) : input;
      return Got::value;
    case Kind::literal:
      output = node.constant;
      return Got::value;
    case Kind::argument:
      output = arguments_[node.slot];
      return Got::value;
    case Kind::variable:
      output = outer(frame, node.hops).slots[node.slot];
      return Got::value;
    case Kind::field:
      return one_field(node, frame, input, output);
    case Kind::pipe: {
      Value middle;
      Got got = one(*node.children[0], frame, input, middle);
      return got == Got::value ? one(*node.children[1], frame, middle, output) : got;
    }
    case Kind::negate: {
      Value operand;
      Got got = one(*node.children[0], frame, input, operand);
      if (got != Got::value) return got;
      if (node.refuses_null && operand.is_null()) return refuse_null(operand.label());
      return negate(*this, operand, output);
    }
    case Kind::binary:
      return one_binary(node, frame, input, output);
    case Kind::logic_and:
    case Kind::logic_or:
      return one_logic(node, frame, input, output);
    case Kind::alternative:
      return one_alternative(node, frame, input, output);
    case Kind::conditional:
      return one_conditional(node, frame, input, output);
    case Kind::try_catch:
      return one_try(node, frame, input, output);
    case Kind::bind:
      return one_bind(node, frame, input, output);
    case Kind::array:
      return one_array(node, frame, input, output);
    case Kind::object:
      return one_object(node, frame, input, output);
    case Kind::text:
      return one_text(node, frame, input, output);
    case Kind::format:
      if (node.refuses_null && (looks_at_items(node.constant.as_string()) ? holds_null(input) : input.is_null()))
        return refuse_null(input.label());
      return format_value(*this, input, node.constant.as_string(), output);
    case Kind::call_function:
      return one_call(node, frame, input, output);
    case Kind::call_native:
      return one_native(node, frame, input, output);
    case Kind::modify:
      return one_modify(node, frame, input, output, nullptr);
    case Kind::assign:
    case Kind::modify_with:
    case Kind::alternative_assign: {
      Value operand;
      Got got = one(*node.children[1], frame, input, operand);
      if (got != Got::value) return got;
      return node.kind == Kind::assign ? one_assign(node, frame, input, output, operand)
                                       : one_modify(node, frame, input, output, &operand);
    }
    case Kind::map_values:
      return one_map_values(node, frame, input, output);
    case Kind::any_of:
    case Kind::all_of:
      return one_any_all(node, frame, input, output);
    case Kind::is_empty:
      return one_is_empty(node, frame, input, output);
    case Kind::add_of:
      return one_add(node, frame, input, output);
    case Kind::map:
      return one_map(node, frame, input, output);
    case Kind::with_entries:
      return one_with_entries(node, frame, input, output);
    case Kind::sort_by:
    case Kind::group_by:
    case Kind::unique_by:
    case Kind::min_by:
    case Kind::max_by:
      return one_sorted(node, frame, input, output);
    case Kind::delete_of:
      return one_delete(node, frame, input, output);
    case Kind::pick:
      return one_pick(node, frame, input, output);
    case Kind::empty:
      return Got::none;
    case Kind::error_of: {
      if (node.children.empty()) return fail_with(input);
      Value message;
      Got got = one(*node.children[0], frame, input, message);
      return got == Got::value ? fail_with(std::move(message)) : got;
    }
    case Kind::select: {
      Value verdict;
      Got got = one(*node.children[0], frame, input, verdict);
      if (got != Got::value) return got;
      decide(verdict.label());
      if (!verdict.is_truthy()) return Got::none;
      output = input;
      return Got::value;
    }
    default:
      return one_captured(node, frame, input, output);
  }
}

Got Machine::one_captured(const Node& node, const Frame& frame, const Value& input, Value& output) {
  bool found = false;
  Label control;
  Flow flow = each_step(node, frame, input, nullptr, [&](Value&& value, const Path*) {
    output = std::move(value);
    control = control_;
    found = true;
    return Flow::proceed;
  });
  if (flow == Flow::halt) return Got::failed;
  if (found) control_ = join(control_, control);
  return found ? Got::value : Got::none;
}

// The existing value that a chain of constant fields leads to, or null when it has to be built.
const Value* Machine::borrow(const Node& node, const Frame& frame, const Value& input, Label& label) const {
  const Value* found = nullptr;
  switch (node.kind) {
    case Kind::identity:
      found = &input;
      break;
    case Kind::literal:
      found = &node.constant;
      break;
    case Kind::argument:
      found = &arguments_[node.slot];
      break;
    case Kind::variable:
      found = &outer(frame, node.hops).slots[node.slot];
      break;
    case Kind::field: {
      const Value* target = borrow(*node.children[0], frame, input, label);
      found = target && target->is_object() ? target->find(node.constant.as_string()) : nullptr;
      break;
    }
    default:
      return nullptr;
  }
  if (found) label = join(label, found->label());
  return found;
}

Got Machine::one_field(const Node& node, const Frame& frame, const Value& input, Value& output) {
  Label label;
  if (const Value* found = borrow(node, frame, input, label)) {
    output = found->labelled(label);
    return Got::value;
  }
  Value target;
  Got got = one(*node.children[0], frame, input, target);
  if (got != Got::value) return got;
  if (target.is_object()) {
    output = target.member(node.constant.as_string());
    return Got::value;
  }
  return get_key(*this, target, node.constant, output);
}

Got Machine::one_binary(const Node& node, const Frame& frame, const Value& input, Value& output) {
  Value left, right;
  Label label;
  const Node& right_node = *node.children[1];
  if (const Value* found = borrow(right_node, frame, input, label)) {
    right = found->labelled(label);
  } else {
    Got got = one(right_node, frame, input, right);
    if (got != Got::value) return got;
  }
  const Node& left_node = *node.children[0];
  label = Label();
  if (left_node.kind == Kind::identity && node.consumes) {
    left = std::move(const_cast<Value&>(input));
  } else if (const Value* found = borrow(left_node, frame, input, label)) {
    left = found->labelled(label);
  } else {
    Got got = one(left_node, frame, input, left);
    if (got != Got::value) return got;
  }
  return operate_on(node, std::move(left), std::move(right), output);
}

Got Machine::operate_on(const Node& node, Value left, Value right, Value& output) {
  if (node.refuses_null && check_operands(node, left, right) != Got::value) return Got::failed;
  return operate(*this, node.operation, std::move(left), std::move(right), output);
}

Got Machine::one_logic(const Node& node, const Frame& frame, const Value& input, Value& output) {
  Value left;
  Got got = one(*node.children[0], frame, input, left);
  if (got != Got::value) return got;
  bool is_and = node.kind == Kind::logic_and;
  if (left.is_truthy() != is_and) {
    output = Value(!is_and).labelled(left.label());
    return Got::value;
  }
  Value right;
  got = one(*node.children[1], frame, input, right);
  if (got != Got::value) {
    decide(left.label());
    return got;
  }
  output = Value(right.is_truthy()).labelled(join(left.label(), right.label()));
  return Got::value;
}

Got Machine::one_alternative(const Node& node, const Frame& frame, const Value& input, Value& output) {
  // What was decided on the left, such as that an error be passed over, decided for the right.
  const Label seen_before = seen_;
  seen_ = Label();
  Value left;
  Got got = one(*node.children[0], frame, input, left);
  const Label label = join(left.label(), seen_);
  seen_ = join(seen_before, seen_);
  if (got == Got::failed) return got;
  if (got == Got::value && left.is_truthy()) {
    output = std::move(left);
    return Got::value;
  }
  got = one(*node.children[1], frame, input, output);
  if (got == Got::value)
    output = std::move(output).labelled(label);
  else
    decide(label);
  return got;
}

Got Machine::one_conditional(const Node& node, const Frame& frame, const Value& input, Value& output) {
  Label label;
  bool holds = false;
  if (const Value* found = borrow(*node.children[0], frame, input, label)) {
    holds = found->is_truthy();
  } else {
    Value condition;
    Got got = one(*node.children[0], frame, input, condition);
    if (got != Got::value) return got;
    holds = condition.is_truthy();
    label = condition.label();
  }
  const Node& branch = holds ? *node.children[1] : *node.children[2];
  if (label.is_default()) return one(branch, frame, input, output);
  // When either branch may have no output, presence itself tells something about the condition.
  if (node.arity != Arity::one) {
    decide(label);
    return one(branch, frame, input, output);
  }
  Got got = one(branch, frame, input, output);
  if (got == Got::value) output = std::move(output).labelled(label);
  if (got == Got::failed) error_ = std::move(error_).labelled(label);
  return got;
}

Got Machine::one_try(const Node& node, const Frame& frame, const Value& input, Value& output) {
  Got got = one(*node.children[0], frame, input, output);
  if (got != Got::failed || !takes_error()) return got;
  const Label label = label_of_failure();
  Value error = std::move(error_);
  error_ = Value();
  if (node.children.size() < 2) {
    decide(label);
    return Got::none;
  }
  got = one(*node.children[1], frame, error, output);
  if (got == Got::value) output = std::move(output).labelled(label);
  if (got == Got::none) decide(label);
  return got;
}

Got Machine::one_array(const Node& node, const Frame& frame, const Value& input, Value& output) {
  std::vector<Value> items;
  Label label;
  if (!node.children.empty()) {
    Gathering gathering(*this);
    Flow flow = each(*node.children[0], frame, input, nullptr, [&](Value&& value, const Path*) {
      if (!may_nest(value) || !use_memory(sizeof(Value))) return Flow::halt;
      items.push_back(std::move(value));
      return Flow::proceed;
    });
    if (flow == Flow::halt) return Got::failed;
    label = gathering.label();
  }
  if (!use_memory(3 * sizeof(Value))) return Got::failed;
  output = Value::array(std::move(items)).labelled(label);
  return Got::value;
}

Got Machine::one_object(const Node& node, const Frame& frame, const Value& input, Value& output) {
  std::vector<Member> members;
  members.reserve(node.children.size() / 2);
  Label label;
  for (std::size_t i = 0; i < node.children.size(); i += 2) {
    const Node& key_node = *node.children[i];
    Value key, value;
    if (key_node.kind == Kind::literal) {
      key = key_node.constant;
    } else {
      Got got = one(key_node, frame, input, key);
      if (got != Got::value) return got;
    }
    if (!key.is_string()) return fail(object_key_message(key), about(key));
    Got got = node.children[i + 1]->kind == Kind::member_of_key ? get_key(*this, input, key, value)
                                                                : one(*node.children[i + 1], frame, input, value);
    if (got != Got::value) return got;
    if (!may_nest(value) || !use_memory(2 * sizeof(Value))) return Got::failed;
    label = join(label, key.label());
    members.push_back({key.as_text(), std::move(value)});
  }
  output = Value::object(std::move(members)).labelled(label);
  return Got::value;
}

Got Machine::one_text(const Node& node, const Frame& frame, const Value& input, Value& output) {
  std::string text;
  Label label;
  // The last hole first, as jq does: it decides which error wins.
  std::vector<Value> parts(node.children.size());
  for (std::size_t i = node.children.size(); i-- > 0;) {
    Got got = one(*node.children[i], frame, input, parts[i]);
    if (got != Got::value) return got;
    label = join(label, parts[i].label());
  }
  for (const Value& part : parts) text += part.as_string();
  if (!use_memory(text.size())) return Got::failed;
  output = Value(text).labelled(label);
  return Got::value;
}

Got Machine::one_native(const Node& node, const Frame& frame, const Value& input, Value& output) {
  constexpr std::size_t arguments_max = 4;
  std::array<Value, arguments_max> arguments;
  for (std::size_t i = node.children.size(); i-- > 0;) {
    Got got = one(*node.children[i], frame, input, arguments[i]);
    if (got != Got::value) return got;
  }
  if (node.refuses_null && check_call(node, input, arguments.data()) != Got::value) return Got::failed;
  if (node.consumes)
    return call_builtin(*this, *node.builtin, std::move(const_cast<Value&>(input)), arguments.data(), output);
  return call_builtin(*this, *node.builtin, input, arguments.data(), output);
}

}  // namespace gantry::expression
