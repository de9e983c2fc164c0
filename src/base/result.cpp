#include "base/result.h"

#include <cstdio>
#include <cstdlib>

#include "base/assert.h"

namespace gantry {

const char* name_of(Code code) {
  switch (code) {
    case Code::invalid_argument: return "invalid_argument";
    case Code::not_found: return "not_found";
    case Code::conflict: return "conflict";
    case Code::denied: return "denied";
    case Code::exhausted: return "exhausted";
    case Code::unavailable: return "unavailable";
    case Code::timeout: return "timeout";
    case Code::cancelled: return "cancelled";
    case Code::internal: return "internal";
  }
  return "internal";
}

void assertion_failed(const char* condition, const char* file, int line, const char* message) {
  std::fprintf(stderr, "%s:%d: assertion failed: %s: %s\n", file, line, condition, message);
  std::abort();
}

}  // namespace gantry
