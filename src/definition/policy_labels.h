// What a policy says about where values come from: labels of fields, and lookups by a name that the request gives.
// File form: docs/reference/labels.md.
//
//   labels:
//     - {tool: bank.history, path: /*/recipient, when: '.sender == "me"', integrity: internal, secrecy: confidential}
//     - {request: port/desk, path: /mail, integrity: untrusted}
//     - {request: "*", roles: [gateway], integrity: untrusted}
//     - {event: "port.gate.*", path: /data, integrity: internal, secrecy: internal}
//   bind:
//     - {tool: calendar.search, key: title, fields: [participants, id]}
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "definition/label_rules.h"

namespace gantry::definition {

struct KnownDefinitions;

struct PolicyLabel {
  enum class Kind { result, request, event } kind = Kind::result;
  std::string pattern;             // TOOL.OPERATION, TOOL.*; NAMESPACE/NAME; a type, PREFIX.*; or *
  std::vector<std::string> roles;  // of who asks, for requests and events; any one of them; empty: everybody
  LabelRule rule;
};

// Fields of the one record whose key the request names are as good as internal.
struct PolicyBind {
  std::string tool, key;  // TOOL.OPERATION
  std::vector<std::string> fields;
};

struct PolicyLabels {
  std::vector<PolicyLabel> labels;
  std::vector<PolicyBind> binds;
};

// The keys `labels` and `bind` of a policy.
PolicyLabels read_policy_labels(ObjectReader& policy, const KnownDefinitions& known);

// "tos.*" matches "tos.reslot", "*" anything. For types of events the part before ".*" may have dots.
bool matches_pattern(std::string_view pattern, std::string_view name);

}  // namespace gantry::definition
