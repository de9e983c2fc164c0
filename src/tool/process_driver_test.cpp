// The process driver: programs run in a sandbox and nowhere else, and what they try to get out of it.
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tool/drivers.h"
#include "tool/permit_for_test.h"
#include "tool/process_binding.h"
#include "tool/sandbox.h"
#include "tool/sql_fixture.h"

namespace gantry::tool {
namespace {

using definition::EffectClass;
using testing::HasSubstr;
using testing::Not;
using Kind = Outcome::Kind;
using Ending = SandboxResult::Ending;

class ProcessDriverTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!sandbox_problem().empty()) GTEST_SKIP() << sandbox_problem();
    chmod(folder_.path().c_str(), 0755);
  }

  Outcome call(std::string_view binding, std::string_view arguments = "{}", std::string_view settings = "{}", std::stop_token stop = {}) {
    definition::Tool tool;
    tool.name = "script";
    tool.settings = sql_json(settings);
    definition::Operation operation;
    operation.name = "go";
    operation.effect_class = EffectClass::read;
    operation.binding = sql_json(binding);
    Effect effect;
    effect.id = effect.key = "01A-e1";
    effect.tool = "script";
    effect.operation = "go";
    effect.effect_class = EffectClass::read;
    effect.arguments = sql_json(arguments);
    const CallContext context{.tool = &tool, .operation = &operation, .attempt = 1, .stop = std::move(stop)};
    DriverOptions options;
    options.directory = folder_.path();
    return make_process_driver(options)->call(gate::Gate::permit_for_test(std::move(effect)), context);
  }

  // What a shell script in the sandbox does. Tests only: an author's command has no shell unless they name one.
  static SandboxResult shell(const std::string& script, SandboxRequest request = {}) {
    request.command = {"/bin/bash", "-c", script};
    return run_in_sandbox(request);
  }
  static SandboxResult python(const std::string& script) {
    SandboxRequest request;
    request.command = {"/usr/bin/python3", "-I", "-S", "-c", script};
    return run_in_sandbox(request);
  }

  TemporaryFolder folder_;
};

TEST_F(ProcessDriverTest, PassesArgumentsAsWordsStdinAndFileAndNeverThroughAShell) {
  EXPECT_EQ(call(R"({"command": ["/usr/bin/printf", "%s|", {"argument": "a"}, {"argument": "b"}]})",
                 R"({"a": "$(id) `id`; x \" ' *", "b": 5})").result, Value("$(id) `id`; x \" ' *|5|"));
  EXPECT_EQ(call(R"({"command": ["/usr/bin/wc", "-c"], "stdin": "text"})", R"({"text": "12345"})").result, Value("5\n"));
  EXPECT_EQ(call(R"({"command": ["/usr/bin/cat"], "json": "stdin", "output": "json"})", R"({"a": [1, "x"]})").result, sql_json(R"({"a":[1,"x"]})"));
  EXPECT_EQ(call(R"({"command": ["/usr/bin/cat", "/arguments.json"], "json": "file", "output": "json"})", R"({"a": 1})").result, sql_json(R"({"a":1})"));
  EXPECT_EQ(call(R"({"command": ["/usr/bin/printf", "\\377"], "output": "base64"})").result, sql_json(R"({"base64":"/w=="})"));
  const std::string large(300'000, 'x');
  EXPECT_EQ(call(R"({"command": ["/usr/bin/wc", "-c"], "stdin": "text"})", "{\"text\": \"" + large + "\"}").result, Value("300000\n"));
}

TEST_F(ProcessDriverTest, RefusesATextThatWouldBeAnOption) {
  const char* bare = R"({"command": ["/usr/bin/cat", {"argument": "a"}]})";
  EXPECT_THAT(call(bare, R"({"a": "--help"})").error.detail, HasSubstr("would be an option"));
  EXPECT_THAT(call(bare, R"({"a": -1})").error.detail, HasSubstr("would be an option"));
  EXPECT_EQ(call(R"({"command": ["/usr/bin/printf", "%s", "--", {"argument": "a"}]})", R"({"a": "-n"})").result, Value("---n"));
  EXPECT_EQ(kind_of(call(bare, R"({"a": "x\u0000y"})")), "validation");
  EXPECT_EQ(kind_of(call(bare, R"({"a": {}})")), "validation");
  EXPECT_EQ(kind_of(call(bare)), "validation");
}

TEST_F(ProcessDriverTest, SaysHowItEnded) {
  const Outcome status = call(R"({"command": ["/bin/sh", "-c", "echo wrong >&2; exit 3"]})");
  EXPECT_EQ(status.kind, Kind::failed);
  EXPECT_THAT(status.error.detail, HasSubstr("script.go: exit status 3: wrong"));
  EXPECT_EQ(kind_of(call(R"({"command": ["/usr/bin/no-such-program"]})")), "configuration");
  EXPECT_THAT(call(R"({"command": ["/usr/bin/echo", "x"], "output": "json"})").error.detail, HasSubstr("is no JSON"));
  EXPECT_THAT(call(R"({"command": ["/bin/sh", "-c", "kill -SEGV $$"]})").error.detail, HasSubstr("exit status 139"));
}

TEST_F(ProcessDriverTest, ShowsTheFilesThatTheSettingsNameReadOnly) {
  std::ofstream(folder_.path() + "/script.py") << "import sys, json\nprint(json.load(open('/arguments.json'))['n'] * 2)\n";
  const char* settings = R"({"read": {"/scripts/double.py": "script.py"}, "environment": {"MODE": "test"}})";
  EXPECT_EQ(call(R"({"command": ["/usr/bin/python3", "/scripts/double.py"], "json": "file", "output": "json"})", R"({"n": 21})", settings).result, Value(42));
  EXPECT_EQ(call(R"({"command": ["/bin/sh", "-c", "echo $MODE; echo x > /scripts/double.py"]})", "{}", settings).kind, Kind::failed);
  EXPECT_THAT(std::filesystem::file_size(folder_.path() + "/script.py"), testing::Gt(20u));
}

TEST_F(ProcessDriverTest, StopsAtItsLimitsAndTakesTheWholeTreeAlong) {
  // The child of a child holds the pipe too: that the call returns shows that it is gone.
  const Outcome late = call(R"({"command": ["/bin/bash", "-c", "(setsid sleep 1000 &) ; sleep 1000"]})", "{}", R"({"timeout": "PT0.3S"})");
  EXPECT_EQ(kind_of(late), "timeout");
  EXPECT_THAT(late.error.detail, HasSubstr("settings.timeout"));
  EXPECT_THAT(call(R"({"command": ["/usr/bin/yes"]})", "{}", R"({"output": 1000})").error.detail, HasSubstr("more than 1000 bytes of output"));
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(kind_of(call(R"({"command": ["/usr/bin/sleep", "1000"]})", "{}", "{}", source.get_token())), "communication");
  EXPECT_EQ(call(R"json({"command": ["/usr/bin/python3", "-c", "x = bytearray(400 << 20)"]})json", "{}", R"({"memory": 268435456})").kind, Kind::failed);
}

TEST_F(ProcessDriverTest, LeavesNothingBehindThatRunsOn) {
  // Ends at once, but leaves a child that would go on; the pipe to it is closed only when it is gone.
  const auto begin = std::chrono::steady_clock::now();
  const SandboxResult result = shell("setsid sleep 1000 & echo started");
  EXPECT_EQ(result.output, "started\n");
  EXPECT_EQ(result.ending, Ending::exited);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

// --- What a program tries to get out

TEST_F(ProcessDriverTest, EscapeReadsNoFileOfTheMachine) {
  std::ofstream(folder_.path() + "/private") << "canary-4711";
  const SandboxResult result = shell("cat /etc/shadow /etc/passwd /root/.profile '" + folder_.path() +
                                     "/private' /proc/1/environ /proc/1/root/etc/shadow /proc/self/root/../etc/shadow; ls /home /root /var /etc /");
  EXPECT_NE(result.status, 0);
  EXPECT_THAT(result.output, Not(HasSubstr("canary")));
  EXPECT_THAT(result.output, Not(HasSubstr("root:")));
  EXPECT_THAT(result.output, Not(HasSubstr("home")));
}

TEST_F(ProcessDriverTest, EscapeWritesNowhereButInItsTemporaryFolder) {
  chmod(folder_.path().c_str(), 0777);
  const SandboxResult result = shell("for place in / /usr /usr/bin /bin /etc /proc/sys/kernel /dev /dev/shm /var/tmp '" + folder_.path() +
                                     "'; do (echo x > $place/gantry-escape) 2>/dev/null && echo wrote $place; done; echo x > /tmp/mine && cat /tmp/mine; "
                                     "(echo x > /proc/sys/kernel/core_pattern) 2>/dev/null && echo wrote core_pattern; "
                                     "(echo x > /proc/sysrq-trigger) 2>/dev/null && echo wrote sysrq; true");
  EXPECT_EQ(result.output, "x\n") << result.errors;
  EXPECT_FALSE(std::filesystem::exists("/tmp/mine"));
  EXPECT_FALSE(std::filesystem::exists("/usr/bin/gantry-escape"));
}

TEST_F(ProcessDriverTest, EscapeConnectsNowhere) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 4), 0);
  socklen_t size = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const SandboxResult result = python(
      "import socket\n"
      "for family, where in ((socket.AF_INET, ('127.0.0.1', " + std::to_string(ntohs(address.sin_port)) + ")), (socket.AF_INET, ('1.1.1.1', 53)),\n"
      "                      (socket.AF_INET6, ('::1', 80)), (socket.AF_NETLINK, (0, 0)), (socket.AF_PACKET, ('lo', 0))):\n"
      "  try:\n    s = socket.socket(family, socket.SOCK_RAW if family == socket.AF_PACKET else socket.SOCK_STREAM)\n    s.connect(where)\n    print('connected', where)\n"
      "  except OSError as e: print('no')\n"
      "a, b = socket.socketpair()\na.send(b'x')\nprint(b.recv(1))\n");
  close(listener);
  EXPECT_EQ(result.output, "no\nno\nno\nno\nno\nb'x'\n") << result.errors;
}

TEST_F(ProcessDriverTest, EscapeForksNoMoreThanItsLimit) {
  SandboxRequest request;
  request.processes_max = 20;
  request.command = {"/usr/bin/python3", "-I", "-S", "-c",
                     "import os, time\nchildren = 0\n"
                     "try:\n  while children < 100:\n    if os.fork() == 0: time.sleep(1000)\n    children += 1\n"
                     "except BlockingIOError: pass\nprint(children, flush=True)\nos._exit(0)\n"};
  const SandboxResult result = run_in_sandbox(request);
  ASSERT_NE(result.output, "") << result.errors;
  EXPECT_GT(std::stoi(result.output), 5);
  EXPECT_LT(std::stoi(result.output), 20);
}

TEST_F(ProcessDriverTest, EscapeFillsNoDisk) {
  SandboxRequest request;
  request.files_bytes_max = 1 << 20;
  const SandboxResult result = shell("for i in 1 2 3 4; do head -c 900000 /dev/zero > /tmp/$i || echo full; done; du -sk /tmp | cut -f1", request);
  EXPECT_THAT(result.output, HasSubstr("full"));
  const std::size_t last = result.output.rfind('\n', result.output.size() - 2);
  EXPECT_LE(std::stoi(result.output.substr(last == std::string::npos ? 0 : last + 1)), 1'100) << result.output;
}

TEST_F(ProcessDriverTest, EscapeSeesAndSignalsNoProcessOfTheMachine) {
  const SandboxResult result = shell("ls /proc | grep -c '^[0-9]'; kill -0 " + std::to_string(getpid()) + " 2>&1; kill -9 1; kill -9 -1; echo alive");
  EXPECT_THAT(result.output, HasSubstr("No such process"));
  const int seen = std::stoi(result.output);
  EXPECT_LE(seen, 6) << result.output;
}

TEST_F(ProcessDriverTest, EscapeInheritsNoDescriptor) {
  const int open_here = open("/etc/hostname", O_RDONLY);  // without O_CLOEXEC, as a careless library would
  const SandboxResult result = shell("ls /proc/self/fd | tr '\\n' ' '");
  close(open_here);
  EXPECT_EQ(result.output, "0 1 2 3 ") << "3 is that of ls itself";
}

TEST_F(ProcessDriverTest, EscapeHasNoCapabilitiesAndGetsNone) {
  const SandboxResult result = shell("grep -E '^(CapEff|CapPrm|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t'; id -u");
  EXPECT_THAT(result.output, HasSubstr("CapPrm:0000000000000000"));
  EXPECT_THAT(result.output, HasSubstr("CapEff:0000000000000000"));
  EXPECT_THAT(result.output, HasSubstr("CapBnd:0000000000000000"));
  EXPECT_THAT(result.output, HasSubstr("NoNewPrivs:1"));
  EXPECT_THAT(result.output, HasSubstr("Seccomp:2"));
  EXPECT_THAT(result.output, HasSubstr("65534"));
}

TEST_F(ProcessDriverTest, EscapeIsRefusedEachDangerousSystemCall) {
  // Numbers of x86-64: ptrace, mount, umount2, pivot_root, chroot, unshare, setns, bpf, perf_event_open, userfaultfd,
  // io_uring_setup, keyctl, add_key, kexec_load, init_module, process_vm_readv, personality, open_by_handle_at,
  // clone3, clone with CLONE_NEWUSER, socket(AF_VSOCK).
#ifndef __x86_64__
  GTEST_SKIP() << "the numbers are those of x86-64";
#endif
  const SandboxResult result = python(
      "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
      "for n, args in ((101,(0,0,0,0)),(165,(0,0,0,0,0)),(166,(0,0)),(155,(0,0)),(161,(b'/',)),(272,(0x10000000,)),(308,(0,0)),(321,(0,0,0)),\n"
      "                (298,(0,0,0,0,0)),(323,(0,)),(425,(1,0)),(250,(0,0,0)),(248,(0,0,0,0,0)),(246,(0,0,0,0)),(175,(0,0,b'')),\n"
      "                (310,(0,0,0,0,0,0)),(135,(0,)),(304,(0,0,0)),(435,(0,0)),(56,(0x10000000|17,0,0,0,0)),(41,(40,1,0))):\n"
      "  r = libc.syscall(ctypes.c_long(n), *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])\n"
      "  print(n, r, ctypes.get_errno())\n");
  std::istringstream lines(result.output);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const std::string expected = line.starts_with("435 ") ? " -1 38" : " -1 1";  // clone3: "there is no such call"
    EXPECT_TRUE(line.ends_with(expected)) << line;
  }
  EXPECT_EQ(count, 21) << result.errors;
}

TEST_F(ProcessDriverTest, EscapeTypesIntoNoTerminal) {
  // TIOCSTI, the same with a bit that the kernel does not look at, TIOCLINUX: refused before the kernel sees what 0 is.
  const SandboxResult result = python(
      "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
      "for request in (0x5412, 0x5412 | (1 << 32), 0x541C):\n"
      "  r = libc.syscall(ctypes.c_long(16), ctypes.c_long(0), ctypes.c_ulong(request), b'x')\n"
      "  print(r, ctypes.get_errno())\n"
      "try:\n  os.open('/dev/tty', os.O_RDWR)\n  print('tty')\nexcept OSError: print('no')\n");
  EXPECT_EQ(result.output, "-1 1\n-1 1\n-1 1\nno\n") << result.errors;
}

TEST_F(ProcessDriverTest, EscapeMakesNoNewUserNamespace) {
  EXPECT_NE(shell("unshare --user --map-root-user true").status, 0);
  EXPECT_NE(shell("unshare --mount true").status, 0);
}

TEST_F(ProcessDriverTest, GantrysOwnEnvironmentStaysOutside) {
  setenv("GANTRY_CANARY", "canary-4711", 1);
  const SandboxResult result = shell("env; cat /proc/self/environ /proc/1/environ");
  unsetenv("GANTRY_CANARY");
  EXPECT_THAT(result.output, Not(HasSubstr("canary")));
}

// --- Definitions

std::vector<std::string> process_problems(std::string_view settings, std::string_view binding, std::string_view arguments = "{}") {
  definition::Tool tool;
  tool.settings = sql_json(settings);
  definition::Operation& operation = tool.operations["go"];
  operation.name = "go";
  operation.arguments_schema = sql_json(arguments);
  operation.binding = sql_json(binding);
  return make_process_driver({})->check(tool);
}

TEST(ProcessTool, IsCheckedBeforeAnythingRuns) {
  using testing::ElementsAre;
  using testing::IsEmpty;
  EXPECT_THAT(process_problems(R"({"timeout": "PT1S", "read": {"/scripts": "scripts"}})", R"({"command": ["/usr/bin/wc", "-c"], "stdin": "a"})",
                               R"({"properties": {"a": {}}})"), IsEmpty());
  EXPECT_THAT(process_problems("{}", R"({"command": "ls -l"})"), ElementsAre("/operations/go/binding/command: expected a list of 1 to 256 words"));
  EXPECT_THAT(process_problems("{}", R"({"command": ["ls"]})"), ElementsAre(HasSubstr("/command/0: expected the absolute path")));
  EXPECT_THAT(process_problems("{}", R"({"command": [{"argument": "program"}]})"), ElementsAre(HasSubstr("/command/0: ")));
  EXPECT_THAT(process_problems("{}", R"({"command": ["/bin/ls", 5]})"), ElementsAre(HasSubstr("/command/1: expected text, or {argument: NAME}")));
  EXPECT_THAT(process_problems("{}", R"({"command": ["/bin/ls", {"argument": "a"}]})", R"({"properties": {"b": {}}})"),
              ElementsAre("/operations/go/binding/command: the operation has no argument \"a\"",
                          "/operations/go/binding/command: the binding has no place for the argument \"b\""));
  for (const char* inside : {"/etc", "/usr/x", "relative", "/a/../b", "/a//b", "/", "/tmp/x", "/proc/x"})
    EXPECT_THAT(process_problems("{\"read\": {\"" + std::string(inside) + "\": \"x\"}}", R"({"command": ["/bin/ls"]})"),
                ElementsAre(testing::StartsWith("/settings/read/"))) << inside;
  EXPECT_THAT(process_problems(R"({"environment": {"PATH": "x"}})", R"({"command": ["/bin/ls"]})"), ElementsAre(HasSubstr("/settings/environment/PATH")));
  EXPECT_THAT(process_problems(R"({"memory": 1})", R"({"command": ["/bin/ls"]})"), ElementsAre(HasSubstr("/settings/memory")));
}

}  // namespace
}  // namespace gantry::tool
