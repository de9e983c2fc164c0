// What people were shown of where an effect's arguments come from, beside what is known by now.
#pragma once

#include "value/value.h"

namespace gantry::gate {

// `shown` (provenance.h) with what has become worse since: an argument keeps what was shown of it as long as what is known now
// is as good. Arguments don't change, but results that come while people think may hold the same values, or push what was known
// out of memory. Pure.
Value shown_unless_worse(const Value& shown, const Value& now);

}  // namespace gantry::gate
