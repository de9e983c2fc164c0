// refused: gate/gate.h: No such file | 'gate/gate.h' file not found
#include "gate/gate.h"
