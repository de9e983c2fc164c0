#include "expression/machine.h"

#include <pthread.h>

#include <algorithm>

#include "expression/messages.h"
#include "value/json.h"

namespace gantry::expression {
namespace {

constexpr std::size_t stack_reserve = 192 * 1024;  // for what runs without asking: builtins, printing, destructors
constexpr std::size_t larger_stack = std::size_t{256} << 20;  // address space; only what is touched takes memory
constexpr std::size_t walk_depth_max = 10'000;
constexpr std::size_t slot_block = 64;

// Lowest address of this thread's stack that evaluation may use.
std::uintptr_t stack_floor_of_thread() {
  thread_local const std::uintptr_t floor = [] {
    pthread_attr_t attributes;
    void* lowest = nullptr;
    std::size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
      pthread_attr_getstack(&attributes, &lowest, &size);
      pthread_attr_destroy(&attributes);
    }
    auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    // A main thread reports its limit as its size; be content with 4 MiB below here if that is absurd.
    if (lowest == nullptr || size > larger_stack) return here - (std::size_t{4} << 20) + stack_reserve;
    return reinterpret_cast<std::uintptr_t>(lowest) + std::min(stack_reserve, size / 2);
  }();
  return floor;
}

// Nesting of the value, counted no further than `limit` + 1. Adds the values looked at to `visited`.
std::size_t nesting_of(const Value& value, std::size_t limit, std::uint64_t& visited) {
  struct Open {
    const Value* container;
    std::size_t next;
  };
  if (!value.is_array() && !value.is_object()) return 0;
  std::vector<Open> open{{&value, 0}};
  std::size_t deepest = 1;
  while (!open.empty() && deepest <= limit) {
    Open& top = open.back();
    const Value* child = nullptr;
    if (top.container->is_array()) {
      const auto& items = top.container->items();
      while (top.next < items.size() && !child) {
        const Value& item = items[top.next++];
        ++visited;
        if (item.is_array() || item.is_object()) child = &item;
      }
    } else {
      const auto& members = top.container->members();
      while (top.next < members.size() && !child) {
        const Value& item = members[top.next++].value;
        ++visited;
        if (item.is_array() || item.is_object()) child = &item;
      }
    }
    if (!child) {
      open.pop_back();
      continue;
    }
    open.push_back({child, 0});
    deepest = std::max(deepest, open.size());
  }
  return deepest;
}

}  // namespace

const Path invalid_path{nullptr, nullptr, nullptr, false};

Value path_value(const Path& path) {
  std::vector<Value> keys;
  const Path* at = &path;
  for (; at->parent; at = at->parent) keys.push_back(*at->key);
  std::reverse(keys.begin(), keys.end());
  if (!at->prefix) return Value::array(std::move(keys));
  std::vector<Value> whole = at->prefix->items();
  whole.insert(whole.end(), std::make_move_iterator(keys.begin()), std::make_move_iterator(keys.end()));
  return Value::array(std::move(whole)).labelled(at->prefix->label());
}

Value* SlotStack::claim(std::uint32_t count) {
  while (current_ < blocks_.size()) {
    Block& block = blocks_[current_];
    if (block.used + count <= block.size) {
      Value* slots = block.values.get() + block.used;
      block.used += count;
      return slots;
    }
    if (current_ + 1 == blocks_.size()) break;
    ++current_;
  }
  std::size_t size = std::max<std::size_t>(slot_block << std::min<std::size_t>(blocks_.size(), 8), count);
  blocks_.push_back({std::make_unique<Value[]>(size), size, count});
  current_ = blocks_.size() - 1;
  return blocks_.back().values.get();
}

void SlotStack::release(Value* slots, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) slots[i] = Value();
  while (slots < blocks_[current_].values.get() || slots >= blocks_[current_].values.get() + blocks_[current_].size)
    --current_;
  blocks_[current_].used -= count;
}

Machine::Machine(const Node& root, std::uint32_t slots, const Evaluation& evaluation)
    : root_(root),
      slots_needed_(slots),
      arguments_(evaluation.arguments),
      now_(evaluation.now),
      limits_(evaluation.limits),
      stack_floor_(stack_floor_of_thread()) {}

Flow Machine::run(const Value& input, Sink sink) {
  SlotClaim slots(slot_stack_, slots_needed_);
  Frame frame{nullptr, slots.slots(), nullptr};
  return each(root_, frame, input, nullptr, sink);
}

Got Machine::run_one(const Value& input, Value& output) {
  SlotClaim slots(slot_stack_, slots_needed_);
  Frame frame{nullptr, slots.slots(), nullptr};
  return one(root_, frame, input, output);
}

Error Machine::error() const {
  if (signal_ == Signal::exhausted) return {Code::exhausted, limit_message_};
  if (signal_ != Signal::error && signal_ != Signal::refused)
    return {Code::internal, "the expression stopped without a reason"};
  // Errors end up in logs and answers, where secrets must not be.
  Secrecy secrecy = error_.deep_label().content().secrecy;
  if (secrecy >= Secrecy::confidential) {
    return {Code::invalid_argument,
            std::string("the expression raised an error; its text is withheld because it was made from ") +
                name_of(secrecy) + " values"};
  }
  if (error_.is_string()) return {Code::invalid_argument, std::string(error_.as_string())};
  return {Code::invalid_argument, kind_and_brief(error_) + " was raised as an error"};
}

Got Machine::fail(std::string message, Label label, Label cause) {
  const Got got = fail_with(Value(message).labelled(label));
  cause_ = cause;
  return got;
}

Got Machine::fail_with(Value error) {
  signal_ = Signal::error;
  error_ = std::move(error).labelled(control_);
  cause_ = Label();
  return Got::failed;
}

Got Machine::exhaust(std::string message) {
  signal_ = Signal::exhausted;
  limit_message_ = std::move(message);
  return Got::failed;
}

void Machine::out_of_steps() {
  exhaust("the expression took more than " + std::to_string(limits_.steps_max) + " steps, which is the limit");
}

bool Machine::use_steps(std::uint64_t count) {
  steps_ += count;
  if (steps_ <= limits_.steps_max) return true;
  out_of_steps();
  return false;
}

bool Machine::use_memory(std::size_t bytes) {
  memory_ += bytes;
  if (memory_ <= limits_.memory_bytes_max) return true;
  exhaust("the expression built more than " + std::to_string(limits_.memory_bytes_max) +
          " bytes of values, which is the limit");
  return false;
}

// Each call adds at most `levels` to the nesting of any value, so up to depth_max in all nothing can be too deep.
// Beyond that the child is measured, which is paid for in steps.
bool Machine::may_nest(const Value& child, std::size_t levels) {
  if (levels <= 1 && !child.is_array() && !child.is_object()) return true;
  nestings_ += levels;
  if (nestings_ <= limits_.depth_max) return true;
  std::uint64_t visited = 0;
  std::size_t nesting = nesting_of(child, limits_.depth_max, visited);
  if (!use_steps(visited / 8)) return false;
  if (nesting + levels <= limits_.depth_max) return true;
  exhaust("the expression built a value of more than " + std::to_string(limits_.depth_max) +
          " levels, which is the limit");
  return false;
}

void Machine::note_parsed(const Value& value) {
  std::uint64_t visited = 0;
  nestings_ += nesting_of(value, limits_.depth_max, visited);
}

bool Machine::is_too_deep(const Value& value) {
  if (nestings_ + 1000 < walk_depth_max) return false;
  std::uint64_t visited = 0;
  bool deep = nesting_of(value, walk_depth_max + 1, visited) > walk_depth_max + 1;
  return !use_steps(visited / 8) || deep;
}

bool Machine::enter_call() {
  if (++calls_ <= limits_.depth_max) return true;
  exhaust("the expression called functions more than " + std::to_string(limits_.depth_max) +
          " levels deep, which is the limit");
  return false;
}

bool Machine::takes_error() {
  if (signal_ != Signal::error) return false;
  signal_ = Signal::none;
  return true;
}

// Runs `start` on a thread with a large stack and waits for it.
bool Machine::run_on_thread(void (*start)(void*), void* argument) {
  struct Job {
    void (*start)(void*);
    void* argument;
    Machine* machine;
  } job{start, argument, this};
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_t thread{};
  std::uintptr_t saved = stack_floor_;
  on_thread_ = true;
  bool started = pthread_attr_setstacksize(&attributes, larger_stack) == 0 &&
                 pthread_create(
                     &thread, &attributes,
                     [](void* given) -> void* {
                       auto* work = static_cast<Job*>(given);
                       auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
                       work->machine->stack_floor_ = here - larger_stack + 2 * stack_reserve;
                       work->start(work->argument);
                       return nullptr;
                     },
                     &job) == 0;
  pthread_attr_destroy(&attributes);
  if (started) pthread_join(thread, nullptr);
  on_thread_ = false;
  stack_floor_ = saved;
  return started;
}

Flow Machine::each(const Node& node, const Frame& frame, const Value& input, const Path* path, Sink sink) {
  if (!step()) return Flow::halt;
  if (is_stack_low()) [[unlikely]]
    return on_larger_stack([&] { return each_step(node, frame, input, path, sink); });
  return each_step(node, frame, input, path, sink);
}

Got Machine::one(const Node& node, const Frame& frame, const Value& input, Value& output) {
  if (!step()) return Got::failed;
  if (is_stack_low()) [[unlikely]]
    return on_larger_stack([&] { return one_step(node, frame, input, output); });
  return one_step(node, frame, input, output);
}

}  // namespace gantry::expression
