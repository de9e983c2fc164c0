// Variables, destructuring, folds and calls of defined functions.
#include "expression/machine.h"
#include "expression/paths.h"

namespace gantry::expression {
namespace {

constexpr std::size_t closures_inline = 6;

// Room for the closures of one call.
class ClosureSpace {
 public:
  explicit ClosureSpace(std::size_t count) {
    if (count > closures_inline) large_ = std::make_unique<Closure[]>(count);
  }
  Closure* get() { return large_ ? large_.get() : small_; }

 private:
  Closure small_[closures_inline];
  std::unique_ptr<Closure[]> large_;
};

void clear_slots(const Pattern& pattern, Value* slots) {
  if (pattern.kind == Pattern::Kind::variable) slots[pattern.slot] = Value();
  for (const Pattern::Entry& entry : pattern.entries) {
    if (!entry.variable.empty()) slots[entry.variable_slot] = Value();
    if (entry.has_pattern) clear_slots(entry.pattern, slots);
  }
}

}  // namespace

bool Machine::bind_simply(const Pattern& pattern, const Frame& frame, Value&& value) const {
  if (pattern.kind != Pattern::Kind::variable) return false;
  frame.slots[pattern.slot] = std::move(value);
  return true;
}

// Calls the sink once per way to bind; keys may be generators.
Flow Machine::destructure(const Pattern& pattern, const Frame& frame, const Value& input, const Value& value,
                          Sink sink) {
  if (!step()) return Flow::halt;
  if (pattern.kind != Pattern::Kind::variable) return destructure_entry(pattern, 0, frame, input, value, sink);
  frame.slots[pattern.slot] = value;
  return sink(Value(), nullptr);
}

Flow Machine::destructure_entry(const Pattern& pattern, std::size_t entry, const Frame& frame, const Value& input,
                                const Value& value, Sink sink) {
  if (entry == pattern.entries.size()) return sink(Value(), nullptr);
  const Pattern::Entry& part = pattern.entries[entry];
  auto with_key = [&](Value&& key, const Path*) {
    Value member;
    if (pattern.kind == Pattern::Kind::object && !key.is_string()) {
      fail("Cannot index " + std::string(value.kind_name()) + " with " + key.kind_name(), {},
           join(value.label(), key.label()));
      return Flow::halt;
    }
    if (get_key(*this, value, key, member) != Got::value) return Flow::halt;
    if (!part.variable.empty()) frame.slots[part.variable_slot] = member;
    if (!part.has_pattern) return destructure_entry(pattern, entry + 1, frame, input, value, sink);
    return destructure(part.pattern, frame, input, member, [&](Value&&, const Path*) {
      return destructure_entry(pattern, entry + 1, frame, input, value, sink);
    });
  };
  if (pattern.kind == Pattern::Kind::array) return with_key(Value(entry), nullptr);
  return each(*part.key, frame, value, nullptr, with_key);
}

// Tries the alternatives of `?//` in turn: an error in one, also in `sink`, leads to the next.
Flow Machine::bind_alternatives(const Node& node, const Frame& frame, const Value& input, const Value& value,
                                Sink sink) {
  if (node.patterns.size() == 1) return destructure(node.patterns[0], frame, input, value, sink);
  for (std::size_t i = 0; i < node.patterns.size(); ++i) {
    for (const Pattern& pattern : node.patterns) clear_slots(pattern, frame.slots);
    ControlScope scope(*this);
    Flow flow = destructure(node.patterns[i], frame, input, value, sink);
    if (flow == Flow::proceed || i + 1 == node.patterns.size()) return flow;
    const Label label = label_of_failure();
    if (!takes_error()) return flow;
    scope.restart();
    decide(label);
  }
  return Flow::proceed;
}

Flow Machine::each_bind(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  if (!path && node.arity != Arity::many) return each_value(node, frame, input, path, sink);
  return each(*node.children[0], frame, input, nullptr, [&](Value&& value, const Path*) {
    if (node.patterns.size() == 1 && bind_simply(node.patterns[0], frame, std::move(value)))
      return each(*node.children[1], frame, input, path, sink);
    return bind_alternatives(node, frame, input, value,
                             [&](Value&&, const Path*) { return each(*node.children[1], frame, input, path, sink); });
  });
}

Got Machine::one_bind(const Node& node, const Frame& frame, const Value& input, Value& output) {
  Value value;
  Got got = one(*node.children[0], frame, input, value);
  if (got != Got::value) return got;
  if (node.patterns.size() == 1 && bind_simply(node.patterns[0], frame, std::move(value)))
    return one(*node.children[1], frame, input, output);
  got = Got::none;
  Flow flow = bind_alternatives(node, frame, input, value, [&](Value&&, const Path*) {
    got = one(*node.children[1], frame, input, output);
    return got == Got::failed ? Flow::halt : Flow::proceed;
  });
  return flow == Flow::halt ? Got::failed : got;
}

Flow Machine::each_reduce(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  const Node& update = *node.children[2];
  return each(*node.children[1], frame, input, path, [&](Value&& initial, const Path* start) {
    Value state = std::move(initial);
    Value state_path;
    bool on_path = !path || start->is_valid;
    if (path && on_path) state_path = path_value(*start);
    Label label;
    {
      Gathering gathering(*this);
      auto fold = [&](Value&&, const Path*) {
        ControlScope scope(*this);
        Value next;
        Value next_path;
        if (!path && update.arity != Arity::many) {
          Got got = one(update, frame, state, next);
          if (got == Got::failed) return Flow::halt;
        } else {
          Path root{nullptr, nullptr, &state_path, on_path};
          bool next_on_path = true;
          Flow flow = each(update, frame, state, path ? &root : nullptr, [&](Value&& value, const Path* at) {
            next = std::move(value);
            next_on_path = !at || at->is_valid;
            if (at && at->is_valid) next_path = path_value(*at);
            return Flow::proceed;
          });
          if (flow == Flow::halt) return flow;
          on_path = next_on_path;
        }
        state = std::move(next).labelled(control_);
        state_path = std::move(next_path);
        return Flow::proceed;
      };
      Flow flow = each(*node.children[0], frame, input, nullptr, [&](Value&& value, const Path*) {
        if (node.patterns.size() == 1 && bind_simply(node.patterns[0], frame, std::move(value)))
          return fold(Value(), nullptr);
        return bind_alternatives(node, frame, input, value, fold);
      });
      if (flow == Flow::halt) return flow;
      label = gathering.label();
    }
    Path root{nullptr, nullptr, &state_path, on_path};
    return sink(std::move(state).labelled(label), path ? &root : nullptr);
  });
}

Flow Machine::each_foreach(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  const Node* extract = node.children.size() > 3 ? node.children[3].get() : nullptr;
  return each(*node.children[1], frame, input, path, [&](Value&& initial, const Path* start) {
    Value state = std::move(initial);
    Value state_path;
    bool on_path = !path || start->is_valid;
    if (path && on_path) state_path = path_value(*start);
    auto advance = [&](Value&&, const Path*) {
      Value before = std::move(state);
      state = Value();
      Value before_path = std::move(state_path);
      Path root{nullptr, nullptr, &before_path, on_path};
      return each(*node.children[2], frame, before, path ? &root : nullptr, [&](Value&& value, const Path* at) {
        state = value.labelled(control_);
        on_path = !at || at->is_valid;
        if (at && at->is_valid) state_path = path_value(*at);
        return extract ? each(*extract, frame, value, at, sink) : sink(std::move(value), at);
      });
    };
    return each(*node.children[0], frame, input, nullptr, [&](Value&& value, const Path*) {
      if (node.patterns.size() == 1 && bind_simply(node.patterns[0], frame, std::move(value)))
        return advance(Value(), nullptr);
      return bind_alternatives(node, frame, input, value, advance);
    });
  });
}

void Machine::close_over(const Node& node, const Frame& frame, Closure* closures) const {
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const Node& body = *node.children[i];
    // A parameter handed on as it is needs no frame of its own.
    if (body.kind == Kind::call_parameter && !body.own_frame)
      closures[i] = outer(frame, body.hops).closures[body.slot];
    else
      closures[i] = {&body, &frame};
  }
}

Flow Machine::each_call(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  if (node.refuses_null && input.is_null()) return halt(refuse_null(input.label()));
  if (!enter_call()) return Flow::halt;
  const Function& function = *node.function;
  ClosureSpace closures(node.children.size());
  close_over(node, frame, closures.get());
  SlotClaim slots(slot_stack_, function.slots);
  Frame inner{function.is_library ? nullptr : &outer(frame, node.hops), slots.slots(), closures.get()};
  Flow flow = each(*function.body, inner, input, path, sink);
  --calls_;
  return flow;
}

Got Machine::one_call(const Node& node, const Frame& frame, const Value& input, Value& output) {
  if (node.refuses_null && input.is_null()) return refuse_null(input.label());
  if (!enter_call()) return Got::failed;
  const Function& function = *node.function;
  ClosureSpace closures(node.children.size());
  close_over(node, frame, closures.get());
  SlotClaim slots(slot_stack_, function.slots);
  Frame inner{function.is_library ? nullptr : &outer(frame, node.hops), slots.slots(), closures.get()};
  Got got = one(*function.body, inner, input, output);
  --calls_;
  return got;
}

Flow Machine::each_closure(const Closure& closure, const Value& input, const Path* path, Sink sink) {
  if (!enter_call()) return Flow::halt;
  Flow flow = each_in_own_frame(*closure.body, *closure.frame, input, path, sink);
  --calls_;
  return flow;
}

// For expressions that may be evaluated again while they are being evaluated.
Flow Machine::each_in_own_frame(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  if (!node.own_frame) return each(node, frame, input, path, sink);
  SlotClaim slots(slot_stack_, node.slots);
  Frame inner{&frame, slots.slots(), nullptr};
  return each(node, inner, input, path, sink);
}

Got Machine::one_in_own_frame(const Node& node, const Frame& frame, const Value& input, Value& output) {
  if (!node.own_frame) return one(node, frame, input, output);
  SlotClaim slots(slot_stack_, node.slots);
  Frame inner{&frame, slots.slots(), nullptr};
  return one(node, inner, input, output);
}

}  // namespace gantry::expression
