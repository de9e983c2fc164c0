// The tree of a compiled program, for analyses that read it without running it.
#pragma once

#include "expression/expression.h"
#include "expression/syntax.h"

namespace gantry::expression {

// Valid as long as the program.
const Node& root_of(const Program& program);

}  // namespace gantry::expression
