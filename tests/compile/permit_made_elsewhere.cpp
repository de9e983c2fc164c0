// refused: is private within this context | is a private member of
#include "tool/driver.h"

gantry::tool::Permit make(gantry::tool::Effect effect) { return gantry::tool::Permit(effect); }
