// refused: engine/engine.h: No such file | 'engine/engine.h' file not found
#include "engine/engine.h"
