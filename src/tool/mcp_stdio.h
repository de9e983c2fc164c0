// MCP over the standard input and output of a program that runs in a sandbox: one message a line.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tool/piped_process.h"
#include "tool/mcp_transport.h"

namespace gantry::tool {

struct McpProgram {
  std::vector<std::string> command;                // never through a shell
  std::map<std::string, std::string> environment;  // all that it gets beside PATH, HOME and LANG
  std::vector<std::string> folders;                // of this machine, absolute: it may read these, beside /usr
};

// Starts it in the sandbox of sandbox.h, with its filter of system calls. Errors: denied, where there is no sandbox to be
// had: it is not started bare.
Result<std::unique_ptr<PipedProcess>> start_in_sandbox(const McpProgram& program);

class McpStdio final : public McpTransport {
 public:
  explicit McpStdio(PipedProcess& process) : process_(process) {}

  std::variant<McpMessage, McpFailure> request(const McpRequest& request, McpBudget& budget) override;
  std::optional<McpFailure> notify(std::string_view text, McpBudget& budget) override;
  void use_revision(std::string_view) override {}
  void close(McpBudget&) override { process_.finish(); }

 private:
  std::optional<McpFailure> write_line(std::string_view text, McpBudget& budget);
  McpFailure failure_of(const Error& error, bool sent) const;

  PipedProcess& process_;
  std::string unread_;  // what has come after the last whole line
};

}  // namespace gantry::tool
