#include "tool/sandbox.h"

#include <fmt/format.h>
#include <unistd.h>

#include "tool/child_process.h"
#include "tool/sandbox_command.h"

namespace gantry::tool {
namespace {

SandboxResult not_started(std::string why) {
  return {.ending = SandboxResult::Ending::not_started, .status = -1, .output = {}, .errors = std::move(why)};
}

// bubblewrap or the limiter could not start the program.
bool is_start_failure(const SandboxResult& result) {
  return result.ending == SandboxResult::Ending::exited && result.status != 0 &&
         (result.errors.starts_with("bwrap: ") || result.errors.starts_with("prlimit: ") || result.errors.starts_with("setpriv: "));
}

std::string find_problem() {
  for (const char* program : sandbox_programs)
    if (access(program, X_OK) != 0)
      return fmt::format("there is no {}: install Debian's packages bubblewrap and util-linux", program);
  SandboxRequest request;
  request.command = {"/usr/bin/true"};
  const SandboxResult result = run_in_sandbox(request);
  if (result.ending == SandboxResult::Ending::exited && result.status == 0) return "";
  return fmt::format("bubblewrap can't make a sandbox here ({}): user namespaces must be allowed for Gantry's user "
                     "(sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns; "
                     "in a container its seccomp profile)",
                     result.errors.empty() ? fmt::format("exit status {}", result.status) : result.errors);
}

}  // namespace

SandboxResult run_in_sandbox(const SandboxRequest& request) {
  const Result<SandboxCommand> command = sandbox_command(request);
  if (!command) return not_started(command.error().message);
  ChildRequest child;
  child.command = command->words;
  for (const Descriptor& file : command->inherited) child.inherited.push_back(file.get());
  child.stdin_text = request.stdin_text;
  child.output_bytes_max = request.output_bytes_max;
  child.deadline = std::chrono::steady_clock::now() + request.timeout;
  child.stop = request.stop;
  SandboxResult result = run_child(child);
  if (is_start_failure(result)) result.ending = SandboxResult::Ending::not_started;
  return result;
}

const std::string& sandbox_problem() {
  static const std::string problem = find_problem();
  return problem;
}

}  // namespace gantry::tool
