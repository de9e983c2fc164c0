// For tests: a PostgreSQL of their own, from Debian's package, on a Unix socket in a temporary folder.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "tool/sql_fixture.h"

namespace gantry::tool {

class TestPostgresql {
 public:
  static constexpr const char* binaries = "/usr/lib/postgresql/15/bin";
  static bool is_installed() { return access((std::string(binaries) + "/initdb").c_str(), X_OK) == 0; }

  TestPostgresql() {
    // PostgreSQL refuses to run as root.
    if (geteuid() == 0) {
      EXPECT_EQ(chown(folder_.path().c_str(), nobody, nobody), 0);
      as_nobody_.insert(as_nobody_.end(), {"--reuid=65534", "--regid=65534", "--clear-groups"});
    }
    const std::string data = folder_.path() + "/data";
    const pid_t made = spawn({std::string(binaries) + "/initdb", "-D", data, "-U", "gantry", "-A", "trust", "-E", "UTF8",
                              "--locale=C", "--no-sync", "--no-instructions"}, "/dev/null");
    int status = -1;
    waitpid(made, &status, 0);
    EXPECT_EQ(status, 0) << "initdb";
    log_ = folder_.path() + "/log";
    EXPECT_EQ(mkfifo(log_.c_str(), 0666), 0);
    EXPECT_EQ(chmod(log_.c_str(), 0666), 0);
    const int reader = open(log_.c_str(), O_RDWR | O_CLOEXEC);
    server_ = spawn({std::string(binaries) + "/postgres", "-D", data, "-k", folder_.path(), "-h", "", "-c", "fsync=off",
                     "-c", "max_connections=20", "-c", "shared_buffers=4MB", "-c", "autovacuum=off"}, log_);
    wait_until_ready(reader);
    drain_ = std::thread([reader] {  // so that the server never waits for its log; ends with the last writer
      char bytes[4096];
      while (::read(reader, bytes, sizeof bytes) > 0 && std::string_view(bytes, 1) != "\1") continue;
      ::close(reader);
    });
  }
  ~TestPostgresql() {
    kill(server_, SIGINT);
    waitpid(server_, nullptr, 0);
    const int writer = open(log_.c_str(), O_WRONLY | O_CLOEXEC);
    EXPECT_EQ(write(writer, "\1", 1), 1);
    drain_.join();
    close(writer);
  }
  const std::string& socket_folder() const { return folder_.path(); }

 private:
  static constexpr uid_t nobody = 65534;

  pid_t spawn(const std::vector<std::string>& command, const std::string& output) {
    std::vector<std::string> all = as_nobody_;
    all.insert(all.end(), command.begin(), command.end());
    std::vector<char*> arguments;
    for (std::string& argument : all) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    char path[] = "PATH=/usr/bin:/bin", locale[] = "LC_ALL=C";
    char* environment[] = {path, locale, nullptr};
    pid_t child = -1;
    EXPECT_EQ(posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environment), 0);
    posix_spawn_file_actions_destroy(&actions);
    return child;
  }

  void wait_until_ready(int reader) {
    std::string text;
    char bytes[512];
    while (text.find("ready to accept connections") == std::string::npos && text.find("FATAL") == std::string::npos) {
      const ssize_t count = ::read(reader, bytes, sizeof bytes);
      if (count <= 0) break;
      text.append(bytes, static_cast<std::size_t>(count));
    }
    EXPECT_NE(text.find("ready to accept"), std::string::npos) << text;
  }

  TemporaryFolder folder_;
  std::vector<std::string> as_nobody_ = {"/usr/bin/setpriv", "--pdeathsig=INT"};  // ends with a test that crashes
  std::string log_;
  pid_t server_ = -1;
  std::thread drain_;
};

// Stands between a client and the server, for one connection: passes all on until the client has sent `last_words`;
// those still go to the server, and its answer is awaited, but the client gets nothing any more.
class LosingProxy {
 public:
  LosingProxy(const std::string& server_folder, std::string last_words) : last_words_(std::move(last_words)) {
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un here = address_in(folder_.path()), server = address_in(server_folder);
    EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    thread_ = std::thread([this, server] { carry(server); });
  }
  ~LosingProxy() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  const std::string& socket_folder() const { return folder_.path(); }

 private:
  static sockaddr_un address_in(const std::string& folder) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder + "/.s.PGSQL.5432";
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
  }

  void carry(const sockaddr_un& server) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int upstream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(upstream, reinterpret_cast<const sockaddr*>(&server), sizeof server), 0);
    std::thread back([&] {
      char bytes[4096];
      for (ssize_t count; (count = recv(upstream, bytes, sizeof bytes, 0)) > 0;) {
        if (losing_) break;
        send(client, bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL);
      }
      shutdown(client, SHUT_RDWR);
    });
    char bytes[4096];
    for (ssize_t count; (count = recv(client, bytes, sizeof bytes, 0)) > 0;) {
      if (std::string_view(bytes, static_cast<std::size_t>(count)).find(last_words_) != std::string_view::npos) losing_ = true;
      send(upstream, bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL);
    }
    shutdown(upstream, SHUT_WR);
    back.join();
    close(upstream);
    close(client);
  }

  TemporaryFolder folder_;
  const std::string last_words_;
  std::atomic<bool> losing_ = false;
  int listener_ = -1;
  std::thread thread_;
};

}  // namespace gantry::tool
