// Reads `invariants` of a policy file; used by parse_policy and invariants_of.
#pragma once

#include "definition/invariant.h"
#include "definition/parse.h"

namespace gantry::definition {

// The list under `invariants`; problems go to the file.
std::vector<Invariant> read_invariants(const Node& list, const KnownDefinitions& known);
// TOOL.OPERATION, TOOL.* or * of tools that are there; reported otherwise.
void check_tool_pattern(const Node& node, const KnownDefinitions& known);

}  // namespace gantry::definition
