// Rules that say which label a field of a value has: of tool results (tool files), and of tool results, requests and
// events (policy files). File form: docs/reference/labels.md.
//
//   labels:
//     - path: /*/recipient           # a JSON pointer; * is every item of a list, or every member of an object
//       when: .sender == "me"        # jq on the object or list that has the field
//       integrity: internal          # trusted | internal | constrained | untrusted
//       secrecy: confidential        # public | internal | confidential | secret
//       compartments: [payroll]
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "definition/reader.h"
#include "definition/workflow.h"

namespace gantry::definition {

struct LabelRule {
  std::vector<std::string> path;   // tokens of the pointer, unescaped; empty: the whole value
  std::vector<bool> any;           // whether the token at the same place is a bare `*`
  std::optional<Expression> when;  // absent: always
  LabelContent label;              // without sources: those of the place are added
  bool gives_integrity = false, gives_secrecy = false, gives_compartments = false;  // the others were left out
  // Rules are asked in groups, one for each policy: in a group the first that fits counts, and groups are joined. Group
  // 0 is the tool's own: it counts where no policy says anything.
  std::size_t group = 0;
};

// What stands in `integrity`, `secrecy` and `compartments` of the object that is read; `fallback` where it says none.
LabelContent read_label_content(ObjectReader& reader, LabelContent fallback);
// The keys of one rule, `path`, `when` and those of a label, out of an object that may have others.
LabelRule read_label_rule(ObjectReader& reader, const LabelContent& fallback);
// A list of rules with no other keys, at most 200.
std::vector<LabelRule> read_label_rules(const Node& node, const LabelContent& fallback);

// What nobody declared is taken at its worst that work can be done with.
LabelContent undeclared_label();  // untrusted, confidential

std::optional<Secrecy> read_secrecy(const Node& node);
std::optional<Integrity> read_integrity(const Node& node);

}  // namespace gantry::definition
