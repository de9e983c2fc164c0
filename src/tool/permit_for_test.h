// For tests of drivers only: stands in for the gate, which is a layer above and not linked into tool_test. Including
// this next to gate/gate.h does not compile.
#pragma once

#include "tool/permit.h"

namespace gantry::gate {

class Gate {
 public:
  static tool::Permit permit_for_test(tool::Effect effect) { return tool::Permit(std::move(effect)); }
};

}  // namespace gantry::gate
