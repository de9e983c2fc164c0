// The identities of the events that were received last, so that one that is sent again is taken once. One thread.
#pragma once

#include <deque>
#include <string>
#include <unordered_set>
#include <vector>

namespace gantry::engine {

class RecentEvents {
 public:
  explicit RecentEvents(std::size_t size_max) : size_max_(size_max) {}

  // `identity` as identity_of() in cloud_event.h gives it.
  bool contains(const std::string& identity) const;
  // Remembers it, in the place of the oldest; `committed` or `rolled_back` must follow.
  void add(const std::string& identity);
  void committed();
  void rolled_back();

 private:
  static std::string digest_of(const std::string& identity);  // 16 bytes: identities may be long

  std::size_t size_max_;
  std::deque<std::string> order_;  // oldest first
  std::unordered_set<std::string> known_;
  std::vector<std::string> added_;  // since the last commit, and in `known_` too
};

}  // namespace gantry::engine
