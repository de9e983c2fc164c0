// Steps whose tool is another process, over loopback HTTP: how many a second, and what they cost Gantry's own process.
// The other process answers each call at once with a few bytes; its processor time is printed beside, not counted.
//
//   http_tool_bench [DIRECTORY]
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string_view>
#include <unordered_map>

#include "base/log.h"
#include "step_load.h"

namespace {

using namespace gantry;
using namespace gantry::bench;

struct Listener {
  int socket = -1;
  int port = 0;
};

Listener listen_on_loopback() {
  Listener listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(listener.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.socket, 1'024) != 0)
    give_up("can't listen on the loopback interface");
  ::getsockname(listener.socket, reinterpret_cast<sockaddr*>(&address), &length);
  listener.port = ntohs(address.sin_port);
  return listener;
}

// The length of the first whole request in `text`, or 0.
std::size_t whole_request(std::string_view text) {
  const std::size_t head = text.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  std::size_t body = 0;
  for (const char* name : {"Content-Length: ", "content-length: "})
    if (const std::size_t at = text.substr(0, head).find(name); at != std::string_view::npos)
      body = std::strtoull(text.data() + at + 16, nullptr, 10);
  const std::size_t all = head + 4 + body;
  return text.size() >= all ? all : 0;
}

// The other process: one thread, until it is killed.
[[noreturn]] void serve(int listening) {
  constexpr std::string_view answer =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"moved\": true}";
  const int poll = ::epoll_create1(0);
  epoll_event watch{.events = EPOLLIN, .data = {.fd = listening}};
  ::epoll_ctl(poll, EPOLL_CTL_ADD, listening, &watch);
  std::unordered_map<int, std::string> waiting;
  std::vector<epoll_event> events(256);
  std::vector<char> buffer(64 << 10);
  while (true) {
    const int count = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      if (socket == listening) {
        const int accepted = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK);
        if (accepted < 0) continue;
        const int on = 1;
        ::setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_event added{.events = EPOLLIN, .data = {.fd = accepted}};
        ::epoll_ctl(poll, EPOLL_CTL_ADD, accepted, &added);
        continue;
      }
      const ssize_t read = ::recv(socket, buffer.data(), buffer.size(), 0);
      if (read <= 0) {
        ::close(socket);
        waiting.erase(socket);
        continue;
      }
      std::string& text = waiting[socket];
      text.append(buffer.data(), static_cast<std::size_t>(read));
      while (const std::size_t all = whole_request(text)) {
        text.erase(0, all);
        (void)::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
    }
  }
}

std::string http_tool(int port) {
  return fmt::format(
      "tool: bench\nversion: 1.0.0\ndriver: http\nsettings: {{baseUrl: \"http://127.0.0.1:{}\"}}\noperations:\n  say:\n"
      "    class: write\n    idempotency: key\n    binding: {{method: POST, path: /move}}\n"
      "    arguments: {{type: object, properties: {{voyage: {{type: string}}, moves: {{type: array}}}}}}\n",
      port);
}

double child_processor_seconds(pid_t child) {
  int status = 0;
  rusage usage{};
  ::kill(child, SIGKILL);
  ::wait4(child, &status, 0, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

struct OtherProcess {
  int port = 0;
  pid_t id = 0;
};

OtherProcess start_other_process() {
  const Listener listener = listen_on_loopback();
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(listener.socket);
  }
  ::close(listener.socket);
  return {listener.port, child};
}

}  // namespace

int main(int count, char** arguments) {
  set_log_level(LogLevel::error);
  const Folder folder(count > 1 ? filesystem::path(arguments[1]) : filesystem::temp_directory_path());
  constexpr int runs = 3;
  // All before there are threads, and before this process has memory that it would share with them page by page.
  std::vector<OtherProcess> others;
  for (int run = 0; run < runs; ++run) others.push_back(start_other_process());
  Figure steps, processor, theirs, syncs, rows;
  for (int run = 0; run < runs; ++run) {
    const OtherProcess& other = others[static_cast<std::size_t>(run)];
    const std::string address = fmt::format("127.0.0.1:{}", other.port);
    const Load load = run_load(
        folder, fmt::format("http-{}", run),
        {.concurrency = 64,
         .steps = 100,
         .drivers = {{"http", tool::make_http_driver({.egress_allow = {address}, .host_override = {}, .secrets = {}})}},
         .tool = http_tool(other.port)});
    const double all = load.steps_per_second * 3;
    steps.add(load.steps_per_second);
    processor.add(load.processor_microseconds);
    syncs.add(load.syncs_per_step);
    rows.add(load.rows_per_commit);
    theirs.add(1e6 * child_processor_seconds(other.id) / std::max(1.0, all));
  }
  fmt::print(
      "\nThe tool in another process, HTTP over loopback, 64 instances:\n  steps/s {} (target 12000)\n  Gantry's own "
      "processor time {} us/step (target 40); the other process took about {} us/step\n  {} disk "
      "syncs per step (target 0.05), {} rows per commit\n",
      steps.text(), processor.text(1), theirs.text(1), syncs.text(4), rows.text());
  return 0;
}
