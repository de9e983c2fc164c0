// The nodes of one database, as the database sees them: who lives, who has which partition, how far each partition has
// followed the home. A row for each node, renewed by `beat`; by the database's clock it lives for so long. A node whose
// session has ended is taken for dead at once. It decides nothing: who may write is the partitions' leases'.
// One thread at a time; a connection of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "journal/event.h"
#include "journal/writer_node.h"

namespace gantry::journal {

struct PartitionView {
  WriterNode owner;            // who has or had the lease last
  bool is_held = false;        // its lease runs, and its owner lives
  std::uint64_t followed = 0;  // the position in the home's journal up to which it has done what the home did
};
struct NodesView {
  std::vector<std::string> nodes;  // addresses of those that live, sorted
  std::vector<PartitionView> partitions;
  std::uint64_t home_position = 0;  // the last event of the home's journal
};

class NodeTable {
 public:
  // `url` is the store's, which has `count` partitions. Errors: those of the database.
  static Result<std::unique_ptr<NodeTable>> open(const std::string& url, std::size_t count, WriterNode self,
                                                 Duration life);
  virtual ~NodeTable() = default;

  virtual Result<NodesView> beat() = 0;  // this node lives; and so do those
  virtual Result<NodesView> look() = 0;  // the same without saying anything of this node
  // What the home has decided for all after one position up to another: deployments, stops and starts of the gate.
  virtual Result<std::vector<Event>> home_changes(std::uint64_t after, std::uint64_t until) = 0;
  // The position of the last of these after `after`; 0: there is none.
  virtual Result<std::uint64_t> last_home_change(std::uint64_t after) = 0;
  virtual Result<std::uint64_t> followed(std::size_t partition) = 0;
  virtual Status note_followed(std::size_t partition, std::uint64_t position) = 0;
  virtual Status leave() = 0;
};

}  // namespace gantry::journal
