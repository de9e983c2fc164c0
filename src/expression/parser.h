// Tokens to a tree of nodes whose names are not resolved yet.
#pragma once

#include <variant>

#include "expression/expression.h"
#include "expression/syntax.h"

namespace gantry::expression {

constexpr std::size_t program_bytes_max = 64 * 1024;
constexpr std::uint32_t program_depth_max = 1000;

std::variant<NodePointer, CompileError> parse_program(std::string_view text);
// Definitions only, as in a library; the last node is the identity.
std::variant<NodePointer, CompileError> parse_definitions(std::string_view text);

}  // namespace gantry::expression
