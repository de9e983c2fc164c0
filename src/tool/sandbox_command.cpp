#include "tool/sandbox_command.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/child_process.h"
#include "tool/process_binding.h"
#include "tool/seccomp_filter.h"

namespace gantry::tool {
namespace {

constexpr const char* bubblewrap = sandbox_programs[0];
constexpr const char* limiter = sandbox_programs[1];
constexpr const char* identity = "65534";  // nobody

// A file in memory with this content, to be inherited.
Result<Descriptor> memory_file(const char* name, std::string_view content) {
  Descriptor file(memfd_create(name, MFD_CLOEXEC));
  if (file.get() < 0 || write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
      lseek(file.get(), 0, SEEK_SET) != 0)
    return Error{Code::unavailable, fmt::format("no memory for {} of the sandbox", name)};
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

std::vector<std::string> limits(const SandboxRequest& request) {
  std::vector<std::string> words = {limiter, fmt::format("--nproc={0}:{0}", request.processes_max),
                                    fmt::format("--fsize={0}:{0}", request.files_bytes_max),
                                    "--nofile=256:256", "--core=0:0", "--memlock=0:0"};
  if (request.memory_bytes_max > 0) words.push_back(fmt::format("--as={0}:{0}", request.memory_bytes_max));
  if (request.timeout > Duration::zero())
    words.push_back(fmt::format("--cpu={0}:{0}", std::chrono::ceil<std::chrono::seconds>(request.timeout).count() + 1));
  words.push_back("--");
  return words;
}

// Descriptors in the order in which they are inherited.
constexpr int filter_descriptor = inherited_descriptor_first, options_descriptor = filter_descriptor + 1,
              arguments_descriptor = options_descriptor + 1;

std::vector<std::string> sandbox_options(const SandboxRequest& request) {
  std::vector<std::string> words = {"--unshare-all", "--unshare-user", "--disable-userns", "--uid", identity, "--gid", identity,
                                    "--hostname", "sandbox", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv",
                                    "--setenv", "PATH", "/usr/local/bin:/usr/bin:/bin", "--setenv", "HOME", "/tmp", "--setenv", "LANG",
                                    "C.UTF-8"};
  for (const auto& [name, text] : request.environment) append(words, {"--setenv", name, text});
  add_file_system(words, request);
  if (!request.arguments_text.empty())
    append(words, {"--ro-bind-data", std::to_string(arguments_descriptor), process_arguments_path});
  append(words, {"--remount-ro", "/", "--seccomp", std::to_string(filter_descriptor)});
  return words;
}

}  // namespace

Result<SandboxCommand> sandbox_command(const SandboxRequest& request) {
  static const Result<std::string> filter = seccomp_program();
  if (!filter) return filter.error();
  // Options go through a file: the words of a command can be read by everybody on the machine, and the environment may
  // hold a secret.
  std::string options;
  for (const std::string& word : sandbox_options(request)) {
    if (word.find('\0') != std::string::npos) return Error{Code::invalid_argument, "a NUL in what the sandbox is given"};
    options += word + '\0';
  }
  SandboxCommand command;
  for (const auto& [name, content] : {std::pair<const char*, const std::string&>("filter", *filter), {"options", options},
                                      {"arguments", request.arguments_text}}) {
    if (content.empty()) continue;
    auto file = TRY(memory_file(name, content));
    command.inherited.push_back(std::move(file));
  }
  // As root the process would be root outside, too, though without capabilities; so it becomes nobody first.
  if (geteuid() == 0)
    append(command.words, {"/usr/bin/setpriv", std::string("--reuid=") + identity, std::string("--regid=") + identity, "--clear-groups"});
  append(command.words, {bubblewrap, "--args", std::to_string(options_descriptor), "--"});
  for (const auto& words : {limits(request), request.command}) command.words.insert(command.words.end(), words.begin(), words.end());
  return command;
}

}  // namespace gantry::tool
