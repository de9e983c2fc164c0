// Why a verdict is what it is: which rules were asked, which of their conditions held, over which facts, and what would
// have made it pass. For people; nothing is decided by it. Private to the gate.
#pragma once

#include "gate/judge.h"

namespace gantry::gate {

// The form of Verdict::explanation. Facts labelled secret are left out. For an allowed effect only what allowed it,
// of its arguments only the labels that say something, and no empty members: most effects are allowed, and each verdict
// is journaled.
Value explain(const Verdict& verdict, const std::vector<RuleResult>& rules, const std::vector<BudgetResult>& budgets,
              const Value& facts, const Value& arguments, Timestamp now);

// The same form, of an explanation that an earlier version has journaled.
Value short_explanation(definition::VerdictKind kind, Value explanation);

}  // namespace gantry::gate
