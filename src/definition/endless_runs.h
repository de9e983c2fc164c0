// Finds workflows of which every run runs the same workflow again, by itself or over others.
//
// Sound, not complete: only tasks that every run comes to are looked at, outside of `if`, `switch`, `for`, `try` and
// extensions. In time linear in the workflows.
#pragma once

#include <functional>
#include <string>

#include "definition/project.h"

namespace gantry::definition {

// Calls `report` for each such workflow with the task that runs the next one, and what there is to say.
void find_endless_runs(const Project& project,
                       const std::function<void(const Workflow&, const Task&, std::string message)>& report);

}  // namespace gantry::definition
