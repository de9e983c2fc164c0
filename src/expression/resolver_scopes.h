// Resolves names to slots, parameters, functions and builtins, scope by scope. Private to the resolver's files:
// resolver.cpp (variables, patterns, labels), resolver_calls.cpp (functions and builtins).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expression/resolver.h"

namespace gantry::expression {

struct Symbol {
  enum class Kind : std::uint8_t { variable, parameter, function, label };
  Kind kind;
  std::string name;
  std::uint32_t level = 0;
  std::uint32_t slot = 0;
  const Function* function = nullptr;
};

class Resolver {
 public:
  Resolver(std::span<const std::string> variables, Definitions& definitions, bool library, std::size_t errors_max = 1)
      : variables_(variables), definitions_(definitions), library_(library), errors_max_(errors_max) {
    used_.resize(variables.size());
    slots_.push_back(0);
  }

  std::optional<CompileError> run(NodePointer& root);
  std::vector<CompileError> errors() && { return std::move(errors_); }
  Resolved result() const { return {slots_.front(), used_}; }

 private:
  std::uint32_t level() const { return static_cast<std::uint32_t>(slots_.size() - 1); }

  bool is_stopped() const { return errors_.size() >= errors_max_; }
  void fail(std::size_t offset, std::string message);
  void resolve(NodePointer& pointer);
  void unknown_format(const Node& node);
  void resolve_children(Node& node);
  void resolve_definition(NodePointer& pointer);

  const Symbol* find_symbol(Symbol::Kind kind, std::string_view name) const;
  void resolve_variable(Node& node);
  void resolve_location(Node& node);
  std::uint32_t new_slot() { return slots_.back()++; }
  void declare(const std::string& name, std::uint32_t& slot, std::size_t from);
  void resolve_pattern(Pattern& pattern, std::size_t from);
  void resolve_binding(Node& node);
  void resolve_label(Node& node);
  void resolve_break(Node& node);

  // resolver_calls.cpp
  void resolve_call(NodePointer& pointer);
  void list_builtins(Node& node);
  void call(Node& node, const Function& function, std::uint32_t hops);
  void resolve_closure(NodePointer& pointer);
  NodePointer plain(Kind kind, std::size_t offset);
  bool resolve_closure_builtin(Node& node);
  NodePointer elements(std::size_t offset);
  void unknown_function(const Node& node);

  std::span<const std::string> variables_;
  Definitions& definitions_;
  bool library_;
  std::vector<bool> used_;
  std::vector<std::uint32_t> slots_;  // per open frame: how many slots it needs so far
  std::vector<Symbol> symbols_;
  std::size_t errors_max_;
  std::vector<CompileError> errors_;
};

}  // namespace gantry::expression
