// Whether the journal of an instance is what its definitions and policies give: the interpreter is run again over the
// recorded inputs, and the gate over the recorded effects, and what they say is compared with what was recorded. For
// audits; reads only. Pure but for the store.
#pragma once

#include <string>
#include <vector>

#include "engine/interpreter.h"
#include "gate/gate.h"
#include "journal/store.h"

namespace gantry::engine {

struct ReplayDifference {
  std::uint64_t sequence = 0;  // of the event
  std::string what;            // a sentence
  Value recorded, computed;    // null where there is none
};

struct ReplayReport {
  std::string instance;
  std::size_t events = 0, inputs = 0, actions = 0, verdicts = 0;  // read, applied, compared, judged again
  std::string status;                                             // that it ends in, as InstanceOutcome says it
  std::vector<ReplayDifference> differences;                      // at most 100
};

// Verdicts are judged by the policies whose digest they name, among all that were ever deployed.
// Errors: not_found; conflict when its content was erased, or its definitions can't be loaded any more.
Result<ReplayReport> replay_instance(journal::Store& store, const std::string& instance, const gate::Gate& gate,
                                     const InterpreterLimits& limits = {});

}  // namespace gantry::engine
