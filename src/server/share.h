// Which partitions a node should have: every living node as many as the others, or one more. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace gantry::server {

// Of `count` partitions, for the node that is number `rank` of `nodes`; all together give `count`.
std::size_t fair_share(std::size_t count, std::size_t nodes, std::size_t rank);

struct PartitionState {
  bool is_mine = false;
  Duration free_for{};                 // zero: some node has it
  std::optional<Duration> beyond_for;  // mine, and taken beyond the share: for so long
};
struct Move {
  std::size_t partition = 0;
  bool takes = false;   // else gives back
  bool beyond = false;  // takes one beyond its share
};
// What a node does next, if anything. `nodes`: those that live, sorted; `self` is one of them, or nothing is done.
// What is free for longer than `patience` is taken by anybody, and kept for ten times as long.
std::optional<Move> next_move(const std::vector<std::string>& nodes, const std::string& self,
                              const std::vector<PartitionState>& partitions, Duration patience);

}  // namespace gantry::server
