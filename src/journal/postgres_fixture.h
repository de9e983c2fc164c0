// For tests: a PostgreSQL of their own, from Debian's package, on a Unix socket in a temporary folder. It does not sync
// its disk (fsync=off), because no test here cuts the power.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace gantry::journal {

class TestPostgresql {
 public:
  static constexpr const char* binaries = "/usr/lib/postgresql/15/bin";
  static bool is_installed() { return access((std::string(binaries) + "/initdb").c_str(), X_OK) == 0; }

  TestPostgresql() {
    // PostgreSQL refuses to run as root.
    if (geteuid() == 0) {
      EXPECT_EQ(chown(folder_.c_str(), nobody, nobody), 0);
      as_nobody_.insert(as_nobody_.end(), {"--reuid=65534", "--regid=65534", "--clear-groups"});
    }
    const std::string data = folder_ + "/data";
    const pid_t made = spawn({std::string(binaries) + "/initdb", "-D", data, "-U", "gantry", "-A", "trust", "-E", "UTF8",
                              "--locale=C", "--no-sync", "--no-instructions"}, "/dev/null");
    int status = -1;
    waitpid(made, &status, 0);
    EXPECT_EQ(status, 0) << "initdb";
    log_ = folder_ + "/log";
    EXPECT_EQ(mkfifo(log_.c_str(), 0666), 0);
    EXPECT_EQ(chmod(log_.c_str(), 0666), 0);
    const int reader = open(log_.c_str(), O_RDWR | O_CLOEXEC);
    server_ = spawn({std::string(binaries) + "/postgres", "-D", data, "-k", folder_, "-h", "", "-c", "fsync=off",
                     "-c", "max_connections=40", "-c", "shared_buffers=4MB", "-c", "autovacuum=off"}, log_);
    wait_until_ready(reader);
    drain_ = std::thread([reader] {  // so that the server never waits for its log; ends with the destructor's byte
      char bytes[4096];
      ssize_t count = 0;
      do {
        count = ::read(reader, bytes, sizeof bytes);
      } while (count > 0 && bytes[count - 1] != '\1');
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
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TestPostgresql(const TestPostgresql&) = delete;
  TestPostgresql& operator=(const TestPostgresql&) = delete;
  const std::string& socket_folder() const { return folder_; }

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

  static std::string make_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gantry-XXXXXX").string();
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    return pattern;
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

  std::string folder_ = make_folder();
  std::vector<std::string> as_nobody_ = {"/usr/bin/setpriv", "--pdeathsig=INT"};  // ends with a test that crashes
  std::string log_;
  pid_t server_ = -1;
  std::thread drain_;
};

// Stands between clients and the server: passes all on until one client has sent `last_words`; those still go to the
// server, and its answer is awaited, but that client gets nothing any more. The others, and later ones, do.
class LosingProxy {
 public:
  explicit LosingProxy(const std::string& server_folder, std::string last_words, bool armed = true)
      : last_words_(std::move(last_words)), armed_(armed) {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un here = address_in(folder_), server = address_in(server_folder);
    EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    accepting_ = std::thread([this, server] {
      for (int client; (client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;)
        carrying_.emplace_back([this, client, server] { carry(client, server); });
    });
  }
  // After its clients.
  ~LosingProxy() {
    shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    for (std::thread& each : carrying_) each.join();
    close(listener_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  LosingProxy(const LosingProxy&) = delete;
  LosingProxy& operator=(const LosingProxy&) = delete;
  const std::string& socket_folder() const { return folder_; }
  void arm() { armed_ = true; }  // until then nothing is lost
  bool has_lost() const { return lost_; }

 private:
  static sockaddr_un address_in(const std::string& folder) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder + "/.s.PGSQL.5432";
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
  }

  void carry(int client, const sockaddr_un& server) {
    const int upstream = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(upstream, reinterpret_cast<const sockaddr*>(&server), sizeof server), 0);
    std::atomic<bool> losing = false;
    std::thread back([&] {
      char bytes[4096];
      for (ssize_t count; (count = recv(upstream, bytes, sizeof bytes, 0)) > 0;) {
        if (losing) break;
        send(client, bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL);
      }
      shutdown(client, SHUT_RDWR);
    });
    char bytes[4096];
    for (ssize_t count; (count = recv(client, bytes, sizeof bytes, 0)) > 0;) {
      const std::string_view text(bytes, static_cast<std::size_t>(count));
      if (armed_ && text.find(last_words_) != std::string_view::npos && !lost_.exchange(true)) losing = true;
      send(upstream, bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL);
    }
    shutdown(upstream, SHUT_WR);
    back.join();
    close(upstream);
    close(client);
  }

  std::string folder_ = (std::filesystem::temp_directory_path() / "gantry-XXXXXX").string();
  const std::string last_words_;
  std::atomic<bool> armed_, lost_ = false;
  int listener_ = -1;
  std::vector<std::thread> carrying_;
  std::thread accepting_;
};

}  // namespace gantry::journal
