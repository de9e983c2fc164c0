#include "expression/null_refusal.h"

#include <algorithm>
#include <array>

#include "expression/builtins.h"
#include "expression/machine.h"

namespace gantry::expression {
namespace {

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Asks what its input is, makes something of null by its nature, or does not look at its input.
bool takes_null(std::string_view function) {
  return is_one_of(function, {"type", "not", "now", "infinite", "nan", "have_literal_numbers", "have_decnum", "setpath",
                              "delpaths", "_stream_events"});
}

// Of those that are written in the language: all others compute.
bool library_takes_null(std::string_view function) {
  return is_one_of(function,
                   {"values", "nulls", "booleans", "numbers", "strings", "arrays", "objects", "iterables", "scalars",
                    "isfinite", "recurse_down", "leaf_paths", "tostream", "fromstream", "truncate_stream"});
}

bool computes(const Node& node) {
  switch (node.kind) {
    case Kind::binary:
      return std::none_of(node.children.begin(), node.children.end(),
                          [](const NodePointer& child) { return may_be_null(*child); });
    case Kind::modify_with:
      return !may_be_null(*node.children[1]);
    case Kind::call_native:
      return !takes_null(node.builtin->name);
    case Kind::call_function:
      return node.function->is_library && !library_takes_null(node.function->name);
    case Kind::negate:
    case Kind::format:
    case Kind::add_of:
    case Kind::sort_by:
    case Kind::group_by:
    case Kind::unique_by:
    case Kind::min_by:
    case Kind::max_by:
      return true;
    default:
      return false;
  }
}

// Kinds whose children all see the input of the node itself.
bool shares_input(Kind kind) {
  switch (kind) {
    case Kind::binary:
    case Kind::logic_and:
    case Kind::logic_or:
    case Kind::alternative:
    case Kind::conditional:
    case Kind::bind:
    case Kind::comma:
    case Kind::array:
    case Kind::object:
    case Kind::text:
    case Kind::negate:
    case Kind::call_native:
      return true;
    default:
      return false;
  }
}

void mark(Node& node, bool input_may_be_null);

void mark_keys(Pattern& pattern) {
  for (Pattern::Entry& entry : pattern.entries) {
    if (entry.key) mark(*entry.key, false);
    mark_keys(entry.pattern);
  }
}

void mark(Node& node, bool input_may_be_null) {
  const bool about_the_input = node.kind == Kind::call_native || node.kind == Kind::call_function ||
                               node.kind == Kind::format || node.kind == Kind::add_of;
  node.refuses_null = computes(node) && !(input_may_be_null && about_the_input);
  for (Pattern& pattern : node.patterns) mark_keys(pattern);
  if (node.kind == Kind::pipe) {
    mark(*node.children[0], input_may_be_null);
    return mark(*node.children[1], may_be_null(*node.children[0]));
  }
  for (NodePointer& child : node.children)
    if (child) mark(*child, input_may_be_null && shares_input(node.kind));
}

}  // namespace

void refuse_nulls(Node& root, Definitions& definitions) {
  mark(root, false);
  for (const auto& function : definitions.functions) mark(*function->body, false);
}

bool may_be_null(const Node& node) {
  switch (node.kind) {
    case Kind::literal:
      return holds_null(node.constant);
    case Kind::try_catch:
      return true;
    case Kind::pipe:
    case Kind::bind:
    case Kind::alternative:
      return may_be_null(*node.children.back());
    case Kind::comma:
    case Kind::array:
      return std::any_of(node.children.begin(), node.children.end(),
                         [](const NodePointer& child) { return child && may_be_null(*child); });
    default:
      return false;
  }
}

bool holds_null(const Value& value) {
  if (value.is_array())
    return std::any_of(value.items().begin(), value.items().end(), [](const Value& item) { return item.is_null(); });
  if (value.is_object())
    return std::any_of(value.members().begin(), value.members().end(),
                       [](const Member& member) { return member.value.is_null(); });
  return value.is_null();
}

bool looks_at_items(std::string_view function) {
  return is_one_of(function, {"sort", "unique", "min", "max", "join", "implode", "contains", "indices", "index",
                              "rindex", "bsearch", "csv", "tsv", "sh"});
}

// --- What the evaluator asks where a node refuses null

Got Machine::refuse_null(Label label) {
  constexpr const char* message =
      "something missing (null) is computed with or compared; where it may be missing say so: .x?, .x // DEFAULT, .x "
      "== null";
  fail(message, label);
  signal_ = Signal::refused;
  return Got::failed;
}

Got Machine::check_operands(const Node& node, const Value& left, const Value& right) {
  const bool compares = node.operation >= Operation::equal;
  const bool missing = compares ? holds_null(left) || holds_null(right) : left.is_null() || right.is_null();
  return missing ? refuse_null(join(left.label(), right.label())) : Got::value;
}

Got Machine::check_call(const Node& node, const Value& input, const Value* arguments) {
  const bool items = looks_at_items(node.builtin->name);
  const auto is_missing = [&](const Value& value) { return items ? holds_null(value) : value.is_null(); };
  if (is_missing(input)) return refuse_null(input.label());
  for (std::size_t i = 0; i < node.children.size(); ++i)
    if (is_missing(arguments[i]) && !may_be_null(*node.children[i])) return refuse_null(arguments[i].label());
  return Got::value;
}

}  // namespace gantry::expression
