// A value with its labels as text, for the journal and for messages between nodes: what `print_json` drops is kept.
// Form: plain JSON when every label is the default one; else
//   {"$labelled": VALUE, "labels": {"/pointer": {"integrity": ..., "secrecy": ..., "sources": [...], "compartments":
//   [...]}}}
// A plain value that happens to be an object with the key "$labelled" is wrapped too, so reading is never ambiguous.
#pragma once

#include "value/value.h"

namespace gantry {

std::string print_stored(const Value& value);
// The same in its parts. Without labels the plain JSON is all of it.
struct StoredParts {
  std::string value;
  std::string labels;
};
StoredParts print_stored_parts(const Value& value);
Result<Value> parse_stored(std::string_view text);

}  // namespace gantry
