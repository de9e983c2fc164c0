#include "tool/sandbox.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/child_process.h"
#include "tool/process_binding.h"
#include "tool/seccomp_filter.h"

namespace gantry::tool {
namespace {

constexpr const char* bubblewrap = "/usr/bin/bwrap";
constexpr const char* limiter = "/usr/bin/prlimit";  // of util-linux, in every Debian
constexpr const char* identity = "65534";            // nobody

// A file in memory with this content, to be inherited.
int memory_file(const char* name, const std::string& content) {
  const int file = memfd_create(name, MFD_CLOEXEC);
  if (file < 0) return -1;
  if (write(file, content.data(), content.size()) != static_cast<ssize_t>(content.size()) || lseek(file, 0, SEEK_SET) != 0) {
    close(file);
    return -1;
  }
  return file;
}

void append(std::vector<std::string>& words, std::initializer_list<std::string> more) {
  words.insert(words.end(), more);
}

// /bin and its like: a link to /usr/bin on today's systems, a folder on others.
void add_system_folder(std::vector<std::string>& words, const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return;
  if (S_ISLNK(status.st_mode))
    append(words, {"--symlink", "usr" + path, path});
  else
    append(words, {"--ro-bind", path, path});
}

void add_file_system(std::vector<std::string>& words, const SandboxRequest& request) {
  append(words, {"--ro-bind", "/usr", "/usr"});
  for (const char* path : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) add_system_folder(words, path);
  for (const char* path : {"/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime"})
    append(words, {"--ro-bind-try", path, path});
  append(words, {"--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"});
  append(words, {"--size", std::to_string(request.files_bytes_max), "--tmpfs", "/tmp", "--chdir", "/tmp"});
  for (const auto& [inside, outside] : request.read) append(words, {"--ro-bind", outside, inside});
}

void add_limits(std::vector<std::string>& words, const SandboxRequest& request) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(request.timeout).count() + 1;
  append(words, {limiter, fmt::format("--nproc={0}:{0}", request.processes_max),
                 fmt::format("--as={0}:{0}", request.memory_bytes_max),
                 fmt::format("--fsize={0}:{0}", request.files_bytes_max), fmt::format("--cpu={0}:{0}", seconds),
                 "--nofile=256:256", "--core=0:0", "--memlock=0:0", "--"});
}

std::vector<std::string> sandbox_words(const SandboxRequest& request, bool has_arguments) {
  std::vector<std::string> words;
  // As root the process would be root outside, too, though without capabilities; so it becomes nobody first.
  if (geteuid() == 0)
    append(words, {"/usr/bin/setpriv", std::string("--reuid=") + identity, std::string("--regid=") + identity, "--clear-groups"});
  append(words, {bubblewrap, "--unshare-all", "--unshare-user", "--disable-userns", "--uid", identity, "--gid", identity,
                 "--hostname", "sandbox", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv",
                 "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8"});
  for (const auto& [name, text] : request.environment) append(words, {"--setenv", name, text});
  add_file_system(words, request);
  if (has_arguments) append(words, {"--ro-bind-data", std::to_string(inherited_descriptor_first + 1), process_arguments_path});
  append(words, {"--remount-ro", "/", "--seccomp", std::to_string(inherited_descriptor_first), "--"});
  add_limits(words, request);
  words.insert(words.end(), request.command.begin(), request.command.end());
  return words;
}

SandboxResult not_started(std::string why) {
  return {.ending = SandboxResult::Ending::not_started, .status = -1, .output = {}, .errors = std::move(why)};
}

// bubblewrap or the limiter could not start the program.
bool is_start_failure(const SandboxResult& result) {
  return result.ending == SandboxResult::Ending::exited && result.status != 0 &&
         (result.errors.starts_with("bwrap: ") || result.errors.starts_with("prlimit: ") || result.errors.starts_with("setpriv: "));
}

std::string find_problem() {
  for (const char* program : {bubblewrap, limiter})
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
  static const Result<std::string> filter = seccomp_program();
  if (!filter) return not_started(filter.error().message);
  ChildRequest child;
  child.inherited.push_back(memory_file("seccomp", *filter));
  if (!request.arguments_text.empty()) child.inherited.push_back(memory_file("arguments", request.arguments_text));
  child.command = sandbox_words(request, !request.arguments_text.empty());
  child.stdin_text = request.stdin_text;
  child.output_bytes_max = request.output_bytes_max;
  child.deadline = std::chrono::steady_clock::now() + request.timeout;
  child.stop = request.stop;
  SandboxResult result = run_child(child);
  for (const int file : child.inherited)
    if (file >= 0) close(file);
  if (is_start_failure(result)) result.ending = SandboxResult::Ending::not_started;
  return result;
}

const std::string& sandbox_problem() {
  static const std::string problem = find_problem();
  return problem;
}

}  // namespace gantry::tool
