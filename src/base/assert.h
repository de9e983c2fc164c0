// Assertions for defects of Gantry itself: on in release builds, print the place and abort.
// The journal makes a restart safe. Wrong input is never an assertion, it is an Error.
#pragma once

namespace gantry {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line, const char* message);
}

#define GANTRY_ASSERT(condition, message)                                                            \
  do {                                                                                               \
    if (!(condition)) [[unlikely]] ::gantry::assertion_failed(#condition, __FILE__, __LINE__, message); \
  } while (false)
