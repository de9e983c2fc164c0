#include "tool/piped_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "tool/child_process.h"
#include "tool/descriptor.h"

namespace gantry::tool {
namespace {

constexpr std::size_t last_words_max = 2'000;
constexpr std::size_t piece_bytes = 64u << 10;
constexpr int stop_interval_ms = 50;  // how often a stop token is looked at
constexpr int grace_ms = 500;

class ProgramFileActions {
 public:
  ProgramFileActions() { posix_spawn_file_actions_init(&actions_); }
  ~ProgramFileActions() { posix_spawn_file_actions_destroy(&actions_); }
  ProgramFileActions(const ProgramFileActions&) = delete;
  ProgramFileActions& operator=(const ProgramFileActions&) = delete;
  void move(int from, int to) { posix_spawn_file_actions_adddup2(&actions_, from, to); }
  void close_from(int first) { posix_spawn_file_actions_addclosefrom_np(&actions_, first); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

class ProgramAttributes {
 public:
  ProgramAttributes() {
    posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~ProgramAttributes() { posix_spawnattr_destroy(&attributes_); }
  ProgramAttributes(const ProgramAttributes&) = delete;
  ProgramAttributes& operator=(const ProgramAttributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

struct ProgramPipe {
  int read_end = -1, write_end = -1;
  // A socket, because writing to one can be told not to raise SIGPIPE.
  bool open() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
    read_end = ends[0];
    write_end = ends[1];
    return true;
  }
};

void close_file(int& file) {
  if (file >= 0) close(file);
  file = -1;
}

std::string found_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return access(name.c_str(), X_OK) == 0 ? name : "";
  for (const char* folder : {"/usr/local/bin/", "/usr/bin/", "/bin/"}) {
    if (std::string path = folder + name; access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

int spawn(const std::string& program, std::vector<std::string> arguments, std::vector<std::string> environment,
          const std::vector<int>& inherited, const ProgramPipe& input, const ProgramPipe& output, const ProgramPipe& error) {
  ProgramFileActions actions;
  // Out of the way of the numbers that they are to have.
  std::vector<Descriptor> moved;
  for (const int file : inherited) moved.emplace_back(fcntl(file, F_DUPFD_CLOEXEC, 64));
  actions.move(input.read_end, STDIN_FILENO);
  actions.move(output.write_end, STDOUT_FILENO);
  actions.move(error.write_end, STDERR_FILENO);
  int next = inherited_descriptor_first;
  for (const Descriptor& file : moved) actions.move(file.get(), next++);
  actions.close_from(next);
  const ProgramAttributes attributes;
  const std::vector<char*> argument_pointers = pointers_to(arguments), environment_pointers = pointers_to(environment);
  pid_t process = -1;
  const int failure = posix_spawn(&process, program.c_str(), actions.get(), attributes.get(), argument_pointers.data(),
                                  environment_pointers.data());
  errno = failure;
  return failure == 0 ? process : -1;
}

}  // namespace

Result<std::unique_ptr<PipedProcess>> PipedProcess::start(const std::vector<std::string>& arguments,
                                                          const std::map<std::string, std::string>& environment,
                                                          const std::vector<int>& inherited) {
  if (arguments.empty()) return Error{Code::not_found, "no program to start"};
  const std::string program = found_program(arguments.front());
  if (program.empty()) return Error{Code::not_found, fmt::format("no program \"{}\"", arguments.front())};
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  ProgramPipe input, output, error;
  std::unique_ptr<PipedProcess> child(new PipedProcess);
  const bool opened = input.open() && output.open() && error.open();
  if (opened) child->process_ = spawn(program, arguments, std::move(variables), inherited, input, output, error);
  const std::string why = std::strerror(errno);
  close_file(input.read_end);
  close_file(output.write_end);
  close_file(error.write_end);
  child->input_ = input.write_end;
  child->output_ = output.read_end;
  child->error_ = error.read_end;
  if (child->process_ < 0) return Error{Code::unavailable, fmt::format("can't start \"{}\": {}", program, why)};
  child->handle_ = static_cast<int>(syscall(SYS_pidfd_open, child->process_, 0));
  for (const int file : {child->input_, child->output_, child->error_}) {
    fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK);
  }
  return child;
}

PipedProcess::~PipedProcess() {
  close_file(input_);
  if (process_ > 0) {
    kill(-process_, SIGKILL);
    kill(process_, SIGKILL);
    while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) continue;
  }
  close_file(output_);
  close_file(error_);
  close_file(handle_);
}

bool PipedProcess::has_ended(int milliseconds) const {
  pollfd one{.fd = handle_, .events = POLLIN, .revents = 0};
  return handle_ >= 0 && poll(&one, 1, milliseconds) > 0;
}

void PipedProcess::finish() {
  close_file(input_);
  if (has_ended(grace_ms)) return;
  kill(-process_, SIGTERM);
  (void)has_ended(grace_ms);
}

void PipedProcess::drain_error() {
  std::array<char, 4096> bytes;
  for (ssize_t count = ::read(error_, bytes.data(), bytes.size()); count > 0;
       count = ::read(error_, bytes.data(), bytes.size())) {
    last_words_.append(bytes.data(), static_cast<std::size_t>(count));
    if (last_words_.size() > last_words_max) last_words_.erase(0, last_words_.size() - last_words_max);
  }
}

// Meanwhile takes what comes on standard error, so that the program never waits for us there.
Result<short> PipedProcess::wait_for(int file, short events, Deadline deadline, const std::stop_token& stop) {
  for (;;) {
    if (stop.stop_requested()) return Error{Code::cancelled, "given up because this program stops or no longer waits"};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return Error{Code::timeout, "no answer in time"};
    std::array<pollfd, 2> files = {pollfd{.fd = file, .events = events, .revents = 0},
                                   pollfd{.fd = error_, .events = POLLIN, .revents = 0}};
    const int ready =
        poll(files.data(), files.size(), static_cast<int>(std::min<std::int64_t>(left, stop_interval_ms)));
    if (ready < 0 && errno != EINTR) return Error{Code::unavailable, std::strerror(errno)};
    if (ready <= 0) continue;
    if (files[1].revents != 0) drain_error();
    if ((files[1].revents & POLLIN) == 0 && (files[1].revents & (POLLHUP | POLLERR)) != 0) close_file(error_);
    if (files[0].revents != 0) return files[0].revents;
  }
}

Status PipedProcess::write(std::string_view bytes, Deadline deadline, const std::stop_token& stop, bool& written) {
  written = false;
  while (!bytes.empty()) {
    TRY(wait_for(input_, POLLOUT, deadline, stop));
    const ssize_t count = send(input_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
      return Error{Code::unavailable, fmt::format("the program reads no more: {}", std::strerror(errno))};
    }
    if (count <= 0) continue;
    written = true;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return done();
}

Result<std::string> PipedProcess::read(Deadline deadline, const std::stop_token& stop) {
  std::string piece(piece_bytes, '\0');
  for (;;) {
    TRY(wait_for(output_, POLLIN, deadline, stop));
    const ssize_t count = ::read(output_, piece.data(), piece.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count < 0) return Error{Code::unavailable, std::strerror(errno)};
    piece.resize(static_cast<std::size_t>(count));
    if (count == 0) drain_error();
    return piece;
  }
}

}  // namespace gantry::tool
