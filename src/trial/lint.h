// What looks wrong in the policies of a project: rules that can't have an effect, allows that a hostile model could
// use, approvals that nobody can give, budgets and lists that do nothing. Nothing is run but z3, through prove/, for
// conditions that can never hold. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "definition/project.h"

namespace gantry::trial {

enum class LintSeverity { error, warning, note };
const char* name_of(LintSeverity severity);

// Every kind of finding: its code, how grave it is, and what it says; for documents and tests.
struct LintKind {
  const char* code;
  LintSeverity severity;
  const char* meaning;
};
const std::vector<LintKind>& lint_kinds();

struct LintFinding {
  const LintKind* kind = nullptr;
  std::string path;
  SourcePlace place;
  std::string subject;  // "bank/pay", "list payees", "bank.pay"
  std::string message;  // what was seen
  std::string advice;   // what to do
};

struct LintOptions {
  Timestamp now{};  // for time windows
  // Who holds which roles; absent: not known, and nothing is said about it.
  std::optional<std::map<std::string, std::vector<std::string>>> people;
};

// Sorted by path, place and code.
std::vector<LintFinding> lint(const definition::ProjectPointer& project, const LintOptions& options);

}  // namespace gantry::trial
