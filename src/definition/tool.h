// A tool: typed operations on one outside system, bound to a driver. File form: docs/reference/tool.md.
//
//   tool: tos
//   version: 1.0.0
//   driver: http
//   settings: {baseUrl: "http://tos.port.internal", timeout: PT10S}   # checked by the driver
//   operations:
//     reslot:
//       class: write
//       arguments: {type: object, ...}          # JSON Schema
//       binding: {method: POST, path: "/moves"} # checked by the driver
//       idempotency: key                        # none | key | readBack
//       label: {integrity: internal, secrecy: confidential}           # of the result
//       labels: [{path: /notes, integrity: untrusted}]                # of its fields
//       authority: [voyage]                     # the arguments that decide who is affected
//       audience: internal                      # who will see the arguments
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "definition/label_rules.h"

namespace gantry::definition {

// What an operation does to the world; an operation that declares none is `credential`, the strictest.
enum class EffectClass { read, egress_read, write, notify, send, grant, destroy, money, credential };
const char* name_of(EffectClass effect_class);
Result<EffectClass> parse_effect_class(std::string_view name);

// The timeout of tools whose `settings` name none.
inline constexpr Duration tool_timeout_default = std::chrono::seconds(30);

// What makes a second attempt after a lost answer safe.
enum class Idempotency {
  none,       // nothing: a person decides
  key,        // the system honours our idempotency key: send again
  read_back,  // another operation tells whether the effect took place
};

// Asks the system whether an effect took place. `arguments` and `done` see $effect {id, key, arguments};
// `done` runs on the result of the operation and yields true (took place) or false (did not).
struct ReadBack {
  std::string operation;  // of the same tool, class read
  Template arguments;
  Expression done;
  // How long after the call was given up it may still be under way in the other system. Before that a "yes" counts and
  // a "no" does not. At least the tool's timeout, which is the default.
  Duration settle = tool_timeout_default;
};

struct Operation {
  std::string name;
  std::string description;
  EffectClass effect_class = EffectClass::credential;
  bool irreversible = false;
  Value arguments_schema;
  std::optional<Schema> arguments;
  // Of what comes back: the gate puts it on every result, by field where `labels` speaks about the field.
  Label result_label;             // of all that no rule speaks about
  std::vector<LabelRule> labels;  // the deepest path counts, among equals the first whose condition holds
  // The arguments that decide who or what is affected: recipients, accounts, records. Top-level names.
  std::vector<std::string> authority;
  // Who will see the arguments: fixed, or jq on {arguments} that gives a level, or {clearance, named}. Undeclared means
  // anybody: public.
  std::optional<Secrecy> fixed_audience;
  std::optional<Expression> audience;
  Value binding;  // the driver's own settings for this operation
  Idempotency idempotency = Idempotency::none;
  std::optional<ReadBack> read_back;
};

struct Tool {
  std::string name, version, driver, path;
  Digest digest;
  Value settings;
  std::map<std::string, Operation, std::less<>> operations;
};

}  // namespace gantry::definition
