// The command that starts a program in the sandbox, for whoever runs it: to its end (sandbox.cpp), or with a conversation
// over its pipes (mcp_stdio.cpp). The one place that says what the sandbox is.
#pragma once

#include <string>
#include <vector>

#include "tool/descriptor.h"
#include "tool/sandbox.h"

namespace gantry::tool {

// bubblewrap, and what sets the limits: of util-linux, in every Debian.
inline constexpr const char* sandbox_programs[] = {"/usr/bin/bwrap", "/usr/bin/prlimit"};

struct SandboxCommand {
  std::vector<std::string> words;
  std::vector<Descriptor> inherited;  // as 3, 4, ... in the child (inherited_descriptor_first)
};

// Of the request: command, arguments, read, environment and the limits; a limit of 0 is none. Errors: unavailable.
Result<SandboxCommand> sandbox_command(const SandboxRequest& request);

}  // namespace gantry::tool
