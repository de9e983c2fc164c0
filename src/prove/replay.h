// Lets the real interpreter, and the gate's policies, do what a path says, with the values that were found for it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "definition/invariant.h"
#include "definition/project.h"
#include "prove/state.h"

namespace gantry::prove {

// What the outside says, in order; values instead of terms.
struct ScriptEvent {
  TraceEvent::Kind kind = TraceEvent::Kind::none;
  std::string instance, task, purpose;
  Value value;
};

struct ReplayResult {
  bool is_broken = false;  // the invariant was broken, and the gate would have permitted the effect
  std::string why_not;     // if not
  Value arguments;         // of the effect
  std::string verdict;     // of the gate: "allow" or "approve"
  // Where the gate refused the effect: what was asked for, and with what.
  const definition::Operation* refused = nullptr;
  Value refused_arguments;
  std::vector<ScriptEvent> script;  // as it was told
};

// Whether results are made such that label rules with a condition speak about them (variation.h).
enum class LabelConditions { as_found, met };

// Runs the workflow from the start. `project` is that of workflow and policies. Pure.
ReplayResult replay(const definition::ProjectPointer& project, const definition::Invariant& invariant,
                    const definition::Workflow& workflow, const std::vector<ScriptEvent>& script,
                    LabelConditions conditions = LabelConditions::as_found);

}  // namespace gantry::prove
