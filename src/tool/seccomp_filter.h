// The system calls that a sandboxed process may make, as the BPF program that bubblewrap loads. An allow-list: what is
// not on it, of this kernel or a later one, answers EPERM.
#pragma once

#include <string>

#include "base/result.h"

namespace gantry::tool {

// Errors: unavailable, when libseccomp refuses.
Result<std::string> seccomp_program();

}  // namespace gantry::tool
