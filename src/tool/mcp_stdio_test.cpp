// MCP over a program's standard input and output, and what the sandbox keeps from the program.
#include "tool/mcp_stdio.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tool/mcp_client.h"
#include "value/json.h"

namespace gantry::tool {
namespace {

using testing::HasSubstr;
using Knowledge = McpFailure::Knowledge;

const std::string scripts = std::string(GANTRY_SOURCE_DIR) + "/tests/mcp";

McpClient::Answer call_over(PipedProcess& process, const Value& params, Duration time, std::string revision) {
  McpBudget budget;
  budget.deadline = std::chrono::steady_clock::now() + time;
  McpStdio transport(process);
  McpClient client(transport, {.revision = std::move(revision)}, budget);
  if (auto failure = client.open()) return *std::move(failure);
  McpClient::Answer answer = client.call("tools/call", params, {});
  client.close();
  return answer;
}

// Without a sandbox: what is tried here is the protocol.
McpClient::Answer call_script(const std::string& mode, Duration time = std::chrono::seconds(10),
                              std::string revision = "2025-11-25") {
  auto process = PipedProcess::start({"python3", scripts + "/scripted_server.py", mode}, {{"PATH", "/usr/bin:/bin"}});
  EXPECT_TRUE(process.ok());
  const Value params =
      Value::object({{"name", "echo"}, {"arguments", Value::object({{"text", "a\nb"}, {"more", "\xe2\x80\xa8"}})}});
  return call_over(**process, params, time, std::move(revision));
}

std::string said(const McpClient::Answer& answer) {
  const auto* failure = std::get_if<McpFailure>(&answer);
  return failure == nullptr ? print_json(std::get<Value>(answer)) : failure->what;
}

TEST(McpStdio, SpeaksEitherKindOfRevision) {
  for (const char* mode : {"fine", "stateless", "asks", "talks"}) {
    EXPECT_THAT(said(call_script(mode, std::chrono::seconds(20), "")),
                HasSubstr(R"("structuredContent":{"text":"a\nb")"))
        << mode;
  }
}

TEST(McpStdio, ContainsWhatIsNoAnswer) {
  const auto short_time = std::chrono::milliseconds(1'500);
  EXPECT_THAT(said(call_script("garbage")), HasSubstr("the program wrote a line that can't be read"));
  EXPECT_THAT(said(call_script("giant")), HasSubstr("more than allowed"));
  EXPECT_THAT(said(call_script("exit")), HasSubstr("has ended; its last words: scripted server exit giving up"));
  EXPECT_THAT(said(call_script("wrong_id", short_time)), HasSubstr("no answer in time"));
  const auto answer = call_script("silent", short_time);
  EXPECT_THAT(said(answer), HasSubstr("no answer in time"));
  EXPECT_EQ(std::get<McpFailure>(answer).knowledge, Knowledge::unknown);
}

TEST(PipedProcess, IsNotThereOrInheritsOnlyWhatItWasGiven) {
  EXPECT_FALSE(PipedProcess::start({"no-such-program"}, {}).ok());
  EXPECT_FALSE(PipedProcess::start({}, {}).ok());
  setenv("GANTRY_TEST_CANARY", "canary", 1);
  auto process = PipedProcess::start({"/usr/bin/env"}, {{"ONLY", "this"}});
  ASSERT_TRUE(process.ok());
  std::string printed;
  for (;;) {
    const auto piece = (*process)->read(std::chrono::steady_clock::now() + std::chrono::seconds(10), {});
    ASSERT_TRUE(piece.ok());
    if (piece->empty()) break;
    printed += *piece;
  }
  EXPECT_EQ(printed, "ONLY=this\n");
}

TEST(PipedProcess, EndsWithItsOwner) {
  pid_t pid = 0;
  {
    auto process = PipedProcess::start({"sh", "-c", "echo $$; exec sleep 1000"}, {});
    ASSERT_TRUE(process.ok());
    const auto printed = (*process)->read(std::chrono::steady_clock::now() + std::chrono::seconds(10), {});
    ASSERT_TRUE(printed.ok());
    pid = std::stoi(*printed);
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_NE(kill(pid, 0), 0);
}

// What a tool of the scripted server answers from inside the sandbox.
class McpSandbox : public testing::Test {
 protected:
  void SetUp() override {
    // Whoever runs in the sandbox may be somebody else, who can't read in everybody's folders.
    std::filesystem::create_directories(scripts_);
    std::filesystem::copy_file(scripts + "/scripted_server.py", scripts_ + "/scripted_server.py",
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::permissions(scripts_, std::filesystem::perms(0755));
    std::filesystem::permissions(scripts_ + "/scripted_server.py", std::filesystem::perms(0644));
    const auto answer = call("echo", Value::object({}));
    const auto* failure = std::get_if<McpFailure>(&answer);
    if (failure != nullptr) GTEST_SKIP() << "no sandbox here: " << failure->what;
  }
  McpClient::Answer call(std::string_view tool, const Value& arguments) {
    McpProgram program;
    program.command = {"python3", scripts_ + "/scripted_server.py"};
    program.environment = {{"GIVEN", "yes"}};
    program.folders = {scripts_};
    auto process = start_in_sandbox(program);
    if (!process) return mcp_failure(Knowledge::not_sent, process.error().message);
    return call_over(**process, Value::object({{"name", tool}, {"arguments", arguments}}), std::chrono::seconds(20),
                     "2025-11-25");
  }
  void TearDown() override { std::filesystem::remove_all(scripts_); }
  const std::string scripts_ = testing::TempDir() + "gantry-mcp-sandbox-" + std::to_string(getpid());
};

TEST_F(McpSandbox, HasOnlyTheEnvironmentThatItWasGiven) {
  setenv("GANTRY_TEST_CANARY", "canary", 1);
  const std::string environment = said(call("environment", Value::object({})));
  EXPECT_THAT(environment, HasSubstr(R"("GIVEN":"yes")"));
  EXPECT_THAT(environment, testing::Not(HasSubstr("canary")));
}

TEST_F(McpSandbox, SeesNoFilesButTheSystemsAndItsOwn) {
  EXPECT_THAT(said(call("look", Value::object({{"path", scripts_ + "/scripted_server.py"}}))),
              HasSubstr("An MCP server for tests"));
  for (const char* path : {"/etc/shadow", "/etc/passwd", "/root/.bashrc", "/var/log/dpkg.log"}) {
    EXPECT_THAT(said(call("look", Value::object({{"path", path}}))), HasSubstr("No such file")) << path;
  }
  EXPECT_THAT(said(call("look", Value::object({{"path", std::string(GANTRY_SOURCE_DIR) + "/VERSION"}}))),
              HasSubstr("No such file"));
}

TEST_F(McpSandbox, CanWriteOnlyWhereItIsForgotten) {
  EXPECT_THAT(said(call("write", Value::object({{"path", scripts_ + "/was_here"}}))), HasSubstr("Read-only"));
  EXPECT_THAT(said(call("write", Value::object({{"path", "/usr/was_here"}}))), HasSubstr("Read-only"));
  EXPECT_THAT(said(call("write", Value::object({{"path", "/tmp/gantry_was_here"}}))), HasSubstr("written"));
  EXPECT_FALSE(std::filesystem::exists("/tmp/gantry_was_here"));
}

TEST_F(McpSandbox, HasNoNetworkAndSeesNoOtherProcess) {
  EXPECT_THAT(said(call("connect", Value::object({{"host", "127.0.0.1"}, {"port", 80}}))), HasSubstr("connect: "));
  EXPECT_THAT(said(call("connect", Value::object({{"host", "8.8.8.8"}, {"port", 53}}))), HasSubstr("connect: "));
  const std::string processes = said(call("processes", Value::object({})));
  EXPECT_THAT(processes, testing::Not(HasSubstr(std::to_string(getpid()))));
}

// The filter of driver: process, which process_driver_test.cpp looks at in full.
TEST_F(McpSandbox, IsRefusedTheSystemCallsThatProcessesAreRefused) {
#if defined(__x86_64__)
  // ptrace, mount, keyctl, unshare, perf_event_open, setns, bpf, userfaultfd, io_uring_setup
  const Value numbers = *parse_json("[101, 165, 250, 272, 298, 308, 321, 323, 425]");
  EXPECT_THAT(said(call("system_calls", Value::object({{"numbers", numbers}}))), HasSubstr("[1, 1, 1, 1, 1, 1, 1, 1, 1]"));
#else
  GTEST_SKIP() << "the numbers are those of x86-64";
#endif
}

TEST_F(McpSandbox, ShowsItsEnvironmentToNobodyElse) {
  McpProgram program;
  program.command = {"sleep", "100"};
  program.environment = {{"TOKEN", "canary-5a1d"}};
  auto process = start_in_sandbox(program);
  ASSERT_TRUE(process.ok()) << process.error().message;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline");
    const std::string words((std::istreambuf_iterator<char>(file)), {});
    EXPECT_THAT(words, testing::Not(HasSubstr("canary-5a1d"))) << "anybody on the machine can read this";
  }
}

}  // namespace
}  // namespace gantry::tool
