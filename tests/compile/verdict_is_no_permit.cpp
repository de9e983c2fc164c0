// refused: could not convert | cannot convert | no viable conversion | no known conversion
#include "gate/gate.h"

gantry::tool::Outcome call(gantry::tool::Driver& driver, const gantry::gate::Verdict& verdict) {
  return driver.call(verdict, {});
}
