// Builtins that take expressions: generators and paths.
#include <cmath>

#include "expression/machine.h"
#include "expression/messages.h"
#include "expression/paths.h"

namespace gantry::expression {

Flow Machine::each_generator(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  auto unplaced = [&](Value&& value, const Path*) { return sink(std::move(value), path ? &invalid_path : nullptr); };
  switch (node.kind) {
    case Kind::error_of:
      if (node.children.empty()) return halt(fail_with(input));
      return each(*node.children[0], frame, input, nullptr,
                  [&](Value&& value, const Path*) { return halt(fail_with(std::move(value))); });
    case Kind::path_of:
      return each_path(*node.children[0], frame, input, unplaced);
    case Kind::paths_of:
      return each_paths_of(node, frame, input, unplaced);
    case Kind::select:
      return each_select(node, frame, input, path, sink);
    case Kind::recurse:
      return each_recurse(node, frame, input, path, sink);
    case Kind::range:
      return each_range(node, frame, input, unplaced);
    case Kind::first_of:
      return limited(*node.children[0], frame, input, path, 0, 1, sink);
    case Kind::nth_of:
    case Kind::limit:
    case Kind::skip:
      return each_limited(node, frame, input, path, sink);
    case Kind::last_of:
      return each_last(node, frame, input, path, sink);
    case Kind::until:
      return each_until(node, frame, input, path, sink);
    case Kind::while_do:
      return each_while(node, frame, input, path, sink);
    case Kind::repeat:
      return each_repeat(node, frame, input, path, sink);
    case Kind::get_path:
      return each_get_path(node, frame, input, path, sink);
    case Kind::walk:
      return each_walk(*node.children[0], frame, input, unplaced);
    case Kind::substitute:
      return each_substitute(node, frame, input, unplaced);
    default:
      break;
  }
  // debug: its messages go nowhere
  if (!node.children.empty()) {
    ControlScope scope(*this);
    Flow flow = each(*node.children[0], frame, input, nullptr, [](Value&&, const Path*) { return Flow::proceed; });
    if (flow == Flow::halt) return flow;
  }
  return sink(Value(input), path);
}

Flow Machine::each_paths_of(const Node& node, const Frame& frame, const Value& input, Sink sink) {
  Path root;
  return recurse_all(input, &root, [&](Value&& value, const Path* at) {
    if (!at->parent) return Flow::proceed;
    Value path = path_value(*at);
    if (!use_memory((path.size() + 2) * sizeof(Value))) return Flow::halt;
    if (node.children.empty()) return sink(std::move(path), nullptr);
    return each(*node.children[0], frame, value, nullptr, [&](Value&& verdict, const Path*) {
      ControlScope scope(*this);
      decide(verdict.label());
      return verdict.is_truthy() ? sink(Value(path), nullptr) : Flow::proceed;
    });
  });
}

Flow Machine::each_select(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  return each(*node.children[0], frame, input, nullptr, [&](Value&& verdict, const Path*) {
    ControlScope scope(*this);
    decide(verdict.label());
    return verdict.is_truthy() ? sink(Value(input), path) : Flow::proceed;
  });
}

Flow Machine::each_recurse(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  if (path && !path->is_valid)
    return halt(fail("Invalid path expression near attempt to iterate through " + brief(input), about(input)));
  if (node.children.empty()) return recurse_all(input, path, sink);
  bool simple = !path && node.children.size() == 1 && node.children[0]->arity != Arity::many;
  if (!simple) return recurse_with(node, frame, input, path, sink);
  Value value = input;
  while (true) {
    if (!step() || sink(Value(value), nullptr) == Flow::halt) return Flow::halt;
    Value next;
    Got got = one_in_own_frame(*node.children[0], frame, value, next);
    if (got != Got::value) return got == Got::none ? Flow::proceed : Flow::halt;
    value = std::move(next);
  }
}

// ., (.[]? | recurse)
Flow Machine::recurse_all(const Value& value, const Path* path, Sink sink) {
  if (!step()) return Flow::halt;
  if (is_stack_low()) return on_larger_stack([&] { return recurse_all(value, path, sink); });
  ControlScope scope(*this);
  if (sink(Value(value), path) == Flow::halt) return Flow::halt;
  decide(value.label());  // whether there is more below it
  if (!value.is_array() && !value.is_object()) return Flow::proceed;
  return iterate(value, path, [&](Value&& child, const Path* at) { return recurse_all(child, at, sink); });
}

Flow Machine::recurse_with(const Node& node, const Frame& frame, const Value& value, const Path* path, Sink sink) {
  if (!enter_call()) return Flow::halt;
  ControlScope scope(*this);
  if (sink(Value(value), path) == Flow::halt) return Flow::halt;
  scope.restart();
  Flow flow = each_in_own_frame(*node.children[0], frame, value, path, [&](Value&& next, const Path* at) {
    if (node.children.size() == 1) return recurse_with(node, frame, next, at, sink);
    return each_in_own_frame(*node.children[1], frame, next, nullptr, [&](Value&& verdict, const Path*) {
      decide(verdict.label());
      return verdict.is_truthy() ? recurse_with(node, frame, next, at, sink) : Flow::proceed;
    });
  });
  --calls_;
  return flow;
}

Flow Machine::each_range(const Node& node, const Frame& frame, const Value& input, Sink sink) {
  if (node.children.size() == 1) {
    return each(*node.children[0], frame, input, nullptr,
                [&](Value&& upto, const Path*) { return count_up(Value(0), upto, Value(1), sink); });
  }
  return each(*node.children[0], frame, input, nullptr, [&](Value&& from, const Path*) {
    return each(*node.children[1], frame, input, nullptr, [&](Value&& upto, const Path*) {
      if (node.children.size() == 2) return count_up(from, upto, Value(1), sink);
      return each(*node.children[2], frame, input, nullptr,
                  [&](Value&& by, const Path*) { return count_up(from, upto, by, sink); });
    });
  });
}

Flow Machine::count_up(const Value& from, const Value& upto, const Value& by, Sink sink) {
  if (!from.is_number() || !upto.is_number() || !by.is_number()) return halt(fail("Range bounds must be numeric"));
  Label label = join(join(from.label(), upto.label()), by.label());
  ControlScope scope(*this);
  auto pass = [&](Value value) {
    if (!step()) return Flow::halt;
    scope.restart();
    decide(label);
    return sink(std::move(value).labelled(label), nullptr);
  };
  if (from.is_integer() && upto.is_integer() && by.is_integer()) {
    std::int64_t at = from.as_integer(), end = upto.as_integer(), stride = by.as_integer();
    while (stride != 0 && (stride > 0 ? at < end : at > end)) {
      if (pass(Value(at)) == Flow::halt) return Flow::halt;
      if (__builtin_add_overflow(at, stride, &at)) break;
    }
  } else {
    double end = upto.as_number(), stride = by.as_number();
    for (double at = from.as_number(); stride > 0 ? at < end : stride < 0 && at > end; at += stride)
      if (pass(Value(at)) == Flow::halt) return Flow::halt;
  }
  decide(label);
  return Flow::proceed;
}

Flow Machine::each_limited(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  const char* name = node.kind == Kind::limit ? "limit" : node.kind == Kind::skip ? "skip" : "nth";
  return each(*node.children[0], frame, input, nullptr, [&](Value&& count, const Path*) {
    if (!count.is_number())
      return halt(fail(std::string(name) + " needs a number as its count, not " + kind_and_brief(count), about(count)));
    double number = count.as_number();
    if (number < 0) {
      return halt(fail(node.kind == Kind::nth_of ? "nth doesn't support negative indices"
                                                 : std::string(name) + " doesn't support negative count"));
    }
    ControlScope scope(*this);
    decide(count.label());
    double skipped = node.kind == Kind::limit ? 0 : std::floor(number);
    double taken = node.kind == Kind::limit ? std::ceil(number) : node.kind == Kind::nth_of ? 1 : HUGE_VAL;
    return limited(*node.children[1], frame, input, path, skipped, taken, sink);
  });
}

// The outputs of `body` after the first `skip`, at most `count`; the body isn't evaluated further than that.
Flow Machine::limited(const Node& body, const Frame& frame, const Value& input, const Path* path, double skip,
                      double count, Sink sink) {
  if (!(count > 0)) return Flow::proceed;
  std::uint64_t id = ++last_label_;
  double seen = 0;
  Flow flow = each(body, frame, input, path, [&](Value&& value, const Path* at) {
    if (++seen <= skip) return Flow::proceed;
    if (sink(std::move(value), at) == Flow::halt) return Flow::halt;
    return seen - skip >= count ? stop_here(id) : Flow::proceed;
  });
  return flow == Flow::halt && stopped_here(id) ? Flow::proceed : flow;
}

Flow Machine::each_last(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  Value last, last_path;
  bool found = false, on_path = true;
  Label label;
  {
    Gathering gathering(*this);
    Flow flow = each(*node.children[0], frame, input, path, [&](Value&& value, const Path* at) {
      last = std::move(value);
      found = true;
      on_path = !at || at->is_valid;
      if (at && at->is_valid) last_path = path_value(*at);
      return Flow::proceed;
    });
    if (flow == Flow::halt) return flow;
    label = gathering.label();
  }
  if (!found) return Flow::proceed;
  Path root{nullptr, nullptr, &last_path, on_path};
  return sink(std::move(last).labelled(label), path ? &root : nullptr);
}

// [condition, update]
Flow Machine::each_until(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  const Node& condition = *node.children[0];
  const Node& update = *node.children[1];
  if (!path && node.arity == Arity::one) {
    Value value = input;
    ControlScope scope(*this);
    Label label;
    while (true) {
      Value verdict, next;
      if (!step() || one_in_own_frame(condition, frame, value, verdict) != Got::value) return Flow::halt;
      label = join(label, verdict.label());
      if (verdict.is_truthy()) return sink(std::move(value).labelled(label), nullptr);
      if (one_in_own_frame(update, frame, value, next) != Got::value) return Flow::halt;
      value = std::move(next);
    }
  }
  if (!enter_call()) return Flow::halt;
  Flow flow = each_in_own_frame(condition, frame, input, nullptr, [&](Value&& verdict, const Path*) {
    ControlScope scope(*this);
    decide(verdict.label());
    if (verdict.is_truthy()) return sink(Value(input), path);
    return each_in_own_frame(update, frame, input, path,
                             [&](Value&& next, const Path* at) { return each_until(node, frame, next, at, sink); });
  });
  --calls_;
  return flow;
}

// [condition, update]
Flow Machine::each_while(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  const Node& condition = *node.children[0];
  const Node& update = *node.children[1];
  if (!path && condition.arity != Arity::many && update.arity != Arity::many) {
    Value value = input;
    ControlScope scope(*this);
    while (true) {
      Value verdict, next;
      if (!step()) return Flow::halt;
      Got got = one_in_own_frame(condition, frame, value, verdict);
      if (got != Got::value) return got == Got::none ? Flow::proceed : Flow::halt;
      decide(verdict.label());
      if (!verdict.is_truthy()) return Flow::proceed;
      if (sink(Value(value), nullptr) == Flow::halt) return Flow::halt;
      got = one_in_own_frame(update, frame, value, next);
      if (got != Got::value) return got == Got::none ? Flow::proceed : Flow::halt;
      value = std::move(next);
    }
  }
  if (!enter_call()) return Flow::halt;
  Flow flow = each_in_own_frame(condition, frame, input, nullptr, [&](Value&& verdict, const Path*) {
    ControlScope scope(*this);
    decide(verdict.label());
    if (!verdict.is_truthy()) return Flow::proceed;
    if (sink(Value(input), path) == Flow::halt) return Flow::halt;
    return each_in_own_frame(update, frame, input, path,
                             [&](Value&& next, const Path* at) { return each_while(node, frame, next, at, sink); });
  });
  --calls_;
  return flow;
}

Flow Machine::each_repeat(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  while (true) {
    ControlScope scope(*this);
    if (!step() || each(*node.children[0], frame, input, path, sink) == Flow::halt) return Flow::halt;
  }
}

Flow Machine::each_get_path(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  return each(*node.children[0], frame, input, nullptr, [&](Value&& wanted, const Path*) {
    Value found;
    if (get_path(*this, input, wanted, found) != Got::value) return Flow::halt;
    if (!path) return sink(std::move(found), nullptr);
    if (!path->is_valid)
      return halt(
          fail("Invalid path expression near attempt to access element " + brief(wanted) + " of " + brief(input),
               about(wanted, input)));
    std::vector<Value> keys = path_value(*path).items();
    keys.insert(keys.end(), wanted.items().begin(), wanted.items().end());
    Value whole = Value::array(std::move(keys));
    Path at{nullptr, nullptr, &whole, true};
    return sink(std::move(found), &at);
  });
}

// Children first: of arrays all outputs, of objects the first.
Flow Machine::each_walk(const Node& body, const Frame& frame, const Value& input, Sink sink) {
  if (!step()) return Flow::halt;
  if (is_stack_low()) return on_larger_stack([&] { return each_walk(body, frame, input, sink); });
  if (!input.is_array() && !input.is_object()) return each(body, frame, input, nullptr, sink);
  Value built;
  Label label = input.label();
  {
    Gathering gathering(*this);
    std::vector<Value> items;
    std::vector<Member> members;
    auto keep = [&](Value&& value, const Path*) {
      if (!may_nest(value) || !use_memory(2 * sizeof(Value))) return Flow::halt;
      items.push_back(std::move(value));
      return Flow::proceed;
    };
    if (input.is_array()) {
      for (const Value& item : input.items())
        if (each_walk(body, frame, item.labelled(label), keep) == Flow::halt) return Flow::halt;
      built = Value::array(std::move(items));
    } else {
      for (const Member& member : input.members()) {
        std::uint64_t id = ++last_label_;
        Flow flow = each_walk(body, frame, member.value.labelled(label), [&](Value&& value, const Path* at) {
          return keep(std::move(value), at) == Flow::halt ? Flow::halt : stop_here(id);
        });
        if (flow == Flow::halt && !stopped_here(id)) return flow;
        if (items.empty()) continue;
        members.push_back({member.key, std::move(items.back())});
        items.clear();
      }
      built = Value::object(std::move(members));
    }
    label = join(label, gathering.label());
  }
  built = std::move(built).labelled(label);
  return each(body, frame, built, nullptr, sink);
}

}  // namespace gantry::expression
