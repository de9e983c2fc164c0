// The API of a node that shares a database with others: one door to all partitions, whichever node has them. What is
// about one instance goes to the node that has its partition; lists are read from all; what is about the installation
// goes to the home, and the others follow it. See docs/decisions/0006-nodes-share-partitions.md.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "journal/partition.h"
#include "server/forward.h"
#include "server/page_merge.h"
#include "server/partition_directory.h"

namespace gantry::server {

// Where a route's answer comes from.
enum class Reach : std::uint8_t {
  node,           // this node says it
  read_one,       // the journal of the partition that the id is of; read here, whoever has it
  owner,          // the node that has the partition that the id is of
  start,          // by the idempotency key, or wherever this node likes
  home,           // the home
  home_first,     // the home; then all others follow
  everywhere,     // every partition
  holds,          // the partition of the instance that is named, or every one
  holds_list,     // every partition, as one list
  list,           // all journals, merged; read here
  tasks_of_body,  // the partition of all tasks that the body names
  refused,        // not possible with partitions
};
// A route that nobody has thought of is refused.
Reach reach_of(const Route& route);

class PartitionedApi {
 public:
  struct Parts {
    PartitionDirectory* directory = nullptr;  // all outlive the API
    std::vector<journal::Query*> readers;     // of each partition, whoever has it
    Forwarder* forwarder = nullptr;
    const Clock* clock = nullptr;
    std::string version;
    Duration view_life{};  // a node that has not heard from the database for so long is not ready
    // Waits until all partitions have followed what the home did last, or so long; those that have not.
    std::function<std::vector<std::size_t>(Duration at_most)> await_followers;
  };
  explicit PartitionedApi(Parts parts);
  // Never throws. Any thread.
  Response handle(const Request& request) const;

 private:
  Response route(const Request& request) const;
  Response of_node(const MatchedRoute& matched, const Request& request) const;
  Response serve_here(const OpenPartitionPointer& partition, const MatchedRoute& matched, const Request& request) const;
  Response ask(std::size_t partition, const MatchedRoute& matched,
               const Request& request) const;  // here, or by another node
  Response start(const MatchedRoute& matched, const Request& request) const;
  Response read(std::size_t partition, const Request& request) const;
  Response list(const MatchedRoute& matched, const Request& request) const;
  Response list_holds_of_all(const MatchedRoute& matched, const Request& request) const;
  Response ask_all(const MatchedRoute& matched, const Request& request) const;
  Response change_hold_of(const MatchedRoute& matched, const Request& request) const;
  Response approve_tasks_of(const MatchedRoute& matched, const Request& request) const;
  Response forwarded(const MatchedRoute& matched, const Request& request) const;
  Response readiness() const;
  Response metrics() const;
  std::size_t any_partition() const;

  Parts parts_;
  std::vector<std::unique_ptr<Api>> reading_;  // of each partition
  mutable std::atomic<std::size_t> turn_{0};
};

}  // namespace gantry::server
