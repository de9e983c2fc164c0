// refused: no matching function for call to | too few arguments to function
#include "tool/driver.h"

gantry::tool::Outcome call(gantry::tool::Driver& driver, const gantry::tool::CallContext& context) {
  return driver.call(context);
}
