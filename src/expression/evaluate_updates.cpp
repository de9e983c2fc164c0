// Assignments, deletion and pick.
#include "expression/machine.h"
#include "expression/messages.h"
#include "expression/operators.h"
#include "expression/paths.h"

namespace gantry::expression {

Flow Machine::stop_here(std::uint64_t id) {
  signal_ = Signal::leave;
  leaving_ = id;
  return Flow::halt;
}

bool Machine::stopped_here(std::uint64_t id) {
  if (signal_ != Signal::leave || leaving_ != id) return false;
  signal_ = Signal::none;
  return true;
}

Got Machine::first_output(const Node& node, const Frame& frame, const Value& input, Value& output) {
  if (node.arity != Arity::many) return one(node, frame, input, output);
  std::uint64_t id = ++last_label_;
  bool found = false;
  Flow flow = each(node, frame, input, nullptr, [&](Value&& value, const Path*) {
    output = std::move(value).labelled(control_);
    found = true;
    return stop_here(id);
  });
  if (flow == Flow::halt && !stopped_here(id)) return Got::failed;
  return found ? Got::value : Got::none;
}

// Calls the sink with each path of `target` within the input, as an array.
Flow Machine::each_path(const Node& target, const Frame& frame, const Value& input, Sink sink) {
  Path root;
  return each(target, frame, input, &root, [&](Value&& value, const Path* at) {
    if (!at->is_valid) {
      fail("Invalid path expression with result " + brief(value), about(value));
      return Flow::halt;
    }
    Value path = path_value(*at);
    return use_memory((path.size() + 2) * sizeof(Value)) ? sink(std::move(path), nullptr) : Flow::halt;
  });
}

// The input to change. One that nobody else needs is moved here so that it changes in place; then all paths are found
// before the first change.
Flow Machine::each_update(const Node& node, const Frame& frame, const Value& input, Value& state, Sink update) {
  if (!node.consumes) {
    state = input;
    return each_path(*node.children[0], frame, input, update);
  }
  std::vector<Value> paths;
  Flow flow = each_path(*node.children[0], frame, input, [&](Value&& path, const Path*) {
    paths.push_back(std::move(path));
    return Flow::proceed;
  });
  if (flow == Flow::halt) return flow;
  state = std::move(const_cast<Value&>(input));
  for (Value& path : paths)
    if (update(std::move(path), nullptr) == Flow::halt) return Flow::halt;
  return Flow::proceed;
}

Got Machine::one_assign(const Node& node, const Frame& frame, const Value& input, Value& output, const Value& value) {
  Gathering gathering(*this);
  Value state;
  Flow flow = each_update(node, frame, input, state, [&](Value&& path, const Path*) {
    Value next;
    if (set_path(*this, std::move(state), path, value, next) != Got::value) return Flow::halt;
    state = std::move(next);
    return Flow::proceed;
  });
  if (flow == Flow::halt) return Got::failed;
  output = std::move(state).labelled(gathering.label());
  return Got::value;
}

// `|=`, and with an operand `+=` and so on and `//=`. Where the update has no output, the place is deleted.
Got Machine::one_modify(const Node& node, const Frame& frame, const Value& input, Value& output, const Value* operand) {
  Gathering gathering(*this);
  Value state;
  std::vector<Value> deleted;
  auto updated = [&](Value old, Value& replacement) -> Got {
    if (node.kind == Kind::modify) return first_output(*node.children[1], frame, old, replacement);
    if (node.refuses_null && check_operands(node, old, *operand) != Got::value) return Got::failed;
    if (node.kind == Kind::modify_with) return operate(*this, node.operation, std::move(old), *operand, replacement);
    replacement = old.is_truthy() ? std::move(old) : operand->labelled(old.label());
    return Got::value;
  };
  Flow flow = each_update(node, frame, input, state, [&](Value&& path, const Path*) {
    Value old, replacement, next;
    if (get_path(*this, state, path, old) != Got::value) return Flow::halt;
    Got got = updated(std::move(old), replacement);
    if (got == Got::failed) return Flow::halt;
    if (got == Got::none) {
      deleted.push_back(std::move(path));
      return Flow::proceed;
    }
    if (set_path(*this, std::move(state), path, std::move(replacement), next) != Got::value) return Flow::halt;
    state = std::move(next);
    return Flow::proceed;
  });
  if (flow == Flow::halt) return Got::failed;
  if (deleted.empty())
    output = std::move(state);
  else if (delete_paths(*this, std::move(state), Value::array(std::move(deleted)), output) != Got::value)
    return Got::failed;
  output = std::move(output).labelled(gathering.label());
  return Got::value;
}

Flow Machine::each_assignment(const Node& node, const Frame& frame, const Value& input, Sink sink) {
  return each(*node.children[1], frame, input, nullptr, [&](Value&& value, const Path*) {
    Value output;
    Got got = node.kind == Kind::assign ? one_assign(node, frame, input, output, value)
                                        : one_modify(node, frame, input, output, &value);
    return got == Got::value ? sink(std::move(output), nullptr) : Flow::halt;
  });
}

Got Machine::one_delete(const Node& node, const Frame& frame, const Value& input, Value& output) {
  Gathering gathering(*this);
  std::vector<Value> paths;
  Flow flow = each_path(*node.children[0], frame, input, [&](Value&& path, const Path*) {
    paths.push_back(std::move(path));
    return Flow::proceed;
  });
  if (flow == Flow::halt) return Got::failed;
  if (delete_paths(*this, input, Value::array(std::move(paths)), output) != Got::value) return Got::failed;
  output = std::move(output).labelled(gathering.label());
  return Got::value;
}

Got Machine::one_pick(const Node& node, const Frame& frame, const Value& input, Value& output) {
  Gathering gathering(*this);
  Value state;
  Flow flow = each_path(*node.children[0], frame, input, [&](Value&& path, const Path*) {
    Value picked, next;
    if (get_path(*this, input, path, picked) != Got::value) return Flow::halt;
    if (set_path(*this, std::move(state), path, std::move(picked), next) != Got::value) return Flow::halt;
    state = std::move(next);
    return Flow::proceed;
  });
  if (flow == Flow::halt) return Got::failed;
  output = std::move(state).labelled(join(gathering.label(), input.label()));
  return Got::value;
}

Got Machine::one_map_values(const Node& node, const Frame& frame, const Value& input, Value& output) {
  if (!input.is_array() && !input.is_object())
    return fail("Cannot iterate over " + (input.is_null() ? "null" : kind_and_brief(input)), about(input));
  Gathering gathering(*this);
  auto mapped = [&](const Value& old, Value& fresh) {
    ControlScope scope(*this);
    Got got = first_output(*node.children[0], frame, old.labelled(input.label()), fresh);
    if (got == Got::value && (!may_nest(fresh) || !use_memory(2 * sizeof(Value)))) return Got::failed;
    return got;
  };
  if (input.is_array()) {
    std::vector<Value> items;
    items.reserve(input.size());
    for (const Value& item : input.items()) {
      Value fresh;
      Got got = mapped(item, fresh);
      if (got == Got::failed) return got;
      if (got == Got::value) items.push_back(std::move(fresh));
    }
    output = Value::array(std::move(items));
  } else {
    std::vector<Member> members;
    members.reserve(input.size());
    for (const Member& member : input.members()) {
      Value fresh;
      Got got = mapped(member.value, fresh);
      if (got == Got::failed) return got;
      if (got == Got::value) members.push_back({member.key, std::move(fresh)});
    }
    output = Value::object(std::move(members));
  }
  output = std::move(output).labelled(join(input.label(), gathering.label()));
  return Got::value;
}

}  // namespace gantry::expression
