// A JSON structure with expressions in it, as the workflow language has them: every string that is wholly
// "${ EXPRESSION }" (blanks around allowed) is replaced by the expression's first output; everything else is literal.
// Text that comes out of an evaluation is never evaluated again.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "expression/expression.h"

namespace gantry::expression {

// The program text inside "${ ... }", or nothing when the string is a literal. `offset` is where it starts.
struct Embedded {
  std::string_view text;
  std::size_t offset;
};
std::optional<Embedded> embedded_expression(std::string_view text);

struct TemplateError {
  std::string pointer;  // JSON pointer of the string within the template
  std::size_t offset;   // within that string
  std::string message;
};

class Template {
 public:
  Template() = default;  // null
  static std::variant<Template, TemplateError> compile(const Value& source,
                                                       std::span<const std::string> variables = {});

  // Errors as evaluate_first, the message prefixed by the pointer of the string within the template.
  Result<Value> evaluate(const Value& input, const Evaluation& evaluation) const;
  bool is_literal() const { return !node_; }
  const Value& source() const { return source_; }

 private:
  struct Node;
  Value source_;
  std::shared_ptr<const Node> node_;  // null when nothing in `source_` is an expression
};

}  // namespace gantry::expression
