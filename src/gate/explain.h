// Why a verdict is what it is: which rules were asked, which of their conditions held, over which facts, and what would
// have made it pass. For people; nothing is decided by it. Private to the gate.
#pragma once

#include "gate/judge.h"

namespace gantry::gate {

// The form of Verdict::explanation. Facts labelled secret are left out. For an allowed effect only what allowed it.
Value explain(const Verdict& verdict, const std::vector<RuleResult>& rules, const std::vector<BudgetResult>& budgets,
              const Value& facts, Timestamp now);

}  // namespace gantry::gate
