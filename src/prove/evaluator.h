// Evaluates jq on terms. The result is a list of outcomes that together cover everything the expression can do with any
// values that fit the condition; an outcome may also cover things that can't happen. What is not understood gives one
// outcome that may be any value and one that is an error.
//
// Understood exactly: paths of members and items, literals, objects, lists, and/or/not, //, if, try, `as $x`, select,
// == != < <= > >=, + - * of numbers, + of objects, = and += on members, length, type.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "definition/workflow.h"
#include "expression/syntax.h"
#include "prove/condition.h"
#include "prove/solver.h"

namespace gantry::prove {

struct Outcome {
  enum class Kind : std::uint8_t { value, error, none } kind = Kind::value;  // none: no output; only within expressions
  TermPointer value = nullptr;                                               // of Kind::value
  Condition condition;
};
using Outcomes = std::vector<Outcome>;

// What an expression sees.
struct View {
  TermPointer dot = nullptr;
  std::span<const TermPointer> arguments;  // of the program, in its order
};

class Evaluator {
 public:
  Evaluator(Terms& terms, Solver& solver) : terms_(terms), solver_(solver) {}

  // Outcomes are values or errors. At most `outcomes_max`; more become one unknown value and one error.
  Outcomes evaluate(const definition::Expression& expression, const View& view, const Condition& condition);
  // `names`: of the variables, in the order of `view.arguments`; a template's programs are compiled again to be read.
  Outcomes evaluate(const definition::Template& source, std::span<const std::string> names, const View& view,
                    const Condition& condition);
  // The value is literal true or false.
  Outcomes truth(const definition::Expression& expression, const View& view, const Condition& condition);
  // Whether the condition can hold, as far as is known: false is certain.
  bool may_hold(const Condition& condition);

  static constexpr std::size_t outcomes_max = 24;

 private:
  using Node = expression::Node;
  using Slots = std::vector<TermPointer>;
  struct Frame {
    View view;
    Slots slots;  // of `as $x`; null where nothing is known
  };

  struct Scoped {
    std::span<const std::string> names;
    View view;
  };
  const Node* compiled(std::string_view text, std::span<const std::string> names);
  Outcomes structure(const Value& source, const Scoped& scope, const Condition& condition);
  Outcomes parts(const Value& source, const Scoped& scope, const Condition& condition);
  Outcomes some_structure(const Value& source, const View& view, const Condition& condition);
  Outcomes run(const Node& root, std::string_view text, const View& view, const Condition& condition);
  Outcomes node(const Node& node, const Frame& frame, const Condition& condition);
  // Any value that the node can give, no value, or an error.
  Outcomes unknown(const Node& node, const Frame& frame, const Condition& condition);
  Outcomes anything(const Frame& frame, const Condition& condition, TypeMask types = type_any);
  Outcomes field(const Node& node, const Frame& frame, const Condition& condition);
  Outcomes access(TermPointer target, const Value& key, const Condition& condition);
  Outcomes index(const Node& node, const Frame& frame, const Condition& condition);
  Outcomes logic(const Node& node, const Frame& frame, const Condition& condition);
  Outcomes conditional(const Node& node, const Frame& frame, const Condition& condition);
  Outcomes alternative(const Node& node, const Frame& frame, const Condition& condition);
  Outcomes binary(const Node& node, const Frame& frame, const Condition& condition);
  Outcomes compare(expression::Operation operation, TermPointer left, TermPointer right, const Condition& condition);
  Outcomes add(const Node& node, const Frame& frame, TermPointer left, TermPointer right, const Condition& condition);
  Outcomes arithmetic(const Node& node, const Frame& frame, TermPointer left, TermPointer right,
                      const Condition& condition);
  Outcomes object(const Node& node, const Frame& frame, const Condition& condition);
  Outcomes array(const Node& node, const Frame& frame, const Condition& condition);
  Outcomes native(const Node& node, const Frame& frame, const Condition& condition);
  Outcomes native_of_value(const Node& node, const Frame& frame, const Condition& condition);
  bool refuse_null(TermPointer value, bool items, Condition& condition, Outcomes& outcomes);
  Outcomes assign(const Node& node, const Frame& frame, const Condition& condition);
  Outcomes put(TermPointer target, std::span<const std::string> path, TermPointer value, const Condition& condition);
  Outcomes bind(const Node& node, const Frame& frame, const Condition& condition);
  Outcomes attempt(const Node& node, const Frame& frame, const Condition& condition);
  // The outcomes of `node`, and for each value what `then` makes of it.
  template <class Then>
  Outcomes after(const Node& node, const Frame& frame, const Condition& condition, const Then& then);
  // The two ways in which the value can be true or not; those that are possible.
  template <class Then>
  void split(TermPointer value, const Condition& condition, const Then& then);
  Outcome of(TermPointer value, const Condition& condition) { return {.value = value, .condition = condition}; }
  static Outcome error(const Condition& condition) { return {.kind = Outcome::Kind::error, .condition = condition}; }

  Terms& terms_;
  Solver& solver_;
  std::string_view text_;                                       // of the expression at hand
  std::map<std::string, expression::ProgramPointer> programs_;  // by names and text
};

}  // namespace gantry::prove
