// Which partitions this node has, and where the others are. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "journal/node_table.h"
#include "server/api.h"

namespace gantry::server {

// A partition that this node serves. Whoever holds a pointer may call it; it ends with the last.
struct OpenPartition {
  std::size_t number = 0;
  engine::Engine* engine = nullptr;
  journal::Query* query = nullptr;
  std::shared_ptr<void> owner;           // of both
  std::atomic<bool> is_closing = false;  // who waits for an instance stops doing so
  std::uint64_t followed = 0;            // by the thread that follows
  bool is_beyond_share = false;
  std::chrono::steady_clock::time_point opened_at = std::chrono::steady_clock::now();
  std::unique_ptr<Api> api;
};
using OpenPartitionPointer = std::shared_ptr<OpenPartition>;

class PartitionDirectory {
 public:
  PartitionDirectory(std::size_t count, std::string self) : self_(std::move(self)), mine_(count), addresses_(count) {}

  std::size_t count() const { return mine_.size(); }
  OpenPartitionPointer mine(std::size_t number) const;  // null: it is not here
  std::vector<OpenPartitionPointer> all_mine() const;
  std::string address_of(std::size_t number) const;  // of the other node that has it; empty: nobody does, or this one
  // When the database last said who is where.
  std::chrono::steady_clock::time_point seen_at() const;

  void add(OpenPartitionPointer partition);
  OpenPartitionPointer remove(std::size_t number);  // marks it as closing
  void mark_closing();                              // all that are here, which stay until they are removed
  void see(const journal::NodesView& view);

 private:
  const std::string self_;
  mutable std::mutex mutex_;
  std::vector<OpenPartitionPointer> mine_;
  std::vector<std::string> addresses_;
  std::chrono::steady_clock::time_point seen_at_{};
};

}  // namespace gantry::server
