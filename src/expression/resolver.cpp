#include "expression/resolver.h"

#include <algorithm>

#include "expression/arity.h"
#include "expression/formats.h"
#include "expression/names.h"
#include "expression/resolver_scopes.h"

namespace gantry::expression {

std::optional<CompileError> Resolver::run(NodePointer& root) {
  resolve(root);
  return errors_.empty() ? std::nullopt : std::optional(errors_.front());
}

void Resolver::fail(std::size_t offset, std::string message) {
  if (is_stopped()) return;
  errors_.push_back({offset, std::move(message)});
}

void Resolver::resolve(NodePointer& pointer) {
  if (is_stopped()) return;
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
      if (!is_format(node.constant.as_string())) unknown_format(node);
      resolve_children(node);
      break;
    default:
      resolve_children(node);
  }
  if (!errors_.empty()) return;  // the program will not run: only further errors are looked for
  pointer->arity = arity_of(*pointer);
  if (pointer->kind == Kind::pipe) mark_last_use(*pointer->children[1]);
  if (pointer->kind == Kind::reduce || pointer->kind == Kind::foreach) mark_last_use(*pointer->children[2]);
}

void Resolver::unknown_format(const Node& node) {
  static const std::vector<std::string> known = {"text", "json", "html",   "uri",     "urid",   "csv",
                                                 "tsv",  "sh",   "base64", "base64d", "base32", "base32d"};
  std::string message = "found the unknown format '@" + std::string(node.constant.as_string()) + "'";
  if (const std::string nearest = nearest_name(node.constant.as_string(), known); !nearest.empty()) {
    message += "; did you mean '@" + nearest + "'?";
  } else {
    message += "; expected one of";
    for (const std::string& name : known) message += " @" + name;
  }
  fail(node.offset, std::move(message));
}

void Resolver::resolve_children(Node& node) {
  for (NodePointer& child : node.children) resolve(child);
}

void Resolver::resolve_definition(NodePointer& pointer) {
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

const Symbol* Resolver::find_symbol(Symbol::Kind kind, std::string_view name) const {
  for (auto symbol = symbols_.rbegin(); symbol != symbols_.rend(); ++symbol)
    if (symbol->kind == kind && symbol->name == name) return &*symbol;
  return nullptr;
}

void Resolver::resolve_variable(Node& node) {
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

void Resolver::resolve_location(Node& node) {
  node.kind = Kind::literal;
  node.constant = Value::object({{"file", "<top-level>"}, {"line", static_cast<std::int64_t>(node.slot)}});
}

void Resolver::declare(const std::string& name, std::uint32_t& slot, std::size_t from) {
  for (std::size_t i = from; i < symbols_.size(); ++i)
    if (symbols_[i].kind == Symbol::Kind::variable && symbols_[i].name == name) {
      slot = symbols_[i].slot;
      return;
    }
  slot = new_slot();
  symbols_.push_back({Symbol::Kind::variable, name, level(), slot, nullptr});
}

void Resolver::resolve_pattern(Pattern& pattern, std::size_t from) {
  if (pattern.kind == Pattern::Kind::variable) return declare(pattern.name, pattern.slot, from);
  for (Pattern::Entry& entry : pattern.entries) {
    if (entry.key) resolve(entry.key);
    if (!entry.variable.empty()) declare(entry.variable, entry.variable_slot, from);
    if (entry.has_pattern) resolve_pattern(entry.pattern, from);
  }
}

// bind: [source, body]; folds: [source, initial, update, extract]. The variables are not seen by source and initial.
void Resolver::resolve_binding(Node& node) {
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

void Resolver::resolve_label(Node& node) {
  std::size_t outside = symbols_.size();
  node.slot = new_slot();
  symbols_.push_back({Symbol::Kind::label, node.name, level(), node.slot, nullptr});
  resolve_children(node);
  symbols_.resize(outside);
}

void Resolver::resolve_break(Node& node) {
  const Symbol* found = find_symbol(Symbol::Kind::label, node.name);
  if (!found) {
    std::vector<std::string> known;
    for (const Symbol& symbol : symbols_)
      if (symbol.kind == Symbol::Kind::label) known.push_back(symbol.name);
    const std::string nearest = nearest_name(node.name, known);
    return fail(node.offset, "there is no label $" + node.name + " around this break" +
                                 (nearest.empty() ? "" : "; did you mean $" + nearest + "?"));
  }
  node.hops = level() - found->level;
  node.slot = found->slot;
}

std::optional<CompileError> resolve_program(NodePointer& root, std::span<const std::string> variables,
                                            Definitions& definitions, Resolved& resolved) {
  Resolver resolver(variables, definitions, false);
  auto error = resolver.run(root);
  resolved = resolver.result();
  return error;
}

std::vector<CompileError> errors_in(NodePointer& root, std::span<const std::string> variables, Definitions& definitions,
                                    std::size_t errors_max) {
  Resolver resolver(variables, definitions, false, errors_max);
  resolver.run(root);
  std::vector<CompileError> errors = std::move(resolver).errors();
  std::stable_sort(errors.begin(), errors.end(),
                   [](const CompileError& left, const CompileError& right) { return left.offset < right.offset; });
  return errors;
}

std::optional<CompileError> resolve_library(NodePointer& root, Definitions& definitions) {
  return Resolver({}, definitions, true).run(root);
}

}  // namespace gantry::expression
