// How much an answer can say. A closed schema lets through one of a known number of answers, so the answer tells at most
// the binary logarithm of that number in bits about whatever it was found out from; free text tells anything.
#pragma once

#include <cstdint>

#include "value/value.h"

namespace gantry::definition {

// Thousandths of a bit, rounded up. Closed are: const, enum, boolean, null, whole numbers with a minimum and a maximum,
// other numbers that have a multipleOf as well, objects without further properties (additionalProperties: false) and
// lists with maxItems of at most 64, whose parts are closed; `type` with several names; oneOf and anyOf of closed ones.
// Errors: invalid_argument that names the place in the schema and what is missing there.
Result<std::int64_t> answer_millibits(const Value& schema);

}  // namespace gantry::definition
