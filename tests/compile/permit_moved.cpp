// accepted
#include <utility>

#include "tool/driver.h"

gantry::tool::Outcome hand_on(gantry::tool::Driver& driver, gantry::tool::Permit permit) {
  return driver.call(std::move(permit), {});
}
