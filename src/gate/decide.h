// From what the rules and budgets said to one verdict: deny, then four eyes, then approve, then allow; default deny.
// Private to the gate.
#pragma once

#include "gate/judge.h"

namespace gantry::gate {

// `verdict` comes with its digests; the rest is filled in.
void decide(Verdict& verdict, const std::vector<RuleResult>& rules, const std::vector<BudgetResult>& budgets,
            const Circumstances& circumstances);
Verdict denied(Verdict verdict, std::string rule, std::string reason);

}  // namespace gantry::gate
