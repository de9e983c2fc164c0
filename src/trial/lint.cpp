#include "trial/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/assert.h"
#include "definition/invariant.h"
#include "trial/lint_context.h"

namespace gantry::trial {
namespace {

using definition::EffectClass;
using definition::PolicyRule;

bool fits(const PolicyRule& rule, const OperationView& operation) {
  const bool named =
      rule.tools.empty() || std::any_of(rule.tools.begin(), rule.tools.end(), [&](const std::string& pattern) {
        return definition::names_operation(pattern, operation.tool, operation.operation);
      });
  return named && (rule.classes.empty() ||
                   std::find(rule.classes.begin(), rule.classes.end(), operation.effect_class) != rule.classes.end());
}

bool is_built_in(const std::string& pattern) {
  return pattern.starts_with("http.") || pattern.starts_with("mcp.") || pattern.starts_with("policy.");
}

}  // namespace

const char* name_of(LintSeverity severity) {
  switch (severity) {
    case LintSeverity::error:
      return "error";
    case LintSeverity::warning:
      return "warning";
    case LintSeverity::note:
      break;
  }
  return "note";
}

const std::vector<LintKind>& lint_kinds() {
  using enum LintSeverity;
  // clang-format off: one row a kind
  static const std::vector<LintKind> kinds = {
      {"never-matches", error, "no operation of the project has one of the rule's tools and one of its classes"},
      {"never-true", error,
       "a condition can hold, or be answered, for no arguments of any operation that the rule fits"},
      {"dead-rung", warning, "a rung of a ladder can't hold where it is asked"},
      {"shadowed", warning, "another rule denies everything that this one could allow or ask for"},
      {"unconditional-allow", error, "send, grant, destroy, money or credential is allowed without any condition"},
      {"unconditional-write", warning, "write, notify or egress_read is allowed without any condition"},
      {"model-chooses", warning,
       "an allow looks only at arguments that a model may choose: nothing ties who is affected to a list, a label, the "
       "request or a fixed value"},
      {"self-approval", warning, "who asks can give the only approval"},
      {"too-few-approvers", error, "fewer people hold the roles than must agree"},
      {"last-approver", warning, "as soon as one of the people who may approve asks, too few are left"},
      {"no-rule", warning, "no rule speaks about the operation: it is always denied"},
      {"class-missing", warning, "the operation declares no class, and so is `credential`"},
      {"budget-never-charged", error, "no operation of the project is charged to the budget"},
      {"budget-always-fails", error,
       "the sum reads an argument that an operation charged to the budget doesn't have, which denies"},
      {"money-without-budget", warning, "money is allowed without asking, and no budget limits how often"},
      {"asks-unbounded", note, "people may be asked, and no budget of asks keeps a hijacked run from asking for ever"},
      {"list-unused", warning, "no condition names the list"},
      {"list-empty", error, "the list has no entries"},
      {"list-single", note, "the list has one entry: a fixed value says the same"},
      {"list-lookalike", warning, "two entries are the same but for case, blanks or characters that look alike"},
      {"unknown-argument", error,
       "a condition reads an argument that no operation which the rule fits has, so it always denies"},
      {"argument-of-some", warning,
       "a condition reads an argument that some operations which the rule fits don't have: these are always denied"},
      {"unknown-list", error, "a condition names a list that no policy has"},
      {"unknown-level", error, "a function is asked for a level or shape that there is not"},
      {"unknown-budget", error, "a condition names a budget that no policy has"},
      {"type-mismatch", error, "a comparison of values of different types: it always has the same answer"},
      {"label-inequality", warning, "a label is compared with != : levels that were not thought of pass"},
      {"regex-unanchored", warning, "a pattern that allows holds for a part of the text, too"},
      {"regex-line-end", note, "$ also holds before a line break at the end; \\z does not"},
      {"window-empty", error, "the time window is never open"},
      {"window-past", warning, "the time window is over"},
      {"delegation-past", note, "the delegation is over"},
  };
  // clang-format on
  return kinds;
}

LintContext::LintContext(const definition::ProjectPointer& the_project, const LintOptions& the_options)
    : project(*the_project), options(the_options), satisfiability(*the_project) {
  for (const auto& [tool, definition] : project.tools)
    for (const auto& [name, operation] : definition->operations)
      operations.push_back({tool, name, operation.effect_class, &operation});
  for (const auto& [name, policy] : project.policies) {
    for (const PolicyRule& rule : policy->rules) {
      RuleView& view = rules.emplace_back();
      view.policy = policy.get();
      view.rule = &rule;
      view.name = name + "/" + rule.id;
      for (const OperationView& operation : operations)
        if (fits(rule, operation)) view.operations.push_back(&operation);
      view.names_built_in = std::any_of(rule.tools.begin(), rule.tools.end(), is_built_in);
      for (const auto& [key, condition] : {std::pair("when", &rule.when), std::pair("deny", &rule.deny_if),
                                           std::pair("fourEyesIf", &rule.four_eyes_if),
                                           std::pair("approve", &rule.approve_if), std::pair("allow", &rule.allow_if)})
        if (*condition) view.conditions.emplace_back(key, view_of(**condition));
    }
  }
}

void LintContext::add(const char* code, const std::string& path, SourcePlace place, std::string subject,
                      std::string message, std::string advice) {
  for (const LintKind& kind : lint_kinds()) {
    if (std::string_view(kind.code) != code) continue;
    found.push_back({&kind, path, place, std::move(subject), std::move(message), std::move(advice)});
    return;
  }
  GANTRY_ASSERT(false, "a finding of lint has no kind");
}

bool may_allow(const PolicyRule& rule) {
  return rule.allow_if.has_value() || rule.verdict == definition::VerdictKind::allow;
}

bool is_reading(EffectClass effect_class) {
  return effect_class == EffectClass::read || effect_class == EffectClass::egress_read;
}

std::string names_of(const std::vector<const OperationView*>& operations) {
  constexpr std::size_t shown_max = 3;
  std::string text;
  for (std::size_t i = 0; i < operations.size() && i < shown_max; ++i)
    text += (i == 0 ? "" : ", ") + operations[i]->name();
  if (operations.size() > shown_max) text += fmt::format(" and {} more", operations.size() - shown_max);
  return text;
}

std::vector<LintFinding> lint(const definition::ProjectPointer& project, const LintOptions& options) {
  LintContext context(project, options);
  for (auto* part :
       {lint_matching, lint_allows, lint_conditions, lint_people, lint_budgets, lint_lists, lint_times, lint_tools})
    part(context);
  std::stable_sort(context.found.begin(), context.found.end(), [](const LintFinding& a, const LintFinding& b) {
    const auto key = [](const LintFinding& one) {
      return std::tuple(std::string_view(one.path), one.place.line, one.place.column, std::string_view(one.kind->code));
    };
    return key(a) < key(b);
  });
  return std::move(context.found);
}

}  // namespace gantry::trial
