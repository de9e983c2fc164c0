// Gives every name its place: variables and parameters a frame and a slot, calls a function or a builtin. Also decides
// the arity of each node. Unknown names are errors that suggest the nearest known one.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "expression/expression.h"
#include "expression/syntax.h"

namespace gantry::expression {

// What the nodes of a program point into.
struct Definitions {
  std::vector<std::unique_ptr<Function>> functions;
};

// The functions that are written in the language itself, compiled on first use; any thread.
const std::vector<const Function*>& library_functions();

struct Resolved {
  std::uint32_t slots = 0;           // of the outermost frame
  std::vector<bool> used_variables;  // by index into `variables`
};

std::optional<CompileError> resolve_program(NodePointer& root, std::span<const std::string> variables,
                                            Definitions& definitions, Resolved& resolved);
// The errors of resolve_program, up to `errors_max`, in the order of the text.
std::vector<CompileError> errors_in(NodePointer& root, std::span<const std::string> variables, Definitions& definitions,
                                    std::size_t errors_max);
// Resolves definitions that see only builtins and each other; `definitions` gets them in order.
std::optional<CompileError> resolve_library(NodePointer& root, Definitions& definitions);

// "name/arity" of all functions, sorted.
const std::vector<std::string>& function_names();

}  // namespace gantry::expression
