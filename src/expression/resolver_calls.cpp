// Calls: parameters, functions of the program and the library, builtins, and those that are refused.
#include <algorithm>
#include <iterator>

#include "expression/builtins.h"
#include "expression/names.h"
#include "expression/resolver_scopes.h"

namespace gantry::expression {
namespace {

struct ClosureBuiltin {
  std::string_view name;
  std::size_t arguments;
  Kind kind;
};

constexpr ClosureBuiltin closure_builtins[] = {
    {"empty", 0, Kind::empty},       {"error", 0, Kind::error_of},
    {"error", 1, Kind::error_of},    {"path", 1, Kind::path_of},
    {"paths", 0, Kind::paths_of},    {"paths", 1, Kind::paths_of},
    {"select", 1, Kind::select},     {"recurse", 0, Kind::recurse},
    {"recurse", 1, Kind::recurse},   {"recurse", 2, Kind::recurse},
    {"map", 1, Kind::map},           {"map_values", 1, Kind::map_values},
    {"range", 1, Kind::range},       {"range", 2, Kind::range},
    {"range", 3, Kind::range},       {"first", 1, Kind::first_of},
    {"last", 1, Kind::last_of},      {"nth", 2, Kind::nth_of},
    {"limit", 2, Kind::limit},       {"skip", 2, Kind::skip},
    {"until", 2, Kind::until},       {"while", 2, Kind::while_do},
    {"repeat", 1, Kind::repeat},     {"any", 0, Kind::any_of},
    {"any", 1, Kind::any_of},        {"any", 2, Kind::any_of},
    {"all", 0, Kind::all_of},        {"all", 1, Kind::all_of},
    {"all", 2, Kind::all_of},        {"isempty", 1, Kind::is_empty},
    {"add", 0, Kind::add_of},        {"add", 1, Kind::add_of},
    {"del", 1, Kind::delete_of},     {"pick", 1, Kind::pick},
    {"getpath", 1, Kind::get_path},  {"sort_by", 1, Kind::sort_by},
    {"group_by", 1, Kind::group_by}, {"unique_by", 1, Kind::unique_by},
    {"min_by", 1, Kind::min_by},     {"max_by", 1, Kind::max_by},
    {"walk", 1, Kind::walk},         {"with_entries", 1, Kind::with_entries},
    {"sub", 2, Kind::substitute},    {"sub", 3, Kind::substitute},
    {"gsub", 2, Kind::substitute},   {"gsub", 3, Kind::substitute},
    {"debug", 0, Kind::debug},       {"debug", 1, Kind::debug},
    {"first", 0, Kind::index},       {"last", 0, Kind::index},
    {"nth", 1, Kind::index},
};

struct Refused {
  std::string_view name;
  std::string_view reason;
};

constexpr Refused refused_functions[] = {
    {"input", "an expression has no other inputs than '.' and its variables"},
    {"inputs", "an expression has no other inputs than '.' and its variables"},
    {"input_filename", "an expression reads no files"},
    {"input_line_number", "an expression reads no files"},
    {"env", "an expression can't see the environment of the server"},
    {"halt", "an expression can't end the server"},
    {"halt_error", "an expression can't end the server; use error"},
    {"modulemeta", "an expression has no modules"},
    {"get_search_list", "an expression has no modules"},
    {"get_prog_origin", "an expression has no modules"},
    {"get_jq_origin", "an expression has no modules"},
    {"stderr", "an expression can't write; use debug to say nothing"},
};

bool binds_variables(const Node& node) {
  if (!node.patterns.empty() || node.kind == Kind::label) return true;
  if (node.kind == Kind::define && binds_variables(*node.children[0])) return true;
  return std::any_of(node.children.begin(), node.children.end(),
                     [](const NodePointer& child) { return child && binds_variables(*child); });
}

}  // namespace

void Resolver::resolve_call(NodePointer& pointer) {
  Node& node = *pointer;
  std::size_t count = node.children.size();
  for (auto symbol = symbols_.rbegin(); symbol != symbols_.rend(); ++symbol) {
    if (symbol->name != node.name) continue;
    if (symbol->kind == Symbol::Kind::parameter && count == 0) {
      node.kind = Kind::call_parameter;
      node.hops = level() - symbol->level;
      node.slot = symbol->slot;
      return;
    }
    if (symbol->kind == Symbol::Kind::function && symbol->function->parameters.size() == count)
      return call(node, *symbol->function, level() - symbol->level);
  }
  if (resolve_closure_builtin(node)) return;
  if (const Builtin* builtin = find_builtin(node.name, count)) {
    node.kind = Kind::call_native;
    node.builtin = builtin;
    return resolve_children(node);
  }
  if (!library_) {
    for (const Function* function : library_functions())
      if (function->name == node.name && function->parameters.size() == count) return call(node, *function, 0);
    if (node.name == "builtins" && count == 0) return list_builtins(node);
  }
  unknown_function(node);
  resolve_children(node);  // for what else is wrong
}

void Resolver::list_builtins(Node& node) {
  std::vector<Value> names;
  for (const std::string& name : function_names()) names.emplace_back(name);
  node.kind = Kind::literal;
  node.constant = Value::array(std::move(names));
}

void Resolver::call(Node& node, const Function& function, std::uint32_t hops) {
  node.function = &function;
  node.hops = hops;
  for (NodePointer& child : node.children) resolve_closure(child);
}

// An expression that may be evaluated while it is being evaluated needs a frame for its variables.
void Resolver::resolve_closure(NodePointer& pointer) {
  if (is_stopped()) return;
  if (!binds_variables(*pointer)) return resolve(pointer);
  slots_.push_back(0);
  resolve(pointer);
  pointer->own_frame = true;
  pointer->slots = slots_.back();
  slots_.pop_back();
}

NodePointer Resolver::plain(Kind kind, std::size_t offset) {
  auto made = std::make_unique<Node>();
  made->kind = kind;
  made->offset = offset;
  return made;
}

bool Resolver::resolve_closure_builtin(Node& node) {
  const auto* found =
      std::find_if(std::begin(closure_builtins), std::end(closure_builtins), [&node](const ClosureBuiltin& candidate) {
        return candidate.name == node.name && candidate.arguments == node.children.size();
      });
  if (found == std::end(closure_builtins)) return false;
  node.kind = found->kind;
  std::size_t given = node.children.size();
  if (node.kind == Kind::index) {
    if (given == 0) {
      node.children.push_back(plain(Kind::literal, node.offset));
      node.children.back()->constant = Value(node.name == "first" ? 0 : -1);
    }
    node.children.insert(node.children.begin(), plain(Kind::identity, node.offset));
  }
  if (node.kind == Kind::add_of && given == 0) node.children.push_back(elements(node.offset));
  if (node.kind == Kind::any_of || node.kind == Kind::all_of) {
    if (given < 2) node.children.insert(node.children.begin(), elements(node.offset));
    if (given == 0) node.children.push_back(plain(Kind::identity, node.offset));
  }
  if (node.kind == Kind::substitute) node.operation = node.name == "gsub" ? Operation::add : Operation::subtract;
  bool reenters = node.kind == Kind::recurse || node.kind == Kind::until || node.kind == Kind::while_do;
  for (NodePointer& child : node.children) reenters ? resolve_closure(child) : resolve(child);
  return true;
}

// `.[]`
NodePointer Resolver::elements(std::size_t offset) {
  auto made = plain(Kind::iterate, offset);
  made->children.push_back(plain(Kind::identity, offset));
  return made;
}

void Resolver::unknown_function(const Node& node) {
  std::size_t count = node.children.size();
  for (const Refused& refused : refused_functions)
    if (refused.name == node.name)
      return fail(node.offset, "'" + node.name + "' is not available: " + std::string(refused.reason));
  std::string called = "'" + node.name + "'" +
                       (count == 0 ? "" : " with " + std::to_string(count) + (count == 1 ? " argument" : " arguments"));
  std::vector<std::string> names, same_name;
  auto consider = [&](const std::string& name, std::size_t arguments) {
    names.push_back(name);
    if (name == node.name) same_name.push_back(std::to_string(arguments));
  };
  for (const Symbol& symbol : symbols_) {
    if (symbol.kind == Symbol::Kind::function) consider(symbol.name, symbol.function->parameters.size());
    if (symbol.kind == Symbol::Kind::parameter) consider(symbol.name, 0);
  }
  if (!library_)
    for (const std::string& entry : function_names()) {
      std::size_t slash = entry.find('/');
      consider(entry.substr(0, slash), static_cast<std::size_t>(entry[slash + 1] - '0'));
    }
  std::string message = "there is no function " + called;
  if (!same_name.empty()) {
    std::sort(same_name.begin(), same_name.end());
    message += "; '" + node.name + "' takes ";
    for (std::size_t i = 0; i < same_name.size(); ++i) message += (i == 0 ? "" : " or ") + same_name[i];
    message += same_name.size() == 1 && same_name[0] == "1" ? " argument" : " arguments";
  } else if (std::string nearest = nearest_name(node.name, names); !nearest.empty()) {
    message += "; did you mean '" + nearest + "'?";
  }
  fail(node.offset, message);
}

namespace {

std::vector<std::string> all_function_names() {
  std::vector<std::string> names;
  auto add = [&names](std::string_view name, std::size_t arguments) {
    if (name.front() != '_') names.push_back(std::string(name) + "/" + std::to_string(arguments));
  };
  for (const ClosureBuiltin& builtin : closure_builtins) add(builtin.name, builtin.arguments);
  for (auto table : {structure_builtins(), text_builtins(), number_builtins(), date_builtins(), regex_builtins()})
    for (const Builtin& builtin : table) add(builtin.name, builtin.arguments);
  for (const Function* function : library_functions()) add(function->name, function->parameters.size());
  add("builtins", 0);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

const std::vector<std::string>& function_names() {
  static const std::vector<std::string> names = all_function_names();
  return names;
}

}  // namespace gantry::expression
