// What is known about terms on one path: a conjunction of constraints.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "prove/term.h"

namespace gantry::prove {

struct Constraint {
  enum class Kind : std::uint8_t {
    types,  // the left term's type is in `mask`
    equal,  // jq's ==
    less,   // jq's operators on any two values
    less_equal,
    greater,
    greater_equal,
    whole,  // the left term is a whole number that every double near it holds exactly: at most 2^52
  };
  Kind kind = Kind::types;
  bool positive = true;  // false: the comparison does not hold
  TypeMask mask = type_any;
  TermPointer left = nullptr, right = nullptr;
  bool operator==(const Constraint&) const = default;
};
std::string describe(const Constraint& constraint);

// Constraints that were not seen to contradict each other. Looking is quick and incomplete; Solver is thorough.
class Condition {
 public:
  // False: the constraint contradicts what is known, for certain; the condition is useless from then on.
  bool add(const Constraint& constraint);
  bool restrict_types(TermPointer term, TypeMask mask) { return add({.mask = mask, .left = term}); }

  // The types that the term can still have, an upper bound.
  TypeMask types_of(TermPointer term) const;
  const std::vector<Constraint>& constraints() const { return constraints_; }
  void keep_only(const std::vector<Constraint>& kept) { constraints_ = kept; }

 private:
  std::vector<Constraint> constraints_;
};

// Whether the value is `whole`.
bool is_whole(const Value& value);
// The truth of a comparison of two known values.
bool holds(Constraint::Kind kind, const Value& left, const Value& right);

}  // namespace gantry::prove
