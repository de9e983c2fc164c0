// One evaluation: the budgets, the pending signal, the labels of the decisions taken so far, and the evaluator.
//
// Nodes are evaluated in one of two ways. `one` is for nodes with at most one output: it returns it. `each` is for all
// nodes: it calls a sink per output, and generators backtrack by returning from the sink. A sink that answers
// Flow::halt unwinds everything up to whoever handles the pending signal.
//
// Labels. A value carries the label of what it was computed from. A decision that may drop or repeat outputs (select,
// `.[]` of a labelled container) joins its label into `control_`, which holds downstream of it, and into `seen_`, which
// lasts until the enclosing gatherer (array, reduce, ...) puts it on its result. An `if` with exactly one output per
// branch labels just that output. With no labels around, all joins are joins of zero.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "expression/expression.h"
#include "expression/syntax.h"

namespace gantry::expression {

class Machine;

enum class Flow : std::uint8_t { proceed, halt };
enum class Got : std::uint8_t { value, none, failed };
enum class Signal : std::uint8_t { none, error, refused, leave, stop, exhausted };  // leave: break to a label

// Where a value is within the value that path() looks at. Lives on the stack, linked towards the root.
struct Path {
  const Path* parent = nullptr;
  const Value* key = nullptr;
  const Value* prefix = nullptr;  // of a root: the path so far, an array; null = empty
  bool is_valid = true;
};
extern const Path invalid_path;
Value path_value(const Path& path);

// A borrowed callback.
class Sink {
 public:
  template <class Callback>
  requires(!std::is_same_v<std::remove_cvref_t<Callback>, Sink>) Sink(Callback&& callback)
      : object_(const_cast<void*>(static_cast<const void*>(&callback))),
        call_([](void* object, Value&& value, const Path* path) -> Flow {
          return (*static_cast<std::remove_reference_t<Callback>*>(object))(std::move(value), path);
        }) {}
  Flow operator()(Value&& value, const Path* path) const { return call_(object_, std::move(value), path); }

 private:
  void* object_;
  Flow (*call_)(void*, Value&&, const Path*);
};

struct Frame;

// An argument of a defined function: an expression and the frame it belongs to.
struct Closure {
  const Node* body = nullptr;
  const Frame* frame = nullptr;
};

struct Frame {
  const Frame* parent = nullptr;
  Value* slots = nullptr;
  const Closure* closures = nullptr;
};

// Variable slots of frames, as a stack.
class SlotStack {
 public:
  Value* claim(std::uint32_t count);
  void release(Value* slots, std::uint32_t count);

 private:
  struct Block {
    std::unique_ptr<Value[]> values;
    std::size_t size = 0;
    std::size_t used = 0;
  };
  std::vector<Block> blocks_;
  std::size_t current_ = 0;
};

class SlotClaim {
 public:
  SlotClaim(SlotStack& stack, std::uint32_t count)
      : stack_(stack), count_(count), slots_(count ? stack.claim(count) : nullptr) {}
  ~SlotClaim() {
    if (count_) stack_.release(slots_, count_);
  }
  SlotClaim(const SlotClaim&) = delete;
  SlotClaim& operator=(const SlotClaim&) = delete;
  Value* slots() const { return slots_; }

 private:
  SlotStack& stack_;
  std::uint32_t count_;
  Value* slots_;
};

class Machine {
 public:
  Machine(const Node& root, std::uint32_t slots, const Evaluation& evaluation);

  Flow run(const Value& input, Sink sink);
  Got run_one(const Value& input, Value& output);
  // What stopped the evaluation, as an Error; call only after a halt or a failure whose signal is error or exhausted.
  Error error() const;
  Signal signal() const { return signal_; }
  Label control() const { return control_; }
  Label seen() const { return seen_; }

  // --- the evaluator ---
  Flow each(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Got one(const Node& node, const Frame& frame, const Value& input, Value& output);

  // --- failing ---
  // An error of the program, which `try` can catch. `label`: of the values that the message shows, see about() in messages.h;
  // `cause`: of those that made it fail and are not shown.
  Got fail(std::string message, Label label = {}, Label cause = {});
  Got fail_with(Value error);
  void label_error(Label label) {
    if (signal_ == Signal::error) error_ = std::move(error_).labelled(label);
  }
  Got exhaust(std::string message);  // a limit; nothing catches it
  // What whoever catches the error learns from it.
  Label label_of_failure() const { return join(error_.label(), cause_); }
  Got refuse_null(Label label);      // of what is missing; nothing catches it (null_refusal.h)
  Flow halt(Got) { return Flow::halt; }

  // --- budgets ---
  bool use_steps(std::uint64_t count);
  bool use_memory(std::size_t bytes);
  // To be asked before `child` is put `levels` deep into a container.
  bool may_nest(const Value& child, std::size_t levels = 1);
  // Like jq, refuses to walk values nested deeper than 10,000 in comparisons and the like.
  bool is_too_deep(const Value& value);
  void note_parsed(const Value& value);
  const Limits& limits() const { return limits_; }
  Timestamp now() const { return now_; }

  // --- labels ---
  void decide(Label label) {
    if (label.is_default()) return;
    control_ = join(control_, label);
    seen_ = join(seen_, label);
  }

 private:
  friend class Gathering;
  friend class ControlScope;

  // evaluate_one.cpp
  Got one_step(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_captured(const Node& node, const Frame& frame, const Value& input, Value& output);
  const Value* borrow(const Node& node, const Frame& frame, const Value& input, Label& label) const;
  Got one_field(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got operate_on(const Node& node, Value left, Value right, Value& output);
  // Whether there is all that a node computes with, where it refuses null (null_refusal.h): fails, or gives Got::value.
  Got check_operands(const Node& node, const Value& left, const Value& right);
  Got check_call(const Node& node, const Value& input, const Value* arguments);
  Got one_binary(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_logic(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_alternative(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_conditional(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_try(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_array(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_object(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_text(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_native(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_bind(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_call(const Node& node, const Frame& frame, const Value& input, Value& output);

  // evaluate_each.cpp
  Flow each_step(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_value(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_field(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_index(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_slice(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_iterate(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_binary(const Node& node, const Frame& frame, const Value& input, Sink sink);
  Flow each_logic(const Node& node, const Frame& frame, const Value& input, Sink sink);
  Flow each_alternative(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_conditional(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_try(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_label(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_object(const Node& node, const Frame& frame, const Value& input, std::size_t member, const Value& built,
                   Sink sink);
  Flow each_text(const Node& node, const Frame& frame, const Value& input, std::size_t parts, const Value& tail,
                 Sink sink);
  Flow each_native(const Node& node, const Frame& frame, const Value& input, std::vector<Value>& arguments,
                   std::size_t given, Sink sink);
  Flow access(const Value& target, const Value& key, const Path* path, Sink sink);
  Flow iterate(const Value& target, const Path* path, Sink sink);

  // evaluate_bindings.cpp
  Flow destructure(const Pattern& pattern, const Frame& frame, const Value& input, const Value& value, Sink sink);
  Flow destructure_entry(const Pattern& pattern, std::size_t entry, const Frame& frame, const Value& input,
                         const Value& value, Sink sink);
  Flow each_bind(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow bind_alternatives(const Node& node, const Frame& frame, const Value& input, const Value& value, Sink sink);
  bool bind_simply(const Pattern& pattern, const Frame& frame, Value&& value) const;
  Flow each_reduce(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_foreach(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_call(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_closure(const Closure& closure, const Value& input, const Path* path, Sink sink);
  Flow each_in_own_frame(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  void close_over(const Node& node, const Frame& frame, Closure* closures) const;
  bool enter_call();

  // evaluate_updates.cpp: assignments and deletion
  Got first_output(const Node& node, const Frame& frame, const Value& input, Value& output);
  Flow each_update(const Node& node, const Frame& frame, const Value& input, Value& state, Sink update);
  Flow each_path(const Node& target, const Frame& frame, const Value& input, Sink sink);
  Got one_assign(const Node& node, const Frame& frame, const Value& input, Value& output, const Value& value);
  Got one_modify(const Node& node, const Frame& frame, const Value& input, Value& output, const Value* operand);
  Flow each_assignment(const Node& node, const Frame& frame, const Value& input, Sink sink);
  Got one_delete(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_pick(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_map_values(const Node& node, const Frame& frame, const Value& input, Value& output);

  // evaluate_generators.cpp: builtins that take closures
  Flow each_generator(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_path_of(const Node& node, const Frame& frame, const Value& input, Sink sink);
  Flow each_paths_of(const Node& node, const Frame& frame, const Value& input, Sink sink);
  Flow each_select(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_recurse(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow recurse_all(const Value& value, const Path* path, Sink sink);
  Flow recurse_with(const Node& node, const Frame& frame, const Value& value, const Path* path, Sink sink);
  Flow stop_here(std::uint64_t id);
  bool stopped_here(std::uint64_t id);
  Flow each_range(const Node& node, const Frame& frame, const Value& input, Sink sink);
  Flow count_up(const Value& from, const Value& upto, const Value& by, Sink sink);
  Flow each_limited(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow limited(const Node& body, const Frame& frame, const Value& input, const Path* path, double skip, double count,
               Sink sink);
  Flow each_last(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_until(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_while(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_repeat(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_get_path(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink);
  Flow each_walk(const Node& body, const Frame& frame, const Value& input, Sink sink);
  Got one_any_all(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_is_empty(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_add(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_map(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_with_entries(const Node& node, const Frame& frame, const Value& input, Value& output);
  Got one_sorted(const Node& node, const Frame& frame, const Value& input, Value& output);
  Flow each_substitute(const Node& node, const Frame& frame, const Value& input, Sink sink);
  Flow substitute(const Node& node, const Frame& frame, const Value& input, const Value& pattern, const Value& flags,
                  Sink sink);
  Got one_in_own_frame(const Node& node, const Frame& frame, const Value& input, Value& output);

  const Frame& outer(const Frame& frame, std::uint32_t hops) const {
    const Frame* found = &frame;
    for (; hops > 0; --hops) found = found->parent;
    return *found;
  }
  bool is_stack_low() const { return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) < stack_floor_; }
  template <class Work>
  auto on_larger_stack(Work work) -> decltype(work());
  bool run_on_thread(void (*start)(void*), void* argument);
  bool step() { return ++steps_ <= limits_.steps_max || (out_of_steps(), false); }
  void out_of_steps();
  bool takes_error();  // clears a pending program error so that `try` can handle it

  const Node& root_;
  std::uint32_t slots_needed_;
  std::span<const Value> arguments_;
  Timestamp now_;
  Limits limits_;
  std::uintptr_t stack_floor_ = 0;
  std::uint64_t steps_ = 0;
  std::size_t memory_ = 0;
  std::size_t calls_ = 0;
  std::size_t nestings_ = 0;
  std::uint64_t last_label_ = 0;
  std::uint64_t leaving_ = 0;
  Signal signal_ = Signal::none;
  bool on_thread_ = false;
  Label control_;
  Label seen_;
  Value error_;
  Label cause_;  // of the error, beside its own label
  std::string limit_message_;
  SlotStack slot_stack_;
};

// Restores the control label that held before.
class ControlScope {
 public:
  explicit ControlScope(Machine& machine) : machine_(machine), saved_(machine.control_) {}
  ~ControlScope() { machine_.control_ = saved_; }
  ControlScope(const ControlScope&) = delete;
  ControlScope& operator=(const ControlScope&) = delete;
  void restart() { machine_.control_ = saved_; }

 private:
  Machine& machine_;
  Label saved_;
};

template <class Work>
auto Machine::on_larger_stack(Work work) -> decltype(work()) {
  struct Call {
    Work& work;
    decltype(work()) result;
  } call{work, {}};
  auto start = [](void* given) {
    auto* todo = static_cast<Call*>(given);
    todo->result = todo->work();
  };
  if (on_thread_ || !run_on_thread(start, &call)) {
    exhaust("the expression is nested too deeply for the stack");
    if constexpr (std::is_same_v<decltype(work()), Flow>)
      return Flow::halt;
    else
      return Got::failed;
  }
  return call.result;
}

// Around an expression whose outputs are gathered into one value: that value depends on every decision inside.
class Gathering {
 public:
  explicit Gathering(Machine& machine) : machine_(machine), control_(machine.control_), seen_(machine.seen_) {
    machine.control_ = machine.seen_ = Label();
  }
  ~Gathering() {
    machine_.control_ = control_;
    machine_.seen_ = seen_;
  }
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;
  Label label() const { return machine_.seen_; }

 private:
  Machine& machine_;
  Label control_, seen_;
};

}  // namespace gantry::expression
