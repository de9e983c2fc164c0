#include "value/container_node.h"

#include <bit>
#include <cstring>
#include <new>

#include "base/assert.h"
#include "base/random.h"

namespace gantry::detail {
namespace {

struct HashSeed {
  std::uint64_t start, factor;
  HashSeed() {
    SystemRandom random;
    start = random.next();
    factor = random.next() | 1;
  }
};

// The 128-bit product folded to 64 bits mixes all bits of both factors.
std::uint64_t folded_product(std::uint64_t left, std::uint64_t right) {
  auto product = static_cast<unsigned __int128>(left) * right;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t hash_of(std::string_view key) {
  static const HashSeed seed;
  std::uint64_t hash = seed.start ^ key.size();
  for (; key.size() >= 8; key.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, key.data(), 8);
    hash = folded_product(hash ^ word, seed.factor);
  }
  std::uint64_t rest = 0;
  if (!key.empty()) std::memcpy(&rest, key.data(), key.size());
  return folded_product(hash ^ rest, seed.factor ^ 0x9e3779b97f4a7c15ULL);
}

// Keys that are equal have the same bit of 64; the others mostly not, so that hardly any need to be compared.
std::uint64_t bit_of(std::string_view key) {
  if (key.empty()) return 1;
  const std::size_t mixed = key.size() * 7 + static_cast<unsigned char>(key.front()) * 5u +
                            static_cast<unsigned char>(key.back()) * 3u;
  return std::uint64_t{1} << (mixed & 63);
}

bool has_duplicate(const std::vector<Member>& members) {
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const std::string_view key = members[i].key.view();
    const std::uint64_t bit = bit_of(key);
    for (std::size_t j = 0; (seen & bit) != 0 && j < i; ++j)
      if (members[j].key.view() == key) return true;
    seen |= bit;
  }
  return false;
}

}  // namespace

StringNode* StringNode::create(std::string_view text) {
  void* memory = ::operator new(sizeof(StringNode) + text.size());
  auto* node = new (memory) StringNode;
  node->size = text.size();
  if (!text.empty()) std::memcpy(node->bytes(), text.data(), text.size());
  return node;
}

void StringNode::destroy() {
  this->~StringNode();
  ::operator delete(static_cast<void*>(this));
}

bool KeyIndex::build(const std::vector<Member>& members) {
  GANTRY_ASSERT(members.size() < UINT32_MAX / 4, "too many members in one object");
  slots_.assign(std::bit_ceil(members.size() * 2 + 2), 0);
  std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < members.size(); ++i) {
    std::string_view key = members[i].key.view();
    std::size_t slot = hash_of(key) & mask;
    for (; slots_[slot] != 0; slot = (slot + 1) & mask)
      if (members[slots_[slot] - 1].key.view() == key) return false;
    slots_[slot] = static_cast<std::uint32_t>(i + 1);
  }
  return true;
}

void KeyIndex::add_last(const std::vector<Member>& members) {
  if (members.size() * 2 > slots_.size()) {
    build(members);
    return;
  }
  std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash_of(members.back().key.view()) & mask;
  while (slots_[slot] != 0) slot = (slot + 1) & mask;
  slots_[slot] = static_cast<std::uint32_t>(members.size());
}

std::ptrdiff_t KeyIndex::find(const std::vector<Member>& members, std::string_view key) const {
  std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash_of(key) & mask; slots_[slot] != 0; slot = (slot + 1) & mask)
    if (members[slots_[slot] - 1].key.view() == key) return static_cast<std::ptrdiff_t>(slots_[slot]) - 1;
  return -1;
}

void ObjectNode::assign(std::vector<Member> list) {
  bool unique = list.size() < indexed_from ? !has_duplicate(list) : index.build(list);
  if (unique) {
    members = std::move(list);
    return;
  }
  index.clear();
  members.clear();
  for (Member& member : list) set(std::move(member.key), std::move(member.value));
}

std::ptrdiff_t ObjectNode::position_of(std::string_view key) const {
  if (!index.empty()) return index.find(members, key);
  for (std::size_t i = 0; i < members.size(); ++i) {
    const std::string_view each = members[i].key.view();
    // Most keys differ there, and the library's comparison is a call.
    if (each.size() == key.size() && (key.empty() || each.back() == key.back()) && each == key) return static_cast<std::ptrdiff_t>(i);
  }
  return -1;
}

void ObjectNode::set(Text key, Value value) {
  std::ptrdiff_t position = position_of(key.view());
  if (position >= 0) {
    members[static_cast<std::size_t>(position)].value = std::move(value);
    return;
  }
  members.push_back({std::move(key), std::move(value)});
  if (!index.empty())
    index.add_last(members);
  else
    reindex();
}

void ObjectNode::erase(std::string_view key) {
  std::ptrdiff_t position = position_of(key);
  if (position < 0) return;
  members.erase(members.begin() + position);
  index.clear();
  reindex();
}

void ObjectNode::reindex() {
  if (members.size() >= indexed_from) index.build(members);
}

}  // namespace gantry::detail
