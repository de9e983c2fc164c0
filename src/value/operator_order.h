// How jq's operators `<`, `<=`, `>` and `>=` see two values: as compare() does, except that NaN is less than NaN, also
// inside arrays and objects (but an array or object is never less than itself). This is no order to sort by.
#pragma once

#include "value/value.h"

namespace gantry {

// <0, 0, >0. Any thread.
int compare_as_operator(const Value& left, const Value& right);

}  // namespace gantry
