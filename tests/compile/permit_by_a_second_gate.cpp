// refused: redefinition of
// Whoever sees the gate can't declare another of its name; whoever does not is found by tools/check_layers.py.
#include "gate/gate.h"

#include "tool/permit_for_test.h"
