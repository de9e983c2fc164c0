// Finds tasks that no run can reach: those after a task that always goes elsewhere, with nothing that goes to them; and
// loops of tasks that no run gets out of.
//
// Sound, not complete: a task that is reported can't run, whatever the data; conditions are taken to hold and not to
// hold, loops to run never or often, and `try` to fail and not to fail. A loop is reported when nothing in it waits,
// calls, raises or depends on a condition. In time and memory linear in the workflow.
#pragma once

#include "definition/source_file.h"
#include "definition/workflow.h"

namespace gantry::definition {

// Reports as warnings: the workflow runs, but not as it was meant. May be given a workflow that has problems: a `then`
// that could not be read (Kind::task with an index outside of its list) may go anywhere.
void check_flow(const Workflow& workflow, const SourceFile& file);

}  // namespace gantry::definition
