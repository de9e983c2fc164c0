#include "expression/resolver.h"

#include <algorithm>
#include <array>

#include "expression/builtins.h"
#include "expression/formats.h"
#include "expression/names.h"

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

struct Symbol {
  enum class Kind : std::uint8_t { variable, parameter, function, label };
  Kind kind;
  std::string name;
  std::uint32_t level = 0;
  std::uint32_t slot = 0;
  const Function* function = nullptr;
};

// For a node whose input nobody needs afterwards: lets it, or the part of it that looks at the input last, move the
// input instead of copying it, so that `. + [$x]` and `.[$k] = $v` in a fold change their state in place.
void mark_last_use(Node& node) {
  if (node.kind == Kind::pipe) return mark_last_use(*node.children[0]);
  if (node.arity == Arity::many) return;
  switch (node.kind) {
    case Kind::identity:
    case Kind::call_native:
    case Kind::assign:
    case Kind::modify:
    case Kind::modify_with:
    case Kind::alternative_assign:
      node.consumes = true;
      break;
    case Kind::binary:
      node.consumes = node.children[0]->kind == Kind::identity;
      break;
    case Kind::conditional:
      mark_last_use(*node.children[1]);
      mark_last_use(*node.children[2]);
      break;
    case Kind::bind:
      if (node.patterns.size() == 1) mark_last_use(*node.children[1]);
      break;
    case Kind::try_catch:
      mark_last_use(*node.children[0]);
      break;
    default:
      break;
  }
}

bool binds_variables(const Node& node) {
  if (!node.patterns.empty() || node.kind == Kind::label) return true;
  if (node.kind == Kind::define && binds_variables(*node.children[0])) return true;
  return std::any_of(node.children.begin(), node.children.end(),
                     [](const NodePointer& child) { return child && binds_variables(*child); });
}

class Resolver {
 public:
  Resolver(std::span<const std::string> variables, Definitions& definitions, bool library)
      : variables_(variables), definitions_(definitions), library_(library) {
    used_.resize(variables.size());
    slots_.push_back(0);
  }

  std::optional<CompileError> run(NodePointer& root) {
    resolve(root);
    return failed_ ? std::optional(error_) : std::nullopt;
  }
  Resolved result() const { return {slots_.front(), used_}; }

 private:
  std::uint32_t level() const { return static_cast<std::uint32_t>(slots_.size() - 1); }

  void fail(std::size_t offset, std::string message) {
    if (failed_) return;
    failed_ = true;
    error_ = {offset, std::move(message)};
  }

  void resolve(NodePointer& pointer) {
    if (failed_) return;
    Node& node = *pointer;
    switch (node.kind) {
      case Kind::define:
        return resolve_definition(pointer);
      case Kind::variable:
        resolve_variable(node);
        break;
      case Kind::bind:
      case Kind::reduce:
      case Kind::foreach:
        resolve_binding(node);
        break;
      case Kind::label:
        resolve_label(node);
        break;
      case Kind::break_to:
        resolve_break(node);
        break;
      case Kind::call_function:
        resolve_call(pointer);
        break;
      case Kind::format:
      case Kind::text:
        if (!is_format(node.constant.as_string()))
          fail(node.offset,
               "found the unknown format '@" + std::string(node.constant.as_string()) +
                   "'; expected one of @text @json @html @uri @urid @csv @tsv @sh @base64 @base64d @base32 @base32d");
        resolve_children(node);
        break;
      default:
        resolve_children(node);
    }
    if (failed_) return;
    pointer->arity = arity_of(*pointer);
    if (pointer->kind == Kind::pipe) mark_last_use(*pointer->children[1]);
    if (pointer->kind == Kind::reduce || pointer->kind == Kind::foreach) mark_last_use(*pointer->children[2]);
  }

  void resolve_children(Node& node) {
    for (NodePointer& child : node.children) resolve(child);
  }

  void resolve_definition(NodePointer& pointer) {
    std::unique_ptr<Function> function = std::move(pointer->definition);
    const Function* made = function.get();
    std::size_t outside = symbols_.size();
    function->level = level();
    function->is_library = library_;
    symbols_.push_back({Symbol::Kind::function, function->name, level(), 0, made});
    slots_.push_back(0);
    for (std::size_t i = 0; i < function->parameters.size(); ++i)
      symbols_.push_back(
          {Symbol::Kind::parameter, function->parameters[i].name, level(), static_cast<std::uint32_t>(i), nullptr});
    function->body->arity = Arity::many;  // what a recursive call sees
    resolve(function->body);
    function->slots = slots_.back();
    slots_.pop_back();
    symbols_.resize(outside);
    symbols_.push_back({Symbol::Kind::function, function->name, level(), 0, made});
    definitions_.functions.push_back(std::move(function));
    NodePointer body = std::move(pointer->children[0]);
    resolve(body);
    if (!library_) symbols_.resize(outside);
    pointer = std::move(body);
  }

  const Symbol* find_symbol(Symbol::Kind kind, std::string_view name) const {
    for (auto symbol = symbols_.rbegin(); symbol != symbols_.rend(); ++symbol)
      if (symbol->kind == kind && symbol->name == name) return &*symbol;
    return nullptr;
  }

  void resolve_variable(Node& node) {
    if (node.name == "__loc__") return resolve_location(node);
    if (const Symbol* found = find_symbol(Symbol::Kind::variable, node.name)) {
      node.hops = level() - found->level;
      node.slot = found->slot;
      return;
    }
    for (std::size_t i = 0; i < variables_.size(); ++i) {
      if (variables_[i] != node.name) continue;
      node.kind = Kind::argument;
      node.slot = static_cast<std::uint32_t>(i);
      used_[i] = true;
      return;
    }
    if (node.name == "ENV")
      return fail(node.offset, "$ENV is not available: an expression can't see the environment of the server");
    std::vector<std::string> known(variables_.begin(), variables_.end());
    for (const Symbol& symbol : symbols_)
      if (symbol.kind == Symbol::Kind::variable) known.push_back(symbol.name);
    std::string message = "$" + node.name + " is not defined";
    std::string nearest = nearest_name(node.name, known);
    if (!nearest.empty()) message += "; did you mean $" + nearest + "?";
    fail(node.offset, message);
  }

  void resolve_location(Node& node) {
    node.kind = Kind::literal;
    node.constant = Value::object({{"file", "<top-level>"}, {"line", static_cast<std::int64_t>(node.slot)}});
  }

  std::uint32_t new_slot() { return slots_.back()++; }

  void declare(const std::string& name, std::uint32_t& slot, std::size_t from) {
    for (std::size_t i = from; i < symbols_.size(); ++i)
      if (symbols_[i].kind == Symbol::Kind::variable && symbols_[i].name == name) {
        slot = symbols_[i].slot;
        return;
      }
    slot = new_slot();
    symbols_.push_back({Symbol::Kind::variable, name, level(), slot, nullptr});
  }

  void resolve_pattern(Pattern& pattern, std::size_t from) {
    if (pattern.kind == Pattern::Kind::variable) return declare(pattern.name, pattern.slot, from);
    for (Pattern::Entry& entry : pattern.entries) {
      if (entry.key) resolve(entry.key);
      if (!entry.variable.empty()) declare(entry.variable, entry.variable_slot, from);
      if (entry.has_pattern) resolve_pattern(entry.pattern, from);
    }
  }

  static void widen_by_keys(const Pattern& pattern, Arity& arity) {
    for (const Pattern::Entry& entry : pattern.entries) {
      if (entry.key) arity = wider(arity, entry.key->arity);
      if (entry.has_pattern) widen_by_keys(entry.pattern, arity);
    }
  }

  // bind: [source, body]; folds: [source, initial, update, extract]. The variables are not seen by source and initial.
  void resolve_binding(Node& node) {
    resolve(node.children[0]);
    std::size_t first_inside = 1;
    if (node.kind != Kind::bind) {
      resolve(node.children[1]);
      first_inside = 2;
    }
    std::size_t outside = symbols_.size();
    for (Pattern& pattern : node.patterns) resolve_pattern(pattern, outside);
    for (std::size_t i = first_inside; i < node.children.size(); ++i) resolve(node.children[i]);
    symbols_.resize(outside);
  }

  void resolve_label(Node& node) {
    std::size_t outside = symbols_.size();
    node.slot = new_slot();
    symbols_.push_back({Symbol::Kind::label, node.name, level(), node.slot, nullptr});
    resolve_children(node);
    symbols_.resize(outside);
  }

  void resolve_break(Node& node) {
    const Symbol* found = find_symbol(Symbol::Kind::label, node.name);
    if (!found) return fail(node.offset, "there is no label $" + node.name + " around this break");
    node.hops = level() - found->level;
    node.slot = found->slot;
  }

  void resolve_call(NodePointer& pointer) {
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
  }

  void list_builtins(Node& node) {
    std::vector<Value> names;
    for (const std::string& name : function_names()) names.emplace_back(name);
    node.kind = Kind::literal;
    node.constant = Value::array(std::move(names));
  }

  void call(Node& node, const Function& function, std::uint32_t hops) {
    node.function = &function;
    node.hops = hops;
    for (NodePointer& child : node.children) resolve_closure(child);
  }

  // An expression that may be evaluated while it is being evaluated needs a frame for its variables.
  void resolve_closure(NodePointer& pointer) {
    if (failed_) return;
    if (!binds_variables(*pointer)) return resolve(pointer);
    slots_.push_back(0);
    resolve(pointer);
    pointer->own_frame = true;
    pointer->slots = slots_.back();
    slots_.pop_back();
  }

  NodePointer plain(Kind kind, std::size_t offset) {
    auto made = std::make_unique<Node>();
    made->kind = kind;
    made->offset = offset;
    return made;
  }

  bool resolve_closure_builtin(Node& node) {
    const auto* found = std::find_if(
        std::begin(closure_builtins), std::end(closure_builtins), [&node](const ClosureBuiltin& candidate) {
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
  NodePointer elements(std::size_t offset) {
    auto made = plain(Kind::iterate, offset);
    made->children.push_back(plain(Kind::identity, offset));
    return made;
  }

  void unknown_function(const Node& node) {
    std::size_t count = node.children.size();
    for (const Refused& refused : refused_functions)
      if (refused.name == node.name)
        return fail(node.offset, "'" + node.name + "' is not available: " + std::string(refused.reason));
    std::string called =
        "'" + node.name + "'" +
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

  static Arity widest(const Node& node) {
    Arity arity = Arity::one;
    for (const NodePointer& child : node.children) arity = wider(arity, child->arity);
    return arity;
  }

  static Arity optional_unless_many(Arity arity) { return wider(arity, Arity::optional); }

  Arity arity_of(const Node& node) const {
    auto child = [&node](std::size_t i) { return node.children[i]->arity; };
    switch (node.kind) {
      case Kind::identity:
      case Kind::literal:
      case Kind::argument:
      case Kind::variable:
      case Kind::array:
      case Kind::format:
      case Kind::member_of_key:
      case Kind::modify:
      case Kind::map:
      case Kind::map_values:
      case Kind::any_of:
      case Kind::all_of:
      case Kind::is_empty:
      case Kind::add_of:
      case Kind::delete_of:
      case Kind::pick:
      case Kind::sort_by:
      case Kind::group_by:
      case Kind::unique_by:
      case Kind::min_by:
      case Kind::max_by:
      case Kind::with_entries:
      case Kind::debug:
        return Arity::one;
      case Kind::field:
      case Kind::index:
      case Kind::slice:
      case Kind::pipe:
      case Kind::negate:
      case Kind::binary:
      case Kind::logic_and:
      case Kind::logic_or:
      case Kind::conditional:
      case Kind::object:
      case Kind::text:
      case Kind::call_native:
      case Kind::get_path:
        return widest(node);
      case Kind::alternative:
        return child(0) == Arity::many ? Arity::many : child(1);
      case Kind::try_catch:
        return node.children.size() > 1 ? widest(node) : optional_unless_many(child(0));
      case Kind::reduce:
        return child(1);
      case Kind::bind: {
        Arity arity = widest(node);
        for (const Pattern& pattern : node.patterns) widen_by_keys(pattern, arity);
        return arity;
      }
      case Kind::label:
        return optional_unless_many(child(0));
      case Kind::break_to:
      case Kind::empty:
        return Arity::optional;
      case Kind::error_of:
      case Kind::path_of:
      case Kind::select:
        return optional_unless_many(widest(node));
      case Kind::first_of:
      case Kind::last_of:
        return Arity::optional;
      case Kind::nth_of:
        return optional_unless_many(child(0));
      case Kind::until:
        return widest(node) == Arity::one ? Arity::one : Arity::many;
      case Kind::walk:
        return child(0) == Arity::one ? Arity::one : Arity::many;
      case Kind::substitute:
        return widest(node) == Arity::one ? Arity::one : Arity::many;
      case Kind::assign:
      case Kind::modify_with:
      case Kind::alternative_assign:
        return child(1);
      case Kind::call_function:
        return node.function->body->arity;
      default:
        return Arity::many;
    }
  }

  std::span<const std::string> variables_;
  Definitions& definitions_;
  bool library_;
  std::vector<bool> used_;
  std::vector<std::uint32_t> slots_;  // per open frame: how many slots it needs so far
  std::vector<Symbol> symbols_;
  bool failed_ = false;
  CompileError error_;
};

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

std::optional<CompileError> resolve_program(NodePointer& root, std::span<const std::string> variables,
                                            Definitions& definitions, Resolved& resolved) {
  Resolver resolver(variables, definitions, false);
  auto error = resolver.run(root);
  resolved = resolver.result();
  return error;
}

std::optional<CompileError> resolve_library(NodePointer& root, Definitions& definitions) {
  return Resolver({}, definitions, true).run(root);
}

const std::vector<std::string>& function_names() {
  static const std::vector<std::string> names = all_function_names();
  return names;
}

}  // namespace gantry::expression
