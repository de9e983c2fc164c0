// The shared nodes behind Value and Text: the count of owners, and the bytes of a string. Part of value.h.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gantry::detail {

// Nodes that are never destroyed are not counted: all threads use them without writing to them.
struct Node {
  static constexpr std::uint32_t uncounted = std::uint32_t{1} << 31;
  std::atomic<std::uint32_t> references{1};
  bool is_shared() const { return references.load(std::memory_order_acquire) != 1; }
  void retain() {
    if (references.load(std::memory_order_relaxed) < uncounted) references.fetch_add(1, std::memory_order_relaxed);
  }
  // True for the last owner, who then destroys the node. Whoever is alone with it need not tell other processors so.
  bool let_go() {
    const std::uint32_t owners = references.load(std::memory_order_acquire);
    if (owners == 1) return true;
    return owners < uncounted && references.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
};

// The bytes follow the header in the same allocation.
struct StringNode : Node {
  bool is_plain = false;  // known to be the same in JSON, between quotes; else nobody has looked
  std::size_t size = 0;
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  std::string_view view() { return {bytes(), size}; }
  static StringNode* create(std::string_view text);
  void release() {
    if (let_go()) destroy();
  }

 private:
  void destroy();
};

}  // namespace gantry::detail
