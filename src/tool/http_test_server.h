// For tests only: a server on a port of the loopback interface that the system picks. Each connection gets a thread
// and the handler decides byte by byte what happens on it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/guarded.h"

namespace gantry::tool {

class HttpTestServer {
 public:
  class Connection {
   public:
    explicit Connection(int socket, HttpTestServer& server) : socket_(socket), server_(server) {}

    // The next request, head and body; empty when the other side has closed.
    std::string read_request() {
      while (!complete()) {
        char bytes[4096];
        const ssize_t count = recv(socket_, bytes, sizeof bytes, 0);
        if (count <= 0) return "";
        buffer_.append(bytes, static_cast<std::size_t>(count));
      }
      std::string request = buffer_.substr(0, request_size());
      buffer_.erase(0, request.size());
      server_.requests_.with([&](auto& requests) { requests.push_back(request); });
      return request;
    }
    void write(std::string_view bytes) {
      while (!bytes.empty()) {
        const ssize_t count = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(count));
      }
    }
    void answer(std::string_view status, std::string_view content_type, std::string_view body) {
      write("HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(content_type) +
            "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
    }
    // Returns when the other side, or the end of the test, closes the connection.
    void wait_until_closed() {
      char byte = 0;
      while (recv(socket_, &byte, 1, 0) > 0) continue;
    }
    // Closes with a reset instead of an orderly end.
    void reset() {
      const linger at_once{.l_onoff = 1, .l_linger = 0};
      setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }

   private:
    bool complete() const { return buffer_.find("\r\n\r\n") != std::string::npos && buffer_.size() >= request_size(); }
    std::size_t request_size() const {
      const std::size_t head = buffer_.find("\r\n\r\n") + 4;
      const std::size_t length = buffer_.find("Content-Length: ");
      return length >= head ? head : head + std::stoul(buffer_.substr(length + 16));
    }

    int socket_;
    HttpTestServer& server_;
    std::string buffer_;
  };
  using Handler = std::function<void(Connection&)>;

  explicit HttpTestServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    listen(listener_, 16);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this] { accept_all(); });
  }

  // Answers every request on every connection alike.
  static Handler always(std::string status, std::string content_type, std::string body) {
    return [=](Connection& connection) {
      while (!connection.read_request().empty()) connection.answer(status, content_type, body);
    };
  }

  ~HttpTestServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    sockets_.with([](auto& sockets) {
      for (const int open : sockets) shutdown(open, SHUT_RDWR);
    });
    threads_.clear();  // joins
    sockets_.with([](auto& sockets) {
      for (const int open : sockets) close(open);
    });
    close(listener_);
  }

  std::uint16_t port() const { return port_; }
  std::string origin() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<std::string> requests() {
    return requests_.with([](auto& requests) { return requests; });
  }
  int connections() const { return connections_; }

 private:
  void accept_all() {
    for (;;) {
      const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      ++connections_;
      sockets_.with([&](auto& sockets) { sockets.push_back(socket); });
      threads_.emplace_back([this, socket] {
        Connection connection(socket, *this);
        handler_(connection);
        // The number is freed here only, so that it can't be another's when the server ends.
        sockets_.with([&](auto& sockets) { sockets.remove(socket); });
        close(socket);
      });
    }
  }

  Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  Guarded<std::list<int>> sockets_;
  Guarded<std::vector<std::string>> requests_;
  std::list<std::jthread> threads_;  // the acceptor's until it has ended
  std::jthread acceptor_;
};

}  // namespace gantry::tool
