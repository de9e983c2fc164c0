#include "engine/recent_events.h"

#include "base/hash.h"

namespace gantry::engine {

std::string RecentEvents::digest_of(const std::string& identity) {
  return sha256(identity).hex().substr(0, 32);
}

bool RecentEvents::contains(const std::string& identity) const {
  return known_.contains(digest_of(identity));
}

void RecentEvents::add(const std::string& identity) {
  std::string digest = digest_of(identity);
  if (known_.insert(digest).second) added_.push_back(std::move(digest));
}

void RecentEvents::committed() {
  for (std::string& digest : added_) {
    order_.push_back(std::move(digest));
    if (order_.size() <= size_max_) continue;
    known_.erase(order_.front());
    order_.pop_front();
  }
  added_.clear();
}

void RecentEvents::rolled_back() {
  for (const std::string& digest : added_) known_.erase(digest);
  added_.clear();
}

}  // namespace gantry::engine
