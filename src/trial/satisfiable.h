// Whether a condition of a policy can hold for an operation at all, asked of z3 through prove/: over every argument
// that the operation's schema takes, whoever asks, whatever the run has read. "never" is a proof; the others may be
// wrong. Private to trial/.
#pragma once

#include "prove/policy_view.h"

namespace gantry::trial {

struct OperationView {
  std::string tool, operation;
  definition::EffectClass effect_class = definition::EffectClass::credential;
  const definition::Operation* definition = nullptr;
  std::string name() const { return tool + "." + operation; }
};

// How one rule can answer to one operation.
struct RuleReach {
  bool when_never = false;         // `when` can't hold
  std::vector<std::string> never;  // rungs that can't hold where they are asked: "allow", ...
  bool rest = true;                // it may come to `else`, or to saying nothing
  bool always_denies = false;      // whatever the effect
};

class Satisfiability {
 public:
  explicit Satisfiability(const definition::Project& project);

  RuleReach reach_of(const definition::PolicyRule& rule, const OperationView& operation);

 private:
  struct Answers {
    std::vector<prove::Condition> yes, no;  // what fails is in neither
  };
  Answers ask(const definition::Condition& condition, prove::TermPointer facts,
              const std::vector<prove::Condition>& open);
  prove::Condition known_of(const OperationView& operation, prove::TermPointer arguments);

  prove::Terms terms_;
  prove::Solver solver_;
  prove::Evaluator evaluator_;
  prove::PolicyView view_;
};

}  // namespace gantry::trial
