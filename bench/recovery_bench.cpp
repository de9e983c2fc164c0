// How long it takes after SIGKILL until 1,000 instances that were in the middle of a call are all done: a second
// process runs them until each has a call in flight, is killed, and this one opens its journal.
//
//   recovery_bench [DIRECTORY]
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "step_load.h"

namespace {

using namespace gantry;
using namespace gantry::bench;

constexpr std::size_t instances = 1'000;
const definition::Principal principal{"bench", {}};

// Takes calls and answers none.
class SilentDriver final : public tool::Driver {
 public:
  std::vector<std::string> check(const definition::Tool&) const override { return {}; }
  tool::Outcome call(tool::Permit, const tool::CallContext&) override {
    std::unique_lock lock(mutex_);
    ++calls_;
    changed_.notify_all();
    changed_.wait(lock, [] { return false; });
    return {};
  }
  void wait_for(std::size_t calls) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_ == calls; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t calls_ = 0;
};

// Writes a byte when all calls are in flight, and waits for its end.
[[noreturn]] void be_killed(const std::string& url, int done) {
  engine::EngineOptions options;
  options.workers = instances;
  options.immediate_drivers = {};
  auto driver = std::make_shared<SilentDriver>();
  auto open = open_engine(url, {{"echo", driver}}, options);
  if (auto deployed = open->engine->deploy(project_of_steps({3}, echo_tool()), principal); !deployed)
    give_up(deployed.error().message);
  std::vector<std::jthread> callers;
  for (std::size_t caller = 0; caller < 50; ++caller)
    callers.emplace_back([&] {
      for (std::size_t i = 0; i < instances / 50; ++i) start_instance(*open->engine, "steps3");
    });
  driver->wait_for(instances);
  (void)!::write(done, "x", 1);
  while (true) ::pause();
}

double recover(const std::string& url) {
  const auto start = SteadyClock::now();
  auto open = open_engine(url, {{"echo", tool::make_echo_driver()}}, {});
  while (open->engine->statistics().running > 0) {
    if (seconds_since(start) > 60) give_up("not all instances were done within a minute");
    ::usleep(500);
  }
  return seconds_since(start);
}

}  // namespace

int main(int count, char** arguments) {
  set_log_level(LogLevel::error);
  const Folder folder(count > 1 ? filesystem::path(arguments[1]) : filesystem::temp_directory_path());
  Figure seconds;
  for (int run = 0; run < 3; ++run) {
    const std::string url = folder.store(fmt::format("recovery-{}", run));
    int pipe[2];
    if (::pipe(pipe) != 0) give_up("no pipe");
    const pid_t child = ::fork();
    if (child == 0) be_killed(url, pipe[1]);
    char byte = 0;
    ::close(pipe[1]);
    if (::read(pipe[0], &byte, 1) != 1) give_up("the second process ended by itself");
    ::close(pipe[0]);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    seconds.add(recover(url));
  }
  fmt::print(
      "\nSIGKILL with {} instances of three steps, a call of each in flight: all done {} s after the start (target "
      "1)\n",
      instances, seconds.text(2));
  return 0;
}
