// The values that every verdict repeats, each made once: a verdict has some dozens of them. Any thread.
#pragma once

#include "gate/canonical_text.h"
#include "value/label.h"
#include "value/value.h"

namespace gantry::gate {

const Value& shown(Integrity integrity);  // "trusted"
const Value& shown(Secrecy secrecy);      // "public"
const Value& shown_list(Shape shape);     // ["iban"]
const Value& shown_list();                // []

}  // namespace gantry::gate
