// Compiling the expressions of a definition file; what is wrong in one is reported at its line and column.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "definition/reader.h"
#include "definition/workflow.h"

namespace gantry::definition {

// The variables an expression may use, in the order in which they are bound. An inner variable hides an outer one of
// the same name; the outer one keeps its position under a name that nobody can mean.
class Scope {
 public:
  explicit Scope(std::vector<std::string> names = {}) : names_(std::move(names)), fixed_(names_.size()) {}
  // The standard arguments; $output holds nothing but where with_value says so.
  static Scope standard();

  const std::vector<std::string>& names() const { return names_; }
  std::size_t added() const { return names_.size() - fixed_; }  // scope variables after the fixed ones
  Scope with(const std::string& name) const;
  Scope hiding_added() const;  // for the body of a function, which does not see its caller's variables

  // A variable that is bound but always null here: an expression that reads it gets a warning that says why.
  Scope without_value(const std::string& name, std::string why) const;
  Scope with_value(const std::string& name) const;
  const std::map<std::string, std::string>& without_values() const { return without_values_; }

 private:
  void hide(std::size_t index);
  std::vector<std::string> names_;
  std::size_t fixed_;
  std::map<std::string, std::string> without_values_;  // name -> why
};

// For fields that are evaluated before there is a transformed input: `if`, `input.from`.
Scope without_input(const Scope& scope);

// Whether $secrets may be read: only where the engine keeps what was read out of the journal.
enum class SecretUse { refused, allowed };

// A field that holds one expression, bare or inside "${ }": if, when, in, while, ...
std::optional<Expression> read_expression(const Node& node, const Scope& scope, SecretUse secrets = SecretUse::refused);
// A value with "${ }" strings in it. Text with "${" in the middle is reported: it would not be evaluated.
Template read_template(const Node& node, const Scope& scope, SecretUse secrets = SecretUse::refused);
// The same for a value that was put together from several places; problems go to `node`.
Template build_template(const Node& node, const Value& value, const Scope& scope);
// from / as: a bare expression, or an object with "${ }" strings.
std::optional<Template> read_transform(const Node& node, const Scope& scope, SecretUse secrets = SecretUse::refused);
// for.in: an expression, or a list written out.
std::optional<Expression> read_collection(const Node& node, const Scope& scope);
// A string that is a name for a variable; reported when it is no jq identifier or one of the standard arguments.
std::optional<std::string> read_variable(const Node& node);

}  // namespace gantry::definition
