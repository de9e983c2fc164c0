// What a condition of a policy says, read from its compiled form: which facts it looks at, what it compares with what,
// and which functions it calls. For lint and the attacker, which look at conditions without running them. What is not
// seen is left out. Private to trial/.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "definition/policy.h"
#include "expression/inspect.h"
#include "expression/syntax.h"

namespace gantry::trial {

using Path = std::vector<std::string>;  // {"args", "amount"} for .args.amount; any item of a list is each_item
inline constexpr const char* each_item = "[]";

struct Comparison {
  expression::Operation operation = expression::Operation::equal;  // PATH operation CONSTANT
  Path path;
  Value constant;
};

// A function of jq, or one of the gate's.
struct FunctionCall {
  std::string name;
  std::vector<Value> arguments;  // those that are constants; null for others
  std::optional<Path> subject;   // what `.` is there, where that is a path
  bool negated = false;          // `| not` follows
};

struct ConditionView {
  std::vector<Comparison> comparisons;
  std::vector<FunctionCall> calls;
  std::set<Path> paths;             // of facts, each as long as it is written
  std::vector<Value> constants;     // all texts and numbers in it
  std::set<std::string> lists;      // that it names
  std::set<std::string> arguments;  // that it looks at by name: .args.X, at_least("X"; ...)
  // Arguments whose value it ties to something that a model can't choose: a list, the request, a label, the requester,
  // fixed values. `everything`: it asks for the labels of all of them, or of all that the run has read.
  std::set<std::string> bound;
  bool everything = false, authority = false;
  bool asks_origin = false;  // it looks at labels, provenance, lists or what the run has read

  bool binds(const std::string& argument, bool is_authority) const {
    return everything || (is_authority && authority) || bound.contains(argument);
  }
};

ConditionView view_of(const definition::Condition& condition);

// Of all conditions that must hold for the rule to allow: `when` and, in a ladder, `allow`.
ConditionView view_of_allow(const definition::PolicyRule& rule);

// A pattern that holds only for a whole text: \A or ^ at its start, \z, \Z or $ at its end.
bool starts_anchored(std::string_view pattern);
bool ends_anchored(std::string_view pattern);

}  // namespace gantry::trial
