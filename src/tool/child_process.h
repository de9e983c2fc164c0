// One child process with pipes for what it reads and writes, ended with all of its kind when its time is over. Private
// to the sandbox, which is the only program that is started this way.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "tool/sandbox.h"

namespace gantry::tool {

// The number of the first inherited descriptor in the child; the next ones follow.
inline constexpr int inherited_descriptor_first = 3;

struct ChildRequest {
  std::vector<std::string> command;
  std::vector<int> inherited;  // borrowed
  std::string stdin_text;
  std::size_t output_bytes_max = 1 << 20;
  std::chrono::steady_clock::time_point deadline;
  std::stop_token stop;
};

// Starts it with an empty environment and no other descriptors. Returns when it has ended and its pipes are closed,
// which is when nothing of what it started holds them any more.
SandboxResult run_child(const ChildRequest& request);

}  // namespace gantry::tool
