// Reading, replacing and deleting parts of a value by key and by path.
#pragma once

#include <vector>

#include "expression/machine.h"

namespace gantry::expression {

// `.[key]`: key is a string, a number, {"start", "end"} or an array to search for.
Got get_key(Machine& machine, const Value& target, const Value& key, Value& output);
Got set_key(Machine& machine, Value target, const Value& key, Value value, Value& output);
Got get_path(Machine& machine, const Value& root, const Value& path, Value& output);

Got set_path(Machine& machine, Value root, const Value& path, Value value, Value& output);
Got delete_paths(Machine& machine, Value root, const Value& paths, Value& output);
// Positions at which `part` begins in `array`.
Value indices_of(const Value& array, const Value& part);

// {"start": from, "end": upto}
Value slice_key(const Value& from, const Value& upto);

}  // namespace gantry::expression
