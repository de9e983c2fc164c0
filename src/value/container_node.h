// The shared nodes behind arrays and objects. Part of value.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace gantry::detail {

struct ArrayNode : Node {
  std::vector<Value> items;
};

// Finds the position of a key in a list of members: a table of positions with linear probing. The hash is seeded per
// process, so that nobody can prepare keys that collide.
class KeyIndex {
 public:
  bool empty() const { return slots_.empty(); }
  void clear() { slots_.clear(); }
  // False when a key is there twice; the index is then unusable until it is built again.
  bool build(const std::vector<Member>& members);
  // The last member is new.
  void add_last(const std::vector<Member>& members);
  std::ptrdiff_t find(const std::vector<Member>& members, std::string_view key) const;

 private:
  std::vector<std::uint32_t> slots_;  // position + 1; 0 is free. At most half are taken.
};

// Objects of more than a few members keep an index. It is part of the node and changes only while the node has one
// owner, so readers never write.
struct ObjectNode : Node {
  static constexpr std::size_t indexed_from = 12;
  std::vector<Member> members;
  KeyIndex index;

  // Takes the members over; of duplicates the first place and the last value stay.
  void assign(std::vector<Member> list);
  std::ptrdiff_t position_of(std::string_view key) const;
  void set(Text key, Value value);
  void erase(std::string_view key);

 private:
  void reindex();
};

}  // namespace gantry::detail
