// refused: no matching function for call to | no matching constructor for
#include "tool/driver.h"

gantry::tool::Permit make() { return gantry::tool::Permit(); }
