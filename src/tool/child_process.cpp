#include "tool/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "tool/descriptor.h"

namespace gantry::tool {
namespace {

constexpr std::size_t child_errors_bytes_max = 4u << 10;
constexpr int look_ms = 50;  // how long a wait goes on without looking at the stop token
constexpr std::chrono::seconds end_wait(5);  // for the pipes, after the child was ended

struct Pipe {
  Descriptor reader, writer;
  bool open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    reader = Descriptor(ends[0]);
    writer = Descriptor(ends[1]);
    return true;
  }
};

class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

class Child {
 public:
  explicit Child(const ChildRequest& request) : request_(request) {}

  SandboxResult run() {
    if (!start()) return std::move(result_);
    while (!ended_ && !is_over()) turn(std::min(request_.deadline, std::chrono::steady_clock::now() + std::chrono::milliseconds(look_ms)));
    // bubblewrap takes all with it: the first process of the namespace ends with its parent, and the namespace with it.
    kill(process_, SIGKILL);
    int status = 0;
    while (waitpid(process_, &status, 0) < 0 && errno == EINTR) continue;
    drain();
    if (result_.ending == SandboxResult::Ending::exited)
      result_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return std::move(result_);
  }

 private:
  bool fail(const char* what, int number) {
    result_.errors = fmt::format("{}: {}", what, std::strerror(number));
    return false;
  }

  bool start() {
    if (!stdin_.open() || !output_.open() || !errors_.open()) return fail("pipe", errno);
    SpawnSettings settings;
    // First out of the way of the numbers that they are to have, then there.
    std::vector<Descriptor> moved;
    for (const int from : {stdin_.reader.get(), output_.writer.get(), errors_.writer.get()}) moved.emplace_back(fcntl(from, F_DUPFD_CLOEXEC, 64));
    for (const int from : request_.inherited) moved.emplace_back(fcntl(from, F_DUPFD_CLOEXEC, 64));
    for (std::size_t index = 0; index < moved.size(); ++index) {
      if (moved[index].get() < 0) return fail("descriptors", errno);
      posix_spawn_file_actions_adddup2(&settings.actions, moved[index].get(), static_cast<int>(index));
    }
    posix_spawn_file_actions_addclosefrom_np(&settings.actions, static_cast<int>(moved.size()));
    set_signals(settings);
    std::vector<char*> words;
    for (const std::string& word : request_.command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    char* environment[] = {nullptr};
    if (const int code = posix_spawn(&process_, words[0], &settings.actions, &settings.attributes, words.data(), environment))
      return fail(words[0], code);
    stdin_.reader.reset();
    output_.writer.reset();
    errors_.writer.reset();
    handle_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, process_, 0)));
    for (const int each : {stdin_.writer.get(), output_.reader.get(), errors_.reader.get()}) fcntl(each, F_SETFL, O_NONBLOCK);
    if (request_.stdin_text.empty()) stdin_.writer.reset();
    return true;
  }

  // Gantry blocks and ignores some signals; the child starts with none of that.
  static void set_signals(SpawnSettings& settings) {
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&settings.attributes, &none);
    posix_spawnattr_setsigdefault(&settings.attributes, &defaults);
    posix_spawnattr_setpgroup(&settings.attributes, 0);
    posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }

  bool is_over() {
    using How = SandboxResult::Ending;
    if (too_much_)
      result_.ending = How::too_much_output;
    else if (request_.stop.stop_requested())
      result_.ending = How::stopped;
    else if (std::chrono::steady_clock::now() >= request_.deadline)
      result_.ending = How::timed_out;
    else
      return false;
    return true;
  }

  // One wait and what it brings.
  void turn(std::chrono::steady_clock::time_point until) {
    std::array<pollfd, 4> entries = {{{.fd = handle_.get(), .events = POLLIN, .revents = 0},
                                      {.fd = output_.reader.get(), .events = POLLIN, .revents = 0},
                                      {.fd = errors_.reader.get(), .events = POLLIN, .revents = 0},
                                      {.fd = stdin_.writer.get(), .events = POLLOUT, .revents = 0}}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (poll(entries.data(), entries.size(), static_cast<int>(std::max<std::int64_t>(left, 0))) < 0) return;
    if (entries[1].revents != 0) take(output_.reader, result_.output, request_.output_bytes_max, true);
    if (entries[2].revents != 0) take(errors_.reader, result_.errors, child_errors_bytes_max, false);
    if (entries[3].revents != 0) give();
    if (entries[0].revents != 0 && !too_much_) {
      ended_ = true;
      result_.ending = SandboxResult::Ending::exited;
    }
  }

  void take(Descriptor& reader, std::string& text, std::size_t most, bool is_output) {
    std::array<char, 64u << 10> piece;
    const ssize_t count = read(reader.get(), piece.data(), piece.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return reader.reset();
    const std::size_t room = most - text.size();
    text.append(piece.data(), std::min(room, static_cast<std::size_t>(count)));
    if (is_output && static_cast<std::size_t>(count) > room) too_much_ = true;
  }

  void give() {
    const std::string_view rest = std::string_view(request_.stdin_text).substr(given_);
    const ssize_t count = write(stdin_.writer.get(), rest.data(), std::min<std::size_t>(rest.size(), 64u << 10));
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count > 0) given_ += static_cast<std::size_t>(count);
    if (count < 0 || given_ == request_.stdin_text.size()) stdin_.writer.reset();
  }

  // What is still in the pipes, and until nobody holds them.
  void drain() {
    stdin_.writer.reset();
    handle_.reset();
    const auto until = std::chrono::steady_clock::now() + end_wait;
    while ((output_.reader.get() >= 0 || errors_.reader.get() >= 0) && std::chrono::steady_clock::now() < until) turn(until);
    if (too_much_) result_.ending = SandboxResult::Ending::too_much_output;
  }

  const ChildRequest& request_;
  SandboxResult result_;
  Pipe stdin_, output_, errors_;
  Descriptor handle_;
  pid_t process_ = -1;
  std::size_t given_ = 0;
  bool ended_ = false, too_much_ = false;
};

}  // namespace

SandboxResult run_child(const ChildRequest& request) {
  return Child(request).run();
}

}  // namespace gantry::tool
