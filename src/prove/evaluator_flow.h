// Templates of Evaluator that more than one of its files uses.
#pragma once

#include "prove/evaluator.h"

namespace gantry::prove {

template <class Then>
Outcomes Evaluator::after(const Node& first, const Frame& frame, const Condition& condition, const Then& then) {
  Outcomes outcomes;
  for (Outcome& outcome : node(first, frame, condition)) {
    if (outcome.kind != Outcome::Kind::value) {
      outcomes.push_back(std::move(outcome));
      continue;
    }
    for (Outcome& next : then(outcome.value, outcome.condition)) outcomes.push_back(std::move(next));
    if (outcomes.size() > outcomes_max * 2) return anything(frame, condition);
  }
  return outcomes;
}

template <class Then>
void Evaluator::split(TermPointer value, const Condition& condition, const Then& then) {
  const TypeMask types = condition.types_of(value);
  if ((types & type_falsy) == 0) return then(true, condition);
  if ((types & ~type_falsy) == 0) return then(false, condition);
  for (const bool holds : {true, false}) {
    Condition known = condition;
    const auto mask = static_cast<TypeMask>(holds ? type_any & ~type_falsy : type_falsy);
    if (known.restrict_types(value, mask)) then(holds, known);
  }
}

}  // namespace gantry::prove
