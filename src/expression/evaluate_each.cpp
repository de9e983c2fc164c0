// All nodes, with any number of outputs; also with paths.
#include "expression/builtins.h"
#include "expression/machine.h"
#include "expression/messages.h"
#include "expression/operators.h"
#include "expression/paths.h"

namespace gantry::expression {

Flow Machine::each_step(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  switch (node.kind) {
    case Kind::identity:
      return sink(Value(input), path);
    case Kind::field:
      return path || node.arity == Arity::many ? each_field(node, frame, input, path, sink)
                                               : each_value(node, frame, input, path, sink);
    case Kind::index:
      return each_index(node, frame, input, path, sink);
    case Kind::slice:
      return each_slice(node, frame, input, path, sink);
    case Kind::iterate:
      return each_iterate(node, frame, input, path, sink);
    case Kind::pipe:
      return each(*node.children[0], frame, input, path,
                  [&](Value&& value, const Path* at) { return each(*node.children[1], frame, value, at, sink); });
    case Kind::comma:
      for (const NodePointer& child : node.children) {
        ControlScope scope(*this);
        if (each(*child, frame, input, path, sink) == Flow::halt) return Flow::halt;
      }
      return Flow::proceed;
    case Kind::alternative:
      return each_alternative(node, frame, input, path, sink);
    case Kind::conditional:
      return each_conditional(node, frame, input, path, sink);
    case Kind::try_catch:
      return each_try(node, frame, input, path, sink);
    case Kind::reduce:
      return each_reduce(node, frame, input, path, sink);
    case Kind::foreach:
      return each_foreach(node, frame, input, path, sink);
    case Kind::bind:
      return each_bind(node, frame, input, path, sink);
    case Kind::label:
      return each_label(node, frame, input, path, sink);
    case Kind::break_to:
      leaving_ = static_cast<std::uint64_t>(outer(frame, node.hops).slots[node.slot].as_integer());
      signal_ = Signal::leave;
      return Flow::halt;
    case Kind::call_function:
      return each_call(node, frame, input, path, sink);
    case Kind::call_parameter:
      return each_closure(outer(frame, node.hops).closures[node.slot], input, path, sink);
    case Kind::empty:
      return Flow::proceed;
    case Kind::error_of:
    case Kind::path_of:
    case Kind::paths_of:
    case Kind::select:
    case Kind::recurse:
    case Kind::range:
    case Kind::first_of:
    case Kind::last_of:
    case Kind::nth_of:
    case Kind::limit:
    case Kind::skip:
    case Kind::until:
    case Kind::while_do:
    case Kind::repeat:
    case Kind::get_path:
    case Kind::walk:
    case Kind::substitute:
    case Kind::debug:
      return each_generator(node, frame, input, path, sink);
    default:
      return each_value(node, frame, input, path, sink);
  }
}

// Nodes whose outputs have no path.
Flow Machine::each_value(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  // Like jq, a value that is the input itself still counts as being at the input's path.
  auto pass = [&](Value&& value) {
    const Path* at = path && !value.same_as(input) ? &invalid_path : path;
    return sink(std::move(value), at);
  };
  if (node.arity != Arity::many) {
    Value output;
    ControlScope scope(*this);
    Got got = one_step(node, frame, input, output);
    if (got == Got::value) return pass(std::move(output));
    return got == Got::none ? Flow::proceed : Flow::halt;
  }
  auto forward = [&](Value&& value, const Path*) { return pass(std::move(value)); };
  switch (node.kind) {
    case Kind::negate:
      return each(*node.children[0], frame, input, nullptr, [&](Value&& value, const Path*) {
        Value output;
        if (node.refuses_null && value.is_null()) return halt(refuse_null(value.label()));
        return negate(*this, value, output) == Got::value ? pass(std::move(output)) : Flow::halt;
      });
    case Kind::binary:
      return each_binary(node, frame, input, forward);
    case Kind::logic_and:
    case Kind::logic_or:
      return each_logic(node, frame, input, forward);
    case Kind::object:
      return each_object(node, frame, input, 0, Value::object({}), forward);
    case Kind::text:
      return each_text(node, frame, input, node.children.size(), Value(""), forward);
    case Kind::call_native: {
      std::vector<Value> arguments(node.children.size());
      return each_native(node, frame, input, arguments, node.children.size(), forward);
    }
    default:
      return each_assignment(node, frame, input, forward);
  }
}

Flow Machine::access(const Value& target, const Value& key, const Path* path, Sink sink) {
  Value child;
  if (path && !path->is_valid) {
    fail("Invalid path expression near attempt to access element " + brief(key) + " of " + brief(target),
         about(key, target));
    return Flow::halt;
  }
  if (get_key(*this, target, key, child) != Got::value) return Flow::halt;
  if (!path) return sink(std::move(child), nullptr);
  Path at{path, &key, nullptr, true};
  return sink(std::move(child), &at);
}

Flow Machine::each_field(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  return each(*node.children[0], frame, input, path,
              [&](Value&& target, const Path* at) { return access(target, node.constant, at, sink); });
}

Flow Machine::each_index(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  return each(*node.children[1], frame, input, nullptr, [&](Value&& key, const Path*) {
    return each(*node.children[0], frame, input, path,
                [&](Value&& target, const Path* at) { return access(target, key, at, sink); });
  });
}

Flow Machine::each_slice(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  return each(*node.children[1], frame, input, nullptr, [&](Value&& from, const Path*) {
    return each(*node.children[2], frame, input, nullptr, [&](Value&& upto, const Path*) {
      Value key = slice_key(from, upto);
      return each(*node.children[0], frame, input, path,
                  [&](Value&& target, const Path* at) { return access(target, key, at, sink); });
    });
  });
}

Flow Machine::each_iterate(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  return each(*node.children[0], frame, input, path,
              [&](Value&& target, const Path* at) { return iterate(target, at, sink); });
}

Flow Machine::iterate(const Value& target, const Path* path, Sink sink) {
  if (path && !path->is_valid) {
    fail("Invalid path expression near attempt to iterate through " + brief(target), about(target));
    return Flow::halt;
  }
  ControlScope scope(*this);
  auto pass = [&](const Value& key, Value child) {
    if (!step()) return Flow::halt;
    scope.restart();
    decide(target.label());
    if (!path) return sink(std::move(child), nullptr);
    Path at{path, &key, nullptr, true};
    return sink(std::move(child), &at);
  };
  if (target.is_array()) {
    const auto& items = target.items();
    for (std::size_t i = 0; i < items.size(); ++i)
      if (pass(path ? Value(i) : Value(), items[i].labelled(target.label())) == Flow::halt) return Flow::halt;
  } else if (target.is_object()) {
    for (const Member& member : target.members())
      if (pass(path ? Value(member.key) : Value(), member.value.labelled(target.label())) == Flow::halt)
        return Flow::halt;
  } else {
    fail("Cannot iterate over " + (target.is_null() ? std::string("null") : kind_and_brief(target)), about(target));
    return Flow::halt;
  }
  decide(target.label());
  return Flow::proceed;
}

Flow Machine::each_binary(const Node& node, const Frame& frame, const Value& input, Sink sink) {
  return each(*node.children[1], frame, input, nullptr, [&](Value&& right, const Path*) {
    return each(*node.children[0], frame, input, nullptr, [&](Value&& left, const Path*) {
      Value output;
      if (operate_on(node, std::move(left), right, output) != Got::value) return Flow::halt;
      return sink(std::move(output), nullptr);
    });
  });
}

Flow Machine::each_logic(const Node& node, const Frame& frame, const Value& input, Sink sink) {
  bool is_and = node.kind == Kind::logic_and;
  return each(*node.children[0], frame, input, nullptr, [&](Value&& left, const Path*) {
    if (left.is_truthy() != is_and) return sink(Value(!is_and).labelled(left.label()), nullptr);
    ControlScope scope(*this);
    decide(left.label());
    return each(*node.children[1], frame, input, nullptr, [&](Value&& right, const Path*) {
      return sink(Value(right.is_truthy()).labelled(join(left.label(), right.label())), nullptr);
    });
  });
}

Flow Machine::each_alternative(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  if (!path && node.arity != Arity::many) return each_value(node, frame, input, path, sink);
  ControlScope scope(*this);
  const Label seen_before = seen_;
  seen_ = Label();
  bool any = false;
  Label label;
  Flow flow = each(*node.children[0], frame, input, path, [&](Value&& value, const Path* at) {
    label = join(label, value.label());
    if (!value.is_truthy()) return Flow::proceed;
    any = true;
    return sink(std::move(value), at);
  });
  // What was decided on the left, such as that an error be passed over, decided for the right.
  label = join(label, seen_);
  seen_ = join(seen_before, seen_);
  if (flow == Flow::halt) return flow;
  scope.restart();
  decide(label);
  return any ? Flow::proceed : each(*node.children[1], frame, input, path, sink);
}

Flow Machine::each_conditional(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  if (!path && node.arity != Arity::many) return each_value(node, frame, input, path, sink);
  return each(*node.children[0], frame, input, nullptr, [&](Value&& condition, const Path*) {
    const Node& branch = condition.is_truthy() ? *node.children[1] : *node.children[2];
    ControlScope scope(*this);
    decide(condition.label());
    return each(branch, frame, input, path, sink);
  });
}

// Errors of what comes after the body in the pipeline are not caught.
Flow Machine::each_try(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  if (!path && node.arity != Arity::many) return each_value(node, frame, input, path, sink);
  if (node.is_step && path && !path->is_valid) return each(*node.children[0], frame, input, path, sink);
  bool downstream = false;
  Flow flow = each(*node.children[0], frame, input, path, [&](Value&& value, const Path* at) {
    Flow inner = sink(std::move(value), at);
    downstream = inner == Flow::halt;
    return inner;
  });
  if (flow == Flow::proceed || downstream || !takes_error()) return flow;
  const Label label = label_of_failure();
  Value error = std::move(error_);
  error_ = Value();
  ControlScope scope(*this);
  decide(label);
  if (node.children.size() < 2) return Flow::proceed;
  return each(*node.children[1], frame, error, path ? &invalid_path : nullptr, sink);
}

Flow Machine::each_label(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  std::uint64_t id = ++last_label_;
  frame.slots[node.slot] = Value(static_cast<std::int64_t>(id));
  ControlScope scope(*this);
  Flow flow = each(*node.children[0], frame, input, path, sink);
  if (flow == Flow::proceed || signal_ != Signal::leave || leaving_ != id) return flow;
  signal_ = Signal::none;
  return Flow::proceed;
}

Flow Machine::each_object(const Node& node, const Frame& frame, const Value& input, std::size_t member,
                          const Value& built, Sink sink) {
  if (member == node.children.size()) return sink(Value(built), nullptr);
  const Node& value_node = *node.children[member + 1];
  return each(*node.children[member], frame, input, nullptr, [&](Value&& key, const Path*) {
    if (!key.is_string()) {
      fail(object_key_message(key), about(key));
      return Flow::halt;
    }
    auto put = [&](Value&& value, const Path*) {
      if (!may_nest(value) || !use_memory(2 * sizeof(Value))) return Flow::halt;
      Value larger = Value(built).with_member(key.as_text(), std::move(value)).labelled(key.label());
      return each_object(node, frame, input, member + 2, larger, sink);
    };
    if (value_node.kind != Kind::member_of_key) return each(value_node, frame, input, nullptr, put);
    Value value;
    return get_key(*this, input, key, value) == Got::value ? put(std::move(value), nullptr) : Flow::halt;
  });
}

Flow Machine::each_text(const Node& node, const Frame& frame, const Value& input, std::size_t parts, const Value& tail,
                        Sink sink) {
  if (parts == 0) return sink(Value(tail), nullptr);
  return each(*node.children[parts - 1], frame, input, nullptr, [&](Value&& part, const Path*) {
    std::string text(part.as_string());
    text += tail.as_string();
    if (!use_memory(text.size())) return Flow::halt;
    return each_text(node, frame, input, parts - 1, Value(text).labelled(join(part.label(), tail.label())), sink);
  });
}

// The last argument varies slowest.
Flow Machine::each_native(const Node& node, const Frame& frame, const Value& input, std::vector<Value>& arguments,
                          std::size_t given, Sink sink) {
  if (given > 0) {
    return each(*node.children[given - 1], frame, input, nullptr, [&](Value&& value, const Path*) {
      arguments[given - 1] = std::move(value);
      return each_native(node, frame, input, arguments, given - 1, sink);
    });
  }
  if (node.refuses_null && check_call(node, input, arguments.data()) != Got::value) return Flow::halt;
  std::vector<Value> given_away = arguments;
  Value output;
  switch (call_builtin(*this, *node.builtin, input, given_away.data(), output)) {
    case Got::value:
      return sink(std::move(output), nullptr);
    case Got::none:
      return Flow::proceed;
    case Got::failed:
      break;
  }
  return Flow::halt;
}

}  // namespace gantry::expression
