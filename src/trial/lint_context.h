// What the kinds of findings of lint share. Private to trial/.
#pragma once

#include <set>

#include "trial/condition_view.h"
#include "trial/lint.h"
#include "trial/satisfiable.h"

namespace gantry::trial {

// One rule with all that is asked about it again and again.
struct RuleView {
  const definition::Policy* policy = nullptr;
  const definition::PolicyRule* rule = nullptr;
  std::string name;                                               // "policy/rule"
  std::vector<const OperationView*> operations;                   // of the project that its tools and classes fit
  std::vector<std::pair<std::string, ConditionView>> conditions;  // by key: "when", "allow", ...
  bool names_built_in = false;                                    // http, mcp or policy: operations that no project has
};

class LintContext {
 public:
  LintContext(const definition::ProjectPointer& project, const LintOptions& options);

  const definition::Project& project;
  const LintOptions& options;
  std::vector<OperationView> operations;  // of all tools
  std::vector<RuleView> rules;            // by name
  Satisfiability satisfiability;
  std::vector<LintFinding> found;

  void add(const char* code, const std::string& path, SourcePlace place, std::string subject, std::string message,
           std::string advice);
  void add(const char* code, const RuleView& rule, std::string message, std::string advice) {
    add(code, rule.policy->path, rule.rule->place, rule.name, std::move(message), std::move(advice));
  }
};

// Whether the rule may allow without asking anybody: `verdict: allow`, an `allow` rung, `else: allow`.
bool may_allow(const definition::PolicyRule& rule);
bool is_reading(definition::EffectClass effect_class);
// False: the gate refuses the argument, or the operation takes none.
bool may_have(const OperationView& operation, const std::string& argument);
// "bank.pay, bank.open and 3 more"
std::string names_of(const std::vector<const OperationView*>& operations);

void lint_matching(LintContext& context);    // rules and rungs that can have no effect
void lint_allows(LintContext& context);      // what is allowed too easily
void lint_conditions(LintContext& context);  // names, types, patterns and labels in conditions
void lint_people(LintContext& context);      // approvals that nobody, or the wrong person, can give
void lint_budgets(LintContext& context);
void lint_lists(LintContext& context);
void lint_times(LintContext& context);
void lint_tools(LintContext& context);  // operations that no rule speaks about

}  // namespace gantry::trial
