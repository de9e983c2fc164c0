// What the policies of a project may say to an effect of which only a part is known.
#pragma once

#include "definition/invariant.h"
#include "definition/project.h"
#include "prove/evaluator.h"
#include "prove/label_shape.h"

namespace gantry::prove {

// An effect as far as it is known. Null terms are unknown.
struct EffectView {
  const definition::Workflow* workflow = nullptr;  // null: any
  std::string task;                                // reference; empty: any
  std::string tool, operation;
  definition::EffectClass effect_class = definition::EffectClass::credential;
  bool irreversible = false;
  TermPointer arguments = nullptr;
  const definition::Operation* called = nullptr;  // its definition
  const LabelShape* labels = nullptr;             // bounds of the arguments' labels
  Label context = Label::unknown();               // bound of the labels of all that was read
};

// What one rule says in one case.
enum class RuleSays : std::uint8_t { nothing, allow, approve, four_eyes, deny };

class PolicyView {
 public:
  PolicyView(const definition::Project& project, Terms& terms, Evaluator& evaluator)
      : project_(project), terms_(terms), evaluator_(evaluator) {}

  // Whether the gate may permit it, at once or after approvals. False is certain.
  bool may_permit(const EffectView& effect, const Condition& condition);
  // The conditions under which it may permit it after fewer than `approvers` different people have approved.
  // `facts`: those that the condition is about already, or null.
  std::vector<Condition> permitted_with_fewer(const EffectView& effect, std::size_t approvers, const Condition& condition,
                                              TermPointer facts = nullptr);
  // What a policy's condition sees (gate/facts.h), as a term; what is known of new symbols in it goes to the condition.
  TermPointer facts(const EffectView& effect, Condition& condition);

  // What a policy's condition may say of the facts, and when. It fails, as in the gate, where it gives an error or no
  // boolean, or names a fact that is missing.
  struct Answers {
    std::vector<Condition> yes, no, failed;
    std::vector<Condition> yes_or_failed() &&;
  };
  Answers ask(const definition::Condition& asked, TermPointer facts, const Condition& condition);

 private:
  struct RuleCase {
    Condition condition;
    RuleSays says = RuleSays::nothing;
  };
  bool require(const definition::FactPath& path, TermPointer facts, Condition& condition, Answers& answers);
  TermPointer label_facts(Label bound, TermPointer arguments, Condition& condition);
  TermPointer labels(const EffectView& effect, Condition& condition);
  TermPointer audience(const EffectView& effect);
  std::vector<RuleCase> cases_of(const definition::PolicyRule& rule, TermPointer facts, const Condition& condition);

  const definition::Project& project_;
  Terms& terms_;
  Evaluator& evaluator_;
};

}  // namespace gantry::prove
