// A node among several that share a database: takes its share of the partitions, gives some back when others join,
// takes over those of nodes that are gone, follows the home, and answers for all at one door. Two threads: one tells
// the database that the node lives, looks at who has what, and follows the home; the other opens and closes partitions,
// one at a time, which may take long.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/runtime.h"
#include "journal/node_table.h"
#include "server/partitioned_api.h"
#include "server/share.h"

namespace gantry::cli {

struct SharedNodeOptions {
  RuntimeOptions runtime;  // of each partition; `node_address` is where other nodes reach this one
  std::size_t partitions = 0;
  Duration lease = std::chrono::seconds(10);
  std::string version;
  // Called with the home's engine whenever this node has taken the home, before anybody else can call it.
  std::function<Status(Runtime& home)> when_home;
};

class SharedNode {
 public:
  // Joins the others. Errors: those of the database.
  static Result<std::unique_ptr<SharedNode>> join(SharedNodeOptions options);
  ~SharedNode();  // gives all partitions back, and leaves
  SharedNode(const SharedNode&) = delete;
  SharedNode& operator=(const SharedNode&) = delete;

  // Before the door closes: who waits for an instance, or for another node, does so no longer.
  void hurry() {
    directory_.mark_closing();
    forwarder_->stop();
  }
  server::Response handle(const server::Request& request) const { return api_->handle(request); }

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  explicit SharedNode(SharedNodeOptions options);
  Status open_all(const std::string& secret);
  void keep();  // the first thread
  void beat();
  void follow(const journal::NodesView& view);
  Status follow_one(server::OpenPartition& partition, const std::vector<journal::Event>& changes, std::uint64_t until);
  std::optional<server::Move> next_move(const journal::NodesView& view);
  void move();  // the second
  void try_to_take(const server::Move& what);
  Status open_partition(const server::Move& what);
  void close_partition(std::size_t number);
  Result<std::vector<engine::HomeChange>> changes_for(std::size_t number, std::uint64_t& until);
  Result<engine::HomeChange> home_change(journal::Event event);
  std::vector<std::size_t> await_followers(Duration at_most);
  journal::WriterNode self() const;

  SharedNodeOptions options_;
  std::string url_;
  SystemClock clock_;
  std::vector<std::unique_ptr<journal::Query>> readers_;  // of each partition
  std::unique_ptr<journal::Store> home_;                  // for reading projects
  std::unique_ptr<server::Forwarder> forwarder_;
  server::PartitionDirectory directory_;
  std::unique_ptr<server::PartitionedApi> api_;

  std::unique_ptr<journal::NodeTable> beating_;  // the first thread's
  std::unique_ptr<journal::NodeTable> moving_;   // the second's
  std::mutex watch_mutex_;
  std::unique_ptr<journal::NodeTable> watching_;  // of those who wait for followers; under watch_mutex_

  std::vector<std::optional<SteadyTime>> free_since_;  // the first thread's
  std::vector<std::string> said_;                      // the second's: the last error of each, said once
  bool is_deaf_ = false;                               // said once

  std::mutex mutex_;
  std::condition_variable wake_;  // all of the following under mutex_
  bool stopping_ = false, poked_ = false;
  std::optional<server::Move> asked_;  // of the second thread; there while it is at it, too
  std::vector<SteadyTime>
      avoided_until_;  // what could not be taken is left alone for a while, so that others get their turn
  std::thread keeping_, moving_thread_;
};

}  // namespace gantry::cli
