#include "trial/condition_view.h"

#include <algorithm>

#include "expression/builtins.h"

namespace gantry::trial {
namespace {

using expression::Kind;
using expression::Node;
using expression::Operation;

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::optional<Value> constant_of(const Node& node) {
  if (node.kind == Kind::literal) return node.constant;
  if (node.kind == Kind::negate) {
    auto inner = constant_of(*node.children[0]);
    if (inner && inner->is_number()) return Value(-inner->as_number());
  }
  if (node.kind != Kind::text || !node.constant.is_null()) return std::nullopt;
  std::string text;
  for (const auto& part : node.children) {
    if (part->kind != Kind::literal || !part->constant.is_string()) return std::nullopt;
    text += part->constant.as_string();
  }
  return Value(text);
}

// PATH > 5 for 5 < PATH.
Operation turned(Operation operation) {
  switch (operation) {
    case Operation::less:
      return Operation::greater;
    case Operation::less_equal:
      return Operation::greater_equal;
    case Operation::greater:
      return Operation::less;
    case Operation::greater_equal:
      return Operation::less_equal;
    default:
      return operation;
  }
}

std::string first_part(std::string_view argument) {
  return std::string(argument.substr(0, argument.find('/')));
}

class Reader {
 public:
  explicit Reader(ConditionView& view) : view_(view) {}

  void read(const Node& node, const std::optional<Path>& dot, bool negated = false) {
    if (auto path = path_of(node, dot)) return note_path(*std::move(path));
    if (auto constant = constant_of(node)) {
      if (constant->is_string() || constant->is_number()) view_.constants.push_back(*std::move(constant));
      return;
    }
    switch (node.kind) {
      case Kind::pipe:
        read(*node.children[0], dot, negated || is_not(*node.children[1]));
        read(*node.children[1], path_of(*node.children[0], dot));
        return;
      case Kind::binary:
        read_binary(node, dot, negated);
        break;
      case Kind::call_function:
      case Kind::call_native:
        read_call(node, dot, negated);
        break;
      case Kind::any_of:
      case Kind::all_of:
      case Kind::map:
      case Kind::select:
        read_each(node, dot, negated);
        return;
      case Kind::index:
        read_index(node, dot, negated);
        break;
      default:
        break;
    }
    for (const auto& child : node.children)
      if (child) read(*child, dot, negated);
  }

 private:
  static bool is_not(const Node& node) { return name_of_call(node) == "not"; }

  static std::string_view name_of_call(const Node& node) {
    if (node.kind == Kind::call_native && node.builtin) return node.builtin->name;
    if (node.kind == Kind::call_function && node.function) return node.function->name;
    return {};
  }

  static std::optional<Path> path_of(const Node& node, const std::optional<Path>& dot) {
    if (node.kind == Kind::identity) return dot;
    if (node.kind == Kind::iterate) {
      auto path = path_of(*node.children[0], dot);
      if (path && !path->empty()) path->emplace_back(each_item);
      return path;
    }
    // `.args.x?` is still about that argument.
    if (node.kind == Kind::try_catch && node.children.size() == 1) return path_of(*node.children[0], dot);
    if (node.kind == Kind::alternative) {  // .args.note // ""
      auto path = path_of(*node.children[0], dot);
      return path && constant_of(*node.children[1]) ? path : std::nullopt;
    }
    if (node.kind != Kind::field || !node.constant.is_string()) return std::nullopt;
    auto path = path_of(*node.children[0], dot);
    if (path) path->emplace_back(node.constant.as_string());
    return path;
  }

  void note_path(Path path) {
    if (path.empty()) return;
    if (path.size() >= 2 && path[0] == "args") view_.arguments.insert(path[1]);
    if (path.size() >= 3 && path[0] == "effect" && path[1] == "arguments") view_.arguments.insert(path[2]);
    if (path.size() >= 3 && path[0] == "labels" && path[1] == "arguments") view_.arguments.insert(path[2]);
    if (path.size() >= 2 && path[0] == "lists") view_.lists.insert(path[1]);
    view_.asks_origin = view_.asks_origin || is_one_of(path[0], {"labels", "provenance", "lists", "context"});
    view_.paths.insert(std::move(path));
  }

  void bind(const Path& path) {
    if (path.size() >= 2 && path[0] == "args") view_.bound.insert(path[1]);
    if (path.size() >= 3 && path[0] == "effect" && path[1] == "arguments") view_.bound.insert(path[2]);
  }

  void read_binary(const Node& node, const std::optional<Path>& dot, bool negated) {
    const auto left = path_of(*node.children[0], dot), right = path_of(*node.children[1], dot);
    const auto constant = constant_of(*node.children[left ? 1 : 0]);
    const bool equal = node.operation == Operation::equal && !negated;
    if (left && constant) compare(node.operation, *left, *constant, equal);
    if (right && !left && constant) compare(turned(node.operation), *right, *constant, equal);
    if (!left || !right || !equal || left->empty() || right->empty()) return;
    // The requester's own, a field of a list's record, and the like: anything but another argument.
    if (left->front() != "args" && left->front() != "effect") bind(*right);
    if (right->front() != "args" && right->front() != "effect") bind(*left);
  }

  void compare(Operation operation, const Path& path, const Value& constant, bool equal) {
    view_.comparisons.push_back({operation, path, constant});
    if (!equal) return;
    bind(path);
    const bool good = constant.is_string() && is_one_of(constant.as_string(), {"trusted", "internal"});
    if (!good || path.size() < 2 || path.back() != "integrity") return;
    if (path[0] == "context" || (path[0] == "labels" && path.size() == 2)) view_.everything = true;
    if (path.size() == 4 && path[0] == "labels") view_.bound.insert(path[2]);
    if (path.size() == 3 && path[0] == "provenance") view_.bound.insert(first_part(path[1]));
  }

  void read_call(const Node& node, const std::optional<Path>& dot, bool negated) {
    FunctionCall call{std::string(name_of_call(node)), {}, dot, negated};
    if (call.name.empty()) return;
    for (const auto& child : node.children)
      call.arguments.push_back(child ? constant_of(*child).value_or(Value()) : Value());
    note_call(call);
    view_.calls.push_back(std::move(call));
  }

  void note_call(const FunctionCall& call) {
    const bool named = !call.arguments.empty() && call.arguments[0].is_string();
    const std::string first = named ? first_part(call.arguments[0].as_string()) : "";
    if (is_one_of(call.name, {"requested", "at_least", "from_workflow", "from_record", "in_list", "no_foreign_links",
                              "no_hidden_text", "has_shape", "host_like", "mail_like", "iban_like", "secrecy_at_most",
                              "has_argument", "argument", "origin"}) &&
        named) {
      view_.arguments.insert(first);
      view_.asks_origin = view_.asks_origin || !is_one_of(call.name, {"has_argument", "argument"});
    }
    view_.asks_origin =
        view_.asks_origin || is_one_of(call.name, {"authority_at_least", "authority_requested", "context_at_least",
                                                   "context_at_most", "audience_cleared", "context_cleared"});
    if (call.name == "in_list" && call.arguments.size() == 2 && call.arguments[1].is_string())
      view_.lists.emplace(call.arguments[1].as_string());
    if (call.negated) return;
    if (is_one_of(call.name, {"requested", "at_least", "from_workflow", "from_record", "in_list"}) && named)
      view_.bound.insert(first);
    if (is_one_of(call.name, {"authority_at_least", "authority_requested"})) view_.authority = true;
    if (call.name == "context_at_least") view_.everything = true;
    if (!call.subject) return;
    if (is_one_of(call.name, {"IN", "inside", "startswith", "endswith"})) bind(*call.subject);
    if (call.name == "test" && named && starts_anchored(call.arguments[0].as_string()) &&
        ends_anchored(call.arguments[0].as_string()))
      bind(*call.subject);
  }

  // all(CONDITION) asks each item; all(GENERATOR; CONDITION) each of these. What holds for any of them ties none.
  void read_each(const Node& node, const std::optional<Path>& dot, bool negated) {
    negated = negated || node.kind == Kind::any_of;
    if (node.children.size() == 2 && node.children[0] && node.children[1]) {
      read(*node.children[0], dot, negated);
      read(*node.children[1], path_of(*node.children[0], dot), negated);
      return;
    }
    std::optional<Path> item = dot;
    if (item && !item->empty()) item->emplace_back(each_item);
    for (const auto& child : node.children)
      if (child) read(*child, item, negated);
  }

  // .lists.payees[.args.iban]: a record that must be there.
  void read_index(const Node& node, const std::optional<Path>& dot, bool negated) {
    if (negated) return;
    const auto target = path_of(*node.children[0], dot);
    const auto key = path_of(*node.children[1], dot);
    if (target && key && target->size() == 2 && target->front() == "lists") bind(*key);
  }

  ConditionView& view_;
};

// What stands between the `|` outside of all groups: an anchor holds for its own branch only, in ^a|b$ too.
std::vector<std::string_view> branches_of(std::string_view pattern) {
  std::vector<std::string_view> branches;
  std::size_t start = 0, depth = 0;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      ++i;
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')' && depth > 0) {
      --depth;
    } else if (c == '|' && depth == 0) {
      branches.push_back(pattern.substr(start, i - start));
      start = i + 1;
    }
  }
  branches.push_back(pattern.substr(start));
  return branches;
}

// `$x | has(...)` and `as $x`: what is bound by a variable is not followed, so lists named beside count as a bind of
// every argument that the condition names.
void settle(ConditionView& view) {
  const bool asks_a_list = std::any_of(view.calls.begin(), view.calls.end(), [](const FunctionCall& call) {
    return call.name == "has" && !call.negated && call.subject && call.subject->size() == 2 &&
           call.subject->front() == "lists";
  });
  if (asks_a_list) view.bound.insert(view.arguments.begin(), view.arguments.end());
}

}  // namespace

ConditionView view_of(const definition::Condition& condition) {
  ConditionView view;
  if (condition.program) Reader(view).read(expression::root_of(*condition.program), Path{});
  settle(view);
  return view;
}

ConditionView view_of_allow(const definition::PolicyRule& rule) {
  ConditionView view;
  if (rule.when) Reader(view).read(expression::root_of(*rule.when->program), Path{});
  if (rule.allow_if && rule.verdict != definition::VerdictKind::allow)
    Reader(view).read(expression::root_of(*rule.allow_if->program), Path{});
  settle(view);
  return view;
}

bool starts_anchored(std::string_view pattern) {
  const auto branches = branches_of(pattern);
  return std::all_of(branches.begin(), branches.end(),
                     [](std::string_view branch) { return branch.starts_with("^") || branch.starts_with("\\A"); });
}

bool ends_anchored(std::string_view pattern) {
  const auto branches = branches_of(pattern);
  return std::all_of(branches.begin(), branches.end(), [](std::string_view branch) {
    if (branch.ends_with("\\z") || branch.ends_with("\\Z")) return true;
    return branch.ends_with("$") && !branch.ends_with("\\$");
  });
}

}  // namespace gantry::trial
