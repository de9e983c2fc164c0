// refused: use of deleted function | call to deleted
#include "tool/driver.h"

gantry::tool::Permit copy(const gantry::tool::Permit& permit) { return permit; }
