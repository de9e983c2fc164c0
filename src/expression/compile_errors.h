// All that is wrong with a program, for those who show mistakes to people; compile() gives the first.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expression/expression.h"

namespace gantry::expression {

inline constexpr std::size_t compile_errors_max = 10;

// In the order of the text, at most compile_errors_max; empty when the program compiles. A program that can't be
// parsed has one error: what follows it can't be told from it.
std::vector<CompileError> compile_errors(std::string_view text, std::span<const std::string> variables = {});

}  // namespace gantry::expression
