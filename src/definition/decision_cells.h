// Cells of rule tables: reading them, and finding values that satisfy several at once.
#pragma once

#include <optional>
#include <vector>

#include "definition/decision.h"
#include "definition/reader.h"

namespace gantry::definition {

// A literal, a list of literals, "<=5", "> 30480", "1..5", "(1..5]" or "-" (anything).
Cell read_cell(const Node& node);

// What is known of the values of a column: all of them, or their bounds.
struct ColumnDomain {
  enum class Kind { unknown, enumeration, numbers } kind = Kind::unknown;
  std::vector<Value> values;  // of an enumeration
  bool whole = false;         // numbers: integers only
  Interval bounds;            // numbers
  bool may_be_null = false;   // a part of the path may be absent
};
// From the input schema, for columns that are a plain path such as ".container.kind".
ColumnDomain column_domain(const InputColumn& column, const Value& input_schema);

// A value that both cells accept, of the domain where it is known; nothing when there is none. When any value will do,
// null.
std::optional<Value> common_value(const Cell& left, const Cell& right, const ColumnDomain& domain);

// One value of each group of values that the cells of a column tell apart. Empty when the domain is unknown.
std::vector<Value> representatives(const ColumnDomain& domain, const std::vector<const Cell*>& cells);

}  // namespace gantry::definition
