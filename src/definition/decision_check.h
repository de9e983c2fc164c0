// Checks of a whole rule table: rules that overlap, inputs that no rule answers.
#pragma once

#include "definition/decision.h"
#include "definition/reader.h"

namespace gantry::definition {

// For hit policy unique: two rules without `when` that one input satisfies.
void check_overlaps(const Decision& decision, const SourceFile& file);
// Where it can be decided: an input that the schema allows and no rule answers. `rules` is where that is reported.
void check_gaps(const Decision& decision, const Node& rules);

}  // namespace gantry::definition
