#include "server/share.h"

#include <algorithm>

namespace gantry::server {

std::size_t fair_share(std::size_t count, std::size_t nodes, std::size_t rank) {
  return nodes == 0 ? 0 : count / nodes + (rank < count % nodes ? 1 : 0);
}

std::optional<Move> next_move(const std::vector<std::string>& nodes, const std::string& self,
                              const std::vector<PartitionState>& partitions, Duration patience) {
  const auto found = std::find(nodes.begin(), nodes.end(), self);
  if (found == nodes.end()) return std::nullopt;
  const auto rank = static_cast<std::size_t>(found - nodes.begin());
  std::vector<std::size_t> mine, free;
  for (std::size_t number = 0; number < partitions.size(); ++number) {
    if (partitions[number].is_mine) mine.push_back(number);
    if (!partitions[number].is_mine && partitions[number].free_for > Duration::zero()) free.push_back(number);
  }
  const std::size_t share = fair_share(partitions.size(), nodes.size(), rank);
  if (mine.size() < share && !free.empty()) {
    // Nodes that look at the same time don't all reach for the same one.
    return Move{free[rank % free.size()], true, false};
  }
  for (const std::size_t number : free)
    if (partitions[number].free_for > patience) return Move{number, true, true};
  if (mine.size() <= share) return std::nullopt;
  for (auto number = mine.rbegin(); number != mine.rend(); ++number) {
    const auto& beyond = partitions[*number].beyond_for;
    if (!beyond || *beyond > 10 * patience) return Move{*number, false, false};
  }
  return std::nullopt;
}

}  // namespace gantry::server
