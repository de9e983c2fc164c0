// Conditions of policies: jq over the facts about one effect, with functions for the questions that policies ask. The
// facts are described in gate/facts.h and docs/reference/gate.md.
//
// The functions look at the facts of the effect whatever `.` is where they are called. A function that is asked about
// an argument, list or fact that is not there raises an error, which denies.
#pragma once

#include <optional>
#include <string_view>

#include "definition/expression_reader.h"

namespace gantry::definition {

// Reads a condition, reporting what is wrong with it at its line and column. `text` of the result is as written.
std::optional<Expression> read_condition(const Node& node);

// Compiles a condition's text; offsets of errors are those of the text.
std::variant<expression::ProgramPointer, expression::CompileError> compile_condition(std::string_view text);

// Whether any text in `policy` may ask where an argument comes from: the gate finds that out only when asked for.
bool asks_for_provenance(const Value& policy);

}  // namespace gantry::definition
