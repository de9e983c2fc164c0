// A policy: what the gate allows, denies, or has people approve. File form: docs/reference/policy.md.
//
//   policy: port
//   version: 1.0.0
//   lists: {hauliers: {file: hauliers.csv, key: scac}}
//   rules:
//     - id: reads
//       classes: [read]
//       verdict: allow
//     - id: pay
//       tools: [bank.pay]                # TOOL.OPERATION, TOOL.*, or *
//       allow: .args.amount <= 250       # a ladder: deny > fourEyesIf > approve > allow > else
//       fourEyesIf: .args.amount > 5000
//       else: approve
//       approvers: [{role: finance}]
//   budgets: [{id: spend, scope: run, classes: [money], sum: .args.amount, max: 1000}]
//   duties: [{approve: pay, not: [author_of_workflow]}]
//
// Conditions are jq over facts that the engine kept (gate/facts.h). Default deny; deny overrides approve overrides
// allow; order never matters; a condition that errors, reads a fact that is missing, or is not a boolean denies.
#pragma once

#include <array>
#include <bitset>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time_zone.h"
#include "definition/invariant.h"
#include "definition/policy_labels.h"
#include "definition/tool.h"

namespace gantry::definition {

enum class VerdictKind { allow, approve, deny };
const char* name_of(VerdictKind kind);

// One path of the facts that a condition names, ".args.amount" as {"args", "amount"}.
struct FactPath {
  FactPath(std::vector<std::string> names, bool may_be_absent);
  std::vector<std::string> names;
  // The condition says itself what becomes of its absence: `?`, `//`, compared with null.
  bool may_be_absent;
  Text text;  // .name["other name"]
};

struct ConditionPart {
  expression::ProgramPointer program;
  std::string text;
  Text shown;  // as Condition::shown
};

// The facts by the names at the top (gate/facts.h), in the order of the alphabet.
enum class Fact : std::uint8_t {
  args, audience, authority, budget, context, effect, labels, lists,
  lookup, operation, principal, provenance, run, task, tool, workflow
};
using FactSet = std::bitset<16>;  // by Fact

// A jq condition over the facts. Immutable once read.
struct Condition {
  expression::ProgramPointer program;
  std::string text;
  FactSet facts = FactSet().set();        // that it may see: the others need not be made
  std::vector<FactPath> paths = {};       // each once; a path that is absent from the facts fails the condition
  std::vector<ConditionPart> parts = {};  // the terms of its outermost `and`; empty when it is a single term
  Text shown = Text("");                 // the text in verdicts, which are journaled: at most a kilobyte of it
};

// Compiles the text and finds its paths and parts. For rules that are not read from a file.
std::variant<Condition, expression::CompileError> prepare_condition(std::string_view text);

// When a rule applies. Times are those of the zone's clocks; a window whose end is before its start ends the next day.
struct TimeWindow {
  std::array<bool, 7> days = {true, true, true, true, true, true, true};  // Monday first; that of the window's start
  std::chrono::minutes from{0}, to{24 * 60};
  TimeZone zone;
  std::optional<Timestamp> since, until;  // not before; before
};
bool is_within(const TimeWindow& window, Timestamp now);

// After so long without a decision, holders of these roles may fill any seat that is still empty.
struct Escalation {
  Duration after{};
  std::vector<std::string> roles;
  bool operator==(const Escalation&) const = default;
};

struct PolicyRule {
  std::string id, reason;
  std::vector<std::string> tools;    // empty: all
  std::vector<EffectClass> classes;  // empty: all
  std::optional<Condition> when;     // absent: always
  std::optional<TimeWindow> during;  // absent: always
  // The ladder: the first that holds, from the strictest on, decides; else `verdict`, else the rule says nothing.
  std::optional<Condition> deny_if, four_eyes_if, approve_if, allow_if;
  std::optional<VerdictKind> verdict;          // `verdict`, or `else` below a ladder
  std::vector<ApproverRequirement> approvers;  // may be empty when a duty names them
  bool requester_excluded = true;
  Duration expires = std::chrono::hours(24);
  std::vector<Escalation> escalations;  // by `after`
  bool grants_workflow = false;         // approve becomes allow for arguments that only the workflow's author wrote
  SourcePlace place;

  bool has_ladder() const { return deny_if || four_eyes_if || approve_if || allow_if; }
  bool can_approve() const { return verdict == VerdictKind::approve || four_eyes_if || approve_if; }
};

// Values that people keep beside the policy: from a CSV file, or written out.
struct PolicyList {
  std::string name, key;  // key: the column; empty for plain values
  Value records;          // object: key -> record; for plain values: value -> true
  SourcePlace place;
};

// What effects may add up to.
struct Budget {
  // run: an instance with all workflows that it runs; task: one task of one instance, such as an agent or a call in a
  // loop; principal: who started the instance.
  enum class Scope { run, instance, task, workflow, principal, all };
  enum class Measure { sum, count, asks };
  std::string id, reason;
  Scope scope = Scope::run;
  Measure measure = Measure::count;
  std::optional<Duration> per;       // a sliding window; absent: since the budget exists
  std::vector<std::string> tools;    // empty: all
  std::vector<EffectClass> classes;  // empty: all
  std::optional<Condition> sum;      // a number of at least 0
  double max = 0;
  VerdictKind over = VerdictKind::deny;        // or approve
  std::vector<ApproverRequirement> approvers;  // for approve
  bool requester_excluded = true;
  Duration expires = std::chrono::hours(24);
  SourcePlace place;
};
const char* name_of(Budget::Scope scope);

// Who may approve what a rule asks approval for, beyond what the rule itself says.
struct Duty {
  std::vector<std::string> rules;  // ids of this policy's rules
  std::vector<ApproverRequirement> by;
  bool not_requester = false, not_author = false;
  bool four_eyes = false;
  SourcePlace place;
};

// `from` lets `to` speak for them in one role, for a time.
struct Delegation {
  std::string from, to, role, reason;
  Timestamp since{}, until{};
};

struct Policy {
  std::string name, version, path;
  Digest digest;  // of the file and of the lists that it names
  std::vector<PolicyRule> rules;
  PolicyLabels labels;
  bool asks_for_provenance = false;  // any condition may: see condition.h
  std::vector<PolicyList> lists;
  std::vector<Budget> budgets;
  std::vector<Duty> duties;
  std::vector<Delegation> delegations;
  std::vector<Invariant> invariants;  // proven before a deploy, held by the gate while instances run
};

}  // namespace gantry::definition
