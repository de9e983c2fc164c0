// Runs one program in bubblewrap, which takes everything away that the program does not need: new user, process,
// network, IPC, host name and mount namespaces, a file system of /usr and what is named, all read only but a private
// /tmp, no capabilities, a filter of system calls, limits. There is no way to run one without. Rules and limits:
// docs/reference/process.md.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tool/sandbox_problem.h"

namespace gantry::tool {

struct SandboxRequest {
  std::vector<std::string> command;  // the first is an absolute path inside
  std::string stdin_text;
  std::string arguments_text;  // the content of /arguments.json; empty: no such file
  std::map<std::string, std::string> read;  // path inside -> path outside
  std::map<std::string, std::string> environment;
  Duration timeout = std::chrono::seconds(30);
  // 0: no limit
  std::int64_t memory_bytes_max = 512 << 20, processes_max = 64, files_bytes_max = 64 << 20;
  std::size_t output_bytes_max = 1 << 20;
  std::stop_token stop;
};

struct SandboxResult {
  enum class Ending { exited, timed_out, too_much_output, stopped, not_started } ending = Ending::not_started;
  int status = -1;     // of `exited`; 128 + the signal where one ended it
  std::string output;  // its standard output
  std::string errors;  // the start of its standard error, for people; of `not_started` why
};

// Any thread, many at once. When it returns, the program and all that it started are gone.
SandboxResult run_in_sandbox(const SandboxRequest& request);

}  // namespace gantry::tool
