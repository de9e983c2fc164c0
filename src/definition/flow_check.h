// Finds tasks that no run can reach: those after a task that always goes elsewhere, with nothing that goes to them.
//
// Sound, not complete: a task that is reported can't run, whatever the data; conditions are taken to hold and not to
// hold, loops to run never or often, and `try` to fail and not to fail.
#pragma once

#include "definition/source_file.h"
#include "definition/workflow.h"

namespace gantry::definition {

// Reports as warnings: the workflow runs, but not as it was meant.
void check_flow(const Workflow& workflow, const SourceFile& file);

}  // namespace gantry::definition
