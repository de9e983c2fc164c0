// Values in the messages of errors, as jq shows them.
#pragma once

#include <string>

#include "value/value.h"

namespace gantry::expression {

// JSON text of at most 29 bytes, cut with "..." where it is longer.
std::string brief(const Value& value);
// "number (3)"
std::string kind_and_brief(const Value& value);
std::string object_key_message(const Value& key);

// What a message that shows these values may tell: the join of all their labels.
template <class... Values>
Label about(const Values&... values) {
  Label label;
  ((label = join(label, values.deep_label())), ...);
  return label;
}

}  // namespace gantry::expression
