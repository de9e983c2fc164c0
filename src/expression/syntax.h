// The compiled form of a program: a tree of nodes with all names resolved to places. The parser builds the tree, the
// resolver fills in the places, the evaluator only reads it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "value/value.h"

namespace gantry::expression {

struct Builtin;

// How many outputs a node has for one input. `one` and `optional` nodes are evaluated without callbacks.
enum class Arity : std::uint8_t { one, optional, many };
inline Arity wider(Arity left, Arity right) {
  return left > right ? left : right;
}

enum class Kind : std::uint8_t {
  identity,
  literal,             // constant
  argument,            // slot: index of the caller's variable
  variable,            // hops, slot
  field,               // [target], constant = key
  index,               // [target, key]
  slice,               // [target, from, upto], missing = null node
  iterate,             // [target]
  pipe,                // [left, right]
  comma,               // [...]
  negate,              // [operand]
  binary,              // [left, right], operation
  logic_and,           // [left, right]
  logic_or,            // [left, right]
  alternative,         // [left, right]
  conditional,         // [condition, then, else or null]
  try_catch,           // [body, handler or null]
  reduce,              // [source, initial, update], patterns
  foreach,             // [source, initial, update, extract or null], patterns
  bind,                // [source, body], patterns
  define,              // [body], definition: only between parser and resolver
  label,               // [body], slot
  break_to,            // hops, slot
  array,               // [content or null]
  object,              // [key, value, key, value ...]
  member_of_key,       // only a value in an object: the input's member of the same key
  text,                // [part ...], constant = format name; literal parts are `literal` nodes
  format,              // constant = format name, applied to the input
  call_function,       // function, hops, [argument ...]
  call_parameter,      // hops, slot: a closure given to the enclosing function
  call_native,         // builtin, [argument ...]: plain functions of values
  assign,              // [target, value]            =
  modify,              // [target, update]           |=
  modify_with,         // [target, value], operation += and so on
  alternative_assign,  // [target, value]            //=
  // builtins that take closures, by name; children are the closures
  empty,
  error_of,  // error/0 on the input, error/1
  path_of,
  paths_of,  // paths/0, paths/1
  select,
  recurse,  // recurse/0, /1, /2
  map,
  map_values,
  range,  // /1, /2, /3
  first_of,
  last_of,
  nth_of,
  limit,
  skip,
  until,
  while_do,
  repeat,
  any_of,  // any/0, /1, /2 as [generator or null, condition or null]
  all_of,
  is_empty,
  add_of,
  delete_of,
  pick,
  get_path,
  sort_by,
  group_by,
  unique_by,
  min_by,
  max_by,
  walk,
  with_entries,
  substitute,  // sub, gsub: [pattern, replacement, flags or null]; operation add = global
  debug,
};

enum class Operation : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  modulo,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
};

struct Function;
struct Node;
using NodePointer = std::unique_ptr<Node>;

// A destructuring pattern.
struct Pattern {
  enum class Kind : std::uint8_t { variable, array, object };
  struct Entry;
  Kind kind = Kind::variable;
  std::string name;        // variable
  std::uint32_t slot = 0;  // variable
  std::size_t offset = 0;
  std::vector<Entry> entries;  // of an array (no keys) or an object
};

struct Pattern::Entry {
  NodePointer key;       // object: gives the key
  std::string variable;  // object: {$name} and {$name: pattern} also bind the member itself
  std::uint32_t variable_slot = 0;
  bool has_pattern = true;
  Pattern pattern;
};

struct Node {
  Node();
  ~Node();
  Kind kind = Kind::identity;
  Arity arity = Arity::many;
  Operation operation = Operation::add;
  bool consumes = false;      // may move out of its input, see mark_last_use()
  bool refuses_null = false;  // fails where what it computes with is null, see null_refusal.h
  bool is_step = false;       // a try_catch that is `?` behind one step: an invalid path is not what it catches
  bool own_frame = false;     // a closure that binds variables: runs in a frame of its own with `slots` slots
  std::uint32_t slots = 0;
  std::uint32_t hops = 0;  // frames outwards
  std::uint32_t slot = 0;
  std::uint32_t height = 1;  // of the tree, against deep recursion
  std::size_t offset = 0;    // in the program text
  std::vector<NodePointer> children;
  Value constant;
  std::string name;  // of a variable, function or label, until resolved
  const Builtin* builtin = nullptr;
  const Function* function = nullptr;
  std::vector<Pattern> patterns;
  std::unique_ptr<Function> definition;
};

struct Parameter {
  std::string name;
  bool is_value = false;  // $name
};

// A `def`. Bodies run in a frame of their own; `$name` parameters are bound by `bind` nodes put around the body.
struct Function {
  std::string name;
  std::vector<Parameter> parameters;
  NodePointer body;
  std::uint32_t slots = 0;
  std::uint32_t level = 0;  // of the frame that its definition is in
  bool is_library = false;  // of the prelude: has no frame around it
};

inline Node::Node() = default;
inline Node::~Node() = default;

}  // namespace gantry::expression
