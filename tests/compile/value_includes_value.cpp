// accepted
#include "base/result.h"
#include "value/value.h"

gantry::Value value() { return 1; }
