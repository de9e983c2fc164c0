// What is known of a resolved node before it runs: how many outputs it has, and whether it may move its input.
#pragma once

#include "expression/syntax.h"

namespace gantry::expression {

// Of a node whose children have theirs.
Arity arity_of(const Node& node);

// For a node whose input nobody needs afterwards: lets it, or the part of it that looks at the input last, move the
// input instead of copying it, so that `. + [$x]` and `.[$k] = $v` in a fold change their state in place.
void mark_last_use(Node& node);

}  // namespace gantry::expression
