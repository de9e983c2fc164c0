// Which members of its input a program can see, without running it: what need not be made for it.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "expression/expression.h"

namespace gantry::expression {

// Never too few: nothing when the program might see other members, or the input as a whole. The result of the program is
// the same for an input that has only these.
std::optional<std::set<std::string>> input_members(const Program& program);

}  // namespace gantry::expression
