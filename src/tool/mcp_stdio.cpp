#include "tool/mcp_stdio.h"

#include <fmt/format.h>

#include <algorithm>

#include "tool/sandbox_command.h"

namespace gantry::tool {
namespace {

using Knowledge = McpFailure::Knowledge;

// What the call's own time ends needs no limit of computing time, and servers of many runtimes reserve far more memory than
// they use.
constexpr std::int64_t mcp_processes_max = 256, mcp_files_bytes_max = 64 << 20;

}  // namespace

Result<std::unique_ptr<PipedProcess>> start_in_sandbox(const McpProgram& program) {
  if (!sandbox_problem().empty())
    return Error{Code::denied, "a program is started in a sandbox only, and there is none: " + sandbox_problem()};
  SandboxRequest request;
  request.command = program.command;
  request.environment = program.environment;
  for (const std::string& folder : program.folders) request.read[folder] = folder;
  request.timeout = Duration::zero();
  request.memory_bytes_max = 0;
  request.processes_max = mcp_processes_max;
  request.files_bytes_max = mcp_files_bytes_max;
  const SandboxCommand command = TRY(sandbox_command(request));
  std::vector<int> inherited;
  for (const Descriptor& file : command.inherited) inherited.push_back(file.get());
  return PipedProcess::start(command.words, {}, inherited);
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
