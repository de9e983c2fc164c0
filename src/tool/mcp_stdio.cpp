#include "tool/mcp_stdio.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace gantry::tool {
namespace {

using Knowledge = McpFailure::Knowledge;

constexpr const char* bubblewrap = "/usr/bin/bwrap";

bool is_link(const char* path) {
  struct stat status {};
  return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

std::vector<std::string> sandboxed(const McpProgram& program) {
  std::vector<std::string> arguments = {bubblewrap,
                                        "--unshare-all",
                                        "--unshare-user",
                                        "--disable-userns",
                                        "--die-with-parent",
                                        "--new-session",
                                        "--cap-drop",
                                        "ALL",
                                        "--ro-bind",
                                        "/usr",
                                        "/usr"};
  const auto add = [&](std::initializer_list<std::string> more) { arguments.insert(arguments.end(), more); };
  for (const char* folder : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
    if (is_link(folder)) {
      add({"--symlink", std::string("usr") + folder, folder});
    } else {
      add({"--ro-bind-try", folder, folder});
    }
  }
  for (const char* file : {"/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/mime.types"}) {
    add({"--ro-bind-try", file, file});
  }
  add({"--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/home", "--chdir", "/tmp"});
  for (const std::string& folder : program.folders) add({"--ro-bind", folder, folder});
  add({"--"});
  arguments.insert(arguments.end(), program.command.begin(), program.command.end());
  return arguments;
}

}  // namespace

Result<std::unique_ptr<PipedProcess>> start_in_sandbox(const McpProgram& program) {
  if (access(bubblewrap, X_OK) != 0) {
    return Error{Code::denied, fmt::format("a program is started in a sandbox only, and there is none: install "
                                           "bubblewrap ({})",
                                           bubblewrap)};
  }
  std::map<std::string, std::string> environment = {
      {"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", "/tmp"}, {"LANG", "C.UTF-8"}};
  for (const auto& [name, value] : program.environment) environment[name] = value;
  return PipedProcess::start(sandboxed(program), environment);
}

std::variant<McpMessage, McpFailure> McpStdio::request(const McpRequest& request, McpBudget& budget) {
  if (auto failure = write_line(request.text, budget)) return *std::move(failure);
  McpListener listener(request.id, budget, [&](const std::string& text) { (void)write_line(text, budget); });
  for (;;) {
    // What came before the request was written belongs to no request of ours, but is read the same.
    for (std::size_t end = unread_.find('\n'); end != std::string::npos; end = unread_.find('\n')) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (line.empty() || listener.take(line)) continue;
      if (listener.answer) return *std::move(listener.answer);
      return mcp_failure(Knowledge::unknown, fmt::format("the program wrote a line that can't be read: {} ({})",
                                                         listener.broken, mcp_excerpt(line.substr(0, 100))));
    }
    const Result<std::string> piece = process_.read(budget.deadline, budget.stop);
    if (!piece) return failure_of(piece.error(), true);
    if (piece->empty()) return failure_of({Code::unavailable, "the program has ended"}, true);
    if (piece->size() > budget.bytes_left) {
      return mcp_failure(Knowledge::unknown, "the program wrote more than allowed");
    }
    budget.bytes_left -= piece->size();
    unread_ += *piece;
  }
}

std::optional<McpFailure> McpStdio::notify(std::string_view text, McpBudget& budget) {
  return write_line(text, budget);
}

std::optional<McpFailure> McpStdio::write_line(std::string_view text, McpBudget& budget) {
  bool sent = false;
  const Status written = process_.write(std::string(text) + "\n", budget.deadline, budget.stop, sent);
  if (written) return std::nullopt;
  return failure_of(written.error(), sent);
}

McpFailure McpStdio::failure_of(const Error& error, bool sent) const {
  const std::int64_t status = error.code == Code::timeout ? 504 : error.code == Code::cancelled ? 503 : 502;
  std::string what = error.message;
  if (error.code == Code::unavailable && !process_.last_words().empty()) {
    const std::string& words = process_.last_words();
    what += fmt::format("; its last words: {}",
                        mcp_excerpt(words.substr(words.size() - std::min<std::size_t>(words.size(), 300))));
  }
  return mcp_failure(sent ? Knowledge::unknown : Knowledge::not_sent, std::move(what), status);
}

}  // namespace gantry::tool
