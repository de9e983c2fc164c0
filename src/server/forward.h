// Passing a request on to another node of the same database, and its answer back.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "server/http_server.h"

namespace gantry::server {

// Which partition the sender means, and that it is a node (node_secret). Who has both is served here or not at all, so
// that no request goes in circles.
inline constexpr const char* partition_header = "gantry-partition";
inline constexpr const char* node_header = "gantry-node";

class Forwarder {
 public:
  // `at_once_max`: more at the same time are answered 503, so that nodes that pass requests to each other keep threads
  // to answer them.
  Forwarder(std::string secret, std::size_t at_once_max) : secret_(std::move(secret)), free_(at_once_max) {}
  ~Forwarder();
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  // With the sender's own Authorization. 503 with Retry-After when the node can't be reached, or does not answer for 90
  // s. Any thread.
  Response send(const std::string& address, std::size_t partition, const Request& request);
  // What is under way is given up, within a second or so.
  void stop() { stopping_ = true; }
  bool is_node(const Request& request) const;

 private:
  void* take_handle();  // a CURL*
  void give_back(void* handle);

  std::string secret_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::size_t free_;
  std::vector<void*> handles_;  // with connections that are kept
};

// "503", Retry-After 1, in problem+json.
Response try_again(const std::string& detail);

}  // namespace gantry::server
