#include "server/partition_directory.h"

namespace gantry::server {

OpenPartitionPointer PartitionDirectory::mine(std::size_t number) const {
  std::lock_guard lock(mutex_);
  return number < mine_.size() ? mine_[number] : nullptr;
}

std::vector<OpenPartitionPointer> PartitionDirectory::all_mine() const {
  std::lock_guard lock(mutex_);
  std::vector<OpenPartitionPointer> all;
  for (const auto& each : mine_)
    if (each) all.push_back(each);
  return all;
}

std::string PartitionDirectory::address_of(std::size_t number) const {
  std::lock_guard lock(mutex_);
  return number < addresses_.size() ? addresses_[number] : "";
}

std::chrono::steady_clock::time_point PartitionDirectory::seen_at() const {
  std::lock_guard lock(mutex_);
  return seen_at_;
}

void PartitionDirectory::add(OpenPartitionPointer partition) {
  std::lock_guard lock(mutex_);
  mine_[partition->number] = std::move(partition);
}

OpenPartitionPointer PartitionDirectory::remove(std::size_t number) {
  std::lock_guard lock(mutex_);
  OpenPartitionPointer removed = std::move(mine_[number]);
  if (removed) removed->is_closing = true;
  return removed;
}

void PartitionDirectory::mark_closing() {
  std::lock_guard lock(mutex_);
  for (const auto& each : mine_)
    if (each) each->is_closing = true;
}

void PartitionDirectory::see(const journal::NodesView& view) {
  std::lock_guard lock(mutex_);
  for (std::size_t number = 0; number < addresses_.size() && number < view.partitions.size(); ++number) {
    const journal::PartitionView& partition = view.partitions[number];
    const bool is_elsewhere = partition.is_held && partition.owner.address != self_;
    addresses_[number] = is_elsewhere ? partition.owner.address : "";
  }
  seen_at_ = std::chrono::steady_clock::now();
}

}  // namespace gantry::server
