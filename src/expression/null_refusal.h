// Programs in which something missing must not pass for something small, zero or empty: Comparisons::of_values.
//
// There a node that computes with null is an error that nothing catches, neither `?`, `try` nor `//`: comparisons,
// arithmetic, texts made of values, and the functions of the language, also where they order, add or look for the items
// of a list. What asks whether something is there, passes it on, or takes it for false goes on as in jq: == null,
// != null, //, ?, has, type, values, not, and, or, if, select, any, all, paths, variables, lists and objects.
//
// An operand may be null where the author says so: the literal null, or `?` right there (`.a? | length`).
#pragma once

#include "expression/resolver.h"

namespace gantry::expression {

// Marks the nodes of a resolved program (Node::refuses_null), those of its own functions included.
void refuse_nulls(Node& root, Definitions& definitions);

// Whether the author says that this expression may give null.
bool may_be_null(const Node& node);
// Whether it is null or has an item or member that is.
bool holds_null(const Value& value);
// Whether a function of this name looks at the items of its input, or of its argument, one by one.
bool looks_at_items(std::string_view function);

}  // namespace gantry::expression
