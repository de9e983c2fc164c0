// Terms and constraints as z3 formulas, and z3's models as JSON values. Private to the solver; may throw z3::exception.
#pragma once

#include <map>
#include <string>

#include "prove/condition.h"
#include "prove/z3_library.h"

namespace gantry::prove {

class Encoding {
 public:
  Encoding(z3::context& context, z3::solver& solver) : context_(context), solver_(solver) {}

  void add(const Constraint& constraint);
  // A value for each symbol that was mentioned.
  std::map<TermPointer, Value> values(const z3::model& model);

 private:
  // A JSON value: its type as a number in jq's order, and its content as a number or as the number of a text.
  struct Leaf {
    z3::expr type, number, text;
    z3::expr exact;  // false: it may be NaN, so that nothing may be concluded from `number`
  };

  const Leaf& leaf(TermPointer term);
  Leaf make(TermPointer term);
  Leaf make_literal(const Value& value);
  Leaf make_arithmetic(TermPointer term);
  void link_to_base(TermPointer term, const Leaf& made);
  z3::expr comparison(const Constraint& constraint);
  z3::expr fresh(const char* name, const z3::sort& sort);
  z3::expr number_of(const Value& value);
  int text_number(std::string_view text);
  Value value_of(const z3::model& model, TermPointer term, int depth);
  Value structure_of(const z3::model& model, TermPointer term, int type, int depth);
  int integer_in(const z3::model& model, const z3::expr& expression) const;
  Value number_in(const z3::model& model, const z3::expr& expression) const;

  z3::context& context_;
  z3::solver& solver_;
  std::map<TermPointer, Leaf> leaves_;
  std::map<std::string, int, std::less<>> texts_;
  int fresh_ = 0;
};

}  // namespace gantry::prove
