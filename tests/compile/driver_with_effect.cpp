// refused: could not convert | cannot convert | is private within this context | no viable conversion | no known conversion
#include "tool/driver.h"

gantry::tool::Outcome call(gantry::tool::Driver& driver, const gantry::tool::Effect& effect,
                           const gantry::tool::CallContext& context) {
  return driver.call(effect, context);
}
