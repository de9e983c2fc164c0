// Named lookups: the fields of the one record whose key the request names (`bind` in policies). Private to the gate.
#pragma once

#include <string>
#include <unordered_map>

#include "definition/project.h"
#include "gate/known_index.h"

namespace gantry::gate {

// Canonical key of a value -> "record:TOOL.OPERATION/FIELD".
using Lookups = std::unordered_map<std::string, std::string>;

// For each bind: among all results of its tool in this run, the records (objects that have the key) whose key stands in
// the requester's own words: not only inside a longer one that is named there, and where it is a single word, in quotes,
// with a capital letter inside a sentence, or as a whole text. Only when it is exactly one, its fields count; two, or results that were forgotten, and
// none does. Equal records are one.
Lookups find_lookups(const definition::Project& policies, const KnownValues& known, const KnownIndex& index);

}  // namespace gantry::gate
