// What a project must not have when its instances are spread over several journals, since each decides alone.
#pragma once

#include "base/result.h"
#include "definition/project.h"

namespace gantry::definition {

// Errors: invalid_argument, naming the file and the first thing that can't be: a budget that counts across instances,
// an `emit`, or a workflow that listens for lifecycle events (what one journal emits does not reach the others).
Status check_shareable(const Project& project);

}  // namespace gantry::definition
