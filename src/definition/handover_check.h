// Follows the data that is written out in a workflow (`set`, `input.from` and `output.as` as objects) through the tasks
// that pass it on, and finds what the next schema refuses.
//
// Sound, not complete: what is reported fails whenever a run comes there. Where data may come from several places, all
// of them must be refused. Time is linear in the workflow; the work of validating is bounded, what is beyond is left out.
#pragma once

#include "definition/source_file.h"
#include "definition/workflow.h"

namespace gantry::definition {

// Reports as warnings, at the data. May be given a workflow that has problems.
void check_handovers(const Workflow& workflow, const SourceFile& file);

}  // namespace gantry::definition
