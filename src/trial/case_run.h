// Runs cases: what the gate says, whether it is what the case expects, and which rules the cases reach.
#pragma once

#include "trial/case.h"

namespace gantry::trial {

struct CaseResult {
  const Case* one = nullptr;
  gate::Verdict verdict;
  std::vector<std::string> differences;  // sentences; empty: as expected
};

// What the cases had one rule say.
struct RuleCoverage {
  std::string rule;  // "policy/rule"
  std::string path;
  SourcePlace place;
  std::size_t asked = 0;            // cases whose effect its tools and classes fit
  std::size_t spoke = 0;            // of these, those to which it said anything
  std::vector<std::string> unseen;  // its rungs that no case made hold: "deny", "allow", "else"
};

struct CaseReport {
  std::vector<CaseResult> results;     // in the order of the cases
  std::vector<RuleCoverage> coverage;  // of all rules, by name
  std::size_t failed = 0;
};

CaseReport run_cases(const std::vector<Case>& cases, const definition::ProjectPointer& project);

// The verdict of one case under these policies and tools.
gate::Verdict judge_case(const Case& one, const definition::ProjectPointer& project);

// Every member of `part` is in `whole`; of a list, every item is part of one of its items; texts and numbers are equal.
bool contains(const Value& whole, const Value& part);

}  // namespace gantry::trial
